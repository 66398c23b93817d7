//! Tokens, conversations and messages. The gate that a request reads and checks is one of sixteen; which one does not change the cost.

use super::World;
use tests::{Value, json};

#[tokio::test]
async fn exchange_token() {
    let world = World::new().await;
    let of = |user: &str| json!({ "tenant_external_id": "{external_id}-members", "user_external_id": user });
    let expected = "200: Batch2 + Query, Batch2, Batch1; 5.5 read, 0 written";
    assert_eq!(world.cost_of("exchangeToken", of("one")).await, expected);
    assert_eq!(world.cost_of("exchangeToken", of("none")).await, "404: Batch2 + Query, Batch2; 4.5 read, 0 written");
}

#[tokio::test]
async fn get_jwks() {
    let world = World::new().await;
    assert_eq!(world.cost_of("getJwks", Value::Null).await, "200: Query; 1 read, 0 written");
}

#[tokio::test]
async fn create_conversation() {
    let world = World::new().await;
    let begin = async |body: Value| world.cost_of("createConversation", body).await;
    assert_eq!(begin(json!({ "user_id": "{user_id}" })).await, "");
    assert_eq!(begin(json!({ "user_id": "{user_id}", "runtime": { "mode": "sticky" } })).await, "");
    let absent = "usr_00000000000000000000000000";
    assert_eq!(begin(json!({ "user_id": absent })).await, "404: Batch3; 3 read, 0 written");
    for _ in 0..2 {
        let once = world.call("createConversation", json!({ "user_id": "{user_id}" })).once("k");
        assert_eq!(world.cost(once).await, "");
    }
}

#[tokio::test]
async fn list_conversations() {
    let world = World::new().await;
    assert_eq!(world.cost(world.list("listConversations", "?user_id={user_id}")).await, "");
    let after = "?user_id={user_id}&starting_after={conversation_id}";
    assert_eq!(world.cost(world.list("listConversations", after)).await, "");
}

#[tokio::test]
async fn get_conversation() {
    let world = World::new().await;
    assert_eq!(world.cost_of("getConversation", Value::Null).await, "200: Batch3; 3 read, 0 written");
}

#[tokio::test]
async fn update_conversation() {
    let world = World::new().await;
    let update = async |body: Value| world.cost_of("updateConversation", body).await;
    assert_eq!(update(json!({ "title": "x" })).await, "");
    assert_eq!(update(json!({})).await, "200: Batch3; 3 read, 0 written");
    assert_eq!(update(json!({ "runtime": { "mode": "sticky" } })).await, "");
    assert_eq!(update(json!({ "runtime": { "mode": "pooled" } })).await, "");
}

#[tokio::test]
async fn archive_conversation() {
    let world = World::new().await;
    assert_eq!(world.cost_of("archiveConversation", Value::Null).await, "");
    assert_eq!(world.cost_of("archiveConversation", Value::Null).await, "204: Batch3; 3 read, 0 written");
}

#[tokio::test]
async fn create_message() {
    let world = World::new().await;
    let content = || json!({ "content": "x" });
    assert_eq!(world.cost_of("createMessage", content()).await, "");
    for _ in 0..2 {
        let once = world.call("createMessage", content()).once("k");
        assert_eq!(world.cost(once).await, "");
    }
}

#[tokio::test]
async fn list_messages() {
    let world = World::new().await;
    world.done("createMessage", json!({ "content": "x" })).await;
    for query in ["", "?order=desc"] {
        assert_eq!(world.cost(world.list("listMessages", query)).await, "");
    }
}

/// A write that a suspended tenant refuses costs what it read.
#[tokio::test]
async fn a_suspended_tenants_refusals_cost_only_their_reads() {
    let world = World::new().await;
    let tenant = world.done("getUser", Value::Null).await["tenant_id"].as_str().unwrap().to_owned();
    let suspend = world.app.with_key(&world.fixture.key, "PATCH", &format!("/tenants/{tenant}"));
    // All gates change in the transaction of the tenant.
    assert_eq!(world.cost(suspend.json(json!({ "status": "suspended" }))).await, "");
    for (id, body) in [
        ("createConversation", json!({ "user_id": "{user_id}", "runtime": { "mode": "sticky" } })),
        ("updateConversation", json!({ "runtime": { "mode": "sticky" } })),
        ("archiveConversation", Value::Null),
        ("createMessage", json!({ "content": "x" })),
    ] {
        assert_eq!(world.cost_of(id, body).await, "403: Batch3; 3 read, 0 written", "{id}");
    }
    let exchange = json!({ "tenant_external_id": "{external_id}-members", "user_external_id": "one" });
    assert_eq!(world.cost_of("exchangeToken", exchange).await, "");
}
