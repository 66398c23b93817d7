//! The stages that run the function binaries on a real store.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::{Context, check, once};
use crate::{
    Result,
    cargo::{self, Programs},
    environment::LOCAL_AWS,
    store::{self, Store},
    tree,
};

/// Builds all programs, and checks that no crate is compiled twice.
pub async fn build(context: &Context) -> Result<()> {
    programs(context).await?;
    once::compiled_once(context).await
}

/// The black-box tests. Each is named, because cargo does not run them otherwise. They record requests and logs for `suite`.
pub async fn api(context: &Context) -> Result<()> {
    let log = recorded();
    tree::empty(&log)?;
    let mut command = cargo::command(&["test", "--no-fail-fast"]);
    command.args(black_box()?.iter().flat_map(|name| ["--test", name]));
    on_store(context, &mut command).await?;
    check(context, command.env("TENANCY_TEST_LOG", log)).await
}

/// The tests of tare. What their functions ask of the store is what those of `api` asked, so `suite` does not look at it.
pub async fn cli(context: &Context) -> Result<()> {
    let log = tree::root().join("target/test-log-cli");
    tree::empty(&log)?;
    let mut command = cargo::command(&["test", "--no-fail-fast", "--test", "cli"]);
    on_store(context, &mut command).await?;
    check(context, command.env("TENANCY_TEST_LOG", log)).await
}

/// Checks of everything that the black-box tests recorded.
pub async fn suite(context: &Context) -> Result<()> {
    let mut command = cargo::command(&["test", "--test", "suite"]);
    on_store(context, &mut command).await?;
    check(context, command.env("TENANCY_TEST_LOG", recorded())).await
}

/// The folder in which the black-box tests record requests and logs.
pub fn recorded() -> PathBuf {
    tree::root().join("target/test-log")
}

/// The names of the black-box tests' files, without `suite` and `upgrade`, which are stages of their own, and `hint`.
pub fn black_box() -> Result<Vec<String>> {
    let folder = tree::root().join("tests/tests");
    let entries = std::fs::read_dir(&folder).map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    let names =
        entries.flatten().filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".rs").map(str::to_owned));
    let mut names: Vec<String> = names.filter(|name| !["hint", "suite", "upgrade"].contains(&name.as_str())).collect();
    names.sort();
    Ok(names)
}

/// Sets the variables with which tests find the store and the binaries.
pub async fn on_store(context: &Context, command: &mut Command) -> Result<()> {
    let (folder, store) = running(context).await?;
    command.env("DYNAMODB_ENDPOINT", &store.endpoint).env("FUNCTIONS_DIR", folder).envs(LOCAL_AWS);
    Ok(())
}

/// The folder of the binaries, and the store; starts them if necessary.
pub async fn running(context: &Context) -> Result<(&Path, &Store)> {
    let programs = programs(context).await?;
    let start = || store::start(&context.groups, &context.choice, programs, None);
    let store = context.store.get_or_try_init(start).await?;
    let first = programs.values().next().and_then(|program| program.parent());
    Ok((first.ok_or("the package `functions` has no binary yet")?, store))
}

/// Builds the programs, once per run.
async fn programs(context: &Context) -> Result<&Programs> {
    let build = || cargo::build(&context.groups, &cargo::PROGRAMS);
    context.programs.get_or_try_init(build).await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file that tests/Cargo.toml does not list would run in plain `cargo test`, without a store, and fail.
    #[test]
    fn every_black_box_test_is_listed_as_one_that_runs_only_if_it_is_named() {
        let manifest = std::fs::read_to_string(tree::root().join("tests/Cargo.toml")).unwrap();
        let names = black_box().unwrap();
        assert!(names.len() >= 19, "{names:?}");
        for name in names.iter().map(String::as_str).chain(["suite", "upgrade"]) {
            let entry = format!("[[test]]\nname = \"{name}\"\ntest = false\n");
            assert!(manifest.contains(&entry), "tests/Cargo.toml lacks:\n{entry}");
        }
    }
}
