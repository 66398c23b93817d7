//! What each operation costs: its requests to the store and their units (docs/access-patterns.md).

use tests::transcript::text;
use tests::{App, Call, Counting, LogEntry, json};

/// The requests, writes with the number of their items, and the units read and written.
fn cost(log: &[LogEntry]) -> String {
    let request = |entry: &LogEntry| match entry.operation.as_str() {
        "BatchGetItem" => format!("Batch{}", entry.parts().len()),
        "TransactWriteItems" => format!("Transact{}", entry.parts().len()),
        operation => operation.trim_end_matches("Item").to_owned(),
    };
    let mut requests: Vec<String> = log.iter().map(request).collect();
    requests.sort();
    let (read, written) = log
        .iter()
        .fold((0.0, 0.0), |(read, written), entry| (read + entry.read_units(), written + entry.write_units()));
    format!("{}: {read} read, {written} written", requests.join(" "))
}

async fn check(app: &App, call: Call<'_>, expected: &str) -> tests::Exchange {
    let (answer, log) = app.requests_of(call.send()).await;
    assert!((200..300).contains(&answer.status), "{answer}");
    assert_eq!(cost(&log), expected, "{} {}", answer.method, answer.path);
    answer
}

#[tokio::test]
async fn every_operation_keeps_to_its_budget() {
    let app = App::start().await;
    // Authentication is one of the reads; a customer's writes cost one unit more in the index by creation.
    let counting = Counting::of(&app.store, &app.table).await;
    let customer_and_root = |reads: &str| {
        let written = counting.pick(5, 6);
        let read: u32 = reads.trim_start_matches("Batch").parse().unwrap();
        format!("{reads} Transact2: {read} read, {written} written")
    };
    let customers = "/v1/customers";
    let create = |slug: &str| app.operator("POST", customers).json(json!({ "customer_id": slug }));
    let created = check(&app, create("acme-corp"), &customer_and_root("Batch1")).await.json();
    check(
        &app,
        create("second").once("k"),
        counting.pick("Batch1 Transact3: 1 read, 7 written", "Batch1 Transact3: 1 read, 6 written"),
    )
    .await;
    let (by_slug, by_id) = (format!("{customers}/acme-corp"), format!("{customers}/{}", text(&created, "id")));
    check(&app, app.operator("GET", &by_slug), "Batch2: 2 read, 0 written").await;
    check(&app, app.operator("GET", &by_id), "Batch1 Batch2: 3 read, 0 written").await;
    check(&app, app.operator("GET", customers), "Batch1 Query: 2 read, 0 written").await;
    let patch = |path: &str| app.operator("PATCH", path).json(json!({ "display_name": "x" }));
    check(&app, patch(&by_slug), "Batch2 Update: 2 read, 2 written").await;
    check(&app, patch(&by_id).header("if-match", "*"), "Batch1 Batch2 Update: 3 read, 2 written").await;
    check(&app, app.operator("PATCH", &by_slug).json(json!({})), "Batch2: 2 read, 0 written").await;

    let keys = format!("{by_slug}/keys");
    let key = app.operator("POST", &keys).json(json!({ "name": "k" }));
    let issued = check(&app, key.clone(), "Batch1 Batch2 Transact2: 3 read, 4 written").await.json();
    check(&app, key.once("k"), "Batch1 Batch3 Transact3: 4 read, 6 written").await;
    check(&app, app.operator("GET", &keys), "Batch1 Batch3: 4 read, 0 written").await;
    let secret = text(&issued, "api_key_once");
    check(&app, app.with_key(secret, "GET", "/integration/self"), "Batch1 Batch1: 2 read, 0 written").await;
    let path = format!("{keys}/{}", text(&issued, "key_id"));
    check(&app, app.operator("POST", &format!("{path}/rotate")), "Batch1 Batch3 Transact2: 4 read, 4 written").await;
    check(&app, app.operator("DELETE", &path), "Batch2 Update: 2 read, 1 written").await;

    let restore = app.operator("POST", &format!("{by_slug}/restore"));
    check(&app, app.operator("DELETE", &by_slug), &customer_and_root("Batch2")).await;
    check(&app, restore.clone(), &customer_and_root("Batch2")).await;
    check(&app, restore, "Batch2: 2 read, 0 written").await;
    for path in ["/health", "/openapi.json", "/problems", "/problems/not-found"] {
        check(&app, app.anonymous("GET", path), ": 0 read, 0 written").await;
    }
}

#[tokio::test]
async fn archiving_costs_the_same_whatever_hangs_below() {
    let app = App::start().await;
    let (empty, full) = ("/v1/customers/empty", "/v1/customers/full");
    app.new_customer("empty").await;
    let key = app.new_integration("full").await;
    for number in 0..30 {
        app.new_tenant(&key, &number.to_string()).await;
    }
    let mut costs = Vec::new();
    for path in [empty, full] {
        let (_, archived) = app.requests_of(app.operator("DELETE", path).send()).await;
        let (_, restored) = app.requests_of(app.operator("POST", &format!("{path}/restore")).send()).await;
        costs.push((cost(&archived), cost(&restored)));
    }
    assert_eq!(costs[0], costs[1]);
}
