//! `cargo xtask operator-key ...` and `cargo xtask signing-key ...`: build the programs of these names and tare, and forward to
//! `tare operator-keys ...` and `tare signing-keys ...`, which start them on the dev stack's table or on the one that is named.
//!
//! Standard output has nothing but the program's own, so that the secret can be piped.

// Read by tare alone, which has the same command line.
#[expect(dead_code, reason = "here it is parsed for --help and for what is mistyped")]
#[path = "../../operator-key/src/command_line.rs"]
mod command_line;
#[expect(dead_code, reason = "here it is parsed for --help and for what is mistyped")]
#[path = "../../operator-key/src/signing_key.rs"]
mod signing_key;
#[path = "../../operator-key/src/table.rs"]
mod table;

use std::{
    os::unix::process::CommandExt,
    process::{Command, ExitCode},
};

pub use self::command_line::Options;
pub use self::signing_key::Options as SigningKeyOptions;
use crate::{Result, cargo, process_group::ProcessGroups, tree};

/// Replaces this process by `tare operator-keys`; returns only if that fails.
pub async fn run(_checked: &Options) -> Result<ExitCode> {
    start("operator-keys", "operator-key").await
}

/// Replaces this process by `tare signing-keys`; returns only if that fails.
pub async fn run_signing_key(_checked: &SigningKeyOptions) -> Result<ExitCode> {
    start("signing-keys", "signing-key").await
}

/// Starts tare with the words that this program was given after the name of the command.
async fn start(name: &str, program: &str) -> Result<ExitCode> {
    let groups = ProcessGroups::start()?;
    let programs = cargo::build(&groups, &["--bin", "tare", "--bin", program]).await?;
    let mut command = Command::new(programs.get("tare").ok_or("cargo made no program tare")?);
    cargo::forget_cargo(&mut command);
    command.arg(name).args(std::env::args_os().skip(2)).env("DEV_FOLDER", tree::local()?);
    Err(format!("cannot start tare: {}", command.exec()))
}
