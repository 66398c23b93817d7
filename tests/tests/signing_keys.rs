//! The keys that sign tokens: the signing-key command, and the public document (contract section 6).

use local::proxy::{Action, Rule};
use serde_json::{Value, json};
use std::process::Output;
use std::time::{SystemTime, UNIX_EPOCH};
use tenancy::domain::Timestamp;
use tests::{App, functions_folder};
use tokio::process::Command;

const JWKS: &str = "/.well-known/jwks.json";
const MINUTE: i64 = 60_000;

/// Runs the command on the app's own table.
async fn run(app: &App, arguments: &[&str]) -> Output {
    let mut command = Command::new(functions_folder().join("signing-key"));
    command.args(arguments).args(["--endpoint", app.store.url(), "--table", &app.table]);
    command
        .env("AWS_ACCESS_KEY_ID", "operator")
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .env("AWS_REGION", "eu-central-1");
    command.env("AWS_EC2_METADATA_DISABLED", "true").output().await.expect("signing-key starts")
}

/// Its standard output and standard error where it succeeds.
async fn output(app: &App, arguments: &[&str]) -> (String, String) {
    let output = run(app, arguments).await;
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(output.status.success(), "{arguments:?}: {said}");
    (String::from_utf8(output.stdout).expect("text"), said)
}

/// The id and the state of each key, newest first.
async fn listed(app: &App) -> Vec<(String, String)> {
    let (list, _) = output(app, &["list"]).await;
    let mut lines =
        list.lines().map(|line| line.split("  ").filter(|cell| !cell.is_empty()).map(str::trim).collect::<Vec<_>>());
    assert_eq!(lines.next().expect("a header"), ["KEY", "CREATED", "STATE"]);
    lines.map(|cells| (cells[0].to_owned(), cells[2].to_owned())).collect()
}

async fn jwks(app: &App) -> Vec<Value> {
    let keys = app.anonymous("GET", JWKS).send().await.expect_status(200).json();
    keys["keys"].as_array().expect("a list").clone()
}

fn ago(milliseconds: i64) -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970").as_millis();
    Timestamp::from_milliseconds(i64::try_from(now).expect("the clock is before the year 9999") - milliseconds)
}

#[tokio::test]
async fn the_first_key_signs_at_once_and_the_next_when_clients_know_it() {
    let app = App::without_signing_key().await;
    assert_eq!((listed(&app).await, jwks(&app).await), (vec![], vec![]));
    let (first, _) = output(&app, &["create"]).await;
    let first = first.strip_suffix('\n').expect("one line").to_owned();
    assert_eq!(listed(&app).await, [(first.clone(), "signs".to_owned())]);
    let (second, said) = output(&app, &["create"]).await;
    let at = said.trim().strip_prefix("it signs from ").and_then(Timestamp::parse).expect("a time");
    assert!(at > ago(-4 * MINUTE) && at < ago(-6 * MINUTE), "{said}");
    let pending = (second.trim().to_owned(), format!("signs from {at}"));
    assert_eq!(listed(&app).await, [pending, (first.clone(), "signs".to_owned())]);

    let keys = jwks(&app).await;
    let ids: Vec<_> = keys.iter().map(|key| key["kid"].as_str().expect("a text")).collect();
    assert_eq!(ids, [first.as_str(), second.trim()], "both are published");
    for key in &keys {
        let x = key["x"].as_str().expect("a text");
        assert_eq!(x.len(), 43, "{key}");
        let (kid, x) = (&key["kid"], &key["x"]);
        let known = json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": kid, "x": x });
        assert_eq!(*key, known);
    }
}

#[tokio::test]
async fn a_replaced_key_can_be_retired_when_its_last_token_has_expired() {
    let app = App::without_signing_key().await;
    let make = async |age: i64| app.direct_store_at(ago(age)).create_signing_key().await.expect("a key").kid();
    let (oldest, old) = (make(300 * MINUTE).await, make(100 * MINUTE).await);
    let new = make(20 * MINUTE).await;
    let states = listed(&app).await;
    let ids: Vec<_> = states.iter().map(|(kid, _)| kid.clone()).collect();
    assert_eq!(ids, [new, old, oldest].map(|kid| kid.to_string()));
    assert_eq!(states[0].1, "signs");
    assert!(states[1].1.starts_with("replaced 2") && !states[1].1.contains("can be retired"), "{states:?}");
    assert!(states[2].1.starts_with("replaced 2") && states[2].1.ends_with(", can be retired"), "{states:?}");
    assert!(output(&app, &["list"]).await.1.contains("1 of them can be retired"));

    output(&app, &["retire", &states[2].0]).await;
    let (list, said) = output(&app, &["list"]).await;
    assert!(list.contains("retired 2") && said.is_empty(), "{list}{said}");
    assert_eq!(jwks(&app).await.len(), 2, "a retired key verifies nothing");
}

#[tokio::test]
async fn retiring_deletes_the_private_part_and_puts_a_gate_everywhere() {
    let app = App::without_signing_key().await;
    let kid = output(&app, &["create"]).await.0.trim().to_owned();
    let private = app.items_of("private_signing_key").await;
    assert_eq!((private.len(), private[0]["pk"]["S"].as_str()), (1, Some("S#P")));
    let seed = private[0]["d"]["B"].as_str().expect("bytes");
    let public = app.items_of("signing_key").await;
    assert!(!public[0].to_string().contains(seed) && !output(&app, &["list"]).await.0.contains(seed));

    let (printed, said) = output(&app, &["retire", &kid]).await;
    assert_eq!(printed, "");
    assert!(said.contains("is retired") && said.contains("no key is left that signs tokens"), "{said}");
    assert!(app.items_of("private_signing_key").await.is_empty());
    let mut gates: Vec<_> = app.items_of("gate").await.iter().map(|gate| gate["pk"]["S"].to_string()).collect();
    gates.sort_unstable();
    assert_eq!(gates, (0..16).map(|number| format!("\"S#G#{number:x}\"")).collect::<Vec<_>>());
    assert!(jwks(&app).await.is_empty());
    let before = app.items().await;
    output(&app, &["retire", &kid]).await;
    assert_eq!(app.items().await, before, "again changes nothing");
    output(&app, &["create"]).await;
    assert_eq!(listed(&app).await[0].1, "signs", "nothing else does");
}

#[tokio::test]
async fn a_key_whose_private_part_was_deleted_by_hand_can_be_retired() {
    let app = App::without_signing_key().await;
    let kid = output(&app, &["create"]).await.0.trim().to_owned();
    let private = app.items_of("private_signing_key").await;
    let key = json!({ "pk": private[0]["pk"], "sk": private[0]["sk"] });
    app.store.delete(&app.table, key).await.expect("the item is deleted");
    let (_, said) = output(&app, &["retire", &kid]).await;
    assert!(said.contains("is retired"), "{said}");
    assert!(jwks(&app).await.is_empty());
}

#[tokio::test]
async fn what_the_command_cannot_do_it_says() {
    let app = App::start().await;
    for (arguments, code, says) in [
        (&["retire", "nonsense"][..], 1, "is no id of a signing key"),
        (&["retire", "01kaq7n0z2w4y6x8v0tqrstabc"], 1, "there is no such key"),
        (&["retire"], 2, "<KID>"),
        (&["creat"], 2, "'create'"),
        (&["create", "--operator", "acme"], 2, "unexpected argument '--operator'"),
    ] {
        let output = run(&app, arguments).await;
        let said = String::from_utf8(output.stderr).expect("text");
        assert_eq!((output.status.code(), output.stdout.len()), (Some(code), 0), "{arguments:?}: {said}");
        assert!(said.contains(says), "{arguments:?}: {said}");
    }
}

#[tokio::test]
async fn the_keys_are_a_public_document() {
    let app = App::start().await;
    let plain = app.anonymous("GET", JWKS).send().await.expect_status(200);
    assert_eq!(plain.header("content-type"), Some("application/jwk-set+json"));
    assert_eq!(plain.header("cache-control"), Some("public, max-age=300"));
    assert_eq!(plain.json()["keys"].as_array().map(Vec::len), Some(1));
    for call in [
        app.anonymous("GET", &format!("{JWKS}?a=1&a=2&limit=x")),
        app.anonymous("GET", JWKS).header("authorization", "Bearer nonsense"),
        app.anonymous("GET", JWKS).header("authorization", "Basic eDp5").header("authorization", "Bearer x"),
        app.operator("GET", JWKS),
        app.anonymous("GET", JWKS).body("text/plain", "ignored").header("if-none-match", "nonsense"),
    ] {
        assert_eq!(call.send().await.expect_status(200).body, plain.body);
    }
    let head = app.anonymous("HEAD", JWKS).send().await.expect_status(200);
    assert_eq!((head.body.as_str(), head.header("content-type")), ("", Some("application/jwk-set+json")));
    assert_eq!(head.header("content-length"), Some(plain.body.len().to_string().as_str()));
    let put = app.anonymous("PUT", JWKS).send().await.expect_problem(405, "method-not-allowed");
    assert_eq!(put.header("allow"), Some("GET, HEAD"));
    let (_, log) = app.requests_of(app.anonymous("GET", JWKS).send()).await;
    assert_eq!(log.len(), 1, "one read: {log:?}");
}

#[tokio::test]
async fn a_failed_read_of_the_keys_is_not_cached() {
    let app = App::start().await;
    app.faults([Rule::on("Query", Action::Reset)]);
    let answer = app.anonymous("GET", JWKS).send().await.expect_problem(503, "unavailable");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}
