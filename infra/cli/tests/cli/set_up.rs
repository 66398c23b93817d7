//! Where the URL and the key come from: profiles, the environment, a dev stack; and what `doctor` says of them.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::process::{Set, tare};

#[tokio::test]
async fn a_profile_is_written_for_its_owner_alone_and_used() {
    let set = Set::new().await;
    let configure = ["configure", "--base-url", &format!("{}/", set.app.url())];
    let said = set.alone(&configure, &format!("{}\n", set.app.operator_key)).await.expect(0);
    let file = set.home.join(".config/tare/default.env");
    assert!(said.err.contains(file.to_str().unwrap()) && said.out.is_empty(), "{said:?}");
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    let customers = set.alone(&["api", "customers", "list", "--output=ids", "--query=[].customer_id"], "").await;
    assert_eq!(customers.expect(0).out, "demo\n");

    let other = ["configure", "--profile", "demo", "--base-url", &set.app.url()];
    set.alone(&other, &set.integration_key).await.expect(0);
    let me = set.alone(&["api", "self", "get", "--profile", "demo", "--query=customer_id"], "").await;
    assert_eq!(me.expect(0).json(), "demo");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let doctor = set.alone(&["doctor"], "").await.expect(2);
    assert!(doctor.out.contains("wrong profile  others may read the key: chmod 600"), "{doctor:?}");
}

#[tokio::test]
async fn what_is_no_url_no_key_or_no_profile_is_refused() {
    let set = Set::new().await;
    for (words, input, says) in [
        (&["configure", "--base-url", "example.com"][..], "sk_int_x", "no URL of an API"),
        (&["configure", "--base-url", "https://a.example"], "two words", "no key"),
        (&["configure", "--base-url", "https://a.example"], "", "no key"),
        (&["configure"], "sk_int_x", "--base-url is needed"),
        (&["configure", "--profile", "../x", "--base-url", "https://a.example"], "k", "no profile's name"),
        (&["configure", "--api-key", "sk_int_x"], "", "unexpected argument '--api-key'"),
        (&["api", "health", "get"], "", "no API is configured"),
        (&["api", "health", "get", "--profile", "absent"], "", "there is no profile absent"),
    ] {
        let said = set.alone(words, input).await.expect(2);
        assert!(said.err.contains(says) && said.out.is_empty(), "{words:?}: {said:?}");
    }
    assert!(!set.home.join(".config").exists(), "nothing was written");
}

/// URL and key are of one source: a key is not sent to where another one belongs.
#[tokio::test]
async fn the_environment_comes_before_a_dev_stack_and_that_before_the_default_profile() {
    let set = Set::new().await.with_dev_stack();
    set.alone(&["configure", "--base-url", "http://127.0.0.1:1"], "sk_ops_profile").await.expect(0);
    let below = set.home.join("a/b");
    fs::create_dir_all(&below).unwrap();
    let doctor = tare(&set.home, &["doctor"]).current_dir(&below).output().await.unwrap();
    let doctor = String::from_utf8(doctor.stdout).unwrap();
    assert!(doctor.contains("from the dev stack") && doctor.contains(&set.app.url()), "{doctor}");
    let named = set.alone(&["doctor", "--profile=default", "--retries=0"], "").await.expect(3);
    assert!(named.out.contains("from the profile default"), "{named:?}");
    let said = set.at("http://127.0.0.1:1", "", &["api", "customers", "list"]).await.expect(2);
    assert!(said.err.contains("the environment has no key"), "{said:?}");
    let mut half = tare(&set.home, &["api", "health", "get"]);
    let half = half.env("AGENTROUTER_API_KEY", "sk_ops_x").output().await.unwrap();
    assert_eq!(half.status.code(), Some(2));
    assert!(String::from_utf8(half.stderr).unwrap().contains("AGENTROUTER_BASE_URL is not"));
}

#[tokio::test]
async fn a_running_dev_stack_has_a_key_for_every_command() {
    let set = Set::new().await.with_dev_stack();
    let customers = set.alone(&["api", "customers", "list", "--query=[].customer_id"], "").await.expect(0);
    assert_eq!(customers.json(), serde_json::json!(["demo"]));
    let me = set.alone(&["api", "self", "get", "--query=customer_id"], "").await.expect(0);
    assert_eq!(me.json(), "demo");
    let doctor = set.alone(&["doctor"], "").await.expect(0);
    for line in [
        "ok    version  API 0.1.0, tare 0.1.0",
        "ok    clock    agrees",
        "an operator's, and valid",
        "\"test\" of customer demo",
    ] {
        assert!(doctor.out.contains(line), "no {line:?} in {doctor:?}");
    }
    fs::write(set.home.join(".local/dev.env"), "# ended\nOPERATOR_KEY=sk_ops_x\n").unwrap();
    let ended = set.alone(&["api", "customers", "list"], "").await.expect(2);
    assert!(ended.err.contains("no API is configured"), "{ended:?}");
}

#[tokio::test]
async fn doctor_says_what_is_wrong_with_a_key() {
    let set = Set::new().await;
    let key = set.app.new_integration("other").await;
    set.operator(&["api", "customers", "archive", "--customer-id=other"]).await.expect(0);
    let said = set.with_key(&key, &["doctor"]).await.expect(1);
    assert!(said.out.contains("wrong key      an integration's, refused (401)"), "{said:?}");
    let said = set.with_key("", &["doctor"]).await.expect(2);
    assert!(said.out.contains("wrong key      there is none"), "{said:?}");
    let said = set.at(&format!("{}/tenants", set.app.url()), &key, &["doctor"]).await.expect(1);
    assert!(said.out.contains("/health answered 4"), "{said:?}");
    for words in [&["doctor"][..], &["api", "self", "get"], &["api", "self", "get", "--dry-run"]] {
        let said = set.with_key(&key, words).await;
        let secret = key.get(7..).unwrap();
        assert!(!said.out.contains(secret) && !said.err.contains(secret), "{words:?} shows the key");
    }
}
