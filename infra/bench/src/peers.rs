//! The same requests by the bench beside the tree (`../shared/peers`), which has the function in other languages to compare with.

use std::{path::Path, process::Stdio};

use local::{Error, Result};
use tokio::process::Command;

use crate::{Bench, seed::Event};

/// Runs `peers/run` with the function added as `tenancy-<function>`, and with these further options. Its table goes to standard error,
/// as its progress does, and to `<work>/peers.md`.
pub async fn compare(bench: &Bench, event: &Event, peers: &Path, work: &Path, options: &str) -> Result<()> {
    let mut command = Command::new(peers.join("run"));
    let binary = bench.functions.join(&event.function);
    command.arg("--add").arg(format!("tenancy-{}", event.function)).arg(&binary);
    command.arg("--event").arg(work.join(format!("{}.json", event.function)));
    command.arg("--upstream").arg(&bench.endpoint);
    for (name, value) in bench.environment(&event.function)? {
        command.arg("--env").arg(format!("{name}={value}"));
    }
    command.arg("--markdown").arg(work.join("peers.md")).args(options.split_whitespace());
    command.stdin(Stdio::null()).stdout(std::io::stderr());
    let status = command.status().await.map_err(|error| Error::new(format!("{}: {error}", peers.display())))?;
    if status.success() { Ok(()) } else { Err(Error::new(format!("{}/run failed ({status})", peers.display()))) }
}
