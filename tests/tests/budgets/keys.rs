//! Keys of a customer.

use super::World;
use tests::{Value, json};

#[tokio::test]
async fn create_key() {
    let world = World::new().await;
    let body = json!({ "name": "k" });
    let created = world.cost_of("createKey", body.clone()).await;
    assert_eq!(created, "201: Batch2, Batch1, Transact2; 3 read, 4 written");
    let once = world.cost(world.call("createKey", body).once("k")).await;
    assert_eq!(once, "201: Batch3, Batch1, Transact3; 4 read, 6 written");
}

#[tokio::test]
async fn list_keys() {
    let world = World::new().await;
    assert_eq!(world.cost_of("listKeys", Value::Null).await, "200: Batch3, Batch1; 4 read, 0 written");
}

#[tokio::test]
async fn rotate_key() {
    let world = World::new().await;
    let rotated = world.cost_of("rotateKey", Value::Null).await;
    assert_eq!(rotated, "201: Batch3, Batch1, Transact2; 4 read, 4 written");
}

#[tokio::test]
async fn revoke_key() {
    let world = World::new().await;
    assert_eq!(world.cost_of("revokeKey", Value::Null).await, "204: Batch2, Update; 2 read, 1 written");
}
