//! `PATCH /conversations/{conversation_id}` but for leases

use tests::checks::{next_millisecond, wrote};
use tests::{Members, Value, id_of, json};

#[tokio::test]
async fn members_merge_and_those_left_out_stay() {
    let world = Members::new().await;
    let user = world.user("u").await;
    let body = json!({ "user_id": user, "title": "T", "metadata": { "a": "1", "b": "2" } });
    let made = world.begin(body).await.expect_status(201);
    let id = id_of(&made.json());
    let mut expected = made.json();
    let mut etag = made.etag();
    for (patch, member, value) in [
        (json!({ "title": "U" }), "title", json!("U")),
        (json!({ "title": null }), "title", Value::Null),
        (json!({ "title": "U" }), "title", json!("U")),
        (json!({ "title": "" }), "title", Value::Null),
        (json!({ "filler": { "enabled": false } }), "filler", json!({ "enabled": false })),
        (json!({ "filler": {} }), "filler", json!({ "enabled": false })),
        (json!({ "filler": null }), "filler", json!({ "enabled": false })),
        (json!({ "metadata": { "c": "3" } }), "metadata", json!({ "c": "3" })),
        (json!({ "metadata": {} }), "metadata", json!({})),
        (json!({ "runtime": {} }), "metadata", json!({})),
        (json!({ "runtime": { "agent_type": "claude-agent-sdk" } }), "metadata", json!({})),
        (json!({ "status": "active" }), "status", json!("active")),
    ] {
        next_millisecond().await;
        let changed = world.change(&id, patch.clone()).await.expect_status(200);
        let shown = changed.json();
        assert!(shown["updated_at"].as_str() > expected["updated_at"].as_str(), "{patch}: {shown}");
        assert_ne!(changed.etag(), etag, "{patch}");
        (expected[member], expected["updated_at"], etag) = (value, shown["updated_at"].clone(), changed.etag());
        assert_eq!(shown, expected, "{patch}");
        let read = world.shown(&id).await;
        assert_eq!((read.json(), read.etag()), (shown, changed.etag()), "{patch}");
    }
    let (unchanged, log) = world.app.requests_of(world.change(&id, json!({}))).await;
    assert_eq!((unchanged.clone().expect_status(200).json(), unchanged.etag()), (expected, etag));
    assert!(!wrote(&log));
}

#[tokio::test]
async fn what_a_patch_may_not_have() {
    let world = Members::new().await;
    let user = world.user("u").await;
    let id = id_of(&world.conversation(&user).await);
    let patch = json!({
        "user_id": user, "role_id": null, "repository_id": null, "message_count": 0, "context": {},
        "title": 1, "status": "closed", "runtime": { "mode": "warm", "sticky_ttl_seconds": 86401, "x": 1 },
        "filler": { "enabled": 1 }, "metadata": null,
    });
    let expected = [
        "/context",
        "/filler/enabled",
        "/message_count",
        "/metadata",
        "/repository_id",
        "/role_id",
        "/runtime/mode",
        "/runtime/sticky_ttl_seconds",
        "/runtime/x",
        "/status",
        "/title",
        "/user_id",
    ];
    assert_eq!(world.change(&id, patch).await.pointers(), expected);
    for (patch, pointer) in [
        (json!({ "status": null }), "/status"),
        (json!({ "runtime": null }), "/runtime"),
        (json!({ "runtime": { "mode": "pooled", "sticky_ttl_seconds": 60 } }), "/runtime/sticky_ttl_seconds"),
        // By what is stored: it has no lease, and another agent type.
        (json!({ "runtime": { "sticky_ttl_seconds": 60 } }), "/runtime/sticky_ttl_seconds"),
        (json!({ "runtime": { "agent_type": "other" } }), "/runtime/agent_type"),
        (json!({ "runtime": { "agent_type": "other", "sticky_ttl_seconds": 60 } }), "/runtime/agent_type"),
    ] {
        assert_eq!(world.change(&id, patch.clone()).await.pointers(), [pointer], "{patch}");
    }
    let before = world.shown(&id).await;
    assert_eq!(before.version(), 1);
    let merge = world.call("PATCH", &format!("/conversations/{id}"));
    let merge = merge.body("application/merge-patch+json", r#"{"title":"merged"}"#).send().await.expect_status(200);
    assert_eq!(merge.json()["title"], json!("merged"));
}

#[tokio::test]
async fn a_patch_and_an_archive_ask_for_the_version_of_if_match() {
    let world = Members::new().await;
    let id = id_of(&world.conversation(&world.user("u").await).await);
    let path = format!("/conversations/{id}");
    let patch = |tag: &str| world.call("PATCH", &path).json(json!({ "title": "T" })).header("if-match", tag);
    let first = world.shown(&id).await.etag();
    let second = patch(&first).send().await.expect_status(200).etag();
    patch(&first).send().await.expect_problem(412, "precondition-failed");
    patch(&format!("W/{second}")).send().await.expect_problem(412, "precondition-failed");
    // The 412 comes before what the store says otherwise.
    let other = json!({ "runtime": { "agent_type": "other" } });
    let stale = world.call("PATCH", &path).json(other).header("if-match", &first);
    stale.send().await.expect_problem(412, "precondition-failed");
    let third = patch("*").send().await.expect_status(200).etag();
    // A message makes another version of its conversation.
    world.say(&id, json!({ "content": "c" })).await.expect_status(201);
    patch(&third).send().await.expect_problem(412, "precondition-failed");
    let fourth = world.shown(&id).await.etag();
    assert_ne!(fourth, third);
    let archive = |tag: &str| world.call("DELETE", &path).header("if-match", tag);
    archive(&third).send().await.expect_problem(412, "precondition-failed");
    archive(&fourth).send().await.expect_status(204);
    archive(&fourth).send().await.expect_problem(412, "precondition-failed");
    let archived = world.shown(&id).await.etag();
    archive(&archived).send().await.expect_status(204);
    // 412 comes before 409.
    patch(&fourth).send().await.expect_problem(412, "precondition-failed");
    patch(&archived).send().await.expect_problem(409, "conversation-archived");
    assert_eq!(patch("x").send().await.pointers(), ["/header/If-Match"]);
    let absent = world.call("DELETE", "/conversations/con_00000000000000000000000000").header("if-match", "*");
    absent.send().await.expect_problem(404, "not-found");
}
