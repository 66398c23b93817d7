//! The stages that use the API as strangers do: generated clients, and schemathesis.
//!
//! Not here: what the clients do (tests/clients), and what their users must know (docs/clients.md).

mod generated;
mod openapi_generator;
mod schemathesis;
mod served;

use std::path::{Path, PathBuf};

use tokio::process::Command;

pub use self::schemathesis::schemathesis;
use self::{openapi_generator::OpenApiGenerator, served::Served};
use super::{Context, left_out};
use crate::{Result, process_group::ProcessGroups, progress::step, tools, tree};

/// The stage `clients`. Each client is made and used even where another fails.
pub async fn clients(context: &Context) -> Result<()> {
    let generator = OpenApiGenerator::install(&context.groups).await?;
    if generator.is_none() {
        left_out(
            "java or mvn is not here: the clients of openapi-generator are left out (install Java 17 and Maven to run them)",
        )?;
    }
    let api = Served::start(context, &[]).await?;
    let mut maker = Maker { groups: &context.groups, api: &api, generator, failures: Vec::new() };
    let outcomes = [
        generated::python(&mut maker).await,
        generated::typescript(&mut maker).await,
        generated::go(&mut maker).await,
        generated::java(&mut maker).await,
        generated::rust(&mut maker).await,
    ];
    let mut failures = maker.failures;
    failures.extend(outcomes.into_iter().chain([api.end().await]).filter_map(Result::err));
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
}

/// What makes clients and lets them run.
struct Maker<'a> {
    groups: &'a ProcessGroups,
    api: &'a Served,
    generator: Option<OpenApiGenerator>,
    failures: Vec<String>,
}

impl Maker<'_> {
    /// The commands one after the other, in this folder, with the API's addresses and keys.
    /// A failure is noted, and the next client is made.
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

/// A new git-ignored folder with the files of `tests/clients/<name>`.
fn workshop(name: &str) -> Result<PathBuf> {
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
