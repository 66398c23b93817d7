//! Keys of a BatchGetItem that the store leaves unprocessed: they are asked for again, and what is missing is never taken for absent.

use super::{app, expect_unavailable, of};
use tenancy::domain::secret::{Claim, Secret};
use tests::{Action, App, LogEntry, Rule, Value, json};

/// The caller's root, what the path names, and both.
const KEYS: [&str; 3] = ["I#* #", "#T ", "I#*"];

/// Leaves keys of a function's batches unprocessed so often.
fn leave(key: &str, times: u64) -> Rule {
    Rule::on("BatchGetItem", Action::unprocessed(key)).key(key).times(times)
}

/// How many keys each batch asked for.
fn keys_of(log: &[LogEntry]) -> Vec<usize> {
    of(log, "BatchGetItem").iter().map(|entry| entry.parts().len()).collect()
}

async fn tenant(app: &App, key: &str) -> (String, Value) {
    let tenant = app.new_tenant(key, "a").await;
    (format!("/tenants/{}", tenant["id"].as_str().unwrap()), tenant)
}

#[tokio::test]
async fn a_key_left_unprocessed_is_asked_for_again_and_the_answer_is_right() {
    let (app, key) = app().await;
    let (path, tenant) = tenant(&app, &key).await;
    for left in KEYS {
        for times in [1, 2] {
            app.faults([leave(left, times)]);
            let (found, log) = app.requests_of(app.with_key(&key, "GET", &path).send()).await;
            assert_eq!(found.expect_status(200).json(), tenant, "{left}");
            // Nothing is read twice.
            let rest = if left == "I#*" { 2 } else { 1 };
            let expected: Vec<usize> = std::iter::once(2).chain(vec![rest; times as usize]).collect();
            assert_eq!(keys_of(&log), expected, "{left}");
        }
    }
    // What is not there is not there, and only then.
    app.faults([leave("#T ", 2)]);
    let absent = "/tenants/tnt_01arz3ndektsv4rrffq69g5fav";
    app.with_key(&key, "GET", absent).send().await.expect_problem(404, "not-found");
}

#[tokio::test]
async fn every_change_of_what_was_left_unprocessed_is_made_once() {
    let (app, key) = app().await;
    let (path, _) = tenant(&app, &key).await;
    let repository = app.new_repository(&key, "r").await;
    let attachment = format!("{path}/repositories/{}", repository["id"].as_str().unwrap());
    for (method, path, body, status) in [
        ("PATCH", path.as_str(), json!({ "name": "b" }), 200),
        ("PUT", "/tenants/by-external-id/a", json!({ "name": "c" }), 200),
        ("PUT", &attachment, json!({}), 201),
        ("PUT", &attachment, json!({ "is_default": true }), 200),
        ("GET", &format!("{path}/repositories"), Value::Null, 200),
    ] {
        // First all keys, then one of them.
        app.faults([leave("I#*", 1), leave("#T ", 1).nth(2), leave("#X#", 1).nth(2)]);
        let call = app.with_key(&key, method, path);
        let call = if body.is_null() { call } else { call.json(body) };
        let (answer, log) = app.requests_of(call.send()).await;
        answer.expect_status(status);
        assert!(keys_of(&log).len() >= 3, "{method} {path}: {log:?}");
    }
    let tenant = app.with_key(&key, "GET", &path).send().await.expect_status(200).json();
    assert_eq!((&tenant["name"], &tenant["default_repository_id"]), (&json!("c"), &repository["id"]));
    assert_eq!(app.items_of("repository").await[0]["n"]["N"], "1");
}

#[tokio::test]
async fn keys_that_are_never_processed_are_unavailable_and_nothing_is_shown() {
    let (app, key) = app().await;
    let (path, tenant) = tenant(&app, &key).await;
    for left in KEYS {
        for (method, body) in [("GET", Value::Null), ("PATCH", json!({ "name": "b" }))] {
            app.faults([Rule::on("BatchGetItem", Action::unprocessed(left)).key(left)]);
            let call = app.with_key(&key, method, &path);
            let call = if body.is_null() { call } else { call.json(body) };
            let (answer, log) = app.requests_of(call.send()).await;
            assert!(!answer.body.contains(tenant["created_at"].as_str().unwrap()), "{answer}");
            expect_unavailable(answer);
            // As often as the SDK sends a request that is throttled.
            assert_eq!((keys_of(&log).len(), log.len()), (4, 4), "{left}");
        }
    }
    app.faults([]);
    let now = app.with_key(&key, "GET", &path).send().await.expect_status(200).json();
    assert_eq!(now, tenant);
}

#[tokio::test]
async fn a_wrong_secret_is_401_whatever_is_left_unprocessed() {
    let (app, key) = app().await;
    let (path, _) = tenant(&app, &key).await;
    let claim = Claim::parse(&key).unwrap();
    let wrong = Secret::new(&claim.root, claim.key_id, [7; 32]);
    for left in KEYS {
        for times in [1, 2] {
            app.faults([leave(left, times)]);
            let (refused, log) = app.requests_of(app.with_key(wrong.reveal(), "GET", &path).send()).await;
            refused.expect_problem(401, "insufficient-scope");
            assert_eq!(keys_of(&log).len(), 1 + times as usize, "{left}");
        }
    }
}
