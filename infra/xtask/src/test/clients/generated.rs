//! The clients, by language: how each is made, built and run. The options are those that docs/clients.md recommends.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::{Maker, left_out, openapi_generator::quick, workshop};
use crate::{Result, cargo, tools, tree};

/// openapi-python-client, openapi-generator and aiopenapi3, in one environment.
pub async fn python(maker: &mut Maker<'_>) -> Result<()> {
    let bin = tools::python(maker.groups, "tests/clients/python").await?;
    let program = |name: &str, arguments: &[&str]| {
        let mut command = tools::python_program(&bin, name);
        command.args(arguments);
        command
    };
    let mut generate = program("openapi-python-client", &["generate", "--meta", "none", "--config", "config.yaml"]);
    generate.args(["--output-path", "tenancy_client", "--path"]).arg(tree::openapi());
    let commands = [&mut generate, &mut program("python3", &["flow.py"])];
    maker.run("openapi-python-client", &workshop("python")?, commands).await;

    if let Some(generator) = &maker.generator {
        let mut generate = generator.generate("python", "packageName=tenancy_client,generateSourceCodeOnly=true", ".");
        let commands = [&mut generate, &mut program("python3", &["flow.py"])];
        maker.run("openapi-generator for Python", &workshop("openapi-generator/python")?, commands).await;
    }
    let mut read = program("python3", &["flow.py"]);
    maker.run("aiopenapi3", &workshop("aiopenapi3")?, [read.arg(tree::openapi())]).await;
    Ok(())
}

/// openapi-typescript with openapi-fetch, hey-api and openapi-generator, with one set of packages.
pub async fn typescript(maker: &mut Maker<'_>) -> Result<()> {
    let (Some(node), Some(bin)) =
        (tools::on_path("node"), tools::node(maker.groups, "tests/clients/typescript").await?)
    else {
        return left_out(
            "node and npm are not here: the TypeScript clients are left out (install Node.js 20 or newer to run them)",
        );
    };
    let folder = with_packages("typescript", &bin)?;
    let mut generate = Command::new(bin.join("openapi-typescript"));
    generate.arg(tree::openapi()).args(["-o", "api.d.ts"]);
    let (mut build, mut flow) = compiled(&bin, &node);
    maker.run("openapi-typescript", &folder, [&mut generate, &mut build, &mut flow]).await;

    let folder = with_packages("hey-api", &bin)?;
    let mut generate = Command::new(bin.join("openapi-ts"));
    generate.args(["--no-log-file", "-i"]).arg(tree::openapi());
    let (mut build, mut flow) = compiled(&bin, &node);
    maker.run("hey-api", &folder, [&mut generate, &mut build, &mut flow]).await;

    let Some(generator) = &maker.generator else { return Ok(()) };
    let folder = with_packages("openapi-generator/typescript", &bin)?;
    let mut generate = generator.generate("typescript-fetch", "importFileExtension=.js", "api");
    let (mut build, mut flow) = compiled(&bin, &node);
    maker.run("openapi-generator for TypeScript", &folder, [&mut generate, &mut build, &mut flow]).await;
    Ok(())
}

/// A workshop in which TypeScript finds the installed packages.
fn with_packages(name: &str, bin: &Path) -> Result<PathBuf> {
    let folder = workshop(name)?;
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

/// oapi-codegen, ogen and openapi-generator.
pub async fn go(maker: &mut Maker<'_>) -> Result<()> {
    let Some(program) = tools::on_path("go") else {
        return left_out("go is not here: the Go clients are left out (install Go 1.25 or newer to run them)");
    };
    let run = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.args(arguments);
        command
    };
    let build = || run(&["build", "-o", "flow", "."]);

    let folder = workshop("go")?;
    std::fs::create_dir(folder.join("api")).map_err(|error| format!("cannot create a folder: {error}"))?;
    let mut generate = run(&["tool", "oapi-codegen", "-config", "oapi-codegen.yaml"]);
    let commands = [generate.arg(tree::openapi()), &mut build(), &mut Command::new(folder.join("flow"))];
    maker.run("oapi-codegen", &folder, commands).await;

    let folder = workshop("ogen")?;
    let mut generate = run(&["tool", "ogen", "--config", "ogen.yml", "--target", "api", "--package=api"]);
    let commands = [generate.arg(tree::openapi()), &mut build(), &mut Command::new(folder.join("flow"))];
    maker.run("ogen", &folder, commands).await;

    let Some(generator) = &maker.generator else { return Ok(()) };
    let folder = workshop("openapi-generator/go")?;
    let options = "packageName=api,enumClassPrefix=true,enumUnknownDefaultCase=true,withGoMod=false";
    let mut generate = generator.generate("go", options, "api");
    let commands = [&mut generate, &mut build(), &mut Command::new(folder.join("flow"))];
    maker.run("openapi-generator for Go", &folder, commands).await;
    Ok(())
}

/// openapi-generator's library `native`, compiled by plain javac.
pub async fn java(maker: &mut Maker<'_>) -> Result<()> {
    const OPTIONS: &str = concat!(
        "library=native,containerDefaultToNull=true,enumUnknownDefaultCase=true,",
        "invokerPackage=api,apiPackage=api.api,modelPackage=api.model"
    );
    let Some(generator) = &maker.generator else { return Ok(()) };
    let (Some(java), Some(javac)) = (tools::on_path("java"), tools::on_path("javac")) else {
        return left_out("javac is not here: the Java client is left out (install a JDK, 17 or newer, to run it)");
    };
    let Some(jars) = tools::maven(maker.groups, "tests/clients/openapi-generator/java").await? else { return Ok(()) };
    let folder = workshop("openapi-generator/java")?;
    let mut generate = generator.generate("java", OPTIONS, "api");
    let mut build = Command::new(javac);
    build.args(["-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC", "-nowarn", "-proc:none", "-d", "classes"]);
    build.arg("-cp").arg(jars.join("*")).args(["-sourcepath", "api/src/main/java", "Flow.java"]);
    let mut flow = quick(&java);
    flow.arg("-cp").arg(format!("classes:{}", jars.join("*").display())).arg("Flow");
    maker.run("openapi-generator for Java", &folder, [&mut generate, &mut build, &mut flow]).await;
    Ok(())
}

/// openapi-generator's library `reqwest`. What cargo builds is kept, for the next run.
pub async fn rust(maker: &mut Maker<'_>) -> Result<()> {
    let Some(generator) = &maker.generator else { return Ok(()) };
    let folder = workshop("openapi-generator/rust")?;
    let kept = tree::root().join("target/clients/cargo");
    let mut generate = generator.generate("rust", "", "api");
    let mut flow = cargo::command(&["run", "--quiet", "--locked"]);
    let commands = [&mut generate, flow.env("CARGO_TARGET_DIR", kept)];
    maker.run("openapi-generator for Rust", &folder, commands).await;
    Ok(())
}
