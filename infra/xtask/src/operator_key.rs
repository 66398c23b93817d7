//! `cargo xtask operator-key ...`: forwards to the program of that name.
//!
//! With no `--endpoint` and no `--table` it speaks to the running dev stack, where there is one; otherwise with the caller's own AWS
//! credentials to whatever the flags and the environment name. Standard output is the program's alone: the secret, to be piped.

use std::{net::TcpStream, os::unix::process::CommandExt, process::ExitCode};

use crate::{
    Result, cargo,
    environment::{Environment, LOCAL_AWS},
    progress::note,
};

/// Becomes the program; comes back only where that fails.
pub fn run(arguments: Vec<String>) -> Result<ExitCode> {
    let mut command = cargo::command(&["run", "--quiet", "--package", "operator-key", "--"]);
    command.args(&arguments);
    let named = |flag: &str| arguments.iter().any(|word| word == flag || word.starts_with(&format!("{flag}=")));
    let stack = Environment::load()?;
    if let (false, false, Some(endpoint), Some(table)) =
        (named("--endpoint"), named("--table"), stack.get("DYNAMODB_ENDPOINT"), stack.get("TABLE_NAME"))
    {
        // Never on to AWS instead: whoever has a dev stack does not expect a key in a real account.
        let address = endpoint.trim_start_matches("http://");
        TcpStream::connect(address).map_err(|_| {
            format!(
                "nothing answers at {endpoint}, the store of the last dev stack (.local/dev.env); start `cargo xtask dev`, \
                 or name the table: --table NAME"
            )
        })?;
        note(&format!("using the dev stack's table {table} at {endpoint} (.local/dev.env)"));
        command.args(["--endpoint", endpoint, "--table", table]).envs(LOCAL_AWS);
    }
    let mut command = command.into_std();
    command.stdin(std::process::Stdio::inherit());
    Err(format!("cannot start cargo: {}", command.exec()))
}
