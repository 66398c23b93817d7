//! `cargo xtask completions SHELL`: a script that completes commands and flags. It is for the name `xtask`, an alias of `cargo xtask`:
//!
//! ```sh
//! alias xtask='cargo xtask'
//! source <(cargo xtask completions bash)
//! ```

use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use crate::{CommandLine, Result, progress::print};

/// A shell's completions, for the alias `xtask` of `cargo xtask`.
#[derive(Args)]
pub struct Options {
    /// The shell.
    shell: Shell,
}

/// Prints the script.
pub fn run(options: &Options) -> Result<ExitCode> {
    let mut script = Vec::new();
    generate(options.shell, &mut CommandLine::command(), "xtask", &mut script);
    print(String::from_utf8_lossy(&script).trim_end())?;
    Ok(ExitCode::SUCCESS)
}
