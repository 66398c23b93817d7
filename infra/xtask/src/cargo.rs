//! Calls cargo, and reports the programs that a build produced.
//!
//! Invariant: variables that cargo set for this program are not passed on, so that builds from here and by hand share their results.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    process::Stdio,
    sync::atomic::{AtomicU64, Ordering},
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

use crate::{
    Result,
    process_group::ProcessGroups,
    progress::{Far, is_interactive, note, relay, step_with},
    tree,
};

/// All functions, operator-key, signing-key, embedded-store and restore-drill: only their names have a hyphen. No `--package`, because cargo unifies the features of
/// the packages that a command names, and compiles crates with other features again (infra/xtask/src/test/once.rs).
pub const PROGRAMS: [&str; 2] = ["--bin", "*-*"];

/// The binaries of a build, by name.
pub type Programs = BTreeMap<String, PathBuf>;

/// `cargo ARGUMENTS` at the root of the tree.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    command.args(arguments).current_dir(tree::root()).stdin(Stdio::null());
    forget_cargo(command.as_std_mut());
    command
}

/// Removes the variables that `cargo run` sets for this package, because build scripts depend on some of them.
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

/// `cargo build PROGRAMS` with progress output.
pub async fn build_programs(groups: &ProcessGroups) -> Result<Programs> {
    let mut all = None;
    if !tree::programs()?.join("embedded-store").exists() {
        note("the first build compiles the functions, the AWS SDK and the embedded store: some minutes, once only");
        all = packages().await;
    }
    let done = AtomicU64::new(0);
    let far = || Far { done: done.load(Ordering::Relaxed), all, what: "crates" };
    let build = build_and_count(groups, &PROGRAMS, |count| done.store(count, Ordering::Relaxed));
    step_with("building the functions and the store", far, build).await
}

/// The number of packages from which `PROGRAMS` are built.
async fn packages() -> Option<u64> {
    let mut command =
        command(&["tree", "--quiet", "--prefix=none", "--no-dedupe", "--edges=normal,build", "--format={p}"]);
    command.args(["-p=functions", "-p=operator-key", "-p=embedded-store"]).stderr(Stdio::null());
    let output = command.output().await.ok()?;
    let packages: BTreeSet<&[u8]> =
        output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    Some(packages.len() as u64).filter(|count| *count > 0)
}

/// `cargo build WHAT`; returns the programs of the packages asked for.
pub async fn build(groups: &ProcessGroups, what: &[&str]) -> Result<Programs> {
    build_and_count(groups, what, |_| {}).await
}

/// Like `build`; calls `count` with the number of packages that are finished.
async fn build_and_count(groups: &ProcessGroups, what: &[&str], count: impl Fn(u64)) -> Result<Programs> {
    let (mut programs, mut packages) = (Programs::new(), BTreeSet::new());
    messages(groups, &[&["build"], what].concat(), |line| {
        let message = serde_json::from_str(line).unwrap_or_default();
        programs.extend(program(&message));
        packages.extend(message.get("package_id").and_then(Value::as_str).map(str::to_owned));
        count(packages.len() as u64);
    })
    .await?;
    Ok(programs)
}

/// `cargo WORDS`; calls `each` with each message, a line of JSON.
pub async fn messages(groups: &ProcessGroups, words: &[&str], mut each: impl FnMut(&str)) -> Result<()> {
    let mut command = command(words);
    command.arg("--message-format=json-render-diagnostics").stdout(Stdio::piped());
    if is_interactive() {
        // Its progress output would mix with that of the step.
        command.args(["--quiet", "--color=always"]).stderr(Stdio::piped());
    }
    let mut cargo = groups.spawn(&mut command)?;
    let output = cargo.child.stdout.take().ok_or("cargo has no output")?;
    let diagnostics = relay(cargo.child.stderr.take());
    let read = async {
        let mut lines = BufReader::new(output).lines();
        while let Some(line) =
            lines.next_line().await.map_err(|error| format!("cannot read cargo's output: {error}"))?
        {
            each(&line);
        }
        Ok::<_, String>(())
    };
    let ((), read) = tokio::join!(diagnostics, read);
    read?;
    match cargo.wait().await?.success() {
        true => Ok(()),
        false => Err(format!("`cargo {}` failed; its messages are above", words.join(" "))),
    }
}

/// The program in one of cargo's messages.
fn program(message: &Value) -> Option<(String, PathBuf)> {
    let executable = message.get("executable")?.as_str()?;
    let name = message.pointer("/target/name")?.as_str()?;
    let is_binary = message.pointer("/target/kind/0")?.as_str()? == "bin";
    is_binary.then(|| (name.to_owned(), PathBuf::from(executable)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_binaries_count() {
        let message = |kind: &str, executable: Option<&str>| {
            let target = json!({ "kind": [kind], "name": "get-health" });
            json!({ "reason": "compiler-artifact", "target": target, "executable": executable })
        };
        let health = Some(("get-health".to_owned(), PathBuf::from("/t/get-health")));
        assert_eq!(program(&message("bin", Some("/t/get-health"))), health);
        assert_eq!(program(&message("lib", None)), None);
        assert_eq!(program(&message("custom-build", Some("/t/build"))), None);
        assert_eq!(program(&Value::Null), None);
    }
}
