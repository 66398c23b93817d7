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

/// The first secret in a text.
fn secret(text: &str, prefix: &str) -> String {
    let start = text.find(prefix).unwrap_or_else(|| panic!("no {prefix} in {text}"));
    let is_secret = |one: &char| one.is_ascii_alphanumeric() || ['_', '-'].contains(one);
    text[start..].chars().take_while(is_secret).collect()
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

    let operator = dev.value("OPERATOR_KEY");
    let created = dev.call(&operator, "POST", "/v1/customers/demo/keys", r#"{"name": "stolen"}"#).await;
    assert_eq!(created.status, 201, "{created:?}");
    let stolen = secret(&String::from_utf8_lossy(&created.body), "sk_int_");

    let blocks = blocks(&text);
    assert!(blocks.len() >= 8, "{blocks:?}");
    // One shell runs them all, because a block uses variables of those before it. What a block asks for is set here.
    let mut script = format!("{CARGO}\n");
    for block in blocks {
        if block.contains("${OPERATOR:?") {
            script += "OPERATOR=local; STOLEN=$(cargo xtask operator-key create --operator local --name stolen)\n";
            script += "echo \"stolen: $STOLEN\"; KEY_ID=$(key_of \"$STOLEN\")\n";
        }
        if block.contains("${CUSTOMER:?") {
            script += &format!("CUSTOMER=demo; KEY_ID=$(key_of {stolen})\n");
        }
        if block.contains("${KID:?") {
            script += "KID=$(cargo xtask signing-key list | sed -n '2s/ .*//p')\n";
        }
        script += block;
        script += "unset KEY_ID\n";
    }
    let mut shell = Command::new("bash");
    shell.args(["-euo", "pipefail", "-c", &script]).current_dir(local.parent().unwrap()).stdin(Stdio::null());
    shell.env("XTASK", functions_folder().join("xtask")).env("DEV_FOLDER", &local);
    shell.env("CARGO_PKG_NAME", "xtask").env("CARGO_MANIFEST_DIR", repository_root().join("infra/xtask"));
    let output = shell.output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("9 checks, 0 failed"), "{said}");
    let new = std::fs::read_to_string(local.join("new-key")).unwrap();
    let rotated = said.rsplit_once("api_key_once").expect("the rotated key").1;
    for (key, path, status) in [
        (secret(said.split_once("stolen: ").unwrap().1, "sk_ops_"), "/v1/customers", 401),
        (secret(&new, "sk_ops_"), "/v1/customers", 200),
        (operator, "/v1/customers", 200),
        (stolen, "/integration/self", 401),
        (secret(rotated, "sk_int_"), "/integration/self", 200),
        (dev.value("INTEGRATION_KEY"), "/integration/self", 200),
    ] {
        assert_eq!(dev.call(&key, "GET", path, "").await.status, status, "{key}");
    }
    dev.end("INT").await;
}
