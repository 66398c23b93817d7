//! Tokens, conversations and messages. The gate that a request reads and checks is one of sixteen; which one does not change the cost.

use super::World;
use tests::{Value, json};

#[tokio::test]
async fn exchange_token() {
    let world = World::new().await;
    let of = |user: &str| json!({ "tenant_external_id": "{external_id}-members", "user_external_id": user });
    let expected = "200: Batch2 + Query, Batch2, Batch1; 6 read, 0 written";
    assert_eq!(world.cost_of("exchangeToken", of("one")).await, expected);
    assert_eq!(world.cost_of("exchangeToken", of("none")).await, "404: Batch2 + Query, Batch2; 5 read, 0 written");
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
    let expected =
        ["201: Batch3, Batch1, Transact4; 4 read, 10 written", "201: Batch3, Batch1, Transact4; 4 read, 12 written"];
    assert_eq!(begin(json!({ "user_id": "{user_id}" })).await, world.counting.pick(expected[0], expected[1]));
    let expected =
        ["201: Batch3, Batch2, Transact5; 5 read, 12 written", "201: Batch3, Batch2, Transact5; 5 read, 14 written"];
    assert_eq!(
        begin(json!({ "user_id": "{user_id}", "runtime": { "mode": "sticky" } })).await,
        world.counting.pick(expected[0], expected[1])
    );
    let absent = "usr_00000000000000000000000000";
    assert_eq!(begin(json!({ "user_id": absent })).await, "404: Batch3; 3 read, 0 written");
    let once = async || world.cost(world.call("createConversation", json!({ "user_id": "{user_id}" })).once("k")).await;
    let expected =
        ["201: Batch4, Batch1, Transact5; 5 read, 12 written", "201: Batch4, Batch1, Transact5; 5 read, 14 written"];
    assert_eq!(once().await, world.counting.pick(expected[0], expected[1]));
    assert_eq!(once().await, "201: Batch4; 4 read, 0 written");
}

#[tokio::test]
async fn list_conversations() {
    let world = World::new().await;
    assert_eq!(
        world.cost(world.list("listConversations", "?user_id={user_id}")).await,
        "200: Batch3, Query, Batch1; 4.5 read, 0 written"
    );
    let after = "?user_id={user_id}&starting_after={conversation_id}";
    assert_eq!(world.cost(world.list("listConversations", after)).await, "200: Batch4, Query; 4.5 read, 0 written");
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
    assert_eq!(update(json!({ "title": "x" })).await, "200: Batch3, Transact3; 3 read, 6 written");
    assert_eq!(update(json!({})).await, "200: Batch3; 3 read, 0 written");
    assert_eq!(
        update(json!({ "runtime": { "mode": "sticky" } })).await,
        "200: Batch3, Batch2, Transact4; 5 read, 8 written"
    );
    assert_eq!(update(json!({ "runtime": { "mode": "pooled" } })).await, "200: Batch3, Transact4; 3 read, 8 written");
}

#[tokio::test]
async fn archive_conversation() {
    let world = World::new().await;
    assert_eq!(world.cost_of("archiveConversation", Value::Null).await, "204: Batch3, Transact3; 3 read, 6 written");
    assert_eq!(world.cost_of("archiveConversation", Value::Null).await, "204: Batch3; 3 read, 0 written");
}

#[tokio::test]
async fn create_message() {
    let world = World::new().await;
    let content = || json!({ "content": "x" });
    let expected = ["201: Batch3, Transact4; 3 read, 12 written", "201: Batch3, Transact4; 3 read, 16 written"];
    assert_eq!(world.cost_of("createMessage", content()).await, world.counting.pick(expected[0], expected[1]));
    let once = async || world.cost(world.call("createMessage", content()).once("k")).await;
    let expected = ["201: Batch4, Transact5; 4 read, 14 written", "201: Batch4, Transact5; 4 read, 18 written"];
    assert_eq!(once().await, world.counting.pick(expected[0], expected[1]));
    assert_eq!(once().await, "201: Batch4; 4 read, 0 written");
}

#[tokio::test]
async fn list_messages() {
    let world = World::new().await;
    world.done("createMessage", json!({ "content": "x" })).await;
    for query in ["", "?order=desc"] {
        let expected = "200: Batch3 + Query; 4 read, 0 written";
        assert_eq!(world.cost(world.list("listMessages", query)).await, expected);
    }
}

/// A write that a suspended tenant refuses costs what it read.
#[tokio::test]
async fn a_suspended_tenants_refusals_cost_only_their_reads() {
    let world = World::new().await;
    let tenant = world.done("getUser", Value::Null).await["tenant_id"].as_str().unwrap().to_owned();
    let suspend = world.app.with_key(&world.fixture.key, "PATCH", &format!("/tenants/{tenant}"));
    // All gates change in the transaction of the tenant.
    let expected = ["200: Batch2, Transact17; 2 read, 35 written", "200: Batch2, Transact17; 2 read, 36 written"];
    assert_eq!(
        world.cost(suspend.json(json!({ "status": "suspended" }))).await,
        world.counting.pick(expected[0], expected[1])
    );
    for (id, body) in [
        ("createConversation", json!({ "user_id": "{user_id}", "runtime": { "mode": "sticky" } })),
        ("updateConversation", json!({ "runtime": { "mode": "sticky" } })),
        ("archiveConversation", Value::Null),
        ("createMessage", json!({ "content": "x" })),
    ] {
        assert_eq!(world.cost_of(id, body).await, "403: Batch3; 3 read, 0 written", "{id}");
    }
    let exchange = json!({ "tenant_external_id": "{external_id}-members", "user_external_id": "one" });
    assert_eq!(
        world.cost_of("exchangeToken", exchange).await,
        "403: Batch2 + Query, Batch2, Batch1; 6 read, 0 written"
    );
}

/// The user and the signing key are read in the first batch. A write checks both in its transaction.
#[tokio::test]
async fn a_token_costs_no_round_trip() {
    let world = World::new().await;
    let exchange = json!({ "tenant_external_id": "{external_id}-members", "user_external_id": "one" });
    let token = world.done("exchangeToken", exchange).await["token"].as_str().unwrap().to_owned();
    let cost = async |method: &str, path: &str, body: Value| {
        let path = world.fixture.filled(path);
        let call = world.app.with_key(&token, method, &path);
        world.cost(if body.is_null() { call } else { call.json(body) }).await
    };
    let conversation = "/conversations/{conversation_id}";
    let messages = "/conversations/{conversation_id}/messages";
    let pick = |aws: &'static str, dynamodb_local: &'static str| world.counting.pick(aws, dynamodb_local);
    assert_eq!(cost("GET", conversation, Value::Null).await, "200: Batch5; 5 read, 0 written");
    assert_eq!(cost("GET", messages, Value::Null).await, "200: Batch5 + Query; 6 read, 0 written");
    let expected = ["201: Batch5, Transact6; 5 read, 16 written", "201: Batch5, Transact6; 5 read, 20 written"];
    assert_eq!(cost("POST", messages, json!({ "content": "x" })).await, pick(expected[0], expected[1]));
    let expected = "200: Batch5, Transact5; 5 read, 10 written";
    assert_eq!(cost("PATCH", conversation, json!({ "title": "x" })).await, expected);
    // The user of a conversation is checked anyway.
    let expected =
        ["201: Batch4, Batch1, Transact5; 5 read, 12 written", "201: Batch4, Batch1, Transact5; 5 read, 14 written"];
    assert_eq!(cost("POST", "/conversations", json!({})).await, pick(expected[0], expected[1]));
}

/// A refusal by what is read after the record of an earlier request looks for that record again: a duplicate may be the reason.
#[tokio::test]
async fn a_refusal_with_a_key_looks_for_a_duplicate() {
    let world = World::new().await;
    let repository = "rep_00000000000000000000000000";
    let begin = || world.call("createConversation", json!({ "user_id": "{user_id}", "repository_id": repository }));
    assert_eq!(world.cost(begin()).await, "422: Batch3, Batch1; 4 read, 0 written");
    assert_eq!(world.cost(begin().once("k")).await, "422: Batch4, Batch1, Batch1; 6 read, 0 written");
    let say = || world.call("createMessage", json!({ "content": "x", "repository_id": repository }));
    assert_eq!(world.cost(say()).await, "422: Batch3, Batch1; 4 read, 0 written");
    assert_eq!(world.cost(say().once("k")).await, "422: Batch4, Batch1, Batch1; 6 read, 0 written");
    let absent = || world.call("createConversation", json!({ "user_id": "usr_00000000000000000000000000" }));
    assert_eq!(world.cost(absent().once("k")).await, "404: Batch4; 4 read, 0 written");
}
