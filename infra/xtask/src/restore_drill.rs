//! `cargo xtask restore-drill`: rehearses a restore, from export to the comparison of two stacks (`infra/restore-drill`).

use std::process::{ExitCode, Stdio};

use clap::Args;
use tokio::process::Command;

use crate::{
    Result, cargo,
    environment::LOCAL_AWS,
    process_group::{ProcessGroups, interrupted},
    store::{self, Choice},
    tree,
};

/// Exports a filled table as DynamoDB does, imports it into a second one, and compares every answer of two stacks.
#[derive(Args)]
pub struct Options {
    /// About how many items the table gets; it has 700 at least.
    #[arg(long, value_name = "N", default_value_t = 2000)]
    items: usize,
    /// The store: embedded, dynamodb-local or http://HOST:PORT.
    #[arg(long)]
    store: Option<Choice>,
}

/// Builds, starts the store, runs the program. The export remains in target/restore-drill.
pub async fn run(options: &Options) -> Result<ExitCode> {
    let choice = Choice::of_tests(options.store.clone())?;
    let groups = ProcessGroups::start()?;
    let done = tokio::select! {
        done = drill(&groups, &choice, options.items) => Some(done),
        () = interrupted() => None,
    };
    groups.end_all().await;
    done.ok_or("interrupted")?
}

async fn drill(groups: &ProcessGroups, choice: &Choice, items: usize) -> Result<ExitCode> {
    let programs = cargo::build(groups, &cargo::PROGRAMS).await?;
    let program = programs.get("restore-drill").ok_or("cargo made no program restore-drill")?;
    let store = store::start(groups, choice, &programs, None).await?;
    let folder = tree::root().join("target/restore-drill");
    tree::empty(&folder)?;
    let mut command = Command::new(program);
    command.args(["--endpoint", &store.endpoint, "--items", &items.to_string()]);
    command.arg("--template").arg(tree::template()).arg("--folder").arg(folder);
    command.arg("--programs").arg(program.parent().unwrap_or(program));
    command.envs(LOCAL_AWS).stdin(Stdio::null());
    let status = groups.spawn(&mut command)?.wait().await?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
