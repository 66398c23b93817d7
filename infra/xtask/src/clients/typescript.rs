//! The generated part of the TypeScript client.

use std::path::Path;

use tokio::process::Command;

use crate::{Result, process_group::ProcessGroups, tools, tree};

/// The folder that only the generator writes.
pub const GENERATED: &str = "infra/clients/typescript/src/generated";

/// Where the package and its list of tools are.
const PACKAGE: &str = "infra/clients/typescript";

/// Generates into an empty folder; nothing if Node.js or npm is missing.
pub async fn generate(groups: &ProcessGroups, into: &Path) -> Result<()> {
    let (Some(node), Some(bin)) = (tools::on_path("node"), tools::node(groups, PACKAGE).await?) else {
        return Ok(());
    };
    // Beside the installed packages, because a module imports from its own folder and those above it.
    let program = bin.with_file_name("generate.mjs");
    std::fs::copy(tree::root().join(PACKAGE).join("generate.mjs"), &program)
        .map_err(|error| format!("cannot copy generate.mjs: {error}"))?;
    tools::run(groups, Command::new(node).arg(program).arg(tree::openapi()).arg(into)).await
}
