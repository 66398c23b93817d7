//! Attachments of repositories to a tenant.

use super::World;
use tests::{Value, json};

#[tokio::test]
async fn list_tenant_repositories() {
    let world = World::new().await;
    world.attach_another().await;
    let listed = world.cost_of("listTenantRepositories", Value::Null).await;
    assert_eq!(listed, "200: Batch2, Batch2; 4 read, 0 written");
}

#[tokio::test]
async fn attach_tenant_repository() {
    let world = World::new().await;
    world.attach_another().await;
    world.done("detachTenantRepository", Value::Null).await;
    let attach = async |body: Value| world.cost_of("attachTenantRepository", body).await;
    assert_eq!(attach(Value::Null).await, "201: Batch3, Transact3; 3 read, 6 written");
    assert_eq!(attach(Value::Null).await, "200: Batch3; 3 read, 0 written");
    assert_eq!(attach(json!({ "branch_override": "x" })).await, "200: Batch3, Update; 3 read, 1 written");
}

#[tokio::test]
async fn detach_tenant_repository() {
    let world = World::new().await;
    let detached = world.cost_of("detachTenantRepository", Value::Null).await;
    assert_eq!(detached, "204: Batch2, Transact3; 2 read, 6 written");
}
