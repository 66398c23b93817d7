//! A change holds on the very next request, in every warm process (case E5): 10,000 rounds, none stale. And a caller
//! without a valid key costs a process no memory (E9): 100,000 keys.
//!
//! Rounds of three kinds in parallel: a key made or revoked (half of them), a customer archived or restored, a tenant suspended
//! or activated; after each the next request, which whatever process is free serves.

use futures_util::future::join_all;
use std::sync::atomic::{AtomicUsize, Ordering};
use tenancy::domain::KeyId;
use tenancy::domain::secret::{Claim, Root, Secret};
use tests::{App, json};

/// Each kind's lanes, and the rounds of each lane: 10,000 in all, with an even number in each.
const LANES: [usize; 3] = [2, 4, 2];
const ROUNDS: usize = 1_250;

/// The rounds that were looked at.
static LOOKED_AT: AtomicUsize = AtomicUsize::new(0);

/// The next request with a key has this status.
async fn expect_next(app: &App, key: &str, status: u16, round: usize) {
    LOOKED_AT.fetch_add(1, Ordering::Relaxed);
    let answer = app.with_key(key, "GET", "/integration/self").send_unchecked().await;
    assert_eq!(answer.status, status, "round {round} was stale: {answer}");
}

/// A customer is archived and restored by turns, and its key with it.
async fn archive(app: &App, slug: String) {
    let key = app.new_integration(&slug).await;
    let customer = format!("/v1/customers/{slug}");
    for round in (0..ROUNDS).step_by(2) {
        app.operator("DELETE", &customer).send_unchecked().await.expect_status(204);
        expect_next(app, &key, 401, round).await;
        app.operator("POST", &format!("{customer}/restore")).send_unchecked().await.expect_status(200);
        expect_next(app, &key, 200, round + 1).await;
    }
}

/// A key is made, used, revoked. Now and then of a new customer, because with its fiftieth key a customer becomes slow.
async fn revoke(app: &App, slug: String) {
    let mut keys = String::new();
    for round in (0..ROUNDS).step_by(2) {
        if round % 50 == 0 {
            let slug = format!("{slug}-{round}");
            app.new_customer(&slug).await;
            keys = format!("/v1/customers/{slug}/keys");
        }
        let create = app.operator("POST", &keys).json(json!({ "name": "k" }));
        let made = create.send_unchecked().await.expect_status(201).json();
        let key = made["api_key_once"].as_str().unwrap();
        expect_next(app, key, 200, round).await;
        let path = format!("{keys}/{}", made["key_id"].as_str().unwrap());
        app.operator("DELETE", &path).send_unchecked().await.expect_status(204);
        expect_next(app, key, 401, round + 1).await;
    }
}

/// A tenant is suspended and activated by turns.
async fn suspend(app: &App, slug: String) {
    let key = app.new_integration(&slug).await;
    let path = format!("/tenants/{}", app.new_tenant(&key, "a").await["id"].as_str().unwrap());
    for round in 0..ROUNDS {
        let status = ["suspended", "active"][round % 2];
        let change = app.with_key(&key, "PATCH", &path).json(json!({ "status": status }));
        change.send_unchecked().await.expect_status(200);
        let answer = app.with_key(&key, "GET", &path).send_unchecked().await;
        assert_eq!(answer.json()["status"], status, "round {round} was stale: {answer}");
        LOOKED_AT.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_after_a_change_sees_what_was_before() {
    let app = App::start().await;
    for function in ["get-integration-self", "get-tenant"] {
        app.lambda.warm(function, 4).await.unwrap();
    }
    let (app, [archivers, revokers, suspenders]) = (&app, LANES);
    tokio::join!(
        join_all((0..archivers).map(|lane| archive(app, format!("a{lane}")))),
        join_all((0..revokers).map(|lane| revoke(app, format!("r{lane}")))),
        join_all((0..suspenders).map(|lane| suspend(app, format!("s{lane}")))),
    );
    assert_eq!(LOOKED_AT.load(Ordering::Relaxed), 10_000);
    assert!(app.lambda.processes("get-integration-self").len() >= 4, "too few processes for a stale one among them");
}

/// Resident memory of a process, in pages of 4 KiB.
fn pages(pid: u32) -> i64 {
    let statm = std::fs::read_to_string(format!("/proc/{pid}/statm")).unwrap();
    statm.split(' ').nth(1).unwrap().parse().unwrap()
}

/// The event of a request with the key `KEY`.
const EVENT: &str = r#"{"version": "2.0", "routeKey": "GET /integration/self", "rawPath": "/integration/self",
    "rawQueryString": "", "headers": {"host": "localhost", "authorization": "Bearer KEY"}, "isBase64Encoded": false,
    "requestContext": {"domainName": "localhost", "routeKey": "GET /integration/self", "stage": "$default",
        "http": {"method": "GET", "path": "/integration/self", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"}}}"#;

/// A key that was never issued, another for each number. Of twenty, one looks as if it were of the first customer, one of
/// the second; the others are mistyped, which their checksum shows.
fn unknown_key(number: u64, customers: &[Root; 2]) -> String {
    let mut random = [7; 32];
    random[..8].copy_from_slice(&number.to_be_bytes());
    let (kind, root) = (number % 20, &customers[usize::from(number.is_multiple_of(2))]);
    let mut key = Secret::new(root, KeyId::NIL, random).reveal().to_owned();
    if kind > 1 {
        let last = if key.ends_with('x') { "y" } else { "x" };
        key.replace_range(key.len() - 1.., last);
    }
    key
}

/// Nothing is kept of a key that was refused, whatever was wrong with it: not in four processes that were asked 25,000 times
/// each, straight from the Runtime API.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_keys_leave_nothing_behind() {
    const KEYS: u64 = 100_000;
    const PROCESSES: usize = 4;
    const FUNCTION: &str = "get-integration-self";
    let app = App::start_with(|options| options.concurrency = PROCESSES).await;
    let key = app.new_integration("acme-corp").await;
    let gone = app.new_integration("gone").await;
    app.operator("DELETE", "/v1/customers/gone").send().await.expect_status(204);
    let customers = &[&key, &gone].map(|key| Claim::parse(key).unwrap().root);
    app.lambda.warm(FUNCTION, PROCESSES).await.unwrap();
    let ask = async |number: u64| {
        let answer = app.lambda.invoke(FUNCTION, EVENT.replace("KEY", &unknown_key(number, customers))).await;
        let answer = String::from_utf8(answer.unwrap().into()).unwrap();
        assert!(answer.contains(r#""statusCode":401"#), "{answer}");
    };
    let flood = async |from: u64, to: u64| {
        join_all((0..PROCESSES as u64).map(async |lane| {
            for number in (from + lane..to).step_by(PROCESSES) {
                ask(number).await;
            }
        }))
        .await;
    };
    let sizes = || {
        let mut sizes: Vec<_> = app.lambda.processes(FUNCTION).into_iter().map(|pid| (pid, pages(pid))).collect();
        sizes.sort_unstable();
        sizes
    };
    flood(0, KEYS / 10).await;
    let before = sizes();
    assert_eq!(before.len(), PROCESSES);
    flood(KEYS / 10, KEYS).await;
    for ((pid, before), (same, after)) in before.into_iter().zip(sizes()) {
        assert_eq!(pid, same, "a process was replaced");
        assert!(after - before < 512, "2 MiB more than {before} pages: {after}");
    }
    let answer = app.with_key(&key, "GET", "/integration/self").send().await;
    answer.expect_status(200);
}
