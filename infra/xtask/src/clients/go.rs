//! The generated part of the Go client, by oapi-codegen as pinned in infra/clients/go/tools/go.mod.

use std::path::Path;

use tokio::process::Command;

use crate::{Result, process_group::ProcessGroups, progress::note, tools, tree};

/// The module's folder, in which the generator writes the files `*.gen.go`.
pub const GENERATED: &str = "infra/clients/go";

/// The files, by the configuration in infra/clients/go/tools that makes each.
const FILES: [(&str, &str); 2] = [("types.yaml", "tenancyv1/types.gen.go"), ("methods.yaml", "methods.gen.go")];

/// Generates into an empty folder, in which each file has the path that it has in the module.
pub async fn generate(groups: &ProcessGroups, into: &Path) -> Result<()> {
    let Some(go) = tools::on_path("go") else {
        note("go is not installed: the Go client is not generated (install Go 1.25 or newer)");
        return Ok(());
    };
    for (configuration, file) in FILES {
        let file = into.join(file);
        file.parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .map_err(|error| format!("cannot create the folder of {}: {error}", file.display()))?;
        let mut command = Command::new(&go);
        command.args(["tool", "oapi-codegen", "-config", configuration, "-o"]).arg(&file).arg(tree::openapi());
        tools::run(groups, command.current_dir(tree::root().join(GENERATED).join("tools"))).await?;
    }
    Ok(())
}
