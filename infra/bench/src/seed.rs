//! A table as a customer in production has it, made through the real functions, and the events that are measured.
//!
//! Invariant: no item is written past the functions; the first key is operator-key's.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use hyper::body::Bytes;
use local::{
    Error, Result,
    gateway::Gateway,
    http::Client,
    lambda::{InvokeError, Lambda, Options},
    store::Endpoint,
    template::Template,
};
use serde_json::{Value, json};
use tokio::process::Command;

/// A function and what it is sent, in turns: two bodies that differ, so that every request has something to write.
pub struct Event {
    pub function: String,
    payloads: Vec<Bytes>,
}

impl Event {
    /// What is sent as the request of this number.
    pub fn payload(&self, turn: usize) -> Bytes {
        self.payloads.get(turn % self.payloads.len().max(1)).cloned().unwrap_or_default()
    }
}

/// A seeded table.
pub struct Seed {
    pub table: String,
    pub events: Vec<Event>,
    /// getTenant of another customer's tenant, and of one that never was, in turns (case D2).
    pub missing: Event,
}

impl Seed {
    /// Keeps the events for other benches: `<function>.json`.
    pub fn write(&self, folder: &Path) -> Result<()> {
        for event in &self.events {
            let file = folder.join(format!("{}.json", event.function));
            std::fs::write(&file, event.payload(0))
                .map_err(|error| Error::new(format!("cannot write {}: {error}", file.display())))?;
        }
        Ok(())
    }

    /// Removes the table.
    pub async fn remove(&self, endpoint: &str) -> Result<()> {
        Ok(Endpoint::new(endpoint).delete_table(&self.table).await?)
    }
}

/// Makes the table: an operator, a customer with three keys, a repository, a tenant with metadata that it is attached to.
pub async fn seed(template: &Template, endpoint: &str, binaries: &Path) -> Result<Seed> {
    let table = format!("bench-{}", std::process::id());
    Endpoint::new(endpoint).create_table(template, &table).await?;
    let mut options = Options::new(binaries);
    let values = BTreeMap::from([("Table".to_owned(), table.clone())]);
    for function in &template.functions {
        let mut environment = template.environment(&function.name, &values)?;
        environment.insert("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), endpoint.to_owned());
        options.environment.insert(function.name.clone(), environment);
    }
    let lambda = Lambda::start(options).await?;
    // The gateway's own events are what is measured later.
    let seen: Arc<Mutex<BTreeMap<String, Vec<Bytes>>>> = Arc::default();
    let watching = seen.clone();
    let backend = move |function: String, event: Bytes| {
        let lambda = lambda.clone();
        let mut seen = watching.lock().unwrap_or_else(PoisonError::into_inner);
        seen.entry(function.clone()).or_default().push(event.clone());
        async move { lambda.invoke(&function, event).await as Result<Bytes, InvokeError> }
    };
    let gateway = Gateway::start(([127, 0, 0, 1], 0).into(), template, backend).await?;
    let api = Api { client: Client::new(), url: gateway.url() };

    let operator = operator_key(binaries, endpoint, &table).await?;
    api.call(&operator, "POST", "/v1/customers", json!({"customer_id": "acme-industries"})).await?;
    let mut key = String::new();
    for name in ["old adapter", "staging adapter", "production adapter"] {
        let issued = api.call(&operator, "POST", "/v1/customers/acme-industries/keys", json!({"name": name})).await?;
        key = text(&issued, "/api_key_once")?;
    }
    let repository = json!({"name": "plant", "repo_url": "https://github.com/acme/plant.git"});
    let repository = text(&api.call(&key, "POST", "/repositories", repository).await?, "/id")?;
    let tenant = "/tenants/by-external-id/acme:tenant:1";
    let id = text(&api.call(&key, "PUT", tenant, tenant_body("Acme")).await?, "/id")?;
    let path = format!("/tenants/{id}");
    api.call(&key, "PUT", &format!("{path}/repositories/{repository}"), json!({"is_default": true})).await?;

    api.call(&operator, "POST", "/v1/customers", json!({"customer_id": "globex"})).await?;
    let issued = api.call(&operator, "POST", "/v1/customers/globex/keys", json!({"name": "adapter"})).await?;
    let foreign = api.call(&text(&issued, "/api_key_once")?, "PUT", tenant, tenant_body("Globex")).await?;
    let foreign = text(&foreign, "/id")?;

    seen.lock().unwrap_or_else(PoisonError::into_inner).clear();
    api.call(&key, "GET", &path, Value::Null).await?;
    for name in ["Acme – Düsseldorf plant", "Acme – Duisburg plant"] {
        api.call(&key, "PATCH", &path, json!({"name": name, "metadata": {"plan": name}})).await?;
        api.call(&key, "PUT", tenant, tenant_body(name)).await?;
    }
    let seen = std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
    let events: Vec<_> = seen.into_iter().map(|(function, payloads)| Event { function, payloads }).collect();
    let own = events.iter().find(|event| event.function == "get-tenant").map(|event| event.payload(0));
    let own = own.ok_or_else(|| Error::new("seeding: get-tenant got no event"))?;
    // Of the same time as the foreign one, so that nothing but its owner differs.
    let (time, random) = foreign.split_at_checked(14).ok_or_else(|| Error::new("seeding: not a tenant's id"))?;
    let never = format!("{time}{}", random.chars().rev().collect::<String>());
    let about = |other: &str| Bytes::from(String::from_utf8_lossy(&own).replace(&id, other));
    let missing = Event { function: "get-tenant".to_owned(), payloads: vec![about(&foreign), about(&never)] };
    Ok(Seed { table, events, missing })
}

fn tenant_body(name: &str) -> Value {
    json!({
        "name": name,
        "settings": {"filler_enabled": true, "default_agent_type": "claude-agent-sdk", "max_sticky_ttl_seconds": 3600, "max_concurrent_sticky": 5},
        "metadata": {
            "plan": "enterprise", "region": "eu-central-1", "crm_account": "0015g00000QwErTAAZ", "owner": "Jane \"JD\" Doe",
            "cost_center": "4711", "onboarded_by": "provisioning-adapter/2.4.1",
        },
    })
}

struct Api {
    client: Client,
    url: String,
}

impl Api {
    async fn call(&self, key: &str, method: &str, path: &str, body: Value) -> Result<Value> {
        let authorization = format!("Bearer {key}");
        let headers = [
            ("accept", "application/json"),
            ("accept-encoding", "gzip, deflate"),
            ("authorization", authorization.as_str()),
            ("user-agent", "acme-adapter/2.4.1 (python-httpx 0.28.1)"),
            ("x-amzn-trace-id", "Root=1-6742f1a3-0d1e2f3a4b5c6d7e8f901234"),
            ("content-type", "application/json"),
        ];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let headers = if body.is_empty() { headers.get(..5).unwrap_or_default() } else { &headers };
        let answer = self.client.request(method, &format!("{}{path}", self.url), headers, body).await?;
        match answer.status {
            200..300 => Ok(answer.json()),
            status => Err(Error::new(format!("seeding: {method} {path} answered {status}: {}", answer.text()))),
        }
    }
}

fn text(answer: &Value, pointer: &str) -> Result<String> {
    let text = answer.pointer(pointer).and_then(Value::as_str);
    text.map(str::to_owned).ok_or_else(|| Error::new(format!("seeding: no {pointer} in {answer}")))
}

async fn operator_key(binaries: &Path, endpoint: &str, table: &str) -> Result<String> {
    let program = binaries.join("operator-key");
    let mut command = Command::new(&program);
    command.args(["create", "--operator", "bench", "--endpoint", endpoint, "--table", table]);
    command.envs([("AWS_ACCESS_KEY_ID", "local"), ("AWS_SECRET_ACCESS_KEY", "local"), ("AWS_REGION", "eu-central-1")]);
    let output = command.output().await.map_err(|error| Error::new(format!("{}: {error}", program.display())))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        false => Err(Error::new(format!("operator-key: {}", String::from_utf8_lossy(&output.stderr)))),
    }
}
