//! The stage that judges the dependencies by deny.toml: licenses, sources, and no crate twice.
//!
//! Not here: known vulnerabilities, whose database would have to be fetched for each run.

use super::{Context, check};
use crate::{Result, cargo, progress::step, tools};

/// Where cargo-deny is pinned.
const CARGO_DENY: &str = "infra/cargo-deny";

/// cargo-deny over the lock file. It reads the crates themselves, those too that are built nowhere here.
pub async fn deny(context: &Context) -> Result<()> {
    let bin = tools::python(&context.groups, CARGO_DENY).await?;
    step("fetching crates", tools::run(&context.groups, &mut cargo::command(&["fetch", "--locked"]))).await?;
    let mut command = tools::python_program(&bin, "cargo-deny");
    check(context, command.args(["--offline", "--locked", "check", "bans", "licenses", "sources"])).await
}
