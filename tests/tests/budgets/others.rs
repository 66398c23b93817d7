//! Who the caller is, what needs no credential, and the sweep.

use super::World;
use tests::{Counting, Value, json};

#[tokio::test]
async fn get_integration_self() {
    let world = World::new().await;
    assert_eq!(world.cost_of("getIntegrationSelf", Value::Null).await, "200: Batch1, Batch1; 2 read, 0 written");
}

#[tokio::test]
async fn get_health() {
    assert_eq!(World::new().await.cost_of("getHealth", Value::Null).await, "200: no request");
}

#[tokio::test]
async fn get_openapi() {
    assert_eq!(World::new().await.cost_of("getOpenapi", Value::Null).await, "200: no request");
}

#[tokio::test]
async fn list_problems() {
    assert_eq!(World::new().await.cost_of("listProblems", Value::Null).await, "200: no request");
}

#[tokio::test]
async fn get_problem() {
    assert_eq!(World::new().await.cost_of("getProblem", Value::Null).await, "200: no request");
}

#[tokio::test]
async fn a_job_of_the_sweep_keeps_its_budget() {
    let world = World::new().await;
    world.attach_another().await;
    world.done("deleteTenantByExternalId", Value::Null).await;
    let (swept, log) = world.app.requests_of(world.app.sweep()).await;
    swept.unwrap();
    let requests: Vec<_> = log.iter().map(|entry| (entry.operation.as_str(), entry.parts().len())).collect();
    let release = ("TransactWriteItems", 2);
    let expected = [("UpdateItem", 1), release, release, ("TransactWriteItems", 1)];
    assert_eq!(requests, [[("Query", 1); 17].as_slice(), &expected].concat());
    // The lease and the job's end are index writes, too. What DynamoDB Local counts for them is no budget of this table.
    if world.counting == Counting::Aws {
        let units: Vec<_> = log.iter().map(|entry| entry.read_units() + entry.write_units()).collect();
        assert_eq!(units, [[0.5; 17].as_slice(), &[2.0, 4.0, 4.0, 3.0]].concat());
        let log = world.app.lambda.log_with("oldest_job_seconds").await.unwrap();
        let line: Value = serde_json::from_str(log.lines().find(|line| line.contains("\"jobs\"")).unwrap()).unwrap();
        assert_eq!((&line["read"], &line["write"]), (&json!(8.5), &json!(13)), "{line}");
    }
}
