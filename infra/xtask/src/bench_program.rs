//! The program that measures (`infra/bench`), what it measures, and how both are built.

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

/// What is said where instructions cannot be counted.
pub const NO_VALGRIND: &str = "valgrind is not here: instructions are not counted (Debian: apt-get install valgrind; Fedora: dnf install valgrind)";

/// What to measure.
pub struct Wanted<'a> {
    pub endpoint: &'a str,
    pub seeding: &'a Path,
    pub functions: &'a Path,
    /// The functions of another build, to measure beside.
    pub base: Option<&'a Path>,
    /// The functions whose zip is sized.
    pub sized: &'a [String],
    pub rounds: usize,
    pub instructions: bool,
    /// Whether a foreign id's time is compared with an unknown one's.
    pub foreign: bool,
    /// The folder of the peers and the options for its `run`.
    pub peers: Option<(&'a Path, &'a str)>,
}

/// The names of all functions.
pub fn functions() -> Result<Vec<String>> {
    Ok(Template::read(tree::template())?.functions.into_iter().map(|function| function.name).collect())
}

/// These functions as they are deployed, but without a profile, in one call of cargo.
pub async fn build_shipping(groups: &ProcessGroups, functions: &[String]) -> Result<Programs> {
    let mut what = vec!["--release", "--package", "functions"];
    what.extend(functions.iter().flat_map(|function| ["--bin", function]));
    cargo::build(groups, &what).await
}

/// The program that measures.
pub async fn build(groups: &ProcessGroups) -> Result<PathBuf> {
    find(&cargo::build(groups, &["--bin", "bench"]).await?)
}

/// The same, optimised: its own slowness must not show in milliseconds. A minute or two, the first time.
pub async fn build_fast(groups: &ProcessGroups) -> Result<PathBuf> {
    find(&cargo::build(groups, &["--release", "--package", "bench"]).await?)
}

fn find(programs: &Programs) -> Result<PathBuf> {
    programs.get("bench").cloned().ok_or_else(|| "cargo made no program bench".to_owned())
}

/// The folder that a build's programs are in.
pub fn folder(programs: &Programs) -> Result<PathBuf> {
    let first = programs.values().next().and_then(|program| program.parent());
    first.map(Path::to_path_buf).ok_or_else(|| "cargo made no program".to_owned())
}

/// The program with what every measurement needs.
pub fn command(program: &Path, endpoint: &str, seeding: &Path, functions: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(["--endpoint", endpoint]);
    command.arg("--template").arg(tree::template()).arg("--work").arg(work());
    command.arg("--seeding").arg(seeding).arg("--functions").arg(functions);
    command
}

/// Runs it; answers with its report: figures by function.
pub async fn run(groups: &ProcessGroups, program: &Path, wanted: &Wanted<'_>) -> Result<Value> {
    let mut command = command(program, wanted.endpoint, wanted.seeding, wanted.functions);
    command.args(["--rounds", &wanted.rounds.to_string()]);
    if wanted.instructions {
        command.arg("--instructions");
    }
    if let Some(base) = wanted.base {
        command.arg("--base").arg(base);
    }
    if wanted.foreign {
        command.arg("--foreign");
    }
    for function in wanted.sized {
        command.args(["--zip", function]);
    }
    if let Some((peers, options)) = wanted.peers {
        command.arg("--peers").arg(peers).args(["--peers-options", options]);
    }
    figures(groups, command).await
}

/// What such a command prints.
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
        status => Err(format!("measuring failed ({status}); what went wrong is above")),
    }
}

/// The table of the peers' own bench, of the last run.
pub fn peers_report() -> Result<String> {
    let file = work().join("peers.md");
    std::fs::read_to_string(&file).map_err(|error| format!("cannot read {}: {error}", file.display()))
}

/// Where the program puts its files: git-ignored, and gone with `cargo clean`.
fn work() -> PathBuf {
    tree::root().join("target/bench")
}
