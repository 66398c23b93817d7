//! The operator-key command: how operators get, see and lose their keys (contract section 1).

use std::process::Output;
use std::time::{SystemTime, UNIX_EPOCH};
use tenancy::domain::Timestamp;
use tenancy::domain::customer::Slug;
use tenancy::domain::principal::Scopes;
use tests::{App, functions_folder};
use tokio::process::Command;

/// Runs the command on the app's own table.
async fn run(app: &App, arguments: &[&str]) -> Output {
    let mut command = Command::new(functions_folder().join("operator-key"));
    command.args(arguments).args(["--endpoint", app.store.url(), "--table", &app.table]);
    command
        .env("AWS_ACCESS_KEY_ID", "operator")
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .env("AWS_REGION", "eu-central-1");
    command.env("AWS_EC2_METADATA_DISABLED", "true").output().await.expect("cargo build --package operator-key")
}

/// Its standard output where it succeeds.
async fn output(app: &App, arguments: &[&str]) -> String {
    let output = run(app, arguments).await;
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// Its standard error where it fails; nothing is on standard output then.
async fn failure(app: &App, arguments: &[&str]) -> String {
    let output = run(app, arguments).await;
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{arguments:?}");
    String::from_utf8(output.stderr).expect("text")
}

async fn status(app: &App, key: &str, method: &str) -> u16 {
    let call = app.with_key(key, method, "/v1/customers");
    call.body("application/json", "{}").send().await.status
}

#[tokio::test]
async fn a_key_is_printed_alone_and_works() {
    let app = App::start().await;
    let printed = output(&app, &["create", "--operator", "agent-router"]).await;
    let key = printed.strip_suffix('\n').expect("one line");
    assert!(key.starts_with("sk_ops_") && !key.contains(char::is_whitespace), "{printed:?}");
    assert_eq!((status(&app, key, "GET").await, status(&app, key, "POST").await), (200, 422));
    let second = output(&app, &["create", "--operator=agent-router"]).await;
    assert_ne!(second, printed);
    assert_eq!((status(&app, key, "GET").await, status(&app, second.trim(), "GET").await), (200, 200));
    let table: String = app.items().await.iter().map(ToString::to_string).collect();
    assert!(!table.contains(&key[key.len() - 40..]), "the secret is stored");
}

#[tokio::test]
async fn scopes_limit_what_a_key_may_write() {
    let app = App::start().await;
    let keys = async |scopes: &str| {
        output(&app, &["create", "--operator", "acme", "--scopes", scopes]).await.trim().to_owned()
    };
    app.new_customer("acme-corp").await;
    let may = async |key: &str| {
        let path = "/v1/customers/acme-corp/keys";
        let create = app.with_key(key, "POST", path).body("application/json", "{}").send().await.status;
        (status(&app, key, "GET").await, status(&app, key, "POST").await, create)
    };
    assert_eq!(may(&keys("customers:write").await).await, (200, 422, 403));
    assert_eq!(may(&keys("keys:write").await).await, (200, 403, 422));
    assert_eq!(may(&keys("keys:write,customers:write").await).await, (200, 422, 422));
    assert_eq!(may(&keys("").await).await, (200, 403, 403));
    let unknown = failure(&app, &["create", "--operator", "acme", "--scopes", "tenants:write"]).await;
    assert!(
        unknown.contains("tenants:write") && unknown.contains("there are: customers:write, keys:write"),
        "{unknown}"
    );
}

#[tokio::test]
async fn keys_are_listed_newest_first_and_revoked_for_good() {
    let app = App::start().await;
    let first = output(&app, &["create", "--operator", "other", "--scopes="]).await;
    let second = output(&app, &["create", "--operator", "other"]).await;
    let list = output(&app, &["list", "--operator", "other"]).await;
    let lines = table(&list);
    assert_eq!(lines[0], ["KEY", "CREATED", "AGE", "STATE", "SCOPES", "NAME"]);
    assert_eq!(lines.len(), 3, "{list}");
    assert_eq!(lines[1][2..], ["0 d", "live", "customers:write,keys:write", "-"]);
    assert_eq!(lines[2][2..], ["0 d", "live", "-", "-"]);
    assert!(
        second.contains(lines[1][0].trim_start_matches("key_"))
            && first.contains(lines[2][0].trim_start_matches("key_"))
    );
    assert!(!list.contains(&first.trim()[first.trim().len() - 10..]));

    assert_eq!(output(&app, &["revoke", lines[1][0], "--operator", "other"]).await, "");
    assert_eq!((status(&app, second.trim(), "GET").await, status(&app, first.trim(), "GET").await), (401, 200));
    let revoked = output(&app, &["list", "--operator", "other"]).await;
    assert!(table(&revoked)[1][3].starts_with("revoked 2"), "{revoked}");
    output(&app, &["revoke", lines[1][0], "--operator", "other"]).await;
    assert_eq!(output(&app, &["list", "--operator", "other"]).await, revoked);
    failure(&app, &["revoke", lines[1][0], "--operator", "acme"]).await;
}

fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970").as_millis();
    i64::try_from(now).expect("the clock is before the year 9999")
}

/// A list's rows and columns, which at least two spaces part.
fn table(list: &str) -> Vec<Vec<&str>> {
    list.lines().map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()).collect()
}

/// A key of an item that was written before keys had names has none, and is listed like the others.
#[tokio::test]
async fn names_and_ages_are_listed_and_old_live_keys_are_marked() {
    let app = App::start().await;
    let day = 24 * 60 * 60 * 1000;
    for age in [90, 91, 200] {
        let then = app.direct_store_at(Timestamp::from_milliseconds(now_ms() - age * day));
        let slug = Slug::parse("old").expect("a slug");
        then.create_operator_key(slug, None, Scopes::default()).await.expect("the key can be made");
    }
    output(&app, &["create", "--operator", "old", "--name", "billing, since March"]).await;
    let list = output(&app, &["list", "--operator", "old"]).await;
    let lines = table(&list);
    let shown: Vec<_> = lines[1..].iter().map(|line| (line[2], line[3], line[5])).collect();
    let old = "live, over 90 days old";
    assert_eq!(
        shown,
        [("0 d", "live", "billing, since March"), ("90 d", "live", "-"), ("91 d", old, "-"), ("200 d", old, "-")]
    );
    let state = list.find("STATE");
    assert!(list.lines().skip(1).all(|line| line.find("live") == state), "not aligned:\n{list}");
    let advice = String::from_utf8(run(&app, &["list", "--operator", "old"]).await.stderr).expect("text");
    assert!(advice.contains("2 of them over 90 days old"), "{advice}");

    output(&app, &["revoke", lines[4][0], "--operator", "old"]).await;
    let list = output(&app, &["list", "--operator", "old"]).await;
    assert!(table(&list)[4][3].starts_with("revoked 2"), "a revoked key is not due for replacement: {list}");
    for name in ["", " x", "a\tb", &"n".repeat(64)] {
        let refused = failure(&app, &["create", "--operator", "old", "--name", name]).await;
        assert!(refused.contains("--name takes 1 to 63 characters"), "{name:?}: {refused}");
    }
    let key = output(&app, &["create", "--operator", "old", "--name", &"ü".repeat(63)]).await;
    assert_eq!(status(&app, key.trim(), "GET").await, 200, "a name does not keep a key from working");
}

#[tokio::test]
async fn what_it_cannot_do_it_says() {
    let app = App::start().await;
    for operator in ["", "Acme", "a_b", "-a", "a-", &"a".repeat(64)] {
        assert!(failure(&app, &["create", "--operator", operator]).await.contains("no operator's name"), "{operator}");
    }
    assert!(failure(&app, &["list", "--operator", "absent"]).await.contains("no such operator"));
    assert!(
        failure(&app, &["revoke", "key_01kaq7n0z2w4y6x8v0tqrstabc", "--operator", "absent"])
            .await
            .contains("no such operator")
    );
    assert!(failure(&app, &["revoke", "nonsense", "--operator", "acme"]).await.contains("no key id"));
    for (arguments, says) in [
        (&["create"][..], "--operator <NAME>"),
        (&[], "unexpected argument"),
        (&["create", "--operator", "acme", "--scope", "keys:write"], "a similar argument exists: '--scopes'"),
        (&["creat", "--operator", "acme"], "a similar subcommand exists: 'create'"),
        (&["revoke", "--operator", "acme"], "<KEY_ID>"),
    ] {
        let output = run(&app, arguments).await;
        let said = String::from_utf8(output.stderr).expect("text");
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{arguments:?}: {said}");
        assert!(said.contains("Usage") && said.contains(says), "{arguments:?}: {said}");
    }
    for command in ["create", "list", "revoke"] {
        let help = Command::new(functions_folder().join("operator-key")).args([command, "--help"]).output().await;
        let help = String::from_utf8(help.expect("it starts").stdout).expect("text");
        assert!(help.contains(&format!("Usage: operator-key {command}")) && help.contains("--table"), "{help}");
    }
    assert_eq!(app.items_of("operator").await.len(), 1, "only acme");
}

#[tokio::test]
async fn at_most_50_keys_are_kept_and_page_tokens_survive_them() {
    let app = App::start().await;
    for slug in ["a", "b"] {
        app.new_customer(slug).await;
    }
    let page = app.operator("GET", "/v1/customers?page.page_size=1").send().await.expect_status(200).json();
    let token = page["page"]["next_page_token"].as_str().unwrap().to_owned();
    for _ in 0..49 {
        app.new_operator_key("acme").await;
    }
    assert!(failure(&app, &["create", "--operator", "acme"]).await.contains("50 keys"));
    let list = output(&app, &["list", "--operator", "acme"]).await;
    let oldest = list.lines().last().unwrap().split(' ').next().unwrap();
    output(&app, &["revoke", oldest, "--operator", "acme"]).await;
    assert_eq!(status(&app, &app.operator_key, "GET").await, 401, "the first key is the oldest");
    let key = output(&app, &["create", "--operator", "acme"]).await;
    assert!(!output(&app, &["list", "--operator", "acme"]).await.contains(oldest));
    let rest = app.with_key(key.trim(), "GET", &format!("/v1/customers?page.page_token={token}")).send().await;
    assert_eq!(rest.expect_status(200).json()["customers"][0]["customer_id"], "b");
}
