//! `PATCH /tenants/{tenant_id}`

use tests::checks::{check_at_rest, wrote};
use tests::{App, Exchange, Value, json};

struct World {
    app: App,
    key: String,
    path: String,
    repositories: [String; 2],
}

impl World {
    /// A tenant with two repositories, none of them its default.
    async fn new() -> Self {
        let app = App::start().await;
        let key = app.new_integration("acme-corp").await;
        let tenant = app.new_tenant(&key, "one").await;
        let path = format!("/tenants/{}", tenant["id"].as_str().unwrap());
        let mut repositories = [String::new(), String::new()];
        for (n, repository) in repositories.iter_mut().enumerate() {
            *repository = app.new_repository(&key, &format!("r{n}")).await["id"].as_str().unwrap().to_owned();
            app.with_key(&key, "PUT", &format!("{path}/repositories/{repository}")).send().await.expect_status(201);
        }
        Self { app, key, path, repositories }
    }

    async fn patch(&self, body: Value) -> Exchange {
        self.app.with_key(&self.key, "PATCH", &self.path).json(body).send().await
    }

    async fn get(&self) -> Exchange {
        self.app.with_key(&self.key, "GET", &self.path).send().await.expect_status(200)
    }
}

/// What the contract says becomes of one member: 0 absent, 1 `null`, 2 a value.
fn merged(before: &Value, case: usize, value: &Value) -> Value {
    match case {
        0 => before.clone(),
        1 => Value::Null,
        _ => value.clone(),
    }
}

/// All 27 combinations of absent, `null` and a value, for two members that may be cleared and one that may not.
#[tokio::test]
async fn absent_null_and_a_value_merge_as_the_contract_says() {
    let world = World::new().await;
    for upsert in [false, true] {
        for case in 0..27 {
            let (name, default, metadata) = (case % 3, case / 3 % 3, case / 9);
            let before = world.get().await;
            let values = [
                ("name", name, json!(format!("n{case}"))),
                ("default_repository_id", default, json!(world.repositories[case % 2])),
                ("metadata", metadata, json!({ "case": case.to_string() })),
            ];
            let mut body = json!({});
            let mut expected = before.json();
            for (member, case, value) in &values {
                expected[member] = merged(&expected[member], *case, value);
                if *case > 0 {
                    body[member] = if *case == 1 { Value::Null } else { value.clone() };
                }
            }
            let answer = if upsert {
                world.app.with_key(&world.key, "PUT", "/tenants/by-external-id/one").json(body.clone()).send().await
            } else {
                world.patch(body.clone()).await
            };
            if metadata == 1 {
                assert_eq!(answer.pointers(), ["/metadata"]);
                assert_eq!(world.get().await.body, before.body);
                continue;
            }
            let (answered, now) = (answer.clone().expect_status(200).json(), world.get().await);
            assert_eq!((&answered, answer.etag()), (&now.json(), now.etag()), "{body}");
            let writes = if upsert { expected != before.json() } else { body != json!({}) };
            assert_eq!(now.etag() != before.etag(), writes, "{body}");
            expected["updated_at"] = now.json()["updated_at"].clone();
            assert_eq!(now.json(), expected, "{body}");
        }
    }
    check_at_rest(&world.app).await;
}

#[tokio::test]
async fn settings_and_metadata_are_replaced_wholesale() {
    let world = World::new().await;
    world.patch(json!({ "settings": { "filler_enabled": false, "max_concurrent_sticky": 9 }, "metadata": { "a": "1", "b": "2" } })).await;
    let now = world
        .patch(json!({ "settings": { "max_sticky_ttl_seconds": 6e1 }, "metadata": { "b": "3" } }))
        .await
        .expect_status(200)
        .json();
    let settings = json!({
        "filler_enabled": true, "default_agent_type": "claude-agent-sdk", "max_sticky_ttl_seconds": 60, "max_concurrent_sticky": 5,
    });
    assert_eq!((&now["settings"], &now["metadata"]), (&settings, &json!({ "b": "3" })));
    let now = world.patch(json!({ "settings": {}, "metadata": {} })).await.expect_status(200).json();
    assert_eq!((&now["settings"]["max_sticky_ttl_seconds"], &now["metadata"]), (&json!(3600), &json!({})));
}

#[tokio::test]
async fn null_and_wrong_members_are_told_at_once_and_change_nothing() {
    let world = World::new().await;
    let before = world.get().await;
    let body = json!({
        "external_id": "other", "id": null, "object": "tenant", "created_at": null, "updated_at": null, "root": "x", "deleted_at": null,
        "status": null, "settings": null, "metadata": null, "name": [], "default_repository_id": 1,
    });
    let pointers = [
        "/created_at",
        "/default_repository_id",
        "/deleted_at",
        "/external_id",
        "/id",
        "/metadata",
        "/name",
        "/object",
        "/root",
        "/settings",
        "/status",
        "/updated_at",
    ];
    assert_eq!(world.patch(body).await.pointers(), pointers);
    for status in ["Active", "archived", "", " active"] {
        assert_eq!(world.patch(json!({ "status": status, "name": "x" })).await.pointers(), ["/status"]);
    }
    assert_eq!(world.get().await.body, before.body);
    let patch = || world.app.with_key(&world.key, "PATCH", &world.path);
    patch().send().await.expect_problem(400, "malformed-request");
    patch().body("application/json", "[]").send().await.expect_problem(400, "malformed-request");
    patch().body("application/merge-patch+json", r#"{"name":"merged"}"#).send().await.expect_status(200);
    patch().body("application/json-patch+json", "{}").send().await.expect_problem(415, "unsupported-media-type");
}

#[tokio::test]
async fn a_patch_without_members_writes_nothing_and_an_equal_one_is_a_write() {
    let world = World::new().await;
    let before = world.get().await;
    let (same, log) = world.app.requests_of(world.patch(json!({}))).await;
    assert_eq!((same.etag(), &same.body), (before.etag(), &before.body));
    assert!(!wrote(&log));
    let equal = world.patch(json!({ "name": null, "status": "active" })).await.expect_status(200);
    assert_ne!(equal.etag(), before.etag());
    assert!(equal.json()["updated_at"].as_str() >= before.json()["updated_at"].as_str());
    assert_eq!(equal.json()["created_at"], before.json()["created_at"]);
}

#[tokio::test]
async fn if_match_decides_which_version_may_change() {
    let world = World::new().await;
    let patch = |tag: &str, body: Value| {
        world.app.with_key(&world.key, "PATCH", &world.path).header("if-match", tag).json(body).send()
    };
    let body = || json!({ "name": "x" });
    let first = world.app.with_key(&world.key, "GET", &world.path).send().await;
    let second = patch(&first.etag(), body()).await.expect_status(200).etag();
    assert_eq!(second, first.etag_after(1));
    let (weak, later) = (format!("W/{second}"), format!("{}, \"x\"", first.etag_after(2)));
    for stale in [&first.etag(), &weak, &later, &second.replacen('"', "\"0", 1)] {
        patch(stale, body()).await.expect_problem(412, "precondition-failed");
        patch(stale, json!({})).await.expect_problem(412, "precondition-failed");
    }
    for right in [&format!(", \"9\",,{second}"), "*", &first.etag_after(3)] {
        patch(right, body()).await.expect_status(200);
    }
    for broken in ["2", "", ",", "\"2"] {
        assert_eq!(patch(broken, json!({ "name": 1 })).await.pointers(), ["/header/If-Match", "/name"]);
    }
    // A default that is not attached needs the stored state: it comes after 412, and after 404.
    let foreign = json!({ "default_repository_id": "rep_01arz3ndektsv4rrffq69g5fav" });
    patch(&first.etag(), foreign.clone()).await.expect_problem(412, "precondition-failed");
    let absent = world.app.with_key(&world.key, "PATCH", "/tenants/tnt_01arz3ndektsv4rrffq69g5fav");
    absent.clone().json(foreign).send().await.expect_problem(404, "not-found");
    absent.header("if-match", "*").json(body()).send().await.expect_problem(404, "not-found");
}

#[tokio::test]
async fn a_default_must_be_attached() {
    let world = World::new().await;
    let unattached = world.app.new_repository(&world.key, "unattached").await["id"].as_str().unwrap().to_owned();
    let other = world.app.new_integration("other").await;
    let foreign = world.app.new_repository(&other, "foreign").await["id"].as_str().unwrap().to_owned();
    let before = world.get().await;
    let mut answers = Vec::new();
    for id in [
        unattached.as_str(),
        &foreign,
        "rep_01arz3ndektsv4rrffq69g5fav",
        "rep_x",
        "x",
        &world.repositories[0].to_uppercase(),
    ] {
        let body = json!({ "default_repository_id": id, "name": "x" });
        let answer = world.patch(body.clone()).await;
        assert_eq!(answer.pointers(), ["/default_repository_id"]);
        answers.push(tests::checks::shape(&answer, &[]));
        let upsert = world.app.with_key(&world.key, "PUT", "/tenants/by-external-id/one").json(body).send().await;
        assert_eq!(upsert.pointers(), ["/default_repository_id"]);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    assert_eq!(world.get().await.body, before.body, "nothing changed");
    let right = world.patch(json!({ "default_repository_id": world.repositories[0] })).await.expect_status(200);
    assert_eq!(right.json()["default_repository_id"], world.repositories[0]);
    let cleared = world.patch(json!({ "default_repository_id": "" })).await.expect_status(200);
    assert_eq!(cleared.json()["default_repository_id"], Value::Null);
    check_at_rest(&world.app).await;
}
