//! The engine that tests work on: one that already runs, or DynamoDB Local in a Java of our own.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::process::{Child, Command};

use super::Endpoint;
use crate::{Error, Result, error::Context};

/// It is ready in about three seconds; a busy machine gets more.
const READY: Duration = Duration::from_secs(60);

/// A DynamoDB engine; what was started here ends when it is dropped.
pub struct DynamoDbLocal {
    endpoint: Endpoint,
    // Held: dropping it kills the process.
    _process: Option<Child>,
}

impl DynamoDbLocal {
    /// The engine at `DYNAMODB_ENDPOINT`; without that variable a new one, in memory, of the jars that are in `folder`
    /// or in `folder/lib` (the test command puts them into `.tools/dynamodb-local-3.1.0`).
    pub async fn start(folder: impl AsRef<Path>) -> Result<Self> {
        if let Ok(url) = std::env::var("DYNAMODB_ENDPOINT")
            && !url.is_empty()
        {
            return Self::at(&url).await;
        }
        let folder = folder.as_ref();
        let candidates = [folder.join("lib"), folder.to_owned()];
        let jars = candidates.into_iter().find(|folder| has_jar(folder));
        let jars = jars.ok_or_else(|| {
            Error::new(format!(
                "there is no DynamoDB: DYNAMODB_ENDPOINT is not set and {} holds no DynamoDB Local (`cargo xtask test` fetches it)",
                folder.display()
            ))
        })?;
        Self::spawn(jars).await
    }

    async fn at(url: &str) -> Result<Self> {
        let endpoint = Endpoint::new(url);
        endpoint.wait_until_ready(Duration::from_secs(5)).await?;
        Ok(Self { endpoint, _process: None })
    }

    async fn spawn(jars: PathBuf) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
        let port = listener.context(|| "there is no free port".to_owned())?.port();
        let mut command = Command::new("java");
        command.arg(format!("-Djava.library.path={}", jars.display())).arg("-cp").arg(jars.join("*"));
        command.args(["software.amazon.dynamodb.services.local.main.ServerRunner", "-inMemory", "-sharedDb"]);
        command.args(["-disableTelemetry", "-port", &port.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let process = command.spawn().context(|| "cannot start java, which DynamoDB Local needs".to_owned())?;
        let endpoint = Endpoint::new(format!("http://127.0.0.1:{port}"));
        endpoint.wait_until_ready(READY).await?;
        Ok(Self { endpoint, _process: Some(process) })
    }

    /// Where it answers.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// For this crate's own tests, which do without where nothing is installed.
    #[cfg(test)]
    pub(crate) async fn for_tests() -> Option<Self> {
        Self::start(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.tools/dynamodb-local-3.1.0")).await.ok()
    }
}

fn has_jar(folder: &Path) -> bool {
    let name = |file: std::fs::DirEntry| file.file_name().to_string_lossy().starts_with("DynamoDBLocal-");
    std::fs::read_dir(folder).is_ok_and(|files| files.flatten().any(name))
}
