//! A store that is over its limits: cases J1-J4.

use super::{app, expect_unavailable, expect_within, of, post_once};
use futures_util::future::join_all;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tests::{Action, App, Call, LogEntry, Rule, Value, json};

#[tokio::test]
async fn a_short_throttle_is_not_seen() {
    let (app, key) = app().await;
    let path = format!("/tenants/{}", app.new_tenant(&key, "a").await["id"].as_str().unwrap());
    for function in ["update-tenant", "get-tenant", "create-tenant"] {
        app.lambda.warm(function, 1).await.unwrap();
    }
    const BOUND: Duration = Duration::from_millis(300);
    for throttle in [Action::Throttle, Action::ThroughputExceeded] {
        for (op, method, body) in [("UpdateItem", "PATCH", json!({ "name": "b" })), ("BatchGetItem", "GET", json!({}))]
        {
            expect_within(BOUND, async || {
                app.faults([Rule::on(op, throttle.clone()).key("#T").times(3)]);
                app.with_key(&key, method, &path).json(body.clone()).send().await.expect_status(200);
            })
            .await;
        }
    }
    let mut external_ids = (0..).map(|n| format!("t{n}"));
    for throttle in [Action::Throttle, Action::ThroughputExceeded, cancelled_by_throttling()] {
        expect_within(BOUND, async || {
            app.faults([Rule::on("TransactWriteItems", throttle.clone()).times(3)]);
            post_once(&app, &key, &external_ids.next().unwrap()).await.expect_status(201);
        })
        .await;
    }
}

#[tokio::test]
async fn a_lasting_throttle_is_told_within_a_second_after_four_attempts() {
    let (app, key) = app().await;
    let tenant = app.new_tenant(&key, "a").await;
    let path = format!("/tenants/{}", tenant["id"].as_str().unwrap());
    for op in ["BatchGetItem", "PutItem", "UpdateItem", "TransactWriteItems"] {
        app.faults([]);
        let call = match op {
            "BatchGetItem" => app.with_key(&key, "GET", &path),
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
    Action::status(400, body.to_string())
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
    app.faults([Rule::on("Query", Action::status(400, body.to_string()))]);
    expect_unavailable(app.with_key(&key, "GET", "/tenants").send().await);
    let why = |route: &str, log: &str| {
        let says_why = |line: &&str| line.contains(route) && line.contains("KeyRangeThroughputExceeded");
        assert_eq!(log.lines().filter(says_why).count(), 1, "{log}");
    };
    why("GET /tenants\"", &app.lambda.log_with("KeyRangeThroughputExceeded").await.unwrap());
    app.faults([Rule::on("TransactWriteItems", cancelled_by_throttling())]);
    let answer = post_once(&app, &key, "a").await;
    let log = app.lambda.log_with(answer.header("x-request-id").unwrap()).await.unwrap();
    expect_unavailable(answer);
    why("POST /tenants\"", &log);
}

#[tokio::test]
async fn whatever_the_store_says_the_log_has_one_short_line() {
    let (app, key) = app().await;
    app.lambda.warm("list-tenants", 1).await.unwrap();
    let odd = "\n\u{1b}[31m\r\"\\\u{0}";
    for rest in ["x", "\u{1}", "\u{7f}\u{9b}31m", "\u{1f642}"] {
        let message = format!("{odd}{}", rest.repeat(100_000));
        let body = json!({ "__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException", "message": message });
        app.faults([Rule::on("Query", Action::status(400, body.to_string()))]);
        let answer = app.with_key(&key, "GET", "/tenants").send().await;
        let log = app.lambda.log_with(answer.header("x-request-id").unwrap()).await.unwrap();
        expect_unavailable(answer);
        let line = log.lines().last().unwrap();
        let event: Value = serde_json::from_str(line).expect("one line is one event");
        let cause = event["cause"].as_str().unwrap();
        assert!(cause.contains(odd) && cause.chars().count() > 1000, "{line}");
        assert!(line.len() < 9000, "{} bytes", line.len());
        assert!(!line.contains(char::is_control), "{line:?}");
    }
}

#[tokio::test]
async fn a_store_that_says_how_long_to_wait_is_obeyed_within_reason() {
    let (app, key) = app().await;
    app.lambda.warm("list-tenants", 1).await.unwrap();
    let wait = |milliseconds: &str| Action::Status {
        code: 400,
        body: r#"{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException"}"#.to_owned(),
        headers: BTreeMap::from([("x-amz-retry-after".to_owned(), milliseconds.to_owned())]),
    };
    app.faults([Rule::on("Query", wait("300")).nth(1)]);
    let (answer, log) = app.requests_of(app.with_key(&key, "GET", "/tenants").send()).await;
    answer.expect_status(200);
    let queries = of(&log, "Query");
    let pause = queries[1].started - queries[0].finished.unwrap();
    // Its own first pause is 25 ms at most.
    assert!(queries.len() == 2 && pause >= Duration::from_millis(300), "{pause:?}: {queries:?}");
    // A minute is more than the request has.
    expect_within(Duration::from_secs(1), async || {
        app.faults([Rule::on("Query", wait("60000")).nth(1)]);
        app.with_key(&key, "GET", "/tenants").send().await.expect_status(200);
    })
    .await;
}

/// How many processes of one function work against a broken store.
const PROCESSES: usize = 4;
/// How often each of them is asked.
const ROUNDS: usize = 375;

/// Asks all processes again and again; none can answer. What arrived at the store meanwhile.
async fn storm<'a>(app: &'a App, call: impl Fn() -> Call<'a>) -> Vec<LogEntry> {
    let calls = async {
        for _ in 0..ROUNDS {
            for answer in join_all((0..PROCESSES).map(|_| call().send())).await {
                expect_unavailable(answer);
            }
        }
    };
    app.requests_of(calls).await.1
}

/// Once the fault has ended, every process answers soon.
async fn expect_recovery<'a>(app: &'a App, call: impl Fn() -> Call<'a>, status: u16) {
    app.faults([]);
    let ended = Instant::now();
    while join_all((0..PROCESSES).map(|_| call().send())).await.iter().any(|answer| answer.status != status) {
        assert!(ended.elapsed() < Duration::from_secs(5), "it does not recover");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_store_is_not_buried_under_retries() {
    let (app, key) = app().await;
    app.lambda.warm("get-tenant", PROCESSES).await.unwrap();
    app.faults([Rule::always(Action::status(500, r#"{"__type":"InternalServerError"}"#))]);
    // Each reads the caller's root, and the path names nothing: one request.
    let call = || app.with_key(&key, "GET", "/tenants/x");
    let (attempts, requests) = (storm(&app, call).await.len(), ROUNDS * PROCESSES);
    // Not one succeeds, so there is nothing but the 40 that each process may spend at once.
    assert!(attempts <= requests + 40 * PROCESSES, "{attempts} attempts for {requests} requests");
    assert!(attempts > requests + 30 * PROCESSES, "{attempts} attempts for {requests} requests");
    expect_recovery(&app, call, 404).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn updates_that_fail_are_not_buried_under_retries() {
    let (app, key) = app().await;
    let path = format!("/tenants/{}", app.new_tenant(&key, "a").await["id"].as_str().unwrap());
    app.lambda.warm("update-tenant", PROCESSES).await.unwrap();
    app.faults([Rule::on("UpdateItem", Action::status(500, r#"{"__type":"InternalServerError"}"#))]);
    let call = || app.with_key(&key, "PATCH", &path).json(json!({ "name": "b" }));
    let log = storm(&app, call).await;
    // Each reads and updates; one more for five that succeed, which the reads do, and 40 that each process may spend at once.
    let (attempts, requests) = (log.len(), 2 * ROUNDS * PROCESSES);
    assert!(attempts <= requests + requests / 2 / 5 + 40 * PROCESSES, "{attempts} attempts for {requests} requests");
    assert!(of(&log, "UpdateItem").len() > ROUNDS * PROCESSES, "nothing was sent again");
    expect_recovery(&app, call, 200).await;
}
