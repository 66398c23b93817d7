//! `cargo xtask operator-key ...` and `cargo xtask signing-key ...`: forward to the programs of these names.
//!
//! Without `--endpoint` and `--table` it uses the running dev stack, if there is one; otherwise the table that the flags and the
//! environment name, with the caller's AWS credentials. Standard output has nothing but the program's own, so that the secret can be piped.

#[path = "../../operator-key/src/command_line.rs"]
mod command_line;
#[path = "../../operator-key/src/signing_key.rs"]
mod signing_key;
#[path = "../../operator-key/src/table.rs"]
mod table;

use std::{
    net::TcpStream,
    os::unix::process::CommandExt,
    process::{Command, ExitCode},
};

pub use self::command_line::Options;
pub use self::signing_key::Options as SigningKeyOptions;
use self::table::Table;
use crate::{
    Result, cargo,
    environment::{Environment, LOCAL_AWS},
    process_group::ProcessGroups,
    progress::note,
};

/// The arguments that name the table.
fn table_words(table: &Table) -> impl Iterator<Item = String> {
    let optional = [("--endpoint", &table.endpoint), ("--table", &table.name)].into_iter();
    optional.filter_map(|(name, value)| value.as_ref().map(|value| format!("{name}={value}")))
}

impl command_line::Action {
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
        let place = self.place();
        let operator = format!("--operator={}", place.operator);
        own.into_iter().chain([operator]).chain(table_words(&place.table)).collect()
    }
}

impl signing_key::Action {
    /// The program's own command line.
    fn words(&self) -> Vec<String> {
        let own = match self {
            Self::Create { .. } => vec!["create".to_owned()],
            Self::List { .. } => vec!["list".to_owned()],
            Self::Retire { kid, .. } => vec!["retire".to_owned(), kid.clone()],
        };
        own.into_iter().chain(table_words(self.table())).collect()
    }
}

/// Replaces this process by operator-key; returns only if that fails.
pub async fn run(options: &Options) -> Result<ExitCode> {
    start("operator-key", options.action.words(), &options.action.place().table).await
}

/// Replaces this process by signing-key; returns only if that fails.
pub async fn run_signing_key(options: &SigningKeyOptions) -> Result<ExitCode> {
    start("signing-key", options.action.words(), options.action.table()).await
}

async fn start(program: &str, words: Vec<String>, table: &Table) -> Result<ExitCode> {
    let stack = Environment::load()?;
    let mut local = None;
    if table.endpoint.is_none() && table.name.is_none() {
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
    let programs = cargo::build(&groups, &["--bin", program]).await?;
    let mut command = Command::new(programs.get(program).ok_or(format!("cargo made no program {program}"))?);
    cargo::forget_cargo(&mut command);
    command.args(words);
    if let Some((endpoint, table)) = local {
        command.args(["--endpoint", endpoint, "--table", table]).envs(LOCAL_AWS);
    }
    Err(format!("cannot start {program}: {}", command.exec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(clap::Parser)]
    struct Line<T: clap::Args> {
        #[command(flatten)]
        options: T,
    }

    fn parsed<T: clap::Args>(line: &str) -> T {
        let line = std::iter::once("program").chain(line.split_whitespace());
        <Line<T> as clap::Parser>::try_parse_from(line).ok().unwrap().options
    }

    fn words(line: &str) -> String {
        parsed::<Options>(line).action.words().join(" ")
    }

    #[test]
    fn signing_key_gets_what_was_given() {
        let words = |line: &str| parsed::<SigningKeyOptions>(line).action.words().join(" ");
        assert_eq!(words("create"), "create");
        assert_eq!(words("list --table t"), "list --table=t");
        assert_eq!(words("retire --endpoint http://127.0.0.1:1 k"), "retire k --endpoint=http://127.0.0.1:1");
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
