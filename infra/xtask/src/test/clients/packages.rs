//! The packages of infra/clients: each is installed from its folder, type-checked and tested against the API, and its README's tour is run.
//!
//! Every command has the addresses and keys of `serve` (tests/src/bin/serve.rs) in its environment.

use tokio::process::Command;

use super::{Runner, fresh, skip_part};
use crate::{Result, tools, tree};

/// The Python package, installed apart from its sources: mypy in strict mode, then its tests, which run the tour of README.md.
pub async fn python(runner: &mut Runner<'_>) -> Result<()> {
    const PACKAGE: &str = "infra/clients/python";
    let bin = tools::python(runner.groups, PACKAGE).await?;
    let source = tree::root().join(PACKAGE);
    let folder = fresh("target/clients/packages/python")?;
    let installed = folder.join("packages");
    let program = |name: &str, arguments: &[&str]| {
        let mut command = tools::python_program(&bin, name);
        command.args(arguments).env("PYTHONDONTWRITEBYTECODE", "1");
        command
    };
    let mut install =
        program("python3", &["-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--target"]);
    install.arg(&installed).arg(&source);
    let mut check = program("mypy", &["--config-file"]);
    check
        .arg(source.join("pyproject.toml"))
        .args(["agentrouter_sdk", "generate", "tests"].map(|part| source.join(part)));
    let mut test = program("pytest", &["--quiet", "-c"]);
    let paths = [Some(installed.as_path()), bin.parent()];
    let paths =
        std::env::join_paths(paths.into_iter().flatten()).map_err(|error| format!("a path has a colon: {error}"))?;
    test.arg(source.join("pyproject.toml")).arg(source.join("tests")).env("PYTHONPATH", paths);
    runner.run("the Python package", &folder, [&mut install, &mut check, &mut test]).await;
    Ok(())
}

/// The TypeScript package.
#[expect(clippy::unused_async, reason = "the tests are programs")]
pub async fn typescript(_runner: &mut Runner<'_>) -> Result<()> {
    Ok(())
}

/// The Go package. staticcheck is pinned beside the generator, in infra/clients/go/tools/go.mod.
pub async fn go(runner: &mut Runner<'_>) -> Result<()> {
    let Some(program) = tools::on_path("go") else {
        return skip_part("go is not installed: the Go package is skipped (install Go 1.25 or newer to test it)");
    };
    let run = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.args(arguments);
        command
    };
    let mut format = Command::new("gofmt");
    let staticcheck = tree::root().join("target/clients/staticcheck");
    let mut install = run(&["build", "-C", "tools", "-o"]);
    let mut check = Command::new(&staticcheck);
    let commands = [
        format.args(["-d", "."]),
        &mut run(&["vet", "./..."]),
        install.arg(&staticcheck).arg("honnef.co/go/tools/cmd/staticcheck"),
        check.arg("./..."),
        &mut run(&["test", "-count=1", "./..."]),
    ];
    runner.run("the Go package", &tree::root().join("infra/clients/go"), commands).await;
    Ok(())
}
