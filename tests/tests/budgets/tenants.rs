//! Tenants. A suspended one is in the index, too.

use super::World;
use tests::{Value, json};

#[tokio::test]
async fn get_tenant() {
    let world = World::new().await;
    assert_eq!(world.cost_of("getTenant", Value::Null).await, "200: Batch2; 2 read, 0 written");
}

#[tokio::test]
async fn list_tenants() {
    let world = World::new().await;
    for query in ["", "?status=active"] {
        assert_eq!(world.cost(world.list("listTenants", query)).await, "200: Batch1 + Query; 2 read, 0 written");
    }
    let expected = ["200: Batch1 + Query; 1.5 read, 0 written", "200: Batch1 + Query; 1 read, 0 written"];
    let none = world.cost(world.list("listTenants", "?status=suspended")).await;
    assert_eq!(none, world.counting.pick(expected[0], expected[1]));
}

#[tokio::test]
async fn create_tenant() {
    let world = World::new().await;
    assert_eq!(world.cost_of("createTenant", Value::Null).await, "201: Batch1, Put; 1 read, 1 written");
    let named = world.cost_of("createTenant", json!({ "external_id": "new" })).await;
    assert_eq!(named, "201: Batch1, Transact2; 1 read, 4 written");
    let once = world.cost(world.call("createTenant", Value::Null).once("l")).await;
    assert_eq!(once, "201: Batch1, Transact2; 1 read, 4 written");
    // A replay costs what the first request did.
    for _ in 0..2 {
        let once = world.call("createTenant", json!({ "external_id": "newer" })).once("k");
        assert_eq!(world.cost(once).await, "201: Batch1, Transact3; 1 read, 6 written");
    }
}

#[tokio::test]
async fn update_tenant() {
    let world = World::new().await;
    let update = async |body: Value| world.cost_of("updateTenant", body).await;
    let attached = world.fixture.names.get("repository_id");
    let unattached = "rep_00000000000000000000000000";
    assert_eq!(update(json!({ "name": "x" })).await, "200: Batch2, Update; 2 read, 1 written");
    assert_eq!(update(json!({})).await, "200: Batch2; 2 read, 0 written");
    let default = |id: &str| json!({ "default_repository_id": id });
    assert_eq!(update(default(attached)).await, "200: Batch2, Update; 2 read, 1 written");
    assert_eq!(update(default(unattached)).await, "422: Batch2; 2 read, 0 written");
    assert_eq!(update(json!({ "status": "suspended" })).await, "200: Batch2, Update; 2 read, 2 written");
    assert_eq!(update(json!({ "name": "z" })).await, "200: Batch2, Update; 2 read, 2 written");
    assert_eq!(update(json!({ "status": "active" })).await, "200: Batch2, Update; 2 read, 2 written");
}

#[tokio::test]
async fn delete_tenant() {
    let world = World::new().await;
    assert_eq!(world.cost_of("deleteTenant", Value::Null).await, "409: Batch2; 2 read, 0 written");
    world.done("detachTenantRepository", Value::Null).await;
    assert_eq!(world.cost_of("deleteTenant", Value::Null).await, "204: Batch2, Transact2; 2 read, 4 written");
}

#[tokio::test]
async fn get_tenant_by_external_id() {
    let world = World::new().await;
    assert_eq!(world.cost_of("getTenantByExternalId", Value::Null).await, "200: Batch2, Batch1; 3 read, 0 written");
}

#[tokio::test]
async fn upsert_tenant_by_external_id() {
    let world = World::new().await;
    let upsert = async |body: Value| world.cost_of("upsertTenantByExternalId", body).await;
    assert_eq!(upsert(Value::Null).await, "200: Batch2, Batch1; 3 read, 0 written");
    assert_eq!(upsert(json!({ "name": "y" })).await, "200: Batch2, Batch1, Update; 3 read, 1 written");
    world.done("deleteTenantByExternalId", Value::Null).await;
    assert_eq!(upsert(Value::Null).await, "201: Batch2, Transact2; 2 read, 4 written");
}

#[tokio::test]
async fn delete_tenant_by_external_id() {
    let world = World::new().await;
    let delete = async || world.cost_of("deleteTenantByExternalId", Value::Null).await;
    // With a job, which is in the index.
    let expected =
        ["204: Batch2, Batch1, Transact3; 3 read, 7 written", "204: Batch2, Batch1, Transact3; 3 read, 6 written"];
    assert_eq!(delete().await, world.counting.pick(expected[0], expected[1]));
    world.done("upsertTenantByExternalId", Value::Null).await;
    assert_eq!(delete().await, "204: Batch2, Batch1, Transact2; 3 read, 4 written");
}
