//! `tare operator-keys` and `tare signing-keys`: start the programs operator-key and signing-key, which write to the table itself.
//!
//! They link the AWS SDK, which is most of their size; so they are programs of their own, found beside this one or on the PATH.
//! Without `--endpoint` and `--table` the table is that of the running dev stack, if there is one; otherwise the one that the flags and
//! the environment name, with the caller's AWS credentials.

#[path = "../../operator-key/src/command_line.rs"]
mod command_line;
#[path = "../../operator-key/src/signing_key.rs"]
mod signing_key;
#[path = "../../operator-key/src/table.rs"]
mod table;

use std::env;
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use clap::{ArgMatches, FromArgMatches};

pub use self::command_line::Options;
pub use self::signing_key::Options as SigningKeyOptions;
use self::table::Table;
use crate::failure::{Failure, Result};
use crate::settings::dev_stack;
use crate::terminal::note;

/// Credentials and a region for every local store. DynamoDB Local accepts letters and digits only.
const LOCAL_AWS: [(&str, &str); 3] =
    [("AWS_ACCESS_KEY_ID", "local"), ("AWS_SECRET_ACCESS_KEY", "local"), ("AWS_REGION", "eu-central-1")];

impl command_line::Action {
    /// The program's own command line, without the table.
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
        own.into_iter().chain([format!("--operator={}", self.place().operator)]).collect()
    }
}

impl signing_key::Action {
    /// The program's own command line, without the table.
    fn words(&self) -> Vec<String> {
        match self {
            Self::Create { .. } => vec!["create".to_owned()],
            Self::List { .. } => vec!["list".to_owned()],
            Self::Retire { kid, .. } => vec!["retire".to_owned(), kid.clone()],
        }
    }
}

/// Replaces this process by operator-key; returns only if that fails.
pub fn operator_keys(matches: &ArgMatches) -> Result<()> {
    let options = Options::from_arg_matches(matches).map_err(|error| Failure::usage(error.to_string()))?;
    start("operator-key", options.action.words(), &options.action.place().table)
}

/// Replaces this process by signing-key; returns only if that fails.
pub fn signing_keys(matches: &ArgMatches) -> Result<()> {
    let options = SigningKeyOptions::from_arg_matches(matches).map_err(|error| Failure::usage(error.to_string()))?;
    start("signing-key", options.action.words(), options.action.table())
}

fn start(program: &str, words: Vec<String>, table: &Table) -> Result<()> {
    let mut command = Command::new(find(program)?);
    command.args(words).args(table_words(table));
    if let Some((endpoint, name)) = local_table(table)? {
        note(&format!("using the dev stack's table {name} at {endpoint} (.local/dev.env)"));
        command.args(["--endpoint", &endpoint, "--table", &name]).envs(LOCAL_AWS);
    }
    Err(Failure::usage(format!("cannot start {program}: {}", command.exec())))
}

/// The arguments that name the table.
fn table_words(table: &Table) -> impl Iterator<Item = String> {
    let optional = [("--endpoint", &table.endpoint), ("--table", &table.name)].into_iter();
    optional.filter_map(|(name, value)| value.as_ref().map(|value| format!("{name}={value}")))
}

/// The table of the running dev stack, where none is named.
fn local_table(table: &Table) -> Result<Option<(String, String)>> {
    if table.endpoint.is_some() || table.name.is_some() {
        return Ok(None);
    }
    let Some((_, variables)) = dev_stack() else { return Ok(None) };
    let get = |name: &str| variables.get(name).map(str::to_owned);
    // Never AWS instead: with a dev stack, a key in a real account would be a surprise.
    let found = get("DYNAMODB_ENDPOINT").zip(get("TABLE_NAME")).ok_or_else(|| {
        Failure::usage("the last dev stack has ended; start `cargo xtask dev`, or name the table: --table NAME")
    })?;
    let (endpoint, _) = &found;
    TcpStream::connect(endpoint.trim_start_matches("http://")).map_err(|_| {
        Failure::Unreachable(format!(
            "nothing answers at {endpoint}, the store of the last dev stack (.local/dev.env); start `cargo xtask dev`, or name the \
             table: --table NAME"
        ))
    })?;
    Ok(Some(found))
}

/// The program beside this one, else on the PATH.
fn find(program: &str) -> Result<PathBuf> {
    let beside = env::current_exe().ok().and_then(|own| Some(own.parent()?.to_owned()));
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = beside.into_iter().chain(env::split_paths(&path));
    folders.map(|folder| folder.join(program)).find(|file| file.is_file()).ok_or_else(|| {
        Failure::usage(format!(
            "{program} is neither beside tare nor on the PATH: cargo build --release --bin {program}"
        ))
    })
}

#[cfg(test)]
mod tests {
    use clap::{Args, Command};

    use super::*;

    fn parsed<T: Args>(line: &str) -> T {
        let command = T::augment_args(Command::new("program"));
        let matches = command.try_get_matches_from(std::iter::once("program").chain(line.split_whitespace()));
        T::from_arg_matches(&matches.unwrap()).unwrap()
    }

    fn all(words: Vec<String>, table: &Table) -> String {
        words.into_iter().chain(table_words(table)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn signing_key_gets_what_was_given() {
        let words = |line: &str| {
            let action = parsed::<SigningKeyOptions>(line).action;
            all(action.words(), action.table())
        };
        assert_eq!(words("create"), "create");
        assert_eq!(words("list --table t"), "list --table=t");
        assert_eq!(words("retire --endpoint http://127.0.0.1:1 k"), "retire k --endpoint=http://127.0.0.1:1");
    }

    #[test]
    fn operator_key_gets_what_was_given() {
        let words = |line: &str| {
            let action = parsed::<Options>(line).action;
            all(action.words(), &action.place().table)
        };
        assert_eq!(words("create --operator acme"), "create --operator=acme");
        assert_eq!(
            words("create --name deploy --scopes= --table t --operator acme --endpoint http://127.0.0.1:1"),
            "create --name=deploy --scopes= --operator=acme --endpoint=http://127.0.0.1:1 --table=t"
        );
        assert_eq!(words("list --operator=acme"), "list --operator=acme");
        assert_eq!(words("revoke key_1 --operator acme"), "revoke key_1 --operator=acme");
    }
}
