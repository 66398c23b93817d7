//! `cargo xtask smoke` on a dev stack: the command that is run after a deployment, unchanged.

use std::process::{Output, Stdio};

use tests::{App, Refusing, functions_folder, repository_root};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::process::{Dev, folder};

/// Runs it with a key in the environment, and a text on standard input.
async fn smoke(url: &str, key: &str, input: &str, more: &[&str]) -> Output {
    let mut command = Command::new(functions_folder().join("xtask"));
    command.args(["smoke", "--url", url]).args(more).env_remove("SMOKE_KEY");
    command.env("CARGO_PKG_NAME", "xtask").env("CARGO_MANIFEST_DIR", repository_root().join("infra/xtask"));
    if !key.is_empty() {
        command.env("SMOKE_KEY", key);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut process = command.spawn().expect("the tests are run by `cargo xtask test`");
    // It may end before it has read all.
    let _ = process.stdin.take().unwrap().write_all(input.as_bytes()).await;
    process.wait_with_output().await.unwrap()
}

/// Its exit status, its last line, and the others.
fn said(output: &Output) -> (i32, String, String) {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (lines, last) = text.trim_end().rsplit_once('\n').unwrap_or_default();
    (output.status.code().unwrap(), last.to_owned(), format!("{lines}\n{}", String::from_utf8_lossy(&output.stderr)))
}

#[tokio::test]
async fn a_stack_that_answers_passes_and_is_left_as_it_was() {
    let dev = Dev::start(&folder(), &[]).await;
    let (operator, integration) = (dev.value("OPERATOR_KEY"), dev.value("INTEGRATION_KEY"));
    let tenants = async || dev.call(&integration, "GET", "/tenants", "").await.text();
    let before = tenants().await;

    let (code, last, lines) = said(&smoke(&dev.base, "", "", &[]).await);
    assert_eq!((code, last.as_str()), (0, "8 checks, 0 failed"), "{lines}");
    assert!(lines.contains("left out  what needs a key"), "{lines}");
    for (key, path) in
        [(&integration, "GET /integration/self 200"), (&operator, "GET /v1/customers?page.page_size=1 200")]
    {
        let (code, last, lines) = said(&smoke(&dev.base, key, "", &[]).await);
        assert_eq!((code, last.as_str()), (0, "9 checks, 0 failed"), "{lines}");
        assert!(lines.contains(path) && !lines.contains("left out") && !lines.contains(key.as_str()), "{lines}");
    }
    let input = format!("{integration}\n");
    let (code, last, lines) = said(&smoke(&format!("{}/", dev.base), "", &input, &["--key", "-", "--write"]).await);
    assert_eq!((code, last.as_str()), (0, "13 checks, 0 failed"), "{lines}");
    assert_eq!(tenants().await, before, "the tenant of the smoke test is left");

    let (code, _, lines) = said(&smoke(&dev.base, &operator, "", &["--write"]).await);
    assert!(code == 1 && lines.contains("--write needs an integration key"), "{lines}");
    let revoked = format!("{}x", &integration[..integration.len() - 1]);
    let (code, last, lines) = said(&smoke(&dev.base, &revoked, "", &[]).await);
    assert_eq!((code, last.as_str()), (1, "9 checks, 1 failed"), "{lines}");
    assert!(lines.contains("FAILED    GET /integration/self: 401, not 200"), "{lines}");
    dev.end("INT").await;
}

/// A crash, a time-out and a throttle are answered by the gateway, in its own form; a port where nothing listens, not at all.
#[tokio::test]
async fn a_stack_that_does_not_answer_fails() {
    let app = App::start().await;
    let refusing = Refusing::start(&app).await;
    for (status, gateway) in refusing.gateways() {
        let (code, last, lines) = said(&smoke(&gateway.url(), "", "", &[]).await);
        assert_eq!((code, last.as_str()), (1, "8 checks, 8 failed"), "{status}: {lines}");
        assert!(lines.contains(&format!("FAILED    GET /health: {status}, not 200")), "{status}: {lines}");
    }
    let (code, last, lines) = said(&smoke("http://127.0.0.1:1", "", "", &[]).await);
    assert_eq!((code, last.as_str()), (1, "8 checks, 8 failed"), "{lines}");
    let (code, last, lines) = said(&smoke(app.store.url(), "", "", &[]).await);
    assert_eq!((code, last.as_str()), (1, "8 checks, 8 failed"), "{lines}");
}
