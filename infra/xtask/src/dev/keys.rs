//! The keys that a person needs to try the API: one of the operator `local`, and one of its customer `demo`.
//!
//! Invariant: a key that still works is kept, so that a shell or a program that has it goes on working.

use std::{path::Path, process::Stdio};

use local::http::{Client, Response};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::{
    Result,
    environment::{Environment, LOCAL_AWS},
    tree,
};

/// The operator of a dev stack.
const OPERATOR: &str = "local";

/// The customer whose integration key is made.
pub const CUSTOMER: &str = "demo";

/// An operator key that the API takes.
pub async fn operator(old: &Environment, base: &str, endpoint: &str, program: &Path) -> Result<String> {
    if let Some(key) = old.get("OPERATOR_KEY")
        && call("GET", base, "/v1/customers?page.page_size=1", key, None).await?.status == 200
    {
        return Ok(key.to_owned());
    }
    let mut command = Command::new(program);
    command.args(["create", "--operator", OPERATOR, "--endpoint", endpoint, "--table", tree::TABLE]);
    command.envs(LOCAL_AWS).env_remove("AWS_PROFILE").stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.map_err(|error| format!("cannot run {}: {error}", program.display()))?;
    let key = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    match output.status.success() && !key.is_empty() {
        true => Ok(key),
        false => Err(format!("operator-key made none: {}", String::from_utf8_lossy(&output.stderr).trim())),
    }
}

/// A key of the demo customer, who is made where there is none.
pub async fn integration(old: &Environment, base: &str, operator: &str) -> Result<String> {
    if let Some(key) = old.get("INTEGRATION_KEY")
        && call("GET", base, "/integration/self", key, None).await?.status == 200
    {
        return Ok(key.to_owned());
    }
    let customer = json!({ "customer_id": CUSTOMER, "display_name": "Demo" });
    let made = call("POST", base, "/v1/customers", operator, Some(customer)).await?;
    if !matches!(made.status, 201 | 409) {
        return Err(format!("the customer {CUSTOMER} was not made: {} {}", made.status, made.text()));
    }
    let key = json!({ "name": "cargo xtask dev" });
    let path = format!("/v1/customers/{CUSTOMER}/keys");
    let mut made = call("POST", base, &path, operator, Some(key.clone())).await?;
    if made.status == 404 {
        // Archived in an earlier run: the slug is taken, and the customer hidden.
        call("POST", base, &format!("/v1/customers/{CUSTOMER}/restore"), operator, None).await?;
        made = call("POST", base, &path, operator, Some(key)).await?;
    }
    let secret = made.json().get("api_key_once").and_then(Value::as_str).map(str::to_owned);
    secret.ok_or_else(|| format!("no integration key was made: {} {}", made.status, made.text()))
}

async fn call(method: &str, base: &str, path: &str, key: &str, body: Option<Value>) -> Result<Response> {
    let authorization = format!("Bearer {key}");
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    let headers = if body.is_some() { &headers[..] } else { headers.split_at(1).0 };
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    Ok(Client::new().request(method, &format!("{base}{path}"), headers, body).await?)
}
