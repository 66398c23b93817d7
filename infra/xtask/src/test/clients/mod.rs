//! The stages that use the API through its OpenAPI document: generated clients, and schemathesis.
//!
//! The clients' test programs are in tests/clients; docs/clients.md has notes for users of the clients.

mod generated;
mod openapi_generator;
mod packages;
mod schemathesis;
mod served;

use std::path::{Path, PathBuf};

use tokio::process::Command;

pub use self::schemathesis::schemathesis;
use self::{openapi_generator::OpenApiGenerator, served::Served};
use super::{Context, skip_part};
use crate::{Result, clients, process_group::ProcessGroups, progress::step, tools, tree};

/// The stage `clients`. Every client is generated and used, even if another one fails.
pub async fn clients(context: &Context) -> Result<()> {
    let mut failures = clients::check(&context.groups).await;
    let generator = OpenApiGenerator::install(&context.groups).await?;
    if generator.is_none() {
        skip_part(
            "java or mvn is not installed: the clients of openapi-generator are skipped (install Java 17 and Maven to run them)",
        )?;
    }
    let api = Served::start(context, &[]).await?;
    let mut runner = Runner { groups: &context.groups, api: &api, generator, failures: Vec::new() };
    let outcomes = [
        packages::python(&mut runner).await,
        packages::typescript(&mut runner).await,
        packages::go(&mut runner).await,
        generated::python(&mut runner).await,
        generated::typescript(&mut runner).await,
        generated::go(&mut runner).await,
        generated::java(&mut runner).await,
        generated::rust(&mut runner).await,
    ];
    failures.extend(runner.failures);
    failures.extend(outcomes.into_iter().chain([api.end().await]).filter_map(Result::err));
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
}

/// Generates and runs clients.
struct Runner<'a> {
    groups: &'a ProcessGroups,
    api: &'a Served,
    generator: Option<OpenApiGenerator>,
    failures: Vec<String>,
}

impl Runner<'_> {
    /// Runs the commands one after the other in this folder, with the API's addresses and keys in the environment.
    /// A failure is recorded, and the next client follows.
    async fn run<const N: usize>(&mut self, name: &str, folder: &Path, commands: [&mut Command; N]) {
        let outcome = step(name, async {
            for command in commands {
                tools::run(self.groups, command.current_dir(folder).envs(self.api.environment())).await?;
            }
            Ok(())
        });
        self.failures.extend(outcome.await.err());
    }
}

/// Creates a git-ignored folder with the files of `tests/clients/<name>`.
fn work_folder(name: &str) -> Result<PathBuf> {
    let folder = fresh(&format!("target/clients/{name}"))?;
    let source = tree::root().join("tests/clients").join(name);
    let files = std::fs::read_dir(&source).map_err(|error| format!("cannot read {}: {error}", source.display()))?;
    for file in files.flatten().filter(|file| file.path().is_file()) {
        let copied = std::fs::copy(file.path(), folder.join(file.file_name()));
        copied.map_err(|error| format!("cannot copy {}: {error}", file.path().display()))?;
    }
    Ok(folder)
}

fn fresh(path: &str) -> Result<PathBuf> {
    let folder = tree::root().join(path);
    tree::empty(&folder)?;
    Ok(folder)
}
