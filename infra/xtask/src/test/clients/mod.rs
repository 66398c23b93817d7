//! The stages that use the API through its OpenAPI document: the packages of infra/clients, generated clients, and schemathesis.
//!
//! The test programs of generated clients are in tests/clients; docs/clients.md has notes for users of all clients.

mod generated;
mod openapi_generator;
mod packages;
mod schemathesis;
mod served;

use std::{
    cell::RefCell,
    path::{Path, PathBuf},
};

use tokio::process::Command;

pub use self::schemathesis::schemathesis;
use self::{openapi_generator::OpenApiGenerator, served::Served};
use super::{Context, skip_part};
use crate::{Result, clients, process_group::ProcessGroups, progress::step, tools, tree};

/// The stage `clients`. Every client is generated and used, even if another one fails. The packages' tests wait for most of their time, so
/// the other clients are built meanwhile.
pub async fn clients(context: &Context) -> Result<()> {
    let started = tokio::join!(
        clients::check(&context.groups),
        OpenApiGenerator::install(&context.groups),
        Served::start(context, &[]),
    );
    let (mut failures, generator, api) = (started.0, started.1?, started.2?);
    if generator.is_none() {
        skip_part(
            "java or mvn is not installed: the clients of openapi-generator are skipped (install Java 17 and Maven to run them)",
        )?;
    }
    let runner = Runner { groups: &context.groups, api: &api, generator, failures: RefCell::default() };
    let packages =
        async { [packages::python(&runner).await, packages::typescript(&runner).await, packages::go(&runner).await] };
    let generated = async {
        [
            generated::python(&runner).await,
            generated::typescript(&runner).await,
            generated::go(&runner).await,
            generated::java(&runner).await,
            generated::rust(&runner).await,
        ]
    };
    let (packages, generated) = tokio::join!(packages, generated);
    failures.extend(runner.failures.into_inner());
    failures.extend(packages.into_iter().chain(generated).chain([api.end().await]).filter_map(Result::err));
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
}

/// Generates and runs clients.
struct Runner<'a> {
    groups: &'a ProcessGroups,
    api: &'a Served,
    generator: Option<OpenApiGenerator>,
    failures: RefCell<Vec<String>>,
}

impl Runner<'_> {
    /// Runs the commands one after the other in this folder, with the API's addresses and keys in the environment.
    /// A failure is recorded, and the next client follows.
    async fn run<const N: usize>(&self, name: &str, folder: &Path, commands: [&mut Command; N]) {
        let outcome = step(name, async {
            for command in commands {
                tools::run(self.groups, command.current_dir(folder).envs(self.api.environment())).await?;
            }
            Ok(())
        });
        let outcome = outcome.await;
        self.failures.borrow_mut().extend(outcome.err());
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
