//! The clients of generators that no package uses, by language: how each is generated, built and run. The options are those that
//! docs/clients.md recommends.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::{Runner, openapi_generator::quick, skip_part, work_folder};
use crate::{Result, cargo, tools, tree};

/// openapi-generator and aiopenapi3, in one environment.
pub async fn python(runner: &Runner<'_>) -> Result<()> {
    let bin = tools::python(runner.groups, "tests/clients/aiopenapi3").await?;
    let program = |name: &str, arguments: &[&str]| {
        let mut command = tools::python_program(&bin, name);
        command.args(arguments);
        command
    };
    if let Some(generator) = &runner.generator {
        let mut generate = generator.generate("python", "packageName=tenancy_client,generateSourceCodeOnly=true", ".");
        let commands = [&mut generate, &mut program("python3", &["flow.py"])];
        runner.run("openapi-generator for Python", &work_folder("openapi-generator/python")?, commands).await;
    }
    let mut read = program("python3", &["flow.py"]);
    runner.run("aiopenapi3", &work_folder("aiopenapi3")?, [read.arg(tree::openapi())]).await;
    Ok(())
}

/// hey-api and openapi-generator, with one set of packages.
pub async fn typescript(runner: &Runner<'_>) -> Result<()> {
    let (Some(node), Some(bin)) = (tools::on_path("node"), tools::node(runner.groups, "tests/clients/hey-api").await?)
    else {
        return skip_part(
            "node and npm are not installed: the TypeScript clients are skipped (install Node.js 20 or newer to run them)",
        );
    };
    let folder = with_packages("hey-api", &bin)?;
    let mut generate = Command::new(bin.join("openapi-ts"));
    generate.args(["--no-log-file", "-i"]).arg(tree::openapi());
    let (mut build, mut flow) = compiled(&bin, &node);
    runner.run("hey-api", &folder, [&mut generate, &mut build, &mut flow]).await;

    let Some(generator) = &runner.generator else { return Ok(()) };
    let folder = with_packages("openapi-generator/typescript", &bin)?;
    let mut generate = generator.generate("typescript-fetch", "importFileExtension=.js", "api");
    let (mut build, mut flow) = compiled(&bin, &node);
    runner.run("openapi-generator for TypeScript", &folder, [&mut generate, &mut build, &mut flow]).await;
    Ok(())
}

/// A work folder in which TypeScript finds the installed packages.
fn with_packages(name: &str, bin: &Path) -> Result<PathBuf> {
    let folder = work_folder(name)?;
    let linked = std::os::unix::fs::symlink(bin.parent().unwrap_or(bin), folder.join("node_modules"));
    linked.map_err(|error| format!("cannot link the packages: {error}"))?;
    let module = std::fs::write(folder.join("package.json"), "{\"type\": \"module\"}\n");
    module.map_err(|error| format!("cannot write package.json: {error}"))?;
    Ok(folder)
}

fn compiled(bin: &Path, node: &Path) -> (Command, Command) {
    let mut flow = Command::new(node);
    flow.arg("build/flow.js");
    (Command::new(bin.join("tsc")), flow)
}

/// ogen and openapi-generator. The package infra/clients/go is made with oapi-codegen.
pub async fn go(runner: &Runner<'_>) -> Result<()> {
    let Some(program) = tools::on_path("go") else {
        return skip_part("go is not installed: the Go clients are skipped (install Go 1.25 or newer to run them)");
    };
    let run = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.args(arguments);
        command
    };
    let build = || run(&["build", "-o", "flow", "."]);

    let folder = work_folder("ogen")?;
    let mut generate = run(&["tool", "ogen", "--config", "ogen.yml", "--target", "api", "--package=api"]);
    let commands = [generate.arg(tree::openapi()), &mut build(), &mut Command::new(folder.join("flow"))];
    runner.run("ogen", &folder, commands).await;

    let Some(generator) = &runner.generator else { return Ok(()) };
    let folder = work_folder("openapi-generator/go")?;
    let options = "packageName=api,enumClassPrefix=true,enumUnknownDefaultCase=true,withGoMod=false";
    let mut generate = generator.generate("go", options, "api");
    let commands = [&mut generate, &mut build(), &mut Command::new(folder.join("flow"))];
    runner.run("openapi-generator for Go", &folder, commands).await;
    Ok(())
}

/// openapi-generator's library `native`, compiled with plain javac.
pub async fn java(runner: &Runner<'_>) -> Result<()> {
    const OPTIONS: &str = concat!(
        "library=native,containerDefaultToNull=true,enumUnknownDefaultCase=true,",
        "invokerPackage=api,apiPackage=api.api,modelPackage=api.model"
    );
    let Some(generator) = &runner.generator else { return Ok(()) };
    let (Some(java), Some(javac)) = (tools::on_path("java"), tools::on_path("javac")) else {
        return skip_part("javac is not installed: the Java client is skipped (install a JDK, 17 or newer, to run it)");
    };
    let Some(jars) = tools::maven(runner.groups, "tests/clients/openapi-generator/java").await? else { return Ok(()) };
    let folder = work_folder("openapi-generator/java")?;
    let mut generate = generator.generate("java", OPTIONS, "api");
    let mut build = Command::new(javac);
    build.args(["-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC", "-nowarn", "-proc:none", "-d", "classes"]);
    build.arg("-cp").arg(jars.join("*")).args(["-sourcepath", "api/src/main/java", "Flow.java"]);
    let mut flow = quick(&java);
    flow.arg("-cp").arg(format!("classes:{}", jars.join("*").display())).arg("Flow");
    runner.run("openapi-generator for Java", &folder, [&mut generate, &mut build, &mut flow]).await;
    Ok(())
}

/// openapi-generator's library `reqwest`. The build folder is kept for the next run.
pub async fn rust(runner: &Runner<'_>) -> Result<()> {
    let Some(generator) = &runner.generator else { return Ok(()) };
    let folder = work_folder("openapi-generator/rust")?;
    let target = tree::root().join("target/clients/cargo");
    let mut generate = generator.generate("rust", "", "api");
    let mut flow = cargo::command(&["run", "--quiet", "--locked"]);
    let commands = [&mut generate, flow.env("CARGO_TARGET_DIR", target)];
    runner.run("openapi-generator for Rust", &folder, commands).await;
    Ok(())
}
