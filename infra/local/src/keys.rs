//! Keys of operators and signing keys, made by the programs `operator-key` and `signing-key` as on a developer's machine.

use std::path::Path;

use tokio::process::Command;

use crate::{Error, Result};

/// Creates an operator's key with the program `operator-key` of this folder.
pub async fn operator_key(programs: &Path, endpoint: &str, table: &str, operator: &str) -> Result<String> {
    create(programs, "operator-key", &["--operator", operator, "--endpoint", endpoint, "--table", table]).await
}

/// Creates a key that signs tokens with the program `signing-key` of this folder.
pub async fn signing_key(programs: &Path, endpoint: &str, table: &str) -> Result<String> {
    create(programs, "signing-key", &["--endpoint", endpoint, "--table", table]).await
}

async fn create(programs: &Path, name: &str, arguments: &[&str]) -> Result<String> {
    let program = programs.join(name);
    let mut command = Command::new(&program);
    command.arg("create").args(arguments);
    command.envs([("AWS_ACCESS_KEY_ID", "local"), ("AWS_SECRET_ACCESS_KEY", "local"), ("AWS_REGION", "eu-central-1")]);
    let output = command.output().await.map_err(|error| Error::new(format!("{}: {error}", program.display())))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        false => Err(Error::new(format!("{name}: {}", String::from_utf8_lossy(&output.stderr)))),
    }
}
