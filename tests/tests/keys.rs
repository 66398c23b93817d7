//! `/v1/customers/{customer_id}/keys…`: one module per route.

mod keys {
    mod create;
    mod duplicates;
    mod list;
    mod many;
    mod revoke;
    mod rotate;
}

use serde_json::Value;
use tests::transcript::text;
use tests::{App, Call, Exchange, json};

const KEYS: &str = "/v1/customers/acme-corp/keys";

/// An API with the customer `acme-corp`.
async fn start() -> App {
    let app = App::start().await;
    app.new_customer("acme-corp").await;
    app
}

fn create(app: &App, body: Value) -> Call<'_> {
    app.operator("POST", KEYS).json(body)
}

async fn issue(app: &App, body: Value) -> Value {
    create(app, body).send().await.expect_status(201).json()
}

fn rotate<'a>(app: &'a App, key: &Value, body: Value) -> Call<'a> {
    app.operator("POST", &format!("{KEYS}/{}/rotate", text(key, "key_id"))).json(body)
}

fn revoke<'a>(app: &'a App, key: &Value) -> Call<'a> {
    app.operator("DELETE", &format!("{KEYS}/{}", text(key, "key_id")))
}

async fn list(app: &App) -> Vec<Value> {
    let answer = app.operator("GET", KEYS).send().await.expect_status(200);
    answer.json()["keys"].as_array().expect("a list").clone()
}

/// A key as the list shows it.
async fn shown(app: &App, key: &Value) -> Value {
    let found = list(app).await.into_iter().find(|listed| listed["key_id"] == key["key_id"]);
    found.unwrap_or_else(|| panic!("{} is not listed", key["key_id"]))
}

/// What a key's secret opens.
async fn use_key(app: &App, key: &Value) -> Exchange {
    app.with_key(text(key, "api_key_once"), "GET", "/integration/self").send().await
}

/// Rewrites a member of a key's entry in the root item: `x` its end, `r` its revocation, `h` its hash.
async fn rewrite(app: &App, key: &Value, member: &str, value: Value) {
    let root = &app.items_of("root").await[0];
    let place = json!({ "pk": root["pk"], "sk": root["sk"] });
    let names = json!({ "#keys": "keys", "#id": text(key, "key_id").trim_start_matches("key_"), "#member": member });
    let set = app.store.update(&app.table, place, "SET #keys.#id.#member = :v", names, json!({ ":v": value }));
    set.await.expect("the entry is there");
}

/// `YYYY-MM-DDTHH:MM:SS.sssZ` in milliseconds since 1970.
fn milliseconds(value: &Value) -> i64 {
    let text = value.as_str().unwrap_or_else(|| panic!("no time: {value}"));
    tenancy::domain::Timestamp::parse(text).expect("a time").milliseconds()
}

/// Now, and so many milliseconds later, as a request has it.
fn from_now(later: i64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_millis();
    tenancy::domain::Timestamp::from_milliseconds(i64::try_from(now).expect("before 9999") + later).to_string()
}
