//! Functions behind a gateway, on a table: used to seed tables and to send parallel requests.

use std::{collections::BTreeMap, path::Path};

use local::{
    Error, Result,
    gateway::{Backend, Gateway},
    http::{Client, Response},
    lambda::{Lambda, Options},
    template::Template,
};
use serde_json::{Value, json};

/// A running API; dropping it closes the gateway.
pub struct Api {
    client: Client,
    gateway: Gateway,
}

impl Api {
    /// Starts a gateway with the template's routes.
    pub async fn start(template: &Template, backend: impl Backend) -> Result<Self> {
        let gateway = Gateway::start(([127, 0, 0, 1], 0).into(), template, backend).await?;
        Ok(Self { client: Client::new(), gateway })
    }

    /// Sends a request as a client does; returns the body of a 2xx answer.
    pub async fn call(&self, key: &str, method: &str, path: &str, body: Value) -> Result<Value> {
        let answer = self.send(key, method, path, &[], &body).await?;
        match answer.status {
            200..300 => Ok(answer.json()),
            status => Err(Error::new(format!("{method} {path} answered {status}: {}", answer.text()))),
        }
    }

    /// Sends a request with additional headers; returns any answer. `null` means no body, an empty key means no credential.
    pub async fn send(
        &self,
        key: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Result<Response> {
        let authorization = format!("Bearer {key}");
        let mut all = vec![
            ("accept", "application/json"),
            ("accept-encoding", "gzip, deflate"),
            ("user-agent", "acme-adapter/2.4.1 (python-httpx 0.28.1)"),
            ("x-amzn-trace-id", "Root=1-6742f1a3-0d1e2f3a4b5c6d7e8f901234"),
        ];
        if !key.is_empty() {
            all.push(("authorization", &authorization));
        }
        let mut text = String::new();
        if !body.is_null() {
            all.push(("content-type", "application/json"));
            text = body.to_string();
        }
        all.extend(headers);
        self.client.request(method, &format!("{}{path}", self.gateway.url()), &all, text).await
    }

    /// Creates a customer with the operator's key, and one key per name; returns the secret of the last one.
    pub async fn customer(&self, operator: &str, slug: &str, keys: &[&str]) -> Result<String> {
        self.call(operator, "POST", "/v1/customers", json!({ "customer_id": slug })).await?;
        let mut secret = String::new();
        let path = format!("/v1/customers/{slug}/keys");
        for name in keys {
            secret = text(&self.call(operator, "POST", &path, json!({ "name": name })).await?, "/api_key_once")?;
        }
        Ok(secret)
    }

    /// Registers a repository; returns its id.
    pub async fn repository(&self, key: &str, name: &str) -> Result<String> {
        let body = json!({"name": name, "repo_url": format!("https://github.com/acme/{name}.git")});
        text(&self.call(key, "POST", "/repositories", body).await?, "/id")
    }
}

/// Starts all functions of the template with the binaries of a folder, on this table; the environment names the store.
pub async fn functions(
    template: &Template,
    table: &str,
    binaries: &Path,
    concurrency: usize,
    environment: &BTreeMap<String, String>,
) -> Result<Lambda> {
    let mut options = Options::new(binaries);
    options.concurrency = concurrency;
    options.timeouts = template.timeouts();
    let values = BTreeMap::from([("Table".to_owned(), table.to_owned())]);
    for function in &template.functions {
        let mut all = template.environment(&function.name, &values)?;
        all.extend(environment.clone());
        options.environment.insert(function.name.clone(), all);
    }
    Lambda::start(options).await
}

/// The environment of functions that call the engine directly.
pub fn direct(endpoint: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), endpoint.to_owned())])
}

/// A string member of an answer.
pub fn text(answer: &Value, pointer: &str) -> Result<String> {
    let text = answer.pointer(pointer).and_then(Value::as_str);
    text.map(str::to_owned).ok_or_else(|| Error::new(format!("no {pointer} in {answer}")))
}
