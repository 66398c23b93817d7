//! The largest that callers may make of an item is stored: nothing is ever over the 400 KB of the store (F19). And no
//! request is over another limit of the store, however long an item was written under faults.

use super::app;
use futures_util::future::join_all;
use std::collections::BTreeMap;
use tests::{App, Value, json};

/// A text of so many characters, each of four bytes.
fn wide(characters: usize) -> String {
    "\u{1f642}".repeat(characters)
}

/// The most metadata: 50 different keys and their values.
fn most_metadata() -> BTreeMap<String, String> {
    (10..60).map(|n| (format!("{n}{}", wide(38)), wide(500))).collect()
}

/// The bytes of the only item of an entity, at the most: as JSON.
async fn bytes_of(app: &App, entity: &str) -> usize {
    match &app.items_of(entity).await[..] {
        [item] => item.to_string().len(),
        items => panic!("{} of {entity}", items.len()),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_largest_tenant_is_stored_with_its_100_largest_attachments() {
    let (app, key) = app().await;
    let external_id = tests::checks::escaped(&wide(255));
    let by_external_id = format!("/tenants/by-external-id/{external_id}");
    let body =
        json!({ "name": wide(255), "metadata": most_metadata(), "settings": { "default_agent_type": wide(64) } });
    let tenant = app.with_key(&key, "PUT", &by_external_id).json(body).send().await.expect_status(201).json();
    let path = format!("/tenants/{}", tenant["id"].as_str().unwrap());
    let largest = json!({
        "name": wide(255), "branch": wide(255), "metadata": most_metadata(),
        "repo_url": format!("https://example.com/{}", "x".repeat(2028)),
    });
    let largest = app.with_key(&key, "POST", "/repositories").json(largest).send().await.expect_status(201).json();
    // A tenant holds nothing of a repository but its id: the others need not be large.
    let names: Vec<String> = (1..100).map(|n| format!("r{n}")).collect();
    let others = join_all(names.iter().map(|name| app.new_repository(&key, name))).await;
    let id = |repository: &Value| repository["id"].as_str().unwrap().to_owned();
    let repositories: Vec<String> = [largest].iter().chain(&others).map(id).collect();
    let attach = |repository: &str, default: bool| {
        let body = json!({ "branch_override": wide(255), "is_default": default });
        app.with_key(&key, "PUT", &format!("{path}/repositories/{repository}")).json(body).send()
    };
    for repository in &repositories {
        attach(repository, true).await.expect_status(201);
    }
    // With all that, it is changed, suspended and looked at as any other.
    let other = json!({ "name": wide(254), "metadata": most_metadata(), "status": "suspended" });
    app.with_key(&key, "PATCH", &path).json(other).send().await.expect_status(200);
    attach(&repositories[0], true).await.expect_status(200);
    assert!((200_000..400_000).contains(&bytes_of(&app, "tenant").await));
    app.with_key(&key, "DELETE", &by_external_id).send().await.expect_status(204);
    app.sweep().await.unwrap();
    assert_eq!((app.items_of("attachment").await, app.items_of("sweep_job").await), (Vec::new(), Vec::new()));
}

#[tokio::test]
async fn the_largest_customer_is_stored_with_its_50_largest_keys() {
    let app = App::start().await;
    let label = |n: usize| (format!("k{n:02}{}", "x".repeat(60)), wide(63));
    let labels: BTreeMap<String, String> = (0..64).map(label).collect();
    let slug = format!("c{}", "x".repeat(62));
    let body = json!({
        "customer_id": slug, "display_name": wide(255), "description": wide(2000), "labels": labels,
    });
    app.operator("POST", "/v1/customers").json(body).once("k").send().await.expect_status(201);
    let keys = format!("/v1/customers/{slug}/keys");
    let create = |n: usize| {
        let body = json!({ "name": wide(255), "expires_at": "2999-01-01T00:00:00Z" });
        app.operator("POST", &keys).json(body).once(&n.to_string()).send()
    };
    let first = create(1).await.expect_status(201).json();
    for n in 2..=50 {
        create(n).await.expect_status(201);
    }
    assert_eq!(create(51).await.pointers(), [""], "it has room for no more");
    assert!((50_000..400_000).contains(&bytes_of(&app, "key_details").await));
    // One replaces another, and all are shown.
    let rotate = format!("{keys}/{}/rotate", first["key_id"].as_str().unwrap());
    app.operator("POST", &rotate).send().await.expect_status(201);
    let listed = app.operator("GET", &keys).send().await.expect_status(200).json();
    assert_eq!(listed["keys"].as_array().map(Vec::len), Some(50));
    assert!(listed["keys"].as_array().unwrap().iter().all(|key| key["name"] == wide(255)));
    let path = format!("/v1/customers/{slug}");
    app.operator("DELETE", &path).send().await.expect_status(204);
    app.operator("POST", &format!("{path}/restore")).once("r").send().await.expect_status(200);
}

#[tokio::test]
async fn the_longest_names_are_keys_of_the_table() {
    let (app, key) = app().await;
    let (name, other) = (wide(255), "\u{1f643}".repeat(255));
    let create = |external_id: &str| {
        let body = json!({ "external_id": external_id, "metadata": most_metadata() });
        app.with_key(&key, "POST", "/tenants").json(body)
    };
    let once = || create(&name).once(&"k".repeat(255)).send();
    let tenant = once().await.expect_status(201).json();
    assert_eq!(once().await.expect_status(201).json()["id"], tenant["id"]);
    create(&name).send().await.expect_status(409);
    create(&wide(256)).send().await.expect_status(422);
    let by_external_id = format!("/tenants/by-external-id/{}", tests::checks::escaped(&name));
    let found = app.with_key(&key, "GET", &by_external_id).send().await.expect_status(200).json();
    assert_eq!((&found["id"], &found["external_id"]), (&tenant["id"], &json!(name)));
    app.with_key(&key, "PUT", &by_external_id).json(json!({ "name": other })).send().await.expect_status(200);

    let register = |name: &str| {
        let body = json!({ "name": name, "repo_url": "https://example.com/r", "metadata": most_metadata() });
        app.with_key(&key, "POST", "/repositories").json(body).once(&"k".repeat(255)).send()
    };
    let repository = register(&name).await.expect_status(201).json();
    let path = format!("/repositories/{}", repository["id"].as_str().unwrap());
    app.with_key(&key, "PATCH", &path).json(json!({ "name": other })).send().await.expect_status(200);
    let names: Vec<Value> = app.items_of("repository_name").await.iter().map(|item| item["pk"]["S"].clone()).collect();
    assert!(
        names.len() == 1 && names[0].as_str().unwrap().ends_with(&other) && names[0].as_str().unwrap().len() > 1020
    );
    app.with_key(&key, "DELETE", &path).send().await.expect_status(204);
    app.with_key(&key, "DELETE", &by_external_id).send().await.expect_status(204);
}
