//! The stage `upgrade`: the previous release and this one work on one table, in both directions.
//!
//! `infra/previous-release` names the commit. It is built from the history of this repository, without a network, and kept until the file names
//! another one. Third-party crates are those that the stage `mutants` compiles.

use std::{
    fs,
    path::{Path, PathBuf},
};

use tokio::process::Command;

use super::{Context, check, skip_part, suite};
use crate::{Result, cargo, progress::step, tools, tree};

/// The file with the commit of the release that is deployed.
const PREVIOUS: &str = "infra/previous-release";

/// Builds the previous release, and runs the tests with the binaries of both.
pub async fn upgrade(context: &Context) -> Result<()> {
    let file = tree::root().join(PREVIOUS);
    let text = fs::read_to_string(&file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let commit = commit(&text).ok_or_else(|| format!("{PREVIOUS} holds no full commit id"))?;
    if !is_known(commit).await {
        return skip_part(&format!(
            "the history has no {commit}, the previous release: clone the repository with its history"
        ));
    }
    let folder = tree::root().join("target/upgrade").join(commit);
    if !folder.join("functions").is_dir() {
        step("building the previous release", build(context, commit, &folder)).await?;
    }
    let mut command = cargo::command(&["test", "--test", "upgrade"]);
    suite::on_store(context, &mut command).await?;
    command.env("PREVIOUS_FUNCTIONS_DIR", folder.join("functions"));
    command.env("PREVIOUS_TEMPLATE", folder.join("tree/template.yaml"));
    check(context, &mut command).await
}

/// The commit id on the file's first line.
fn commit(text: &str) -> Option<&str> {
    let id = text.lines().next()?.trim();
    (id.len() == 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(id)
}

fn git(arguments: &[&str]) -> Command {
    let mut git = Command::new("git");
    git.arg("-C").arg(tree::root()).args(arguments);
    git
}

async fn is_known(commit: &str) -> bool {
    let mut git = git(&["cat-file", "-e", &format!("{commit}^{{commit}}")]);
    git.stderr(std::process::Stdio::null()).status().await.is_ok_and(|status| status.success())
}

/// Unpacks the commit and builds its functions.
async fn build(context: &Context, commit: &str, folder: &Path) -> Result<()> {
    let (sources, archive) = (folder.join("tree"), folder.join("tree.tar"));
    tree::empty(&sources)?;
    let mut pack = git(&["archive", "--format=tar", "-o"]);
    tools::run(&context.groups, pack.arg(&archive).arg(commit)).await?;
    let mut unpack = Command::new("tar");
    tools::run(&context.groups, unpack.arg("-xf").arg(&archive).arg("-C").arg(&sources)).await?;
    // Not the folder of this tree: its programs have the same names.
    let target = tree::root().join("target/mutants/build");
    let mut command = cargo::command(&["build", "--quiet", "--offline", "--locked", "-p=functions", "--bins"]);
    command.current_dir(&sources).env("CARGO_TARGET_DIR", &target);
    tools::run(&context.groups, &mut command).await?;
    keep(&target.join("debug"), &sources.join("functions/src/bin"), &folder.join("functions"))
}

/// Links the programs of these sources, which the next build would replace, into a folder that is there only when it is complete.
fn keep(built: &Path, sources: &Path, kept: &Path) -> Result<()> {
    let failed = |error: std::io::Error| format!("cannot keep the previous release: {error}");
    let incomplete: PathBuf = kept.with_extension("incomplete");
    tree::empty(&incomplete)?;
    for source in fs::read_dir(sources).map_err(failed)? {
        let source = source.map_err(failed)?.path();
        if let (Some(name), Some("rs")) =
            (source.file_stem(), source.extension().and_then(|extension| extension.to_str()))
        {
            fs::hard_link(built.join(name), incomplete.join(name)).map_err(failed)?;
        }
    }
    fs::rename(&incomplete, kept).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_previous_release_is_a_full_commit_id() {
        assert!(commit(&fs::read_to_string(tree::root().join(PREVIOUS)).unwrap()).is_some());
        assert_eq!(commit("16f3a22\n"), None);
        assert_eq!(commit(""), None);
    }
}
