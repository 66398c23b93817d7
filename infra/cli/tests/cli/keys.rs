//! `tare operator-keys` and `tare signing-keys`: on the dev stack's table without a word about it, else on the one that is named.

use super::process::{Set, tare};

const AWS: [(&str, &str); 3] =
    [("AWS_ACCESS_KEY_ID", "local"), ("AWS_SECRET_ACCESS_KEY", "local"), ("AWS_REGION", "eu-central-1")];

#[tokio::test]
async fn operator_keys_are_made_listed_and_revoked_on_the_dev_stack() {
    let set = Set::new().await.with_dev_stack();
    let made = set.alone(&["operator-keys", "create", "--operator", "other", "--name", "billing"], "").await.expect(0);
    let key = made.out.trim();
    assert!(key.starts_with("sk_ops_other_") && made.out.lines().count() == 1, "the secret alone");
    assert!(made.err.contains("using the dev stack's table"), "{}", made.err);
    set.with_key(key, &["api", "customers", "list"]).await.expect(0);

    let list = set.alone(&["operator-keys", "list", "--operator", "other"], "").await.expect(0);
    assert!(list.out.starts_with("KEY ") && list.out.contains("billing"), "{list:?}");
    let id = list.out.lines().nth(1).unwrap().split(' ').next().unwrap();
    set.alone(&["operator-keys", "revoke", id, "--operator", "other"], "").await.expect(0);
    let refused = set.with_key(key, &["api", "customers", "list"]).await.expect(1);
    assert!(refused.err.contains("Unauthorized (401 insufficient-scope)"), "{refused:?}");
}

#[tokio::test]
async fn a_table_that_is_named_is_used_and_a_stack_that_has_ended_is_not_taken_for_aws() {
    let set = Set::new().await;
    let (endpoint, table) = (set.app.store.url(), set.app.table.as_str());
    let words = ["operator-keys", "create", "--operator=named", "--endpoint", endpoint, "--table", table];
    let made = tare(&set.home, &words).envs(AWS).output().await.unwrap();
    assert!(made.status.success(), "{made:?}");
    let keys = ["signing-keys", "list", "--endpoint", endpoint, "--table", table];
    let listed = tare(&set.home, &keys).envs(AWS).output().await.unwrap();
    assert!(listed.status.success() && listed.stdout.starts_with(b"KEY"), "{listed:?}");

    std::fs::create_dir(set.home.join(".local")).unwrap();
    std::fs::write(set.home.join(".local/dev.env"), "OPERATOR_KEY=sk_ops_x\n").unwrap();
    let ended = set.alone(&["operator-keys", "create", "--operator", "a"], "").await.expect(2);
    assert!(ended.err.contains("the last dev stack has ended"), "{ended:?}");
    let gone = "BASE_URL=x\nDYNAMODB_ENDPOINT=http://127.0.0.1:1\nTABLE_NAME=t\n";
    std::fs::write(set.home.join(".local/dev.env"), gone).unwrap();
    let gone = set.alone(&["operator-keys", "create", "--operator", "a"], "").await.expect(3);
    assert!(gone.err.contains("nothing answers at http://127.0.0.1:1"), "{gone:?}");
}

#[tokio::test]
async fn without_the_program_it_says_how_to_build_it() {
    let set = Set::new().await;
    let alone = set.home.join("tare");
    std::fs::copy(super::process::TARE, &alone).unwrap();
    let output =
        tokio::process::Command::new(&alone).env_clear().args(["operator-keys", "list", "--operator=a"]).output();
    let output = output.await.unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("cargo build --release --bin operator-key"), "{said}");
}
