//! Builds and runs the benchmark program (`infra/bench`), and builds the functions that it measures.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use local::template::Template;
use serde_json::Value;
use tokio::{io::AsyncReadExt, process::Command};

use crate::{
    Result,
    cargo::{self, Programs},
    process_group::ProcessGroups,
    progress::relay,
    tree,
};

/// The message if instructions cannot be counted.
pub const NO_VALGRIND: &str = "valgrind is not installed: instructions are not counted (Debian: apt-get install valgrind; Fedora: dnf install valgrind)";

/// What to measure.
pub struct Plan<'a> {
    pub endpoint: &'a str,
    pub seeding: &'a Path,
    pub functions: &'a Path,
    /// The functions of another build, to compare with.
    pub base: Option<&'a Path>,
    /// The functions whose zip size is reported.
    pub sized: &'a [String],
    pub rounds: usize,
    pub instructions: bool,
    /// Whether the times for a foreign and for an unknown id are compared.
    pub foreign: bool,
    /// The folder of the peers, and the options of its `run`.
    pub peers: Option<(&'a Path, &'a str)>,
}

/// The names of all functions.
pub fn functions() -> Result<Vec<String>> {
    Ok(Template::read(tree::template())?.functions.into_iter().map(|function| function.name).collect())
}

/// Builds these functions as they are deployed, but without a profile, with one cargo command.
pub async fn build_shipping(groups: &ProcessGroups, functions: &[String]) -> Result<Programs> {
    let mut what = vec!["--release", "--package", "functions"];
    what.extend(functions.iter().flat_map(|function| ["--bin", function]));
    cargo::build(groups, &what).await
}

/// Builds the benchmark program.
pub async fn build(groups: &ProcessGroups) -> Result<PathBuf> {
    find(&cargo::build(groups, &["--bin", "bench"]).await?)
}

/// Builds the benchmark program with optimisation, because its own time must not affect the results. Takes a minute or two the first time.
pub async fn build_fast(groups: &ProcessGroups) -> Result<PathBuf> {
    find(&cargo::build(groups, &["--release", "--package", "bench"]).await?)
}

fn find(programs: &Programs) -> Result<PathBuf> {
    programs.get("bench").cloned().ok_or_else(|| "cargo built no program bench".to_owned())
}

/// The folder of a build's programs.
pub fn folder(programs: &Programs) -> Result<PathBuf> {
    let first = programs.values().next().and_then(|program| program.parent());
    first.map(Path::to_path_buf).ok_or_else(|| "cargo built no program".to_owned())
}

/// The command line with the options that every measurement needs; `work` is the folder for the program's files.
pub fn command(program: &Path, endpoint: &str, seeding: &Path, functions: &Path, work: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(["--endpoint", endpoint]);
    command.arg("--template").arg(tree::template()).arg("--work").arg(work);
    command.arg("--seeding").arg(seeding).arg("--functions").arg(functions);
    command
}

/// Runs the program; returns its report: figures by function.
pub async fn run(groups: &ProcessGroups, program: &Path, plan: &Plan<'_>) -> Result<Value> {
    let mut command = command(program, plan.endpoint, plan.seeding, plan.functions, &work());
    command.args(["--rounds", &plan.rounds.to_string()]);
    if plan.instructions {
        command.arg("--instructions");
    }
    if let Some(base) = plan.base {
        command.arg("--base").arg(base);
    }
    if plan.foreign {
        command.arg("--foreign");
    }
    for function in plan.sized {
        command.args(["--zip", function]);
    }
    if let Some((peers, options)) = plan.peers {
        command.arg("--peers").arg(peers).args(["--peers-options", options]);
    }
    figures(groups, command).await
}

/// Runs a command and parses its output.
pub async fn figures(groups: &ProcessGroups, mut command: Command) -> Result<Value> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = groups.spawn(&mut command)?;
    let mut text = String::new();
    let mut output = process.child.stdout.take().ok_or("the measuring program has no output")?;
    let messages = relay(process.child.stderr.take());
    let ((), read) = tokio::join!(messages, output.read_to_string(&mut text));
    read.map_err(|error| format!("cannot read the figures: {error}"))?;
    match process.wait().await? {
        status if status.success() => serde_json::from_str(&text).map_err(|error| format!("the figures: {error}")),
        status => Err(format!("measuring failed ({status}); its messages are above")),
    }
}

/// The report of the peers' benchmark, from the last run.
pub fn peers_report() -> Result<String> {
    let file = work().join("peers.md");
    std::fs::read_to_string(&file).map_err(|error| format!("cannot read {}: {error}", file.display()))
}

/// The folder for the program's files: git-ignored, and deleted by `cargo clean`.
pub fn work() -> PathBuf {
    tree::root().join("target/bench")
}
