//! `PATCH /repositories/{repository_id}`

use tests::checks::{check_at_rest, wrote};
use tests::{App, Exchange, Value, json};

struct World {
    app: App,
    key: String,
    path: String,
}

impl World {
    async fn new() -> Self {
        let app = App::start().await;
        let key = app.new_integration("acme-corp").await;
        let repository = app.new_repository(&key, "one").await;
        let path = format!("/repositories/{}", repository["id"].as_str().unwrap());
        Self { app, key, path }
    }

    async fn patch(&self, body: Value) -> Exchange {
        self.app.with_key(&self.key, "PATCH", &self.path).json(body).send().await
    }

    async fn get(&self) -> Exchange {
        self.app.with_key(&self.key, "GET", &self.path).send().await.expect_status(200)
    }

    /// Reports as a scanner would.
    async fn scanned(&self) {
        let item = self.app.items_of("repository").await.remove(0);
        let key = json!({ "pk": item["pk"], "sk": item["sk"] });
        let sync = json!({ "M": {
            "state": { "S": "ready" }, "last_synced_at": { "S": "2026-01-01T00:00:00.000Z" }, "error": { "NULL": true }, "skill_count": { "N": "3" },
        } });
        let (names, values) = (json!({ "#sync": "sync" }), json!({ ":sync": sync }));
        self.app.store.update(&self.app.table, key, "SET #sync = :sync", names, values).await.unwrap();
    }
}

/// All 27 combinations of absent, `null` and a value, for the member that may be cleared and two that may not.
#[tokio::test]
async fn absent_null_and_a_value_merge_as_the_contract_says() {
    let world = World::new().await;
    for case in 0..27 {
        let before = world.get().await;
        let (mut body, mut expected, mut wrong) = (json!({}), before.json(), Vec::new());
        for (member, case, nullable, value) in [
            ("branch", case % 3, false, json!(format!("b{case}"))),
            ("credential_id", case / 3 % 3, true, json!(format!("crd_{case}"))),
            ("metadata", case / 9, false, json!({ "case": case.to_string() })),
        ] {
            match case {
                0 => continue,
                1 if !nullable => wrong.push(format!("/{member}")),
                _ => {}
            }
            body[member] = if case == 1 { Value::Null } else { value };
            expected[member] = body[member].clone();
        }
        let answer = world.patch(body.clone()).await;
        let now = world.get().await;
        if !wrong.is_empty() {
            assert_eq!((answer.pointers(), &now.body), (wrong, &before.body));
            continue;
        }
        assert_eq!(answer.clone().expect_status(200).body, now.body);
        assert_eq!((answer.etag(), now.etag() != before.etag()), (now.etag(), body != json!({})));
        expected["updated_at"] = now.json()["updated_at"].clone();
        assert_eq!(now.json(), expected, "{body}");
    }
    check_at_rest(&world.app).await;
}

#[tokio::test]
async fn another_branch_or_credential_asks_for_a_new_scan() {
    let world = World::new().await;
    for (body, state) in [
        (json!({}), "ready"),
        (json!({ "metadata": { "a": "b" } }), "ready"),
        (json!({ "name": "two" }), "ready"),
        (json!({ "name": "two", "metadata": {} }), "ready"),
        (json!({ "branch": "dev" }), "pending"),
        (json!({ "credential_id": "crd_1" }), "pending"),
        (json!({ "credential_id": null }), "pending"),
        (json!({ "name": "three", "branch": "main" }), "pending"),
        (json!({ "name": "three", "credential_id": "crd_2" }), "pending"),
    ] {
        world.scanned().await;
        let answer = world.patch(body.clone()).await.expect_status(200);
        let sync =
            json!({ "state": state, "last_synced_at": "2026-01-01T00:00:00.000Z", "error": null, "skill_count": 3 });
        assert_eq!(answer.json()["sync"], sync, "{body}");
        assert_eq!(world.get().await.body, answer.body);
    }
}

#[tokio::test]
async fn a_name_is_released_and_taken_in_one_step() {
    let world = World::new().await;
    let other = world.app.new_repository(&world.key, "other").await;
    let refused = world.patch(json!({ "name": "other", "branch": "x" })).await.expect_problem(409, "name-conflict");
    assert_eq!(refused.json()["conflicting_resource_id"], other["id"]);
    assert_eq!(world.get().await.etag(), "\"1\"", "nothing of it was written");
    let same = world.patch(json!({ "name": "one" })).await.expect_status(200);
    assert_eq!((same.etag().as_str(), &same.json()["name"]), ("\"2\"", &json!("one")));
    world.patch(json!({ "name": "two", "metadata": { "a": "b" } })).await.expect_status(200);
    world.app.new_repository(&world.key, "one").await;
    check_at_rest(&world.app).await;
    let swapped = world.patch(json!({ "name": "one" })).await.expect_problem(409, "name-conflict");
    assert_ne!(swapped.json()["conflicting_resource_id"], other["id"]);
}

#[tokio::test]
async fn wrong_members_are_told_at_once_and_versions_are_minded() {
    let world = World::new().await;
    let body = json!({
        "name": "", "branch": "", "credential_id": "x", "metadata": null, "repo_url": "https://example.com/", "provider": "github", "sync": {}, "id": "x",
    });
    let pointers = ["/branch", "/credential_id", "/id", "/metadata", "/name", "/provider", "/repo_url", "/sync"];
    assert_eq!(world.patch(body).await.pointers(), pointers);
    let (same, log) = world.app.requests_of(world.patch(json!({}))).await;
    assert_eq!((same.etag().as_str(), wrote(&log)), ("\"1\"", false));
    let patch = |tag: &str, body: Value| {
        world.app.with_key(&world.key, "PATCH", &world.path).header("if-match", tag).json(body).send()
    };
    for (n, member) in ["name", "branch"].into_iter().enumerate() {
        let body = json!({ member: "new" });
        for stale in ["\"9\"", "W/\"1\""] {
            patch(stale, body.clone()).await.expect_problem(412, "precondition-failed");
            patch(stale, json!({})).await.expect_problem(412, "precondition-failed");
        }
        assert_eq!(
            patch(&format!("\"{}\", \"x\"", n + 1), body).await.expect_status(200).etag(),
            format!("\"{}\"", n + 2)
        );
    }
    world.app.new_repository(&world.key, "taken").await;
    patch("\"1\"", json!({ "name": "taken" })).await.expect_problem(412, "precondition-failed");
    assert_eq!(patch("x", json!({ "name": 1 })).await.pointers(), ["/header/If-Match", "/name"]);
    let nothing = world.app.with_key(&world.key, "PATCH", &world.path).send().await;
    nothing.expect_problem(400, "malformed-request");
}
