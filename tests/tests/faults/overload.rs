//! A store that is over its limits: cases J1-J4 (J5 and J6 come with quotas).

use super::{app, expect_unavailable, of, post_once};
use std::time::{Duration, Instant};
use tests::{Action, Rule, json};

#[tokio::test]
async fn a_short_throttle_is_not_seen() {
    let (app, key) = app().await;
    let path = format!("/tenants/{}", app.new_tenant(&key, "a").await["id"].as_str().unwrap());
    for throttle in [Action::Throttle, Action::ThroughputExceeded] {
        for (op, method, body) in [("UpdateItem", "PATCH", json!({ "name": "b" })), ("GetItem", "GET", json!({}))] {
            app.faults([Rule::on(op, throttle.clone()).key("#T").times(3)]);
            let started = Instant::now();
            app.with_key(&key, method, &path).json(body).send().await.expect_status(200);
            assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
        }
        app.faults([Rule::on("TransactWriteItems", throttle.clone()).times(3)]);
        post_once(&app, &key, &format!("{throttle:?}")).await.expect_status(201);
    }
}

#[tokio::test]
async fn a_lasting_throttle_is_told_within_a_second_after_four_attempts() {
    let (app, key) = app().await;
    let tenant = app.new_tenant(&key, "a").await;
    let path = format!("/tenants/{}", tenant["id"].as_str().unwrap());
    for op in ["GetItem", "PutItem", "UpdateItem", "TransactWriteItems"] {
        app.faults([]);
        let call = match op {
            "GetItem" => app.with_key(&key, "GET", &path),
            "PutItem" => app.with_key(&key, "POST", "/tenants"),
            "UpdateItem" => app.with_key(&key, "PATCH", &path).json(json!({ "name": "b" })),
            _ => app.with_key(&key, "POST", "/tenants").json(json!({ "external_id": "b" })),
        };
        // Past the cold start.
        call.clone().send().await;
        app.faults([Rule::on(op, Action::Throttle).key("#T")]);
        let started = Instant::now();
        let (answer, log) = app.requests_of(call.send()).await;
        expect_unavailable(answer);
        assert!(started.elapsed() < Duration::from_secs(1), "{op}: {:?}", started.elapsed());
        let attempts = of(&log, op).into_iter().filter(|entry| entry.status == Some(400)).count();
        assert_eq!(attempts, 4, "{op}");
    }
}

/// A transaction of which one item is over its partition's limit.
fn cancelled_by_throttling() -> Action {
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled, please refer cancellation reasons for specific reasons [ThrottlingError, None]",
        "CancellationReasons": [
            { "Code": "ThrottlingError", "Message": "Throughput exceeds the current capacity: KeyRangeThroughputExceeded" },
            { "Code": "None" },
        ],
    });
    Action::Status { code: 400, body: body.to_string() }
}

#[tokio::test]
async fn a_throttled_part_of_a_transaction_is_tried_four_times() {
    let (app, key) = app().await;
    app.faults([Rule::on("TransactWriteItems", cancelled_by_throttling()).times(3)]);
    post_once(&app, &key, "a").await.expect_status(201);
    app.faults([Rule::on("TransactWriteItems", cancelled_by_throttling())]);
    let started = Instant::now();
    let (answer, log) = app.requests_of(post_once(&app, &key, "b")).await;
    expect_unavailable(answer);
    assert_eq!(of(&log, "TransactWriteItems").len(), 4);
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
}

#[tokio::test]
async fn the_log_says_why_the_store_throttled() {
    let (app, key) = app().await;
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException",
        "message": "Throughput exceeds the current capacity: KeyRangeThroughputExceeded",
    });
    app.faults([Rule::on("Query", Action::Status { code: 400, body: body.to_string() })]);
    expect_unavailable(app.with_key(&key, "GET", "/tenants").send().await);
    let why = |operation: &str, log: &str| {
        let told = |line: &&str| line.contains(operation) && line.contains("KeyRangeThroughputExceeded");
        assert_eq!(log.lines().filter(told).count(), 1, "{log}");
    };
    why("list-tenants", &app.lambda.log_with("KeyRangeThroughputExceeded").await.unwrap());
    app.faults([Rule::on("TransactWriteItems", cancelled_by_throttling())]);
    expect_unavailable(post_once(&app, &key, "a").await);
    why("create-tenant", &app.lambda.log_with("create-tenant").await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_store_is_not_buried_under_retries() {
    let (app, key) = app().await;
    const PROCESSES: usize = 4;
    const ROUNDS: usize = 60;
    app.lambda.warm("get-tenant", PROCESSES).await.unwrap();
    let status = Action::Status { code: 500, body: r#"{"__type":"InternalServerError"}"#.to_owned() };
    app.faults([Rule::always(status)]);
    let (_, log) = app
        .requests_of(async {
            for _ in 0..ROUNDS {
                let calls = (0..PROCESSES).map(|_| app.with_key(&key, "GET", "/tenants/x").send());
                for answer in futures_util::future::join_all(calls).await {
                    expect_unavailable(answer);
                }
            }
        })
        .await;
    // Each reads the caller's root; the path names nothing, so that is all.
    let requests = ROUNDS * PROCESSES;
    // Not one succeeds, so there is nothing but the 40 that each process may spend at once.
    assert!(log.len() <= requests + 40 * PROCESSES, "{} attempts for {requests} requests", log.len());
    assert!(log.len() > requests + 30 * PROCESSES, "{} attempts for {requests} requests", log.len());
    app.faults([]);
    let recovered = Instant::now();
    app.with_key(&key, "GET", "/tenants/x").send().await.expect_status(404);
    assert!(recovered.elapsed() < Duration::from_secs(1));
}
