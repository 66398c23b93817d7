//! A change holds on the very next request, in every warm process (case E5): 2,000 rounds, none stale.
//!
//! Rounds of three kinds in parallel: a customer archived or restored, a key revoked, a tenant suspended or
//! activated; after each, two requests at once, which two processes serve.

use futures_util::future::join_all;
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
