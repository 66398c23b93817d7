//! Instructions of a warm request, counted by valgrind: the difference between a longer and a shorter run, so that start and exit cancel out.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use local::{Error, Result, lambda};

use crate::{Bench, binary, invoke, seed::Event};

/// Requests in the shorter and in the longer run.
const FEW: usize = 20;
const MANY: usize = 220;

/// How long valgrind may take to write its total.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);

/// The difference between the two runs, per request.
pub async fn per_warm_request(bench: &Bench, event: &Event, folder: &Path, work: &Path) -> Result<u64> {
    let few = total(bench, event, folder, work, FEW).await?;
    let many = total(bench, event, folder, work, MANY).await?;
    Ok(many.saturating_sub(few) / u64::try_from(MANY - FEW).unwrap_or(1))
}

/// All instructions of a process that answers this many requests.
async fn total(bench: &Bench, event: &Event, folder: &Path, work: &Path, requests: usize) -> Result<u64> {
    let log = work.join("callgrind.log");
    let binaries = wrapped(&binary(folder, &event.function), event, work, &log)?;
    let lambda = bench.lambda(&event.function, binaries).await?;
    for turn in 0..requests {
        invoke(&lambda, event, turn).await?;
    }
    let pids = lambda.processes(&event.function);
    let pid = *pids.first().ok_or_else(|| Error::new("the process under valgrind is gone"))?;
    lambda::kill(pid, "TERM").await?;
    let summed = async {
        loop {
            let text = fs::read_to_string(&log).unwrap_or_default();
            let line = text.lines().find_map(|line| line.split_once("Collected :"));
            if let Some(count) = line.and_then(|(_, count)| count.trim().parse().ok()) {
                return count;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let late = |_| Error::new(format!("valgrind gave no total; see {}", log.display()));
    tokio::time::timeout(TOTAL_TIMEOUT, summed).await.map_err(late)
}

/// Makes a folder whose `<function>/bootstrap` runs the function under valgrind.
fn wrapped(binary: &Path, event: &Event, work: &Path, log: &Path) -> Result<std::path::PathBuf> {
    let binaries = work.join("valgrind");
    let folder = binaries.join(&event.function);
    let script = folder.join("bootstrap");
    let text = format!(
        "#!/bin/sh\nexec valgrind --tool=callgrind --callgrind-out-file={} --log-file={} {}\n",
        work.join("callgrind.out").display(),
        log.display(),
        binary.display()
    );
    let written = fs::create_dir_all(&folder)
        .and_then(|()| fs::write(&script, text))
        .and_then(|()| fs::set_permissions(&script, fs::Permissions::from_mode(0o755)));
    written.map_err(|error| Error::new(format!("cannot write {}: {error}", script.display())))?;
    let _ = fs::remove_file(log);
    Ok(binaries)
}
