//! `POST /conversations`: bodies, and whose conversation it is. What it takes from user, role and tenant is in `cascade.rs`.

use std::collections::BTreeSet;
use tests::checks::check_at_rest;
use tests::transcript::members;
use tests::{Members, Value, id_of, json};

const ABSENT_USER: &str = "usr_00000000000000000000000000";

#[tokio::test]
async fn a_conversation_of_a_user_without_anything_has_the_defaults() {
    let world = Members::new().await;
    let user = world.user("u").await;
    let made = world.begin(json!({ "user_id": user })).await.expect_status(201);
    let shown = made.json();
    let id = id_of(&shown);
    assert!(id.starts_with("con_"), "{id}");
    assert_eq!(made.header("location"), Some(&*format!("/conversations/{id}")));
    let expected = json!({
        "object": "conversation",
        "id": id,
        "tenant_id": world.tenant,
        "user_id": user,
        "title": null,
        "status": "active",
        "context": { "role_id": null, "repository_id": null },
        "runtime": {
            "agent_type": "claude-agent-sdk", "mode": "pooled", "sticky_ttl_seconds": null, "lease_expires_at": null
        },
        "filler": { "enabled": true },
        "metadata": {},
        "message_count": 0,
        "last_message_at": null,
        "created_at": shown["created_at"],
        "updated_at": shown["created_at"],
    });
    assert_eq!(shown, expected);
    assert_eq!(
        members(&made.body).join(" "),
        "object id tenant_id user_id title status context runtime filler metadata message_count last_message_at \
         created_at updated_at"
    );
    let read = world.shown(&id).await;
    assert_eq!((&read.body, read.etag()), (&made.body, made.etag()));
    assert_eq!((read.header("cache-control"), made.header("location").is_some()), (Some("private, no-cache"), true));
    check_at_rest(&world.app).await;
}

#[tokio::test]
async fn what_is_given_is_what_it_has() {
    let world = Members::new().await;
    let user = world.user("u").await;
    let (role, repository) = (world.role("r").await, world.attached("one").await);
    world.assign("PUT", &user, &role).await.expect_status(204);
    let body = json!({
        "user_id": user,
        "role_id": role,
        "repository_id": repository,
        "title": "T".repeat(255),
        "runtime": { "agent_type": "a".repeat(64), "mode": "sticky", "sticky_ttl_seconds": 60.0 },
        "filler": { "enabled": false },
        "metadata": { "k": "v" },
    });
    let made = world.begin(body.clone()).await.expect_status(201).json();
    for member in ["user_id", "title", "filler", "metadata"] {
        assert_eq!(made[member], body[member], "{made}");
    }
    assert_eq!(made["context"], json!({ "role_id": role, "repository_id": repository }));
    let runtime = &made["runtime"];
    assert_eq!((&runtime["agent_type"], &runtime["mode"]), (&json!("a".repeat(64)), &json!("sticky")));
    assert_eq!(runtime["sticky_ttl_seconds"], json!(60));
    assert_eq!(world.shown(&id_of(&made)).await.json(), made);
}

#[tokio::test]
async fn null_and_empty_are_as_left_out_where_the_contract_says_so() {
    let world = Members::new().await;
    let user = world.user("u").await;
    for extra in [
        json!({ "role_id": null, "repository_id": null, "filler": null, "title": null }),
        json!({ "filler": {}, "runtime": {}, "metadata": {}, "title": "" }),
        json!({ "runtime": { "mode": "pooled", "sticky_ttl_seconds": null } }),
        json!({ "runtime": { "sticky_ttl_seconds": null } }),
    ] {
        let mut body = extra.clone();
        body["user_id"] = json!(user);
        let made = world.begin(body).await.expect_status(201).json();
        let bare = world.conversation(&user).await;
        for member in ["title", "context", "runtime", "filler", "metadata"] {
            assert_eq!(made[member], bare[member], "{extra}");
        }
    }
}

#[tokio::test]
async fn all_that_is_wrong_with_a_body_is_said_at_once() {
    let world = Members::new().await;
    let user = world.user("u").await;
    let body = json!({
        "user_id": "usr_1", "role_id": "rol_x", "repository_id": user, "title": "T".repeat(256),
        "runtime": { "agent_type": "", "mode": "warm", "sticky_ttl_seconds": 59, "lease_expires_at": null },
        "filler": { "enabled": "yes", "x": 1 }, "metadata": { "k": 1 }, "status": "active", "id": "con_1",
    });
    let expected = [
        "/filler/enabled",
        "/filler/x",
        "/id",
        "/metadata/k",
        "/repository_id",
        "/role_id",
        "/runtime/agent_type",
        "/runtime/lease_expires_at",
        "/runtime/mode",
        "/runtime/sticky_ttl_seconds",
        "/status",
        "/title",
        "/user_id",
    ];
    assert_eq!(world.begin(body).await.pointers(), expected);
    for (member, value, pointer) in [
        ("user_id", json!(null), "/user_id"),
        ("title", json!(1), "/title"),
        ("runtime", json!(null), "/runtime"),
        ("runtime", json!([]), "/runtime"),
        ("runtime", json!({ "mode": null }), "/runtime/mode"),
        ("runtime", json!({ "agent_type": null }), "/runtime/agent_type"),
        ("runtime", json!({ "agent_type": "a".repeat(65) }), "/runtime/agent_type"),
        ("runtime", json!({ "mode": "sticky", "sticky_ttl_seconds": 59 }), "/runtime/sticky_ttl_seconds"),
        ("runtime", json!({ "mode": "sticky", "sticky_ttl_seconds": 86401 }), "/runtime/sticky_ttl_seconds"),
        ("runtime", json!({ "mode": "sticky", "sticky_ttl_seconds": "60" }), "/runtime/sticky_ttl_seconds"),
        ("runtime", json!({ "mode": "sticky", "sticky_ttl_seconds": 60.5 }), "/runtime/sticky_ttl_seconds"),
        ("runtime", json!({ "mode": "pooled", "sticky_ttl_seconds": 60 }), "/runtime/sticky_ttl_seconds"),
        ("runtime", json!({ "sticky_ttl_seconds": 60 }), "/runtime/sticky_ttl_seconds"),
        ("filler", json!(true), "/filler"),
        ("filler", json!({ "enabled": null }), "/filler/enabled"),
        ("metadata", json!(null), "/metadata"),
    ] {
        let mut body = json!({ "user_id": user });
        body[member] = value.clone();
        assert_eq!(world.begin(body).await.pointers(), [pointer], "{member}: {value}");
    }
    assert_eq!(world.app.items_of("conversation").await, [] as [Value; 0]);
}

#[tokio::test]
async fn an_integration_names_a_user_that_exists() {
    let world = Members::new().await;
    assert_eq!(world.begin(json!({})).await.pointers(), ["/user_id"]);
    assert_eq!(world.begin(json!({ "title": "" })).await.pointers(), ["/user_id"]);
    let no_body = world.call("POST", "/conversations").send().await;
    assert_eq!(no_body.pointers(), ["/user_id"]);
    let null = world.call("POST", "/conversations").body("application/json", "null").send().await;
    assert_eq!(null.pointers(), ["/user_id"]);
    // Another customer's user, and one of a tenant that was deprovisioned, are as one that never was.
    let stranger = world.app.new_integration("stranger").await;
    let theirs = id_of(&world.app.new_tenant(&stranger, "theirs").await);
    let theirs = id_of(&world.app.new_user(&stranger, &theirs, "u").await);
    let gone = id_of(&world.app.new_tenant(&world.key, "gone").await);
    let user_gone = id_of(&world.app.new_user(&world.key, &gone, "u").await);
    world.call("DELETE", "/tenants/by-external-id/gone").send().await.expect_status(204);
    for user in [ABSENT_USER, &theirs, &user_gone] {
        // Whatever else is wrong with what is stored comes after it.
        let body = json!({ "user_id": user, "repository_id": "rep_00000000000000000000000000" });
        world.begin(body).await.expect_problem(404, "not-found");
    }
    assert_eq!(world.app.items_of("conversation").await, [] as [Value; 0]);
}

#[tokio::test]
async fn no_conversation_begins_for_a_suspended_user() {
    let world = Members::new().await;
    let user = world.user("u").await;
    world.call("DELETE", &format!("/users/{user}")).send().await.expect_status(204);
    // The 403 comes before what else the store says.
    let body = json!({ "user_id": user, "role_id": "rol_00000000000000000000000000" });
    world.begin(body).await.expect_problem(403, "insufficient-scope");
    world.send("PATCH", &format!("/users/{user}"), json!({ "status": "active" })).await.expect_status(200);
    world.conversation(&user).await;
    assert_eq!(world.app.items_of("conversation").await.len(), 1);
}

#[tokio::test]
async fn each_conversation_has_an_id_of_its_own() {
    let world = Members::new().await;
    let user = world.user("u").await;
    let calls = (0..64).map(|_| world.begin(json!({ "user_id": user })));
    let made = futures_util::future::join_all(calls).await;
    let ids: BTreeSet<String> = made.into_iter().map(|made| id_of(&made.expect_status(201).json())).collect();
    assert_eq!((ids.len(), world.app.items_of("conversation").await.len()), (64, 64));
}
