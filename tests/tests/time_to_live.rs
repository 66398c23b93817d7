//! What the table's own sweeper removes (H9): items with a `ttl`. They are idempotency records and nothing else; a job of the
//! deprovisioning sweep is removed by that sweep when it is finished, and never before.

use std::collections::BTreeSet;
use tests::transcript::text;
use tests::{App, Value, json};

/// Removes what has a time to live, as DynamoDB does some time after it is over: the kinds of what it was.
async fn expire(app: &App) -> BTreeSet<String> {
    let mut kinds = BTreeSet::new();
    for item in app.items().await.into_iter().filter(|item| !item["ttl"].is_null()) {
        let key = json!({ "pk": item["pk"], "sk": item["sk"] });
        app.store.delete(&app.table, key).await.unwrap();
        kinds.insert(text(&item["type"], "S").to_owned());
    }
    kinds
}

/// Every item but records, in one order.
async fn lasting(app: &App) -> BTreeSet<String> {
    let items = app.items().await.into_iter().filter(|item| item["type"]["S"] != "record");
    items.map(|item| item.to_string()).collect()
}

#[tokio::test]
async fn what_expires_takes_nothing_with_it_and_frees_its_key() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let customer = || app.operator("POST", "/v1/customers").json(json!({ "customer_id": "second" })).once("k").send();
    let tenant = |name: &str| app.with_key(&key, "POST", "/tenants").json(json!({ "name": name })).once("k").send();
    let body = json!({ "name": "one", "repo_url": "https://example.com/repository.git" });
    let repository = || app.with_key(&key, "POST", "/repositories").json(body.clone()).once("k").send();
    let made: [Value; 3] = [
        customer().await.expect_status(201).json(),
        tenant("first").await.expect_status(201).json(),
        repository().await.expect_status(201).json(),
    ];
    // A deprovisioned tenant with something to release, whose job is still to be done.
    let gone = app.new_tenant(&key, "gone").await;
    let attachment = format!("/tenants/{}/repositories/{}", text(&gone, "id"), text(&made[2], "id"));
    app.with_key(&key, "PUT", &attachment).json(json!({})).send().await.expect_status(201);
    app.with_key(&key, "DELETE", "/tenants/by-external-id/gone").send().await.expect_status(204);

    let before = lasting(&app).await;
    assert_eq!(app.items_of("sweep_job").await.len(), 1);
    assert_eq!(expire(&app).await, BTreeSet::from(["record".to_owned()]));
    assert_eq!(lasting(&app).await, before);
    app.sweep().await.unwrap();
    assert_eq!(app.items_of("sweep_job").await, [] as [Value; 0]);
    assert_eq!(expire(&app).await, BTreeSet::new());

    // The keys are free, and what they once made is there.
    let path = format!("/tenants/{}", text(&made[1], "id"));
    assert_eq!(app.with_key(&key, "GET", &path).send().await.expect_status(200).json(), made[1]);
    let second = tenant("second").await.expect_status(201);
    assert_eq!(second.header("idempotency-replayed"), None);
    assert_ne!(second.json()["id"], made[1]["id"]);
    for (answer, made) in [(customer().await, &made[0]), (repository().await, &made[2])] {
        let problem = answer.expect_problem(409, "name-conflict").json();
        assert_eq!(problem["conflicting_resource_id"], made["id"]);
    }
}
