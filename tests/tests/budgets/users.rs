//! Users. They are in the index of a customer's users. The gate that a request reads is one of sixteen; which one does not change the cost.

use super::World;
use tests::{Value, json};

#[tokio::test]
async fn get_user() {
    let world = World::new().await;
    assert_eq!(world.cost_of("getUser", Value::Null).await, "200: Batch3; 3 read, 0 written");
}

#[tokio::test]
async fn get_user_by_external_id() {
    let world = World::new().await;
    let get = async || world.cost_of("getUserByExternalId", Value::Null).await;
    assert_eq!(get().await, "404: Batch3; 3 read, 0 written");
    world.done("upsertUserByExternalId", Value::Null).await;
    assert_eq!(get().await, "200: Batch3, Batch1; 4 read, 0 written");
}

#[tokio::test]
async fn upsert_user_by_external_id() {
    let world = World::new().await;
    let upsert = async |body: Value| world.cost_of("upsertUserByExternalId", body).await;
    let default = json!({ "default_repository_id": "{repository_id}" });
    // The first user or role of a tenant makes its gates.
    let expected = [
        "201: Batch3, Transact18, Batch1, Transact4; 4 read, 45 written",
        "201: Batch3, Transact18, Batch1, Transact4; 4 read, 46 written",
    ];
    assert_eq!(upsert(default.clone()).await, world.counting.pick(expected[0], expected[1]));
    for same in [default, Value::Null] {
        assert_eq!(upsert(same).await, "200: Batch3, Batch1; 4 read, 0 written");
    }
    assert_eq!(upsert(json!({ "email": "a@b" })).await, "200: Batch3, Batch1, Update; 4 read, 2 written");
    let expected =
        ["200: Batch3, Batch1, Transact3; 4 read, 7 written", "200: Batch3, Batch1, Transact3; 4 read, 8 written"];
    assert_eq!(upsert(json!({ "default_repository_id": null })).await, world.counting.pick(expected[0], expected[1]));
    assert_eq!(
        upsert(json!({ "default_repository_id": "rep_00000000000000000000000000" })).await,
        "422: Batch3, Batch1, Transact3; 4 read, 6 written"
    );
    let tenant = world.tenant_of_members().await;
    let path = |user: &str| format!("/tenants/{}/users/by-external-id/{user}", tenant);
    let put = |user: &str, body: Value| {
        world.app.with_key(&world.fixture.key, "PUT", &path(user)).json(world.fixture.filled_body(&body))
    };
    let expected = ["201: Batch3, Transact3; 3 read, 7 written", "201: Batch3, Transact3; 3 read, 8 written"];
    assert_eq!(world.cost(put("two", json!({}))).await, world.counting.pick(expected[0], expected[1]));
    let expected =
        ["201: Batch3, Batch1, Transact5; 4 read, 11 written", "201: Batch3, Batch1, Transact5; 4 read, 12 written"];
    assert_eq!(
        world.cost(put("three", json!({ "role_ids": ["{role_id}"] }))).await,
        world.counting.pick(expected[0], expected[1])
    );
    let expected = [
        "200: Batch3, Batch1, Batch1, Transact3; 5 read, 7 written",
        "200: Batch3, Batch1, Batch1, Transact3; 5 read, 8 written",
    ];
    assert_eq!(
        world.cost(put("two", json!({ "role_ids": ["{role_id}"] }))).await,
        world.counting.pick(expected[0], expected[1])
    );
}

#[tokio::test]
async fn update_user() {
    let world = World::new().await;
    let update = async |body: Value| world.cost_of("updateUser", body).await;
    assert_eq!(update(json!({})).await, "200: Batch3; 3 read, 0 written");
    assert_eq!(update(json!({ "status": "suspended" })).await, "200: Batch3, Update; 3 read, 2 written");
    let expected =
        ["200: Batch3, Batch1, Transact3; 4 read, 7 written", "200: Batch3, Batch1, Transact3; 4 read, 8 written"];
    assert_eq!(update(json!({ "role_ids": ["{role_id}"] })).await, world.counting.pick(expected[0], expected[1]));
    assert_eq!(update(json!({ "role_ids": ["{role_id}"] })).await, "200: Batch3, Update; 3 read, 2 written");
    let expected = ["200: Batch3, Transact3; 3 read, 7 written", "200: Batch3, Transact3; 3 read, 8 written"];
    assert_eq!(update(json!({ "role_ids": [] })).await, world.counting.pick(expected[0], expected[1]));
}

#[tokio::test]
async fn deactivate_user() {
    let world = World::new().await;
    let deactivate = async || world.cost_of("deactivateUser", Value::Null).await;
    assert_eq!(deactivate().await, "204: Batch3, Update; 3 read, 2 written");
    assert_eq!(deactivate().await, "204: Batch3; 3 read, 0 written");
}

#[tokio::test]
async fn assign_user_role() {
    let world = World::new().await;
    let assign = async || world.cost_of("assignUserRole", Value::Null).await;
    let expected = ["204: Batch4, Transact3; 4 read, 7 written", "204: Batch4, Transact3; 4 read, 8 written"];
    assert_eq!(assign().await, world.counting.pick(expected[0], expected[1]));
    assert_eq!(assign().await, "204: Batch4; 4 read, 0 written");
}

#[tokio::test]
async fn unassign_user_role() {
    let world = World::new().await;
    let unassign = async || world.cost_of("unassignUserRole", Value::Null).await;
    assert_eq!(unassign().await, "204: Batch4; 4 read, 0 written");
    world.done("assignUserRole", Value::Null).await;
    let expected = ["204: Batch4, Transact3; 4 read, 7 written", "204: Batch4, Transact3; 4 read, 8 written"];
    assert_eq!(unassign().await, world.counting.pick(expected[0], expected[1]));
}

#[tokio::test]
async fn list_users() {
    let world = World::new().await;
    assert_eq!(world.cost(world.list("listUsers", "")).await, "200: Batch1 + Query, Batch1; 2.5 read, 0 written");
    assert_eq!(
        world.cost(world.list("listUsers", "?status=active")).await,
        "200: Batch1 + Query, Batch1; 2.5 read, 0 written"
    );
    let expected = ["200: Batch1 + Query; 1.5 read, 0 written", "200: Batch1 + Query; 1 read, 0 written"];
    assert_eq!(
        world.cost(world.list("listUsers", "?status=suspended")).await,
        world.counting.pick(expected[0], expected[1])
    );
    world.done("upsertUserByExternalId", Value::Null).await;
    assert_eq!(
        world.cost(world.list("listUsers", "?tenant_id={tenant_id}")).await,
        "200: Batch2, Query; 3 read, 0 written"
    );
}
