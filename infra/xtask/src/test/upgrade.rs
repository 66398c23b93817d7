//! The stage `upgrade`: the previous release and this one work on one table, in both directions.
//!
//! `infra/previous-release.tar.gz` has the sources of the previous release's functions, so that neither the history of the repository nor a
//! network is needed. They are built once, and kept until the archive changes. Third-party crates are those that the stage `mutants` compiles.

use std::{
    fs,
    path::{Path, PathBuf},
};

use tokio::process::Command;

use super::{Context, check, suite};
use crate::{Result, cargo, progress::step, tools, tree};

/// The sources of the release that is deployed.
const PREVIOUS: &str = "infra/previous-release.tar.gz";

/// What the functions are built from.
const SOURCES: [&str; 7] =
    ["shared", "functions", "Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "template.yaml", "infra/openapi.yaml"];

/// Builds the previous release, and runs the tests with the binaries of both.
pub async fn upgrade(context: &Context) -> Result<()> {
    if context.write {
        return record(context).await;
    }
    let folder = tree::root().join("target/upgrade");
    if !is_built(&folder) {
        step("building the previous release", build(context, &folder)).await?;
    }
    let mut command = cargo::command(&["test", "--test", "upgrade"]);
    suite::on_store(context, &mut command).await?;
    command.env("PREVIOUS_FUNCTIONS_DIR", folder.join("functions"));
    command.env("PREVIOUS_TEMPLATE", folder.join("tree/template.yaml"));
    check(context, &mut command).await
}

/// Makes the commit that is checked out the previous release.
async fn record(context: &Context) -> Result<()> {
    let mut git = Command::new("git");
    git.arg("-C").arg(tree::root()).args(["archive", "--format=tar.gz", "-o", PREVIOUS, "HEAD"]).args(SOURCES);
    tools::run(&context.groups, &mut git).await
}

/// The archive from which the kept programs were built.
fn built_from(folder: &Path) -> PathBuf {
    folder.join("previous-release.tar.gz")
}

fn is_built(folder: &Path) -> bool {
    let built = fs::read(built_from(folder));
    built.is_ok_and(|built| fs::read(tree::root().join(PREVIOUS)).is_ok_and(|archive| archive == built))
}

/// Unpacks the archive and builds its functions.
async fn build(context: &Context, folder: &Path) -> Result<()> {
    let (archive, sources) = (tree::root().join(PREVIOUS), folder.join("tree"));
    tree::empty(folder)?;
    tree::empty(&sources)?;
    // With new times: cargo takes older files for those of the last build in its folder, which was that of the mutants.
    let mut unpack = Command::new("tar");
    tools::run(&context.groups, unpack.arg("-xzmf").arg(&archive).arg("-C").arg(&sources)).await?;
    let manifest = sources.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).map_err(|error| format!("{PREVIOUS} has no Cargo.toml: {error}"))?;
    fs::write(&manifest, only_functions(&text)).map_err(|error| format!("cannot write Cargo.toml: {error}"))?;
    // Not the folder of this tree: its programs have the same names.
    let target = tree::root().join("target/mutants/build");
    // Not `--locked`: cargo takes the packages that are left out from Cargo.lock, and keeps the versions of the others.
    let mut command = cargo::command(&["build", "--quiet", "-p=functions", "--bins"]);
    command.current_dir(&sources).env("CARGO_TARGET_DIR", &target);
    tools::run(&context.groups, &mut command).await?;
    keep(&target.join("debug"), &sources.join("functions/src/bin"), &folder.join("functions"))?;
    fs::copy(&archive, built_from(folder)).map(drop).map_err(|error| format!("cannot copy {PREVIOUS}: {error}"))
}

/// The workspace without the packages that are not in the archive.
fn only_functions(manifest: &str) -> String {
    let line = |line: &str| match line.starts_with("members = [") {
        true => "members = [\"shared\", \"functions\"]\n".to_owned(),
        false => format!("{line}\n"),
    };
    manifest.lines().map(line).collect()
}

/// Links the programs of these sources, which the next build would replace, into a folder.
fn keep(built: &Path, sources: &Path, kept: &Path) -> Result<()> {
    let failed = |error: std::io::Error| format!("cannot keep the previous release: {error}");
    tree::empty(kept)?;
    for source in fs::read_dir(sources).map_err(failed)? {
        let source = source.map_err(failed)?.path();
        if let (Some(name), Some("rs")) =
            (source.file_stem(), source.extension().and_then(|extension| extension.to_str()))
        {
            fs::hard_link(built.join(name), kept.join(name)).map_err(failed)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_packages_that_are_not_in_the_archive_are_left_out() {
        let manifest = fs::read_to_string(tree::root().join("Cargo.toml")).unwrap();
        let left = only_functions(&manifest);
        assert_eq!(left.lines().filter(|line| !manifest.lines().any(|own| own == *line)).count(), 1);
        assert!(left.contains("\nmembers = [\"shared\", \"functions\"]\n"), "{left}");
    }
}
