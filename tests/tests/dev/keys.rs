//! The keys of a stack over its starts.

use super::process::{Dev, folder};

const OPERATOR: &str = "OPERATOR_KEY";
const INTEGRATION: &str = "INTEGRATION_KEY";

async fn statuses(dev: &Dev, operator: &str, integration: &str) -> (u16, u16) {
    let asks = dev.call(operator, "GET", "/v1/customers", "").await.status;
    (asks, dev.call(integration, "GET", "/integration/self", "").await.status)
}

#[tokio::test]
async fn keys_that_work_are_kept_and_those_that_a_start_replaces_are_revoked() {
    let folder = folder();
    let dev = Dev::start(&folder, &[]).await;
    let (operator, integration) = (dev.value(OPERATOR), dev.value(INTEGRATION));
    let signing = async |dev: &Dev| dev.call(&operator, "GET", "/.well-known/jwks.json", "").await.json();
    let signing_key = signing(&dev).await;
    assert_eq!(signing_key["keys"].as_array().map(Vec::len), Some(1), "{signing_key}");
    dev.end("INT").await;

    let dev = Dev::start(&folder, &[]).await;
    assert_eq!((dev.value(OPERATOR), dev.value(INTEGRATION)), (operator.clone(), integration.clone()));
    assert_eq!(signing(&dev).await, signing_key, "no other one is made");
    dev.end("INT").await;

    // As after a start with another store: what is written here are keys of that one.
    std::fs::remove_file(folder.join("dev.env")).unwrap();
    let dev = Dev::start(&folder, &[]).await;
    assert_eq!(statuses(&dev, &operator, &integration).await, (401, 401));
    let (operator, integration) = (dev.value(OPERATOR), dev.value(INTEGRATION));
    assert_eq!(statuses(&dev, &operator, &integration).await, (200, 200));
    dev.end("INT").await;
}

/// No key can be made where there are 50 that live: the oldest one gives way.
#[tokio::test]
async fn fifty_stale_keys_do_not_keep_a_new_one_out() {
    let folder = folder();
    let dev = Dev::start(&folder, &[]).await;
    let (operator, keys) = (dev.value(OPERATOR), "/v1/customers/demo/keys");
    let make = async || dev.call(&operator, "POST", keys, r#"{"name": "stale"}"#).await;
    let own = dev.call(&operator, "GET", keys, "").await.json()["keys"][0]["key_id"].as_str().unwrap().to_owned();
    assert_eq!(dev.call(&operator, "DELETE", &format!("{keys}/{own}"), "").await.status, 204);
    let secret = async || make().await.json()["api_key_once"].as_str().unwrap().to_owned();
    let (first, second) = (secret().await, secret().await);
    for _ in 2..50 {
        assert_eq!(make().await.status, 201);
    }
    assert_eq!(make().await.status, 422);

    let own = operator_key(&dev, &["list"]).await.unwrap();
    let own =
        own.lines().find(|line| line.contains("cargo xtask dev")).and_then(|line| line.split(' ').next()).unwrap();
    let mut operators = Vec::new();
    for _ in 0..49 {
        operators.push(operator_key(&dev, &["create"]).await.unwrap().trim().to_owned());
    }
    operator_key(&dev, &["revoke", own]).await.unwrap();
    operator_key(&dev, &["create"]).await.unwrap();
    assert!(operator_key(&dev, &["create"]).await.is_err());
    dev.end("INT").await;

    std::fs::remove_file(folder.join("dev.env")).unwrap();
    let dev = Dev::start(&folder, &[]).await;
    assert_eq!(statuses(&dev, &dev.value(OPERATOR), &dev.value(INTEGRATION)).await, (200, 200));
    assert_eq!(statuses(&dev, &operators[0], &first).await, (401, 401), "the oldest ones are revoked");
    assert_eq!(statuses(&dev, &operators[1], &second).await, (200, 200), "and no others");
    dev.end("INT").await;
}

/// Runs the program operator-key on the stack's store; an error is what it said.
async fn operator_key(dev: &Dev, arguments: &[&str]) -> Result<String, String> {
    let mut command = tokio::process::Command::new(tests::functions_folder().join("operator-key"));
    command.args(arguments).args(["--operator=local", "--table=tenancy", "--endpoint"]);
    command.arg(dev.value("DYNAMODB_ENDPOINT"));
    for (name, value) in [("ACCESS_KEY_ID", "local"), ("SECRET_ACCESS_KEY", "local"), ("REGION", "eu-central-1")] {
        command.env(format!("AWS_{name}"), value);
    }
    let output = command.output().await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}
