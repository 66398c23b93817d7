//! The stages that judge the two documents, template.yaml and infra/openapi.yaml, and that deploy the one.

use tokio::process::Command;

use super::{Context, check, left_out};
use crate::{Result, build, progress::step, tools, tree};

/// Where the tools of template.yaml are pinned.
const TEMPLATE_TOOLS: &str = "infra/check-template";

/// Where the tools of infra/openapi.yaml are pinned.
const OPENAPI_TOOLS: &str = "infra/xtask/openapi";

/// `sam validate --lint`, and cfn-lint of the template as it is and expanded.
pub async fn template(context: &Context) -> Result<()> {
    check_template(context, "sam").await
}

/// CDK makes the same stack of the template, cdk-nag has nothing against it, and the app's own tests pass.
pub async fn cdk(context: &Context) -> Result<()> {
    let npm = tools::on_path("npm").ok_or("npm is not here")?;
    let folder = tree::root().join("infra/cdk");
    // In its own folder, as for those who deploy; npm's own list of what is there is older than a changed lock file.
    let changed = |file: &str| std::fs::metadata(folder.join(file)).and_then(|file| file.modified()).ok();
    if changed("node_modules/.package-lock.json") < changed("package-lock.json") {
        let mut install = Command::new(&npm);
        install.args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&folder);
        step("installing infra/cdk", tools::run(&context.groups, &mut install)).await?;
    }
    check_template(context, "cdk").await?;
    let mut tests = Command::new(&npm);
    tests.args(["test", "--silent"]).current_dir(&folder).env("CDK_DISABLE_CLI_TELEMETRY", "1");
    step("the tests of infra/cdk", tools::run(&context.groups, &mut tests)).await
}

/// A function is built for Lambda's processor, and `sam deploy` takes it and all others without a question.
pub async fn deploy(context: &Context) -> Result<()> {
    let folder = tree::root().join("target/deploy");
    tree::empty(&folder)?;
    build::try_out(&context.groups, "get-health", &folder).await?;
    let bin = tools::python(&context.groups, TEMPLATE_TOOLS).await?;
    let script = tree::root().join(TEMPLATE_TOOLS).join("deploy.py");
    check(context, tools::python_program(&bin, "python3").arg(script).arg(folder)).await
}

/// A function is built with counters, trained, and built again by what they say. (For another processor that takes an emulator.)
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

/// The validator of the specification, and where npm is there the two linters, and the validator again over what is converted to
/// OpenAPI 3.0, which many tools still read.
pub async fn openapi(context: &Context) -> Result<()> {
    let python = tools::python(&context.groups, OPENAPI_TOOLS).await?;
    let document = tree::openapi();
    check(context, tools::python_program(&python, "openapi-spec-validator").arg(&document)).await?;
    let Some(bin) = tools::node(&context.groups, OPENAPI_TOOLS).await? else {
        return left_out(
            "npm is not here: spectral, redocly and the conversion to 3.0 are left out (install Node.js 20 or newer to run them)",
        );
    };
    let rules = tree::root().join("infra");
    let mut spectral = Command::new(bin.join("spectral"));
    spectral.args(["lint", "--fail-severity", "warn", "--ruleset"]).arg(rules.join("spectral.yaml")).arg(&document);
    check(context, &mut spectral).await?;
    let mut redocly = Command::new(bin.join("redocly"));
    redocly.arg("lint").arg(&document).arg("--config").arg(rules.join("redocly.yaml"));
    // Neither a look for newer versions nor telemetry: nothing here may need a network.
    redocly.env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true").env("REDOCLY_TELEMETRY", "off");
    check(context, &mut redocly).await?;
    let converted = tree::root().join("target/openapi-3.0.yaml");
    let mut convert = Command::new(bin.join("openapi-down-convert"));
    check(context, convert.arg("--input").arg(&document).arg("--output").arg(&converted)).await?;
    check(context, tools::python_program(&python, "openapi-spec-validator").arg(&converted)).await
}
