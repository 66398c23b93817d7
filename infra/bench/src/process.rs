//! CPU time and memory of a process, from /proc (Linux).

use std::{fs, time::Duration};

use local::{Error, Result};

/// The CPU time of all its threads, to the nanosecond.
pub fn cpu(pid: u32) -> Result<Duration> {
    let folder = format!("/proc/{pid}/task");
    let failed = |error: std::io::Error| Error::new(format!("{folder}: {error}"));
    let mut total = 0;
    for thread in fs::read_dir(&folder).map_err(failed)?.flatten() {
        // A thread may end in the meantime.
        let text = fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
        total += text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(0);
    }
    Ok(Duration::from_nanos(total))
}

/// The peak resident memory, in bytes.
pub fn peak_memory(pid: u32) -> Result<u64> {
    let file = format!("/proc/{pid}/status");
    let text = fs::read_to_string(&file).map_err(|error| Error::new(format!("{file}: {error}")))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.map(|kilobytes| kilobytes * 1024).ok_or_else(|| Error::new(format!("{file} has no VmHWM")))
}
