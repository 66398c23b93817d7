//! What of the crate `local` stands in front of the functions and behind them: gateway, table, fault proxy.

use std::{path::Path, sync::Arc, time::Duration};

use hyper::body::Bytes;
use local::{
    gateway::Backend,
    http::Client,
    lambda::InvokeError,
    proxy::{FaultProxy, Rule},
    store::Endpoint,
    template::Template,
};
use tokio::{
    sync::{OwnedRwLockWriteGuard, RwLock, Semaphore},
    time,
};

use super::lambda;
use crate::{Result, progress::note, tree};

/// cargo-lambda stands still when more than a hundred events wait for one function: fewer than that are let in.
const IN_FLIGHT: usize = 90;

/// How long a reload waits for requests under way.
const DRAIN: Duration = Duration::from_secs(3);

/// Lets requests in; closed while processes are exchanged, so that no request is lost with one.
pub struct Door {
    open: Arc<RwLock<()>>,
    places: Semaphore,
}

impl Default for Door {
    fn default() -> Self {
        Self { open: Arc::default(), places: Semaphore::new(IN_FLIGHT) }
    }
}

impl Door {
    /// Waits for those inside to leave, but not for ever; closed until the guard is dropped.
    pub async fn close(&self) -> Option<OwnedRwLockWriteGuard<()>> {
        time::timeout(DRAIN, self.open.clone().write_owned()).await.ok()
    }
}

/// Hands the gateway's events to cargo-lambda.
pub fn backend(door: Arc<Door>, address: String) -> impl Backend + Clone {
    let client = Client::new();
    move |function: String, event: Bytes| {
        let (door, address, client) = (door.clone(), address.clone(), client.clone());
        async move {
            let _inside = door.open.read().await;
            let _place = door.places.acquire().await;
            let answer = lambda::invoke(&client, &address, &function, event).await;
            answer.map_err(|error| {
                note(&error);
                InvokeError::Failed(error)
            })
        }
    }
}

/// Creates the table from the template's own resource, unless it is there.
pub async fn create_table(endpoint: &str, template: &Template) -> Result<()> {
    let endpoint = Endpoint::new(endpoint);
    if !endpoint.has_table(tree::TABLE).await? {
        endpoint.create_table(template, tree::TABLE).await?;
    }
    Ok(())
}

/// The fault proxy in front of the store, where a file of rules was given: a JSON array of `local::proxy::Rule`.
pub async fn proxy(rules: Option<&Path>, upstream: &str) -> Result<Option<FaultProxy>> {
    let Some(path) = rules else { return Ok(None) };
    let failed = |error: String| format!("{}: {error}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let rules: Vec<Rule> =
        serde_json::from_str(&text).map_err(|error| failed(format!("not an array of rules: {error}")))?;
    note(&format!("{} rules of {} stand between the functions and the store", rules.len(), path.display()));
    Ok(Some(FaultProxy::start(upstream, rules).await?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree;

    #[tokio::test]
    async fn the_example_file_of_rules_stands_in_front_of_the_store() {
        let example = tree::root().join("infra/local/faults.example.json");
        let proxy = proxy(Some(&example), "http://127.0.0.1:1").await.unwrap().unwrap();
        // The first put is throttled by the example's last rule; the next one finds that there is no engine here.
        for (status, wait) in [(400, Some("250")), (502, None)] {
            let put = [("x-amz-target", "DynamoDB_20120810.PutItem")];
            let answer = Client::new().request("POST", &proxy.url(), &put, "{}").await.unwrap();
            assert_eq!((answer.status, answer.header("x-amz-retry-after")), (status, wait), "{}", answer.text());
        }
        assert!(super::proxy(None, "http://127.0.0.1:1").await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_file_that_holds_no_rules_is_named() {
        let refused = async |path: &Path| proxy(Some(path), "http://127.0.0.1:1").await.err().unwrap_or_default();
        let manifest = refused(&tree::root().join("Cargo.toml")).await;
        assert!(manifest.contains("Cargo.toml: not an array of rules: "), "{manifest}");
        let absent = refused(&tree::root().join("absent.json")).await;
        assert!(absent.contains("absent.json: No such file"), "{absent}");
    }
}
