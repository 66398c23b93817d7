//! The registry of repositories.

use super::World;
use tests::{Value, json};

#[tokio::test]
async fn list_repositories() {
    let world = World::new().await;
    let all = world.cost_of("listRepositories", Value::Null).await;
    assert_eq!(all, "200: Batch1 + Query; 2 read, 0 written");
    let by_name = world.cost(world.list("listRepositories", "?name=one")).await;
    assert_eq!(by_name, "200: Batch2, Batch1; 3 read, 0 written");
}

#[tokio::test]
async fn get_repository() {
    let world = World::new().await;
    assert_eq!(world.cost_of("getRepository", Value::Null).await, "200: Batch2; 2 read, 0 written");
}

#[tokio::test]
async fn register_repository() {
    let world = World::new().await;
    let new = |name: &str| json!({ "name": name, "repo_url": "https://example.com/" });
    let registered = world.cost_of("registerRepository", new("new")).await;
    assert_eq!(registered, "201: Batch1, Transact2; 1 read, 4 written");
    let once = world.cost(world.call("registerRepository", new("newer")).once("k")).await;
    assert_eq!(once, "201: Batch1, Transact3; 1 read, 6 written");
}

#[tokio::test]
async fn update_repository() {
    let world = World::new().await;
    let update = async |body: Value| world.cost_of("updateRepository", body).await;
    assert_eq!(update(json!({ "branch": "x" })).await, "200: Batch2, Update; 2 read, 1 written");
    assert_eq!(update(json!({ "name": "renamed" })).await, "200: Batch2, Transact3; 2 read, 6 written");
}

#[tokio::test]
async fn delete_repository() {
    let world = World::new().await;
    assert_eq!(world.cost_of("deleteRepository", Value::Null).await, "409: Batch2, Query; 3 read, 0 written");
    world.done("detachTenantRepository", Value::Null).await;
    assert_eq!(world.cost_of("deleteRepository", Value::Null).await, "204: Batch2, Transact2; 2 read, 4 written");
}
