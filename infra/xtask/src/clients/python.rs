//! The generated part of the Python client: infra/clients/python/generate has the scripts, which run datamodel-code-generator.

use std::path::Path;

use crate::{Result, process_group::ProcessGroups, tools, tree};

/// The folder of the package. Its requirements.txt pins the generator.
const PACKAGE: &str = "infra/clients/python";

/// The folder that only the generator writes.
pub const GENERATED: &str = "infra/clients/python/agentrouter_sdk/_generated";

/// Generates into an empty folder.
pub async fn generate(groups: &ProcessGroups, into: &Path) -> Result<()> {
    let bin = tools::python(groups, PACKAGE).await?;
    let mut command = tools::python_program(&bin, "python3");
    command.arg(tree::root().join(PACKAGE).join("generate")).arg(tree::openapi()).arg(into);
    tools::run(groups, command.env("PYTHONDONTWRITEBYTECODE", "1")).await
}
