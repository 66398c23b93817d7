//! The stages that run the functions: the binaries that are deployed, and a real store.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::{Context, check};
use crate::{
    Result,
    cargo::{self, Programs},
    environment::LOCAL_AWS,
    store::{self, Store},
    tree,
};

/// All function binaries, in one call of cargo.
pub async fn build(context: &Context) -> Result<()> {
    programs(context).await.map(|_| ())
}

/// The black-box tests. operator-key and embedded-store are named for their features (see `cargo::PROGRAMS`). What they record is for `suite`.
pub async fn api(context: &Context) -> Result<()> {
    let log = recorded();
    tree::empty(&log)?;
    let mut command = cargo::command(&[
        "test",
        "--no-fail-fast",
        "--package",
        "tests",
        "--package",
        "operator-key",
        "--package",
        "embedded-store",
    ]);
    on_store(context, &mut command).await?;
    check(context, command.env("TENANCY_TEST_LOG", log)).await
}

/// The checks over everything that the black-box tests made the functions do.
pub async fn suite(context: &Context) -> Result<()> {
    let mut command = cargo::command(&[
        "test",
        "--package",
        "tests",
        "--package",
        "operator-key",
        "--package",
        "embedded-store",
        "--test",
        "suite",
    ]);
    on_store(context, &mut command).await?;
    check(context, command.env("TENANCY_TEST_LOG", recorded())).await
}

/// Where the black-box tests leave requests and logs.
pub fn recorded() -> PathBuf {
    tree::root().join("target/test-log")
}

/// The tests whose name contains one of the words, black-box or inside the domain crate.
pub async fn some(context: &Context) -> Result<()> {
    let mut command = cargo::command(&[
        "test",
        "--package",
        "tests",
        "--package",
        "tenancy",
        "--package",
        "operator-key",
        "--package",
        "embedded-store",
        "--",
    ]);
    command.args(&context.filters);
    on_store(context, &mut command).await?;
    check(context, &mut command).await
}

/// Tells tests where the store and the binaries are.
pub async fn on_store(context: &Context, command: &mut Command) -> Result<()> {
    let (folder, store) = running(context).await?;
    command.env("DYNAMODB_ENDPOINT", &store.endpoint).env("FUNCTIONS_DIR", folder).envs(LOCAL_AWS);
    Ok(())
}

/// Where the binaries are, and the store.
pub async fn running(context: &Context) -> Result<(&Path, &Store)> {
    let programs = programs(context).await?;
    let start = || store::start(&context.leash, &context.choice, programs, None);
    let store = context.store.get_or_try_init(start).await?;
    let first = programs.values().next().and_then(|program| program.parent());
    Ok((first.ok_or("the package `functions` has no binary yet")?, store))
}

/// Builds once per run.
async fn programs(context: &Context) -> Result<&Programs> {
    let build = || cargo::build(&context.leash, &cargo::PROGRAMS);
    context.programs.get_or_try_init(build).await
}
