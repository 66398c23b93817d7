//! The stages that judge the two documents: template.yaml and infra/openapi.yaml.

use std::path::Path;

use tokio::process::Command;

use super::{Context, check};
use crate::{Result, progress::note, tools, tree};

/// `sam validate --lint`, and cfn-lint by itself, which knows more.
pub async fn template(context: &Context) -> Result<()> {
    let bin = tools::python(&context.leash, "template").await?;
    let template = tree::template();
    let mut sam = python_tool(&bin, "sam");
    // A region, or SAM asks AWS's configuration for one; it calls nobody.
    sam.args(["validate", "--lint", "--region", "eu-central-1", "--template"])
        .arg(&template)
        .env("SAM_CLI_TELEMETRY", "0");
    check(context, &mut sam).await?;
    check(context, python_tool(&bin, "cfn-lint").arg(&template)).await
}

/// The validator of the specification, and where npm is there the two linters.
pub async fn openapi(context: &Context) -> Result<()> {
    let bin = tools::python(&context.leash, "openapi").await?;
    let document = tree::openapi();
    check(context, python_tool(&bin, "openapi-spec-validator").arg(&document)).await?;
    let Some(bin) = tools::node(&context.leash, "openapi").await? else {
        note("npm is not here: spectral and redocly are left out (install Node.js 20 or newer to run them)");
        return Ok(());
    };
    let rules = tree::root().join("infra");
    let mut spectral = Command::new(bin.join("spectral"));
    spectral.args(["lint", "--fail-severity", "warn", "--ruleset"]).arg(rules.join("spectral.yaml")).arg(&document);
    check(context, &mut spectral).await?;
    let mut redocly = Command::new(bin.join("redocly"));
    redocly.arg("lint").arg(&document).arg("--config").arg(rules.join("redocly.yaml"));
    // Neither a look for newer versions nor telemetry: nothing here may need a network.
    redocly.env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true").env("REDOCLY_TELEMETRY", "off");
    check(context, &mut redocly).await
}

/// A program of a Python folder, whether that is a virtual environment or a plain target folder.
fn python_tool(bin: &Path, name: &str) -> Command {
    let mut command = Command::new(bin.join(name));
    if let Some(folder) = bin.parent() {
        command.env("PYTHONPATH", folder);
    }
    command.current_dir(tree::root());
    command
}
