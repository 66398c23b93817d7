//! Customers. A customer's writes cost one unit more in the index by creation.

use super::{World, cost};
use tests::{App, Value, json};

#[tokio::test]
async fn create_customer() {
    let world = World::new().await;
    let new = world.cost_of("createCustomer", json!({ "customer_id": "new" })).await;
    let expected = ["201: Batch1, Transact2; 1 read, 5 written", "201: Batch1, Transact2; 1 read, 6 written"];
    assert_eq!(new, world.counting.pick(expected[0], expected[1]));
    let once = world.cost(world.call("createCustomer", json!({ "customer_id": "newer" })).once("k")).await;
    let expected = ["201: Batch1, Transact3; 1 read, 7 written", "201: Batch1, Transact3; 1 read, 6 written"];
    assert_eq!(once, world.counting.pick(expected[0], expected[1]));
}

#[tokio::test]
async fn get_customer() {
    let world = World::new().await;
    assert_eq!(world.cost_of("getCustomer", Value::Null).await, "200: Batch2; 2 read, 0 written");
    let by_id = world.app.operator("GET", &format!("/v1/customers/{}", world.fixture.customer));
    assert_eq!(world.cost(by_id).await, "200: Batch2, Batch1; 3 read, 0 written");
}

#[tokio::test]
async fn list_customers() {
    let world = World::new().await;
    assert_eq!(world.cost_of("listCustomers", Value::Null).await, "200: Batch1, Query; 2 read, 0 written");
}

#[tokio::test]
async fn update_customer() {
    let world = World::new().await;
    let change = json!({ "display_name": "x" });
    assert_eq!(world.cost_of("updateCustomer", change.clone()).await, "200: Batch2, Update; 2 read, 2 written");
    assert_eq!(world.cost_of("updateCustomer", json!({})).await, "200: Batch2; 2 read, 0 written");
    let limits = world.cost_of("updateCustomer", json!({ "limits": { "requests_per_second": 5 } })).await;
    let expected = ["200: Batch2, Transact2; 2 read, 5 written", "200: Batch2, Transact2; 2 read, 6 written"];
    assert_eq!(limits, world.counting.pick(expected[0], expected[1]));
    let by_id = world.app.operator("PATCH", &format!("/v1/customers/{}", world.fixture.customer)).json(change);
    let by_id = world.cost(by_id.header("if-match", "*")).await;
    assert_eq!(by_id, "200: Batch2, Batch1, Update; 3 read, 2 written");
}

#[tokio::test]
async fn archive_customer() {
    let world = World::new().await;
    let expected = ["204: Batch2, Transact18; 2 read, 37 written", "204: Batch2, Transact18; 2 read, 38 written"];
    assert_eq!(world.cost_of("archiveCustomer", Value::Null).await, world.counting.pick(expected[0], expected[1]));
}

#[tokio::test]
async fn restore_customer() {
    let world = World::new().await;
    world.done("archiveCustomer", Value::Null).await;
    let expected = ["200: Batch2, Transact18; 2 read, 37 written", "200: Batch2, Transact18; 2 read, 38 written"];
    assert_eq!(world.cost_of("restoreCustomer", Value::Null).await, world.counting.pick(expected[0], expected[1]));
    assert_eq!(world.cost_of("restoreCustomer", Value::Null).await, "200: Batch2; 2 read, 0 written");
}

#[tokio::test]
async fn archiving_costs_the_same_whatever_hangs_below() {
    let app = App::start().await;
    let (empty, full) = ("/v1/customers/empty", "/v1/customers/full");
    app.new_customer("empty").await;
    let key = app.new_integration("full").await;
    for number in 0..30 {
        app.new_tenant(&key, &number.to_string()).await;
    }
    let mut costs = Vec::new();
    for path in [empty, full] {
        let (_, archived) = app.requests_of(app.operator("DELETE", path).send()).await;
        let (_, restored) = app.requests_of(app.operator("POST", &format!("{path}/restore")).send()).await;
        costs.push((cost(&archived), cost(&restored)));
    }
    assert_eq!(costs[0], costs[1]);
}
