//! Roles of a tenant.

use super::World;
use tests::{Value, json};

#[tokio::test]
async fn get_role() {
    let world = World::new().await;
    assert_eq!(world.cost_of("getRole", Value::Null).await, "200: Batch3; 3 read, 0 written");
}

#[tokio::test]
async fn create_role() {
    let world = World::new().await;
    let create = async |body: Value| world.cost_of("createRole", body).await;
    // The first user or role of a tenant makes its gates.
    assert_eq!(
        create(json!({ "name": "one" })).await,
        "201: Batch2, Transact18, Batch1, Transact3; 3 read, 42 written"
    );
    assert_eq!(create(json!({ "name": "two" })).await, "201: Batch2, Transact3; 2 read, 6 written");
    assert_eq!(
        create(json!({ "name": "three", "repository_id": "{repository_id}" })).await,
        "201: Batch2, Transact4; 2 read, 8 written"
    );
    assert_eq!(create(json!({ "name": "two" })).await, "409: Batch2, Transact3; 2 read, 6 written");
    let once = async || world.cost(world.call("createRole", json!({ "name": "four" })).once("k")).await;
    assert_eq!(once().await, "201: Batch3, Transact4; 3 read, 8 written");
    assert_eq!(once().await, "201: Batch3; 3 read, 0 written");
}

#[tokio::test]
async fn list_roles() {
    let world = World::new().await;
    assert_eq!(world.cost(world.list("listRoles", "")).await, "200: Batch2; 2 read, 0 written");
    world.done("createRole", json!({ "name": "one" })).await;
    assert_eq!(world.cost(world.list("listRoles", "")).await, "200: Batch2, Query; 3 read, 0 written");
    assert_eq!(world.cost(world.list("listRoles", "?name=one")).await, "200: Batch3, Batch1; 4 read, 0 written");
    assert_eq!(world.cost(world.list("listRoles", "?name=none")).await, "200: Batch3; 3 read, 0 written");
}

#[tokio::test]
async fn update_role() {
    let world = World::new().await;
    let update = async |body: Value| world.cost_of("updateRole", body).await;
    assert_eq!(update(json!({})).await, "200: Batch3; 3 read, 0 written");
    assert_eq!(update(json!({ "description": "x" })).await, "200: Batch3, Update; 3 read, 1 written");
    assert_eq!(update(json!({ "name": "new" })).await, "200: Batch3, Transact3; 3 read, 6 written");
    // The repository is what conversations depend on: the gates change with it.
    let tenant = world.tenant_of_members().await;
    let path = format!("/tenants/{}/repositories/{}", tenant, world.fixture.names.get("repository_id"));
    world.app.with_key(&world.fixture.key, "PUT", &path).send().await.expect_status(201);
    assert_eq!(
        update(json!({ "repository_id": "{repository_id}" })).await,
        "200: Batch3, Transact19; 3 read, 38 written"
    );
    assert_eq!(update(json!({ "repository_id": null })).await, "200: Batch3, Transact19; 3 read, 38 written");
}

#[tokio::test]
async fn delete_role() {
    let world = World::new().await;
    world.done("assignUserRole", Value::Null).await;
    assert_eq!(world.cost_of("deleteRole", Value::Null).await, "409: Batch3, Query; 4 read, 0 written");
    world.done("unassignUserRole", Value::Null).await;
    assert_eq!(world.cost_of("deleteRole", Value::Null).await, "204: Batch3, Transact3; 3 read, 6 written");
}
