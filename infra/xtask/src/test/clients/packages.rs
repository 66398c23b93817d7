//! The packages of infra/clients: each is installed from its folder, type-checked and tested against the API, and its README's tour is run.
//!
//! Every command has the addresses and keys of `serve` (tests/src/bin/serve.rs) in its environment.

use std::path::Path;

use tokio::process::Command;

use super::{Runner, fresh, skip_part};
use crate::{Result, tools, tree};

/// The Python package, installed apart from its sources: mypy in strict mode, then its tests, which run the tour of README.md.
pub async fn python(runner: &Runner<'_>) -> Result<()> {
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

/// The TypeScript package: npm builds it while it installs it for a program that was written for the original client.
pub async fn typescript(runner: &Runner<'_>) -> Result<()> {
    const PACKAGE: &str = "infra/clients/typescript";
    let (Some(node), Some(npm), Some(bin)) =
        (tools::on_path("node"), tools::on_path("npm"), tools::node(runner.groups, PACKAGE).await?)
    else {
        return skip_part(
            "node and npm are not installed: the TypeScript package is skipped (install Node.js 20 or newer to run it)",
        );
    };
    let program_folder = fresh("target/clients/packages/typescript/program")?;
    let folder = fresh("target/clients/packages/typescript/package")?;
    copy(&tree::root().join(PACKAGE), &folder)?;
    copy(&folder.join("test/program"), &program_folder)?;
    let linked = std::os::unix::fs::symlink(bin.parent().unwrap_or(&bin), folder.join("node_modules"));
    linked.map_err(|error| format!("cannot link the packages: {error}"))?;

    let mut install = Command::new(npm);
    install.args(["install", "--offline", "--no-audit", "--no-fund", "--loglevel=error", "file:../package"]);
    let mut check = Command::new(bin.join("tsc"));
    check.args(["--project", ".", "--typeRoots", "../package/node_modules/@types"]);
    let mut program = Command::new(&node);
    program.arg("build/program.js").env("AGENTROUTER_BASE_URL", runner.api.get("BASE_URL"));
    program.env("AGENTROUTER_API_KEY", runner.api.get("OPERATOR_KEY"));
    let commands = [&mut install, &mut check, &mut program];
    runner.run("a program with the TypeScript package", &program_folder, commands).await;

    let mut test = Command::new(&node);
    test.args(["--test", "--test-concurrency=4"]).args(built_tests(&folder.join("test"))?);
    test.env("OPENAPI", tree::openapi());
    let mut check = Command::new(bin.join("tsc"));
    runner.run("the TypeScript package", &folder, [check.args(["-p", "test"]), &mut test]).await;
    Ok(())
}

/// What tsc makes of each `test/NAME.test.ts`.
fn built_tests(folder: &Path) -> Result<Vec<String>> {
    let failed = |error: std::io::Error| format!("cannot read {}: {error}", folder.display());
    let entries = std::fs::read_dir(folder).map_err(failed)?.flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    Ok(names.filter_map(|name| Some(format!("build/{}.test.js", name.strip_suffix(".test.ts")?))).collect())
}

/// Copies a package's folder, without what tools and builds leave there.
fn copy(from: &Path, to: &Path) -> Result<()> {
    const LEFT: [&str; 3] = ["node_modules", "dist", "build"];
    let failed = |error: std::io::Error| format!("cannot copy {}: {error}", from.display());
    std::fs::create_dir_all(to).map_err(failed)?;
    for entry in std::fs::read_dir(from).map_err(failed)? {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).map_err(failed)?;
        if path.is_dir() {
            if !LEFT.iter().any(|left| name == *left) {
                copy(&path, &to.join(name))?;
            }
        } else {
            std::fs::copy(&path, to.join(name)).map_err(failed)?;
        }
    }
    Ok(())
}

/// The Go package. staticcheck is pinned beside the generator, in infra/clients/go/tools/go.mod.
pub async fn go(runner: &Runner<'_>) -> Result<()> {
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
