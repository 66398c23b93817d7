//! `cargo xtask operator-key ...`: forwards to the program of that name.
//!
//! Without `--endpoint` and `--table` it uses the running dev stack, if there is one; otherwise the table that the flags and the
//! environment name, with the caller's AWS credentials. Standard output has nothing but the program's own, so that the secret can be piped.

#[path = "../../operator-key/src/command_line.rs"]
mod command_line;

use std::{
    net::TcpStream,
    os::unix::process::CommandExt,
    process::{Command, ExitCode},
};

use self::command_line::{Action, Place};
use crate::{
    Result, cargo,
    environment::{Environment, LOCAL_AWS},
    process_group::ProcessGroups,
    progress::note,
};

impl Action {
    /// The program's own command line.
    fn words(&self) -> Vec<String> {
        let own = match self {
            Self::Create { name, scopes, .. } => {
                let name = name.iter().map(|name| format!("--name={name}"));
                let scopes = scopes.iter().map(|scopes| format!("--scopes={scopes}"));
                std::iter::once("create".to_owned()).chain(name).chain(scopes).collect()
            }
            Self::List { .. } => vec!["list".to_owned()],
            Self::Revoke { key_id, .. } => vec!["revoke".to_owned(), key_id.clone()],
        };
        let Place { operator, endpoint, table } = self.place();
        let optional = [("--endpoint", endpoint), ("--table", table)].into_iter();
        let place = optional.filter_map(|(name, value)| value.as_ref().map(|value| format!("{name}={value}")));
        own.into_iter().chain([format!("--operator={operator}")]).chain(place).collect()
    }
}

pub use self::command_line::Options;

/// Replaces this process by the program; returns only if that fails.
pub async fn run(options: &Options) -> Result<ExitCode> {
    let place = options.action.place();
    let stack = Environment::load()?;
    let mut local = None;
    if place.endpoint.is_none() && place.table.is_none() {
        // Never AWS instead: with a dev stack, a key in a real account would be a surprise.
        if stack.has_ended() {
            return Err(
                "the last dev stack has ended; start `cargo xtask dev`, or name the table: --table NAME".to_owned()
            );
        }
        local = stack.get("DYNAMODB_ENDPOINT").zip(stack.get("TABLE_NAME"));
    }
    if let Some((endpoint, table)) = local {
        TcpStream::connect(endpoint.trim_start_matches("http://")).map_err(|_| {
            format!(
                "nothing answers at {endpoint}, the store of the last dev stack (.local/dev.env); start `cargo xtask dev`, \
                 or name the table: --table NAME"
            )
        })?;
        note(&format!("using the dev stack's table {table} at {endpoint} (.local/dev.env)"));
    }
    let groups = ProcessGroups::start()?;
    let programs = cargo::build(&groups, &["--bin", "operator-key"]).await?;
    let mut command = Command::new(programs.get("operator-key").ok_or("cargo made no program operator-key")?);
    cargo::forget_cargo(&mut command);
    command.args(options.action.words());
    if let Some((endpoint, table)) = local {
        command.args(["--endpoint", endpoint, "--table", table]).envs(LOCAL_AWS);
    }
    Err(format!("cannot start operator-key: {}", command.exec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn words(line: &str) -> String {
        let line = std::iter::once("operator-key").chain(line.split_whitespace());
        <Line as clap::Parser>::try_parse_from(line).ok().unwrap().options.action.words().join(" ")
    }

    #[test]
    fn the_program_gets_what_was_given() {
        assert_eq!(words("create --operator acme"), "create --operator=acme");
        assert_eq!(
            words("create --name deploy --scopes= --table t --operator acme --endpoint http://127.0.0.1:1"),
            "create --name=deploy --scopes= --operator=acme --endpoint=http://127.0.0.1:1 --table=t"
        );
        assert_eq!(words("list --operator=acme"), "list --operator=acme");
        assert_eq!(words("revoke key_1 --operator acme"), "revoke key_1 --operator=acme");
    }
}
