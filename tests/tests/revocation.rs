//! A change holds on the very next request, in every warm process (case E5): 2,000 rounds, none stale. And
//! nobody who asks in vain costs a process more than the asking (E9).
//!
//! Rounds of three kinds in parallel: a customer archived or restored, a key revoked, a tenant suspended or
//! activated; after each, two requests at once, which two processes serve.

use futures_util::future::join_all;
use tenancy::domain::KeyId;
use tenancy::domain::secret::{Claim, Secret};
use tests::{App, json};

/// 10,000 rounds are over a minute on two cores.
const ROUNDS: usize = 2_000;

/// Two requests at the same time: both have this status.
async fn expect_both(app: &App, key: &str, path: &str, status: u16, round: usize) {
    let call = || app.with_key(key, "GET", path).send_unchecked();
    let (one, other) = tokio::join!(call(), call());
    for answer in [one, other] {
        assert_eq!(answer.status, status, "round {round} was stale: {answer}");
    }
}

/// A customer is archived and restored by turns, and its key with it.
async fn archive(app: &App, slug: &str, rounds: usize) {
    let key = app.new_integration(slug).await;
    let customer = format!("/v1/customers/{slug}");
    for round in 0..rounds {
        let (method, path, status) = match round % 2 {
            0 => ("DELETE", customer.clone(), 401),
            _ => ("POST", format!("{customer}/restore"), 200),
        };
        let changed = app.operator(method, &path).send_unchecked().await;
        assert!([200, 204].contains(&changed.status), "{changed}");
        expect_both(app, &key, "/tenants", status, round).await;
    }
}

/// A key is made, used, revoked.
async fn revoke(app: &App, slug: &str, rounds: usize) {
    app.new_customer(slug).await;
    let keys = format!("/v1/customers/{slug}/keys");
    for round in 0..rounds / 2 {
        let made =
            app.operator("POST", &keys).json(json!({ "name": "k" })).send_unchecked().await.expect_status(201).json();
        let key = made["api_key_once"].as_str().unwrap();
        expect_both(app, key, "/tenants", 200, round).await;
        let path = format!("{keys}/{}", made["key_id"].as_str().unwrap());
        app.operator("DELETE", &path).send_unchecked().await.expect_status(204);
        expect_both(app, key, "/tenants", 401, round).await;
    }
}

/// A tenant is suspended and activated by turns.
async fn suspend(app: &App, slug: &str, rounds: usize) {
    let key = app.new_integration(slug).await;
    let path = format!("/tenants/{}", app.new_tenant(&key, "a").await["id"].as_str().unwrap());
    for round in 0..rounds {
        let status = ["suspended", "active"][round % 2];
        let change = app.with_key(&key, "PATCH", &path).json(json!({ "status": status }));
        change.send_unchecked().await.expect_status(200);
        let read = || app.with_key(&key, "GET", &path).send_unchecked();
        let (one, other) = tokio::join!(read(), read());
        for answer in [one, other] {
            assert_eq!(answer.json()["status"], status, "round {round} was stale: {answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_after_a_change_sees_what_was_before() {
    let app = App::start().await;
    for function in ["list-tenants", "get-tenant"] {
        app.lambda.warm(function, 4).await.unwrap();
    }
    let (app, part) = (&app, ROUNDS / 4);
    tokio::join!(
        join_all(["a1", "a2"].map(|slug| archive(app, slug, part))),
        revoke(app, "r1", part),
        suspend(app, "s1", part),
    );
    assert!(app.lambda.processes("list-tenants").len() >= 4, "too few processes for a stale one among them");
}

/// Resident memory of a process, in pages of 4 KiB.
fn pages(pid: u32) -> i64 {
    let statm = std::fs::read_to_string(format!("/proc/{pid}/statm")).unwrap();
    statm.split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn unknown_keys_leave_nothing_behind() {
    const KEYS: usize = 1_000;
    let app = App::start_with(|options| options.concurrency = 1).await;
    let key = app.new_integration("acme-corp").await;
    let root = Claim::parse(&key).unwrap().root;
    let flood = async |from: usize, to: usize| {
        for number in from..to {
            let mut random = [7; 32];
            random[..8].copy_from_slice(&number.to_be_bytes());
            let secret = Secret::new(&root, KeyId::NEVER_GIVEN, random);
            app.with_key(secret.reveal(), "GET", "/tenants").send_unchecked().await.expect_status(401);
        }
    };
    flood(0, KEYS / 10).await;
    let pid = app.lambda.processes("list-tenants")[0];
    let before = pages(pid);
    flood(KEYS / 10, KEYS).await;
    assert_eq!(app.lambda.processes("list-tenants"), [pid]);
    assert!(pages(pid) - before < 512, "2 MiB more than {before} pages: {}", pages(pid));
}
