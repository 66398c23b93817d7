//! The stage that checks the dependencies against deny.toml: licenses, sources, and duplicate versions.
//!
//! Known vulnerabilities are not checked, because their database would have to be downloaded for each run.

use super::{Context, check};
use crate::{Result, cargo, progress::step, tools};

/// The folder that pins cargo-deny.
const CARGO_DENY: &str = "infra/cargo-deny";

/// Runs cargo-deny on the lock file. It reads all crates, including those that are not built on this platform.
pub async fn deny(context: &Context) -> Result<()> {
    let bin = tools::python(&context.groups, CARGO_DENY).await?;
    step("fetching crates", tools::run(&context.groups, &mut cargo::command(&["fetch", "--locked"]))).await?;
    let mut command = tools::python_program(&bin, "cargo-deny");
    check(context, command.args(["--offline", "--locked", "check", "bans", "licenses", "sources"])).await
}
