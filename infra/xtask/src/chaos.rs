//! `cargo xtask chaos --minutes N [--seed S]`: the histories under random faults, for as long as wanted.

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use crate::{Result, arguments::Arguments};

/// The test that the time is for.
const HISTORIES: &str = "every_history_under_faults_has_an_order_that_explains_it";

/// Becomes `cargo xtask test` of that one test; comes back only where that fails.
pub fn run(arguments: Vec<String>) -> Result<ExitCode> {
    let mut arguments = Arguments::new(arguments);
    let minutes = arguments.value("--minutes")?.ok_or("--minutes N is missing")?;
    let minutes: u64 = minutes.parse().map_err(|_| format!("--minutes: {minutes} is no number"))?;
    let seed = arguments.value("--seed")?;
    if let Some(word) = arguments.words()?.first() {
        return Err(format!("{word} is not expected here"));
    }
    let program = std::env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
    let mut command = Command::new(program);
    command.args(["test", HISTORIES]).env("CHAOS_SECONDS", (minutes * 60).to_string());
    if let Some(seed) = seed {
        command.env("CHAOS_SEED", seed);
    }
    Err(format!("cannot start: {}", command.exec()))
}
