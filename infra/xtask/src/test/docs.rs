//! The stages that check template.yaml and infra/openapi.yaml, and that build and deploy functions.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::{Context, check, skip_part};
use crate::{Result, build, progress::step, tools, tree};

/// The folder that pins the tools for template.yaml.
const TEMPLATE_TOOLS: &str = "infra/check-template";

/// The folder that pins the validator of workflows.
const WORKFLOW_TOOLS: &str = "infra/check-workflows";

/// The files that are workflows of GitHub Actions.
const WORKFLOWS: [&str; 2] = [".github/workflows/ci.yml", "docs/deploy.workflow.yml"];

/// The folder that pins the tools for infra/openapi.yaml.
const OPENAPI_TOOLS: &str = "infra/xtask/openapi";

/// `sam validate --lint`, cfn-lint of the template and its expansion, and what check.py knows besides. The workflows are valid by GitHub's
/// schema, of which the validator has a copy.
pub async fn template(context: &Context) -> Result<()> {
    check_template(context, "sam").await?;
    let bin = tools::python(&context.groups, WORKFLOW_TOOLS).await?;
    let mut validate = tools::python_program(&bin, "check-jsonschema");
    validate.args(["--builtin-schema", "vendor.github-workflows"]).args(WORKFLOWS.map(|file| tree::root().join(file)));
    check(context, &mut validate).await
}

/// CDK creates the same stack from the template, cdk-nag has no findings, and the app's tests pass.
pub async fn cdk(context: &Context) -> Result<()> {
    let folder = tree::root().join("infra/cdk");
    let npm = npm_ci(context, &folder).await?;
    check_template(context, "cdk").await?;
    let mut tests = Command::new(&npm);
    tests.args(["test", "--silent"]).current_dir(&folder).env("CDK_DISABLE_CLI_TELEMETRY", "1");
    step("testing infra/cdk", tools::run(&context.groups, &mut tests)).await
}

/// Asks an IAM simulator about every policy: what the black-box tests recorded is allowed, and what is forbidden is denied.
pub async fn iam(context: &Context) -> Result<()> {
    npm_ci(context, &tree::root().join("infra/check-policies")).await?;
    check_template(context, "iam").await
}

/// Installs the packages of a folder in that folder, if its lock file has changed; returns npm.
async fn npm_ci(context: &Context, folder: &Path) -> Result<PathBuf> {
    let npm = tools::on_path("npm").ok_or("npm is not installed")?;
    // npm's list of installed packages is older than a changed lock file.
    let changed = |file: &str| std::fs::metadata(folder.join(file)).and_then(|file| file.modified()).ok();
    if changed("node_modules/.package-lock.json") < changed("package-lock.json") {
        let mut install = Command::new(&npm);
        install.args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(folder);
        step(&format!("installing {}", folder.display()), tools::run(&context.groups, &mut install)).await?;
    }
    Ok(npm)
}

/// Builds a function for Lambda's architecture and checks that `sam deploy` deploys it and all others without a question.
pub async fn deploy(context: &Context) -> Result<()> {
    let folder = tree::root().join("target/deploy");
    tree::empty(&folder)?;
    build::try_out(&context.groups, "get-health", &folder).await?;
    let bin = tools::python(&context.groups, TEMPLATE_TOOLS).await?;
    let script = tree::root().join(TEMPLATE_TOOLS).join("deploy.py");
    check(context, tools::python_program(&bin, "python3").arg(script).arg(folder)).await
}

/// Builds a function with counters, trains it, and builds it again with the profile, for this machine's architecture.
pub async fn pgo(context: &Context) -> Result<()> {
    let folder = tree::root().join("target/pgo/tried");
    tree::empty(&folder)?;
    build::try_out_profile(&context.groups, "get-tenant", &folder).await
}

async fn check_template(context: &Context, part: &str) -> Result<()> {
    let bin = tools::python(&context.groups, TEMPLATE_TOOLS).await?;
    let script = tree::root().join(TEMPLATE_TOOLS).join("check.py");
    check(context, tools::python_program(&bin, "python3").arg(script).arg(part)).await
}

/// Runs the validator of the specification and, if npm is installed, the two linters, and the validator again on the document converted to
/// OpenAPI 3.0, which many tools still require.
pub async fn openapi(context: &Context) -> Result<()> {
    let python = tools::python(&context.groups, OPENAPI_TOOLS).await?;
    let document = tree::openapi();
    check(context, tools::python_program(&python, "openapi-spec-validator").arg(&document)).await?;
    let Some(bin) = tools::node(&context.groups, OPENAPI_TOOLS).await? else {
        return skip_part(
            "npm is not installed: spectral, redocly and the conversion to 3.0 are skipped (install Node.js 20 or newer to run them)",
        );
    };
    let rules = tree::root().join("infra");
    let mut spectral = Command::new(bin.join("spectral"));
    spectral.args(["lint", "--fail-severity", "warn", "--ruleset"]).arg(rules.join("spectral.yaml")).arg(&document);
    check(context, &mut spectral).await?;
    let mut redocly = Command::new(bin.join("redocly"));
    redocly.arg("lint").arg(&document).arg("--config").arg(rules.join("redocly.yaml"));
    // No check for newer versions and no telemetry, because the stage must not need a network.
    redocly.env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true").env("REDOCLY_TELEMETRY", "off");
    check(context, &mut redocly).await?;
    let converted = tree::root().join("target/openapi-3.0.yaml");
    let mut convert = Command::new(bin.join("openapi-down-convert"));
    check(context, convert.arg("--input").arg(&document).arg("--output").arg(&converted)).await?;
    check(context, tools::python_program(&python, "openapi-spec-validator").arg(&converted)).await
}
