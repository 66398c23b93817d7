//! openapi-generator, which generates clients in many languages, at the version that tests/clients/openapi-generator/pom.xml pins.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::{Result, process_group::ProcessGroups, tools, tree};

/// Generates only the client, without tests and documentation.
const WITHOUT_DOCUMENTATION: &str = "apiTests=false,modelTests=false,apiDocs=false,modelDocs=false";

/// The program, and the Java that runs it.
pub struct OpenApiGenerator {
    java: PathBuf,
    jars: PathBuf,
}

impl OpenApiGenerator {
    /// Installs it; `None` if Java or Maven is missing.
    pub async fn install(groups: &ProcessGroups) -> Result<Option<Self>> {
        let (Some(java), Some(jars)) =
            (tools::on_path("java"), tools::maven(groups, "tests/clients/openapi-generator").await?)
        else {
            return Ok(None);
        };
        Ok(Some(Self { java, jars }))
    }

    /// The command that generates a client in the folder `output`. docs/clients.md names the same options.
    pub fn generate(&self, generator: &str, options: &str, output: &str) -> Command {
        let mut command = quick(&self.java);
        command.arg("-cp").arg(self.jars.join("*")).args(["org.openapitools.codegen.OpenAPIGenerator", "generate"]);
        command.args(["-g", generator, "-o", output, "--global-property", WITHOUT_DOCUMENTATION, "-i"]);
        command.arg(tree::openapi());
        if !options.is_empty() {
            command.args(["--additional-properties", options]);
        }
        command
    }
}

/// Java with options for a fast start, for short-lived programs.
pub fn quick(java: &Path) -> Command {
    let mut command = Command::new(java);
    command.args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]);
    command
}
