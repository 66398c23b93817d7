//! `cargo xtask operator-key`, `cargo xtask signing-key` and `tare`, on a running dev stack that only `DEV_FOLDER` names.

use std::path::Path;
use std::process::Stdio;

use tests::{Value, functions_folder, repository_root};
use tokio::process::Command;

use super::process::{Dev, folder};

/// Runs a program beside the functions on the stack's folder; returns its standard output and standard error.
async fn run(dev: &Dev, program: &str, words: &[&str]) -> (String, String) {
    let mut command = Command::new(functions_folder().join(program));
    command.args(words).env("DEV_FOLDER", &dev.folder).stdin(Stdio::null());
    command.env("CARGO_PKG_NAME", "xtask").env("CARGO_MANIFEST_DIR", repository_root().join("infra/xtask"));
    // Not the credentials of the tests: the commands have their own for a dev stack.
    for name in
        ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AGENTROUTER_BASE_URL", "AGENTROUTER_API_KEY"]
    {
        command.env_remove(name);
    }
    let output = command.output().await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{program} {words:?}: {out}{err}");
    (out, err)
}

/// The rows of a list after its heading: the cells, which at least two spaces part.
fn rows(list: &str) -> Vec<Vec<String>> {
    let cells = |line: &str| {
        line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    list.lines().skip(1).map(cells).collect()
}

#[tokio::test]
async fn keys_of_operators_and_of_tokens_are_managed_on_the_running_stack() {
    let dev = Dev::start(&folder(), &[]).await;
    let (made, said) =
        run(&dev, "xtask", &["operator-key", "create", "--operator", "other", "--name", "billing"]).await;
    let key = made.trim_end();
    assert!(key.starts_with("sk_ops_") && made.lines().count() == 1, "the secret alone: {made}");
    assert!(said.contains("using the dev stack's table") && !said.contains(key), "{said}");
    let status = async |key: &str| dev.call(key, "GET", "/v1/customers", "").await.status;
    assert_eq!(status(key).await, 200);
    let (list, _) = run(&dev, "xtask", &["operator-key", "list", "--operator", "other"]).await;
    let rows_of_keys = rows(&list);
    assert_eq!(rows_of_keys[0][2..], ["0 d", "live", "customers:write,keys:write", "billing"], "{list}");
    run(&dev, "xtask", &["operator-key", "revoke", &rows_of_keys[0][0], "--operator", "other"]).await;
    assert_eq!(status(key).await, 401);

    let published = async || {
        let set = dev.call("", "GET", "/.well-known/jwks.json", "").await.json();
        let kids = set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned());
        kids.collect::<Vec<_>>()
    };
    let first = published().await;
    let (second, _) = run(&dev, "xtask", &["signing-key", "create"]).await;
    let (list, _) = run(&dev, "xtask", &["signing-key", "list"]).await;
    let listed: Vec<_> = rows(&list).into_iter().map(|row| row[0].clone()).collect();
    assert_eq!(listed, [second.trim(), &first[0]], "{list}");
    run(&dev, "xtask", &["signing-key", "retire", &first[0]]).await;
    assert_eq!(published().await, [second.trim()]);
    dev.end("INT").await;
}

#[tokio::test]
async fn tare_finds_the_running_stack_and_its_keys() {
    let dev = Dev::start(&folder(), &[]).await;
    // Builds tare.
    run(&dev, "xtask", &["operator-key", "list", "--operator", "local"]).await;
    let (doctor, _) = run(&dev, "tare", &["doctor"]).await;
    assert!(doctor.contains(Path::new(&dev.folder).join("dev.env").to_str().unwrap()), "{doctor}");
    assert!(!doctor.contains(&dev.value("OPERATOR_KEY")), "{doctor}");
    let json = async |words: &[&str]| {
        let (out, _) = run(&dev, "tare", words).await;
        serde_json::from_str::<Value>(&out).unwrap_or_else(|error| panic!("{words:?}: {error}: {out}"))
    };
    let customer =
        json(&["api", "customers", "create", "--customer-id", "acme", "--display-name", "Acme", "--output", "json"])
            .await;
    let answer = dev.call(&dev.value("OPERATOR_KEY"), "GET", "/v1/customers/acme", "").await.json();
    assert_eq!((&customer["id"], &customer["display_name"]), (&answer["id"], &answer["display_name"]));
    let own = json(&["api", "self", "get", "--output", "json"]).await;
    assert_eq!(own["customer_id"], "demo", "the integration key of the stack is used for it: {own}");
    dev.end("INT").await;
}
