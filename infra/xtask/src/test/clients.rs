//! The stages that use the API as strangers do: generated clients, and schemathesis.
//!
//! Both work on `serve` (tests/src/bin/serve.rs): the function binaries behind our own gateway, with a table of their own.
//! Not here: what the clients do (tests/clients), and how answers are judged (infra/schemathesis.toml).

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

use super::{Context, left_out, suite};
use crate::{Result, cargo, leash::Leashed, progress::step, tools, tree};

/// The stage `clients`. Python's is always run, the others where their toolchains are.
pub async fn clients(context: &Context) -> Result<()> {
    let api = Served::start(context, &[]).await?;
    python(context, &api).await?;
    match (tools::on_path("node"), tools::node(&context.leash, "tests/clients/typescript").await?) {
        (Some(node), Some(bin)) => typescript(context, &api, &node, &bin).await?,
        _ => left_out(
            "node and npm are not here: the TypeScript client is left out (install Node.js 20 or newer to run it)",
        )?,
    }
    match tools::on_path("go") {
        Some(program) => go(context, &api, &program).await?,
        None => left_out("go is not here: the Go client is left out (install Go 1.25 or newer to run it)")?,
    }
    api.end().await
}

async fn python(context: &Context, api: &Served) -> Result<()> {
    let bin = tools::python(&context.leash, "tests/clients/python").await?;
    let folder = workshop("python", &["config.yaml", "flow.py"])?;
    let mut generate = tools::python_program(&bin, "openapi-python-client");
    generate.args([
        "generate",
        "--meta",
        "none",
        "--config",
        "config.yaml",
        "--output-path",
        "tenancy_client",
        "--path",
    ]);
    let mut flow = tools::python_program(&bin, "python3");
    let commands = [generate.arg(tree::openapi()), flow.arg("flow.py")];
    in_turn(context, api, "the Python client", &folder, commands).await
}

async fn typescript(context: &Context, api: &Served, node: &Path, bin: &Path) -> Result<()> {
    let folder = workshop("typescript", &["package.json", "tsconfig.json", "flow.ts"])?;
    let modules = bin.parent().unwrap_or(bin);
    std::os::unix::fs::symlink(modules, folder.join("node_modules"))
        .map_err(|error| format!("cannot link: {error}"))?;
    let mut generate = Command::new(bin.join("openapi-typescript"));
    let (mut build, mut flow) = (Command::new(bin.join("tsc")), Command::new(node));
    let commands = [generate.arg(tree::openapi()).args(["-o", "api.d.ts"]), &mut build, flow.arg("build/flow.js")];
    in_turn(context, api, "the TypeScript client", &folder, commands).await
}

async fn go(context: &Context, api: &Served, program: &Path) -> Result<()> {
    let folder = workshop("go", &["go.mod", "go.sum", "oapi-codegen.yaml", "flow.go"])?;
    std::fs::create_dir(folder.join("api")).map_err(|error| format!("cannot create a folder: {error}"))?;
    let (mut generate, mut build) = (Command::new(program), Command::new(program));
    generate.args(["tool", "oapi-codegen", "-config", "oapi-codegen.yaml"]).arg(tree::openapi());
    build.args(["build", "-o", "flow", "."]);
    let commands = [&mut generate, &mut build, &mut Command::new(folder.join("flow"))];
    in_turn(context, api, "the Go client", &folder, commands).await
}

/// The commands one after the other, in this folder, with the API's address and keys.
async fn in_turn<const N: usize>(
    context: &Context,
    api: &Served,
    name: &str,
    folder: &Path,
    commands: [&mut Command; N],
) -> Result<()> {
    step(name, async {
        for command in commands {
            tools::run(&context.leash, command.current_dir(folder).envs(&api.0)).await?;
        }
        Ok(())
    })
    .await
}

/// A new git-ignored folder with these files of `tests/clients/<name>`.
fn workshop(name: &str, files: &[&str]) -> Result<PathBuf> {
    let folder = fresh(&format!("target/clients/{name}"))?;
    let source = tree::root().join("tests/clients").join(name);
    for file in files {
        let copied = std::fs::copy(source.join(file), folder.join(file));
        copied.map_err(|error| format!("cannot copy {file}: {error}"))?;
    }
    Ok(folder)
}

fn fresh(path: &str) -> Result<PathBuf> {
    let folder = tree::root().join(path);
    tree::empty(&folder)?;
    Ok(folder)
}

/// How many requests schemathesis makes of an operation in each of its phases, unless SCHEMATHESIS_MAX_EXAMPLES says otherwise.
const MAX_EXAMPLES: &str = "20";

/// The stage `schemathesis`: an operator, and an integration whose customer is another operator's, because the first run
/// archives every customer that it sees.
pub async fn schemathesis(context: &Context) -> Result<()> {
    const RUNS: [(&str, &str, &str); 2] = [
        ("schemathesis as an operator", "OPERATOR_KEY", "^/v1/"),
        (
            "schemathesis as an integration",
            "INTEGRATION_KEY",
            "^/(tenants|repositories|integration|health|problems|openapi)",
        ),
    ];
    let examples = std::env::var("SCHEMATHESIS_MAX_EXAMPLES").unwrap_or_else(|_| MAX_EXAMPLES.to_owned());
    let bin = tools::python(&context.leash, "tests/clients/schemathesis").await?;
    let api = Served::start(context, &["--second-operator", "globex"]).await?;
    for (name, key, paths) in RUNS {
        let mut command = tools::python_program(&bin, "schemathesis");
        command.arg("--config-file").arg(tree::root().join("infra/schemathesis.toml")).arg("run").arg(tree::openapi());
        command.args(["--url", api.get("BASE_URL"), "--include-path-regex", paths, "--checks", "all", "--no-color"]);
        command.args(["--phases", "examples,coverage,fuzzing,stateful", "--max-examples", &examples, "--seed", "1"]);
        command.args(["--generation-database", "none"]).env("API_KEY", api.get(key));
        command.env("SCHEMATHESIS_HOOKS", tree::root().join("tests/clients/schemathesis/hooks.py"));
        // Each run in a new folder: notes of an earlier one would change what is sent.
        command.current_dir(fresh("target/schemathesis")?);
        step(name, tools::run(&context.leash, &mut command)).await?;
    }
    api.end().await
}

/// A running `serve`: what it printed, and its process.
struct Served(BTreeMap<String, String>, Leashed);

impl Served {
    async fn start(context: &Context, arguments: &[&str]) -> Result<Self> {
        let package = ["--bin", "serve"];
        let programs = cargo::build(&context.leash, &package).await?;
        let mut command = Command::new(programs.get("serve").ok_or("cargo made no program serve")?);
        suite::on_store(context, &mut command).await?;
        command.args(arguments).current_dir(tree::root()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = context.leash.spawn(&mut command)?;
        let output = process.child.stdout.take().ok_or("serve has no output")?;
        let mut lines = BufReader::new(output).lines();
        let mut printed = BTreeMap::new();
        step("starting the API", async {
            while !printed.contains_key("INTEGRATION_KEY") {
                let line = lines.next_line().await.ok().flatten().ok_or("serve ended; what it said is above")?;
                printed.extend(line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())));
            }
            Ok(())
        })
        .await?;
        Ok(Self(printed, process))
    }

    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Closes its standard input, at which it writes its logs and ends.
    async fn end(mut self) -> Result<()> {
        drop(self.1.child.stdin.take());
        match self.1.wait().await? {
            status if status.success() => Ok(()),
            status => Err(format!("serve failed ({status})")),
        }
    }
}
