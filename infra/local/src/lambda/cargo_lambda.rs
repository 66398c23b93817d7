//! Functions under cargo-lambda, started from outside: `cargo lambda watch --only-lambda-apis`.
//!
//! Seen in cargo-lambda 1.9.2: events for NAME are posted to `/2015-03-31/functions/NAME/invocations` and fetched at
//! `/.rt/NAME/…`; NAME must be a binary of the project it was started in; several processes may fetch.

use std::{collections::BTreeMap, net::SocketAddr, path::Path};

use http_body_util::Full;
use hyper::{Method, Request, body::Bytes};
use tokio::process::{Child, Command};

use super::InvokeError;
use crate::{Result, error::Context, gateway::Backend, http::Client, template::logical_id};

/// A running cargo-lambda, as a gateway's backend.
#[derive(Clone)]
pub struct CargoLambda {
    address: SocketAddr,
    client: Client,
}

impl CargoLambda {
    /// The one that listens there.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, client: Client::new() }
    }

    /// What `AWS_LAMBDA_RUNTIME_API` must be for a function. The runtime client accepts a path only behind a scheme.
    pub fn runtime_api(&self, function: &str) -> String {
        format!("http://{}/.rt/{function}", self.address)
    }

    /// Invokes a function and waits for its response.
    pub async fn invoke(&self, function: &str, event: Bytes) -> Result<Bytes, InvokeError> {
        let url = format!("http://{}/2015-03-31/functions/{function}/invocations", self.address);
        let request = Request::builder().method(Method::POST).uri(url).header("content-type", "application/json");
        let request = request.body(Full::new(event)).map_err(|error| InvokeError::Failed(error.to_string()))?;
        let (status, headers, body) = self.client.send(request).await?;
        if status.is_success() && !headers.contains_key("x-amz-function-error") {
            return Ok(body);
        }
        Err(InvokeError::Function(format!("{status}: {}", String::from_utf8_lossy(&body))))
    }
}

impl Backend for CargoLambda {
    async fn invoke(&self, function: &str, event: Bytes) -> Result<Bytes, InvokeError> {
        Self::invoke(self, function, event).await
    }
}

/// A process of a function that fetches its events at `runtime_api`, not started yet. Of this program's own environment
/// it sees PATH alone.
pub fn function_command(
    function: &str,
    binary: &Path,
    runtime_api: &str,
    environment: &BTreeMap<String, String>,
) -> Command {
    let mut command = Command::new(binary);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("AWS_LAMBDA_RUNTIME_API", runtime_api).env("AWS_LAMBDA_FUNCTION_NAME", function);
    command.env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST").env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128");
    command.env("AWS_REGION", "eu-central-1").env("AWS_SECRET_ACCESS_KEY", "local");
    command.env("AWS_ACCESS_KEY_ID", logical_id(function)).envs(environment).kill_on_drop(true);
    command
}

/// Starts such a process; it is killed when the result is dropped.
pub fn spawn_function(
    function: &str,
    binary: &Path,
    runtime_api: &str,
    environment: &BTreeMap<String, String>,
) -> Result<Child> {
    function_command(function, binary, runtime_api, environment).spawn().context(|| format!("cannot start {function}"))
}
