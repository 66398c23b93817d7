//! Calls of cargo, and which programs a build made.
//!
//! Invariant: what cargo set for this program is not passed on, so that builds from here and by hand share their results.

use std::{collections::BTreeMap, path::PathBuf, process::Stdio};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

use crate::{Result, leash::Leash, tree};

/// All function binaries and operator-key, in one call. `local` is named although it has no binary: cargo unites the features of
/// the packages named, and with these it is the same set in every command here, so that the AWS SDK is compiled once, not per command.
pub const PROGRAMS: [&str; 7] = ["--package", "functions", "--package", "operator-key", "--package", "local", "--bins"];

/// The binaries of a build by name.
pub type Programs = BTreeMap<String, PathBuf>;

/// `cargo ARGUMENTS` at the root of the tree.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    command.args(arguments).current_dir(tree::root()).stdin(Stdio::null());
    forget_cargo(command.as_std_mut());
    command
}

/// Takes out of an environment what `cargo run` put there for this package: build scripts watch some of it.
pub fn forget_cargo(command: &mut std::process::Command) {
    let ours = |name: &str| {
        ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"].iter().any(|prefix| name.starts_with(prefix))
    };
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(ours) || name == "LD_LIBRARY_PATH" {
            command.env_remove(name);
        }
    }
}

/// `cargo build WHAT`; cargo's own progress shows. Answers with the programs of the packages asked for.
pub async fn build(leash: &Leash, what: &[&str]) -> Result<Programs> {
    let mut command = command(&["build", "--message-format=json-render-diagnostics"]);
    command.args(what).stdout(Stdio::piped());
    let mut cargo = leash.spawn(&mut command)?;
    let output = cargo.child.stdout.take().ok_or("cargo has no output")?;
    let mut lines = BufReader::new(output).lines();
    let mut programs = Programs::new();
    while let Some(line) = lines.next_line().await.map_err(|error| format!("cannot read cargo's output: {error}"))? {
        programs.extend(program(&line));
    }
    match cargo.wait().await?.success() {
        true => Ok(programs),
        false => Err(format!("`cargo build {}` failed; its messages are above", what.join(" "))),
    }
}

/// The program that one of cargo's messages announces.
fn program(message: &str) -> Option<(String, PathBuf)> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    let executable = message.get("executable")?.as_str()?;
    let name = message.pointer("/target/name")?.as_str()?;
    let is_binary = message.pointer("/target/kind/0")?.as_str()? == "bin";
    is_binary.then(|| (name.to_owned(), PathBuf::from(executable)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_binaries_count() {
        let message = |kind: &str, executable: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","target":{{"kind":["{kind}"],"name":"get-health"}},"executable":{executable}}}"#
            )
        };
        let health = Some(("get-health".to_owned(), PathBuf::from("/t/get-health")));
        assert_eq!(program(&message("bin", r#""/t/get-health""#)), health);
        assert_eq!(program(&message("lib", "null")), None);
        assert_eq!(program(&message("custom-build", r#""/t/build""#)), None);
        assert_eq!(program("not JSON"), None);
    }
}
