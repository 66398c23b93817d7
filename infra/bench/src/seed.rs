//! Seeds a table with typical production data through the real functions, and records the events that are measured.
//!
//! Invariant: all items are written by the functions; only the first key is created by operator-key.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use hyper::body::Bytes;
use local::{Error, Result, keys, lambda::InvokeError, store::Endpoint, template::Template};
use serde_json::{Value, json};

use crate::api::{self, Api, text};

/// A function and its payloads, sent alternately: two different bodies, so that every request has something to write.
pub struct Event {
    pub function: String,
    payloads: Vec<Bytes>,
}

impl Event {
    /// The payload of the request with this number.
    pub fn payload(&self, turn: usize) -> Bytes {
        self.payloads.get(turn % self.payloads.len().max(1)).cloned().unwrap_or_default()
    }
}

/// A seeded table.
pub struct Seed {
    pub table: String,
    pub events: Vec<Event>,
    /// getTenant of another customer's tenant and of a tenant that never existed, alternately (case D2).
    pub missing: Event,
}

impl Seed {
    /// Writes the events for other benchmarks: `<function>.json`.
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

/// Creates the table with an operator, a customer with three keys, a repository, and a tenant with metadata to which it is attached, and
/// which has a user with a conversation.
pub async fn seed(template: &Template, endpoint: &str, binaries: &Path) -> Result<Seed> {
    let table = format!("bench-{}", std::process::id());
    Endpoint::new(endpoint).create_table(template, &table).await?;
    let lambda = api::functions(template, &table, binaries, 8, &api::direct(endpoint)).await?;
    // The events that the gateway makes are measured later.
    let seen: Arc<Mutex<BTreeMap<String, Vec<Bytes>>>> = Arc::default();
    let watching = seen.clone();
    let backend = move |function: String, event: Bytes| {
        let lambda = lambda.clone();
        let mut seen = watching.lock().unwrap_or_else(PoisonError::into_inner);
        seen.entry(function.clone()).or_default().push(event.clone());
        async move { lambda.invoke(&function, event).await as Result<Bytes, InvokeError> }
    };
    let api = Api::start(template, backend).await?;

    let operator = keys::operator_key(binaries, endpoint, &table, "bench").await?;
    let key =
        api.customer(&operator, "acme-industries", &["old adapter", "staging adapter", "production adapter"]).await?;
    let repository = api.repository(&key, "plant").await?;
    let tenant = "/tenants/by-external-id/acme:tenant:1";
    let id = text(&api.call(&key, "PUT", tenant, tenant_body("Acme")).await?, "/id")?;
    let path = format!("/tenants/{id}");
    api.call(&key, "PUT", &format!("{path}/repositories/{repository}"), json!({"is_default": true})).await?;

    let user =
        api.call(&key, "PUT", &format!("{path}/users/by-external-id/jane"), json!({"display_name": "Jane"})).await?;
    let conversation = api.call(&key, "POST", "/conversations", json!({"user_id": text(&user, "/id")?})).await?;
    let messages = format!("/conversations/{}/messages", text(&conversation, "/id")?);

    let foreign = api.customer(&operator, "globex", &["adapter"]).await?;
    let foreign = text(&api.call(&foreign, "PUT", tenant, tenant_body("Globex")).await?, "/id")?;

    seen.lock().unwrap_or_else(PoisonError::into_inner).clear();
    api.call(&key, "GET", &path, Value::Null).await?;
    for name in ["Acme – Düsseldorf plant", "Acme – Duisburg plant"] {
        api.call(&key, "PATCH", &path, json!({"name": name, "metadata": {"plan": name}})).await?;
        api.call(&key, "PUT", tenant, tenant_body(name)).await?;
        let message = json!({"content": format!("What is due at {name} this week?"), "metadata": {"channel": "web"}});
        api.call(&key, "POST", &messages, message).await?;
    }
    let seen = std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
    let events: Vec<_> = seen.into_iter().map(|(function, payloads)| Event { function, payloads }).collect();
    let own = events.iter().find(|event| event.function == "get-tenant").map(|event| event.payload(0));
    let own = own.ok_or_else(|| Error::new("seeding: get-tenant got no event"))?;
    // An id with the same time as the foreign one, so that only its owner differs.
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
