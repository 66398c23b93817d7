//! What is wrong is said before anything is built, and leaves `dev.env` as it was.

use std::fs;
use std::net::TcpListener;

use local::proxy::{Action, FaultProxy, Rule};

use super::process::{command, folder, refused, written};

const BEFORE: &str = "BASE_URL=http://127.0.0.1:9\nOPERATOR_KEY=sk_ops_old\n";

/// Starts with a cargo that fails: a command that gets as far as a build says so.
async fn check(arguments: &[&str], says: &str) {
    let folder = folder();
    fs::write(folder.join("dev.env"), BEFORE).unwrap();
    let mut command = command(&folder, arguments);
    command.env("CARGO", "false");
    let (status, said) = refused(command).await;
    assert!(!status.success(), "{arguments:?}: {said}");
    assert!(said.contains(says), "{arguments:?}: {said}");
    assert_eq!(said.contains("failed; its messages are above"), says.contains("cargo build"), "{arguments:?}: {said}");
    assert_eq!(written(&folder), BEFORE, "{arguments:?}");
}

#[tokio::test]
async fn a_bad_command_line_is_refused_before_anything_is_built() {
    check(&["--prot", "1"], "a similar argument exists: '--port'").await;
    check(&["--concurrency", "1000"], "1000 is not in 1..=100").await;
    check(&["--throttle", "0"], "0 is not in 1..").await;
    check(&["--host", "here"], "invalid IP address").await;
    check(&["--fresh", "--store", "http://127.0.0.1:1"], "--fresh is for the embedded store").await;
}

#[tokio::test]
async fn a_bad_file_of_faults_is_refused_before_anything_is_built() {
    let manifest = tests::repository_root().join("Cargo.toml");
    check(&["--faults", manifest.to_str().unwrap()], "Cargo.toml: not an array of rules").await;
    check(&["--faults", "/absent.json"], "/absent.json: No such file").await;
}

#[tokio::test]
async fn what_is_taken_or_does_not_answer_is_said_before_anything_is_built() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    check(&["--port", &port], "is taken").await;
    check(&["--port", "0", "--host", "192.0.2.1"], "cannot listen on 192.0.2.1").await;
    check(&["--port", "0", "--store", "http://127.0.0.1:1"], "nothing answers at http://127.0.0.1:1").await;
}

/// An engine that does not know an operation is named, and the rule that it breaks.
#[tokio::test]
async fn an_engine_that_breaks_a_rule_is_refused_before_anything_is_built() {
    let unknown = Action::status(400, r#"{"__type": "com.amazon.coral.service#UnknownOperationException"}"#);
    let endpoint = std::env::var("DYNAMODB_ENDPOINT").unwrap();
    let proxy = FaultProxy::start(&endpoint, vec![Rule::on("TransactWriteItems", unknown)]).await.unwrap();
    let says =
        format!("the engine at {} breaks a rule that the API relies on, \"a transaction is applied\"", proxy.url());
    check(&["--port", "0", "--store", &proxy.url()], &says).await;
}

#[tokio::test]
async fn a_build_that_fails_leaves_what_was_written() {
    check(&["--port", "0"], "`cargo build").await;
}
