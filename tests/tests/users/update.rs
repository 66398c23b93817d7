//! `PATCH /users/{user_id}`

use tests::checks::{check_at_rest, next_millisecond, wrote};
use tests::{Exchange, Members, Value, json};

struct World {
    members: Members,
    path: String,
}

impl World {
    async fn new() -> Self {
        let members = Members::new().await;
        let path = format!("/users/{}", members.user("one").await);
        Self { members, path }
    }

    async fn patch(&self, body: Value) -> Exchange {
        self.members.send("PATCH", &self.path, body).await
    }
}

/// Every combination of absent, `null` and a value, for two members that may be cleared and two that may not.
#[tokio::test]
async fn absent_null_and_a_value_merge_as_the_contract_says() {
    let world = World::new().await;
    let repository = world.members.attached("one").await;
    for case in 0..81 {
        let before = world.members.get(&world.path).await;
        let (mut body, mut expected, mut wrong) = (json!({}), before.json(), Vec::new());
        for (member, case, nullable, value) in [
            ("email", case % 3, true, json!(format!("{case}@example.com"))),
            ("default_repository_id", case / 3 % 3, true, json!(repository)),
            ("metadata", case / 9 % 3, false, json!({ "case": case.to_string() })),
            ("status", case / 27, false, json!(if case % 2 == 0 { "active" } else { "suspended" })),
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
        let now = world.members.get(&world.path).await;
        if !wrong.is_empty() {
            assert_eq!((answer.pointers(), &now.body), (wrong, &before.body));
            continue;
        }
        assert_eq!(answer.clone().expect_status(200).body, now.body);
        assert_eq!((answer.etag(), now.etag() != before.etag()), (now.etag(), body != json!({})));
        expected["updated_at"] = now.json()["updated_at"].clone();
        assert_eq!(now.json(), expected, "{body}");
    }
    check_at_rest(&world.members.app).await;
}

#[tokio::test]
async fn a_write_is_a_new_version_though_the_values_are_equal() {
    let world = World::new().await;
    let before = world.members.get(&world.path).await;
    let (same, log) = world.members.app.requests_of(world.patch(json!({}))).await;
    assert_eq!((&same.body, same.etag(), wrote(&log)), (&before.body, before.etag(), false));
    next_millisecond().await;
    for (writes, body) in
        (1..).zip([json!({ "email": null }), json!({ "role_ids": [] }), json!({ "status": "active" })])
    {
        let answer = world.patch(body).await.expect_status(200);
        assert_eq!(answer.etag(), before.etag_after(writes));
        assert_ne!(answer.json()["updated_at"], before.json()["updated_at"]);
        assert_eq!(answer.json()["created_at"], before.json()["created_at"]);
    }
}

#[tokio::test]
async fn a_user_is_suspended_and_activated() {
    let world = World::new().await;
    for status in ["suspended", "suspended", "active"] {
        assert_eq!(world.patch(json!({ "status": status })).await.expect_status(200).json()["status"], status);
        assert_eq!(world.members.get(&world.path).await.json()["status"], status);
    }
}

#[tokio::test]
async fn wrong_members_are_told_at_once_and_versions_are_minded() {
    let world = World::new().await;
    let body = json!({
        "email": "x", "display_name": [], "status": "gone", "role_ids": ["x"], "default_repository_id": 1, "metadata": "x",
        "external_id": "one", "tenant_id": world.members.tenant, "updated_at": "x",
    });
    let pointers = [
        "/default_repository_id",
        "/display_name",
        "/email",
        "/external_id",
        "/metadata",
        "/role_ids/0",
        "/status",
        "/tenant_id",
        "/updated_at",
    ];
    assert_eq!(world.patch(body).await.pointers(), pointers);
    let found = world.members.get(&world.path).await;
    let patch = async |tag: &str, body: Value| {
        world.members.call("PATCH", &world.path).header("if-match", tag).json(body).send().await
    };
    let unknown = json!({ "role_ids": ["rol_01arz3ndektsv4rrffq69g5fav"] });
    for stale in ["\"9\"", &format!("W/{}", found.etag())] {
        for body in [json!({}), json!({ "email": null }), unknown.clone()] {
            patch(stale, body).await.expect_problem(412, "precondition-failed");
        }
    }
    assert_eq!(patch(&found.etag(), unknown).await.pointers(), ["/role_ids/0"]);
    let changed = patch(&format!("\"x\", {}", found.etag()), json!({ "email": "a@b" })).await.expect_status(200);
    assert_eq!(changed.etag(), found.etag_after(1));
    assert_eq!(patch("x", json!({ "email": 1 })).await.pointers(), ["/email", "/header/If-Match"]);
    world.members.call("PATCH", &world.path).send().await.expect_problem(400, "malformed-request");
    let merge = world.members.call("PATCH", &world.path).body("application/merge-patch+json", "{\"email\":null}");
    assert_eq!(merge.send().await.expect_status(200).json()["email"], Value::Null);
    for id in ["usr_01arz3ndektsv4rrffq69g5fav", "x"] {
        let absent = world.members.call("PATCH", &format!("/users/{id}")).header("if-match", "*").json(json!({}));
        absent.send().await.expect_problem(404, "not-found");
    }
}
