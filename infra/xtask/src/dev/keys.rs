//! The keys to try the API with: one of the operator `local`, and one of its customer `demo`. And one that signs tokens.
//!
//! Invariant: a key that still works is kept, so that shells and programs that hold it go on working. A key that a start replaces is
//! revoked, so that starts do not exhaust the limit of keys; at the limit, the oldest key is revoked.

use std::{path::Path, process::Stdio, time::Duration};

use local::http::{Client, Response};
use serde_json::{Value, json};
use tokio::{process::Command, time};

use crate::{
    Result,
    environment::{Environment, LOCAL_AWS},
    progress::note,
    tree,
};

/// The operator of a dev stack.
const OPERATOR: &str = "local";

/// The customer whose integration key is made.
pub const CUSTOMER: &str = "demo";

/// The limit of live keys.
const MAX_LIVE: usize = 50;

/// The name of this stack's keys: the end of its folder's path. The next start replaces keys of this name.
fn name() -> Result<String> {
    let folder = tree::local()?.display().to_string();
    let skipped = folder.chars().count().saturating_sub(40);
    Ok(format!("cargo xtask dev {}", folder.chars().skip(skipped).collect::<String>()))
}

/// A key that is not revoked.
struct Live {
    id: String,
    name: String,
}

/// An operator key that the API accepts.
pub async fn operator(old: &Environment, base: &str, endpoint: &str, program: &Path) -> Result<String> {
    if let Some(key) = old.get("OPERATOR_KEY")
        && call("GET", base, "/v1/customers?page.page_size=1", key, None).await?.status == 200
    {
        return Ok(key.to_owned());
    }
    let (keys, name) = (OperatorKeys { program, endpoint }, name()?);
    let live = keys.live().await;
    for key in live.iter().filter(|key| key.name == name) {
        keys.call(&["revoke", &key.id]).await?;
    }
    let create = ["create", "--name", &name];
    match (keys.call(&create).await, live.last()) {
        (Err(error), Some(oldest)) if live.len() >= MAX_LIVE => {
            note(&format!("{error}; the oldest key, {}, is revoked", oldest.id));
            keys.call(&["revoke", &oldest.id]).await?;
            keys.call(&create).await
        }
        (made, _) => made,
    }
}

/// The program operator-key, for the operator of the dev stack.
struct OperatorKeys<'a> {
    program: &'a Path,
    endpoint: &'a str,
}

impl OperatorKeys<'_> {
    /// The keys that are not revoked, newest first; none where there is no such operator yet.
    async fn live(&self) -> Vec<Live> {
        let list = self.call(&["list"]).await.unwrap_or_default();
        list.lines().skip(1).filter_map(live_in_list).collect()
    }

    /// Runs it; what it printed.
    async fn call(&self, arguments: &[&str]) -> Result<String> {
        call_tool(self.program, self.endpoint, &[arguments, &["--operator", OPERATOR]].concat()).await
    }
}

/// Runs a program on the table of the dev stack; what it printed.
async fn call_tool(program: &Path, endpoint: &str, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new(program);
    command.args(arguments).args(["--endpoint", endpoint, "--table", tree::TABLE]);
    command.envs(LOCAL_AWS).env_remove("AWS_PROFILE").stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.map_err(|error| format!("cannot run {}: {error}", program.display()))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    match output.status.success() {
        true => Ok(text(&output.stdout)),
        false => Err(text(&output.stderr)),
    }
}

/// A key that signs tokens, unless there is one: each line of the list after the first is a key, and its state comes last.
pub async fn signing(endpoint: &str, program: &Path) -> Result<()> {
    let list = call_tool(program, endpoint, &["list"]).await?;
    match list.lines().skip(1).any(|line| !line.contains("  retired ")) {
        true => Ok(()),
        false => call_tool(program, endpoint, &["create"]).await.map(drop),
    }
}

/// A line of `operator-key list`: the id first, then when it was made, its age, its state, its scopes, its name.
fn live_in_list(line: &str) -> Option<Live> {
    let cells: Vec<&str> = line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
    let [id, _, _, state, _, name] = cells.as_slice() else { return None };
    state.starts_with("live").then(|| Live { id: (*id).to_owned(), name: (*name).to_owned() })
}

/// A key of the demo customer, which is created if it does not exist.
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
    let (path, name) = (format!("/v1/customers/{CUSTOMER}/keys"), name()?);
    let mut listed = call("GET", base, &path, operator, None).await?;
    if listed.status == 404 {
        // The customer exists, but was archived in an earlier run.
        call("POST", base, &format!("/v1/customers/{CUSTOMER}/restore"), operator, None).await?;
        listed = call("GET", base, &path, operator, None).await?;
    }
    let live = live_in_answer(&listed.json());
    let revoke = async |key: &Live| call("DELETE", base, &format!("{path}/{}", key.id), operator, None).await;
    for key in live.iter().filter(|key| key.name == name) {
        revoke(key).await?;
    }
    let create = async || call("POST", base, &path, operator, Some(json!({ "name": name }))).await;
    let mut made = create().await?;
    if let (422, Some(oldest)) = (made.status, live.first()) {
        note(&format!("the customer {CUSTOMER} has too many keys; the oldest, {}, is revoked", oldest.id));
        revoke(oldest).await?;
        made = create().await?;
    }
    let secret = made.json().get("api_key_once").and_then(Value::as_str).map(str::to_owned);
    secret.ok_or_else(|| format!("no integration key was made: {} {}", made.status, made.text()))
}

/// The keys of a list that are not revoked, oldest first: ids are in the order in which they were made.
fn live_in_answer(list: &Value) -> Vec<Live> {
    let keys = list.get("keys").and_then(Value::as_array).into_iter().flatten();
    let live = keys.filter(|key| key.get("revoked_at").is_none_or(Value::is_null));
    let text = |key: &Value, member: &str| Some(key.get(member)?.as_str()?.to_owned());
    let mut live: Vec<Live> =
        live.filter_map(|key| Some(Live { id: text(key, "key_id")?, name: text(key, "name")? })).collect();
    live.sort_by(|one, other| one.id.cmp(&other.id));
    live
}

async fn call(method: &str, base: &str, path: &str, key: &str, body: Option<Value>) -> Result<Response> {
    let authorization = format!("Bearer {key}");
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    let headers = if body.is_some() { &headers[..] } else { headers.split_at(1).0 };
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    let (client, url) = (Client::new(), format!("{base}{path}"));
    loop {
        let response = client.request(method, &url, headers, body.clone()).await?;
        if response.status != 429 {
            return Ok(response);
        }
        // --throttle counts these requests as well.
        time::sleep(Duration::from_millis(200)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn live_keys_are_read_from_the_list_of_the_program() {
        let line = "key_1  2026-11-27T18:00:00.000Z  0 d  live                              customers:write,keys:write  cargo xtask dev /a b/.local";
        let key = live_in_list(line).unwrap();
        assert_eq!((key.id.as_str(), key.name.as_str()), ("key_1", "cargo xtask dev /a b/.local"));
        assert!(live_in_list(&line.replace("live", "live, over 90 days old")).is_some());
        assert!(live_in_list(&line.replace("live  ", "revoked 2026-11-27T18:00:00.000Z  ")).is_none());
    }

    #[test]
    fn live_keys_are_read_from_the_answer_oldest_first() {
        let list = json!({ "keys": [
            { "key_id": "key_3", "name": "c", "revoked_at": null },
            { "key_id": "key_2", "name": "b", "revoked_at": "2026-11-27T18:00:00.000Z" },
            { "key_id": "key_1", "name": "a", "revoked_at": null },
        ] });
        let live = live_in_answer(&list);
        assert_eq!(live.iter().map(|key| key.id.as_str()).collect::<Vec<_>>(), ["key_1", "key_3"]);
    }
}
