//! docs/runbooks.md and docs/operations.md: every block that does not need AWS, run as it is written on a dev stack.

use std::process::Stdio;

use tests::{functions_folder, repository_root};
use tokio::process::Command;

use super::process::{Dev, folder};
use super::readme::{answers, steps};

/// `cargo xtask` is the program that is built already. The drill is run by tests/tests/restore.rs.
const CARGO: &str = r#"cargo() { [ "$2" = restore-drill ] || "$XTASK" "${@:2}"; }"#;

/// The shell blocks of a document that are not marked as needing AWS. Those of cargo-lambda are run by the stage of that name.
fn blocks(text: &str) -> Vec<&str> {
    let blocks = text.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("sh\n"));
    blocks.filter(|block| !block.contains("cargo lambda")).collect()
}

#[tokio::test]
async fn what_needs_no_aws_runs_as_written() {
    let read = |name: &str| std::fs::read_to_string(repository_root().join("docs").join(name)).unwrap();
    let text = format!("{}\n{}", read("runbooks.md"), read("operations.md"));
    let local = folder().join(".local");
    std::fs::create_dir(&local).unwrap();
    let dev = Dev::start(&local, &[]).await;

    let steps = steps(&text);
    let answers = answers(&dev, &steps).await;
    assert_eq!(answers.len(), steps.len());
    for ((command, documented), answer) in steps.iter().zip(&answers) {
        assert_eq!(answer.lines().map(str::trim).collect::<String>(), *documented, "$ {command}\n{answer}");
    }

    let blocks = blocks(&text);
    assert!(blocks.len() >= 8, "{blocks:?}");
    // Keys are revoked, so later blocks stand on the ones before in one shell.
    let script = format!("{CARGO}\n{}", blocks.concat());
    let mut shell = Command::new("bash");
    shell.args(["-euo", "pipefail", "-c", &script]).current_dir(local.parent().unwrap()).stdin(Stdio::null());
    shell.env("XTASK", functions_folder().join("xtask")).env("DEV_FOLDER", &local);
    shell.env("CARGO_PKG_NAME", "xtask").env("CARGO_MANIFEST_DIR", repository_root().join("infra/xtask"));
    let output = shell.output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("9 checks, 0 failed"), "{said}");
    assert!(said.contains(r#""api_key_once":"sk_int_"#), "the rotated key: {said}");
    let revoked = dev.call(&dev.value("OPERATOR_KEY"), "GET", "/v1/customers", "").await;
    assert_eq!(revoked.status, 200, "the newest key was revoked, and not this one");
    dev.end("INT").await;
}
