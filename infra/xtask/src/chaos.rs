//! `cargo xtask chaos --minutes N [--seed S]`: runs the histories under random faults for N minutes.

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use clap::Args;

use crate::{Result, tree};

/// A part of the names of the tests that run for this time: of tenants, and of conversations for half of it.
const HISTORIES: &str = "every_history_under_faults_has_an_order_that_explains_it";

/// Random operations under random faults; a failure reports its seed.
#[derive(Args)]
pub struct Options {
    /// The duration in minutes.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    minutes: u64,
    /// The first seed.
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
}

/// Replaces this process by `cargo xtask test` of these tests; returns only if that fails.
pub fn run(options: &Options) -> Result<ExitCode> {
    let mut command = Command::new(tree::this_program()?);
    command.args(["test", HISTORIES]).env("CHAOS_SECONDS", (options.minutes * 60).to_string());
    if let Some(seed) = options.seed {
        command.env("CHAOS_SEED", seed.to_string());
    }
    Err(format!("cannot start: {}", command.exec()))
}
