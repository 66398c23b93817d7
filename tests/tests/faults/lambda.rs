//! Time, crashes and the processes themselves: cases E8, I1, I2, I4-I9, I11.

use super::{app, expect_tenants, expect_unavailable, expect_within, of, post_once, until};
use local::lambda::{Deadline, Options, kill};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tests::{Action, App, Rule, Value, functions_folder, json};

/// Neither a connection nor an answer.
fn down() -> [Rule; 1] {
    [Rule::always(Action::Reset)]
}

#[tokio::test]
async fn nobody_gets_in_while_the_store_is_down() {
    let (app, key) = app().await;
    app.faults(down());
    for (key, path) in [(&key, "/tenants"), (&key, "/integration/self"), (&app.operator_key, "/v1/customers")] {
        expect_unavailable(app.with_key(key, "GET", path).send().await);
    }
    // What needs no store still answers, and so does what a checksum decides.
    app.anonymous("GET", "/health").send().await.expect_status(200);
    let mistyped = format!("{key}x");
    app.with_key(&mistyped, "GET", "/tenants").send().await.expect_problem(401, "insufficient-scope");
    app.faults([]);
    app.with_key(&key, "GET", "/tenants").send().await.expect_status(200);
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_given_up_long_before_the_gateway_does() {
    let (app, key) = app().await;
    app.lambda.warm("create-tenant", 1).await.unwrap();
    app.faults([Rule::always(Action::Delay { ms: 60_000 })]);
    let started = Instant::now();
    expect_unavailable(post_once(&app, &key, "a").await);
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
}

#[tokio::test]
async fn nothing_is_begun_that_cannot_be_ended_in_time() {
    let (app, key) = app().await;
    app.lambda.warm("create-tenant", 1).await.unwrap();
    app.lambda.set_deadline(Deadline::In(Duration::from_millis(300)));
    let (answer, log) = app.requests_of(post_once(&app, &key, "a")).await;
    expect_unavailable(answer);
    assert_eq!(log.len(), 0);
    app.lambda.set_deadline(Deadline::Timeout);
    post_once(&app, &key, "a").await.expect_status(201);
}

#[tokio::test]
async fn the_deadline_of_cargo_lambda_is_none() {
    let (app, key) = app().await;
    app.lambda.set_deadline(Deadline::Fixed(600_000));
    post_once(&app, &key, "a").await.expect_status(201);
}

/// A folder in which one function is another program.
pub fn binaries_with(function: &str, program: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("tenancy-{}-{function}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for entry in std::fs::read_dir(functions_folder()).unwrap() {
        let entry = entry.unwrap();
        let link = folder.join(entry.file_name());
        let _ = std::fs::remove_file(&link);
        let target = if entry.file_name() == *function { PathBuf::from(program) } else { entry.path() };
        std::os::unix::fs::symlink(target, link).unwrap();
    }
    folder
}

#[tokio::test]
async fn a_panic_is_answered_and_the_process_lives_on() {
    let binaries = binaries_with("get-tenant", env!("CARGO_BIN_EXE_panics"));
    let app = App::start_with(|options| options.binaries = binaries).await;
    app.lambda.warm("get-tenant", 1).await.unwrap();
    let pid = app.lambda.processes("get-tenant");
    for _ in 0..3 {
        let broken = app.anonymous("GET", "/tenants/x").send().await.expect_problem(500, "internal-error");
        assert_eq!(broken.json()["request_id"].as_str(), broken.header("x-request-id"));
        assert!(!broken.body.contains("on purpose"), "{broken}");
        app.lambda.log_with(broken.header("x-request-id").unwrap()).await.unwrap();
        app.anonymous("GET", "/tenants/fine").send_unchecked().await.expect_status(204);
    }
    assert_eq!(app.lambda.processes("get-tenant"), pid);
    assert!(app.lambda.log_text().lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
}

#[tokio::test]
async fn a_process_that_was_frozen_with_stale_connections_answers_at_once() {
    let (app, key) = app().await;
    app.lambda.warm("list-tenants", 1).await.unwrap();
    app.with_key(&key, "GET", "/tenants").send().await.expect_status(200);
    let pid = app.lambda.processes("list-tenants")[0];
    let mut calls = app.lambda.invocations("list-tenants");
    expect_within(Duration::from_secs(1), async || {
        kill(pid, "STOP").await.unwrap();
        // What a long rest does to a pool: its connections are dead, and it learns that together with the next event.
        assert!(app.proxy.drop_connections().await >= 2, "there is no pool");
        calls += 1;
        let thaw = async {
            until("the event", || app.lambda.invocations("list-tenants") == calls).await;
            kill(pid, "CONT").await.unwrap();
        };
        let call = app.with_key(&key, "GET", "/tenants").send();
        let ((answer, ()), log) = app.requests_of(async { tokio::join!(call, thaw) }).await;
        answer.expect_status(200);
        // Who calls, and the list: what went into a dead connection did not arrive.
        assert_eq!(log.iter().map(|entry| entry.status).collect::<Vec<_>>(), [Some(200); 2], "{log:?}");
    })
    .await;
    assert_eq!(app.lambda.processes("list-tenants"), [pid]);
}

#[tokio::test]
async fn connections_that_are_reset_are_replaced_by_one_retry_each() {
    let (app, key) = app().await;
    app.lambda.warm("list-tenants", 1).await.unwrap();
    app.with_key(&key, "GET", "/tenants").send().await.expect_status(200);
    expect_within(Duration::from_secs(1), async || {
        app.faults([Rule::always(Action::Reset).times(2)]);
        let (answer, log) = app.requests_of(app.with_key(&key, "GET", "/tenants").send()).await;
        answer.expect_status(200);
        assert_eq!(log.len(), 4, "{log:?}");
    })
    .await;
}

#[tokio::test]
async fn a_freeze_in_the_middle_of_a_write_is_exact() {
    let (app, key) = app().await;
    app.lambda.warm("create-tenant", 1).await.unwrap();
    let pid = app.lambda.processes("create-tenant")[0];
    app.faults([Rule::on("TransactWriteItems", Action::Delay { ms: 200 }).nth(1)]);
    let begun = app.proxy.log_len();
    let freeze = async {
        until("the write", || !of(&app.proxy.log_from(begun), "TransactWriteItems").is_empty()).await;
        kill(pid, "STOP").await.unwrap();
        app.proxy.quiet(Duration::from_secs(10)).await.unwrap();
        kill(pid, "CONT").await.unwrap();
    };
    let (created, ()) = tokio::join!(post_once(&app, &key, "a"), freeze);
    created.expect_status(201);
    expect_tenants(&app, 1).await;
}

#[tokio::test]
async fn a_caller_that_goes_away_is_served_and_may_ask_again() {
    let (app, key) = app().await;
    app.lambda.warm("create-tenant", 1).await.unwrap();
    app.faults([Rule::on("TransactWriteItems", Action::Delay { ms: 300 }).nth(1)]);
    let hurried = tokio::time::timeout(Duration::from_millis(150), post_once(&app, &key, "a")).await;
    assert!(hurried.is_err());
    until("the write", || {
        app.proxy
            .log()
            .iter()
            .any(|entry| entry.function == "CreateTenantFunction" && entry.is_write() && entry.finished.is_some())
    })
    .await;
    let again = post_once(&app, &key, "a").await.expect_status(201);
    assert_eq!(again.header("idempotency-replayed"), Some("true"), "{again}");
    expect_tenants(&app, 1).await;
}

#[tokio::test]
async fn a_function_that_is_told_too_little_says_so_and_ends() {
    for name in ["TABLE_NAME", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        let forget = |options: &mut Options| {
            options.environment.entry("get-tenant".to_owned()).or_default().insert(name.to_owned(), String::new());
        };
        let app = App::start_with(forget).await;
        let answer = app.anonymous("GET", "/tenants/x").send_unchecked().await;
        assert_eq!((answer.status, &*answer.body), (500, r#"{"message":"Internal Server Error"}"#));
        let log = app.lambda.log_with("is missing").await.unwrap();
        assert!(log.contains(&format!("the environment variable {name} is missing")), "{log}");
        assert_eq!(app.proxy.log_len(), 0);
        assert_eq!(app.lambda.processes("get-tenant"), [] as [u32; 0]);
    }
}

#[tokio::test]
async fn a_function_without_its_table_says_so_and_does_not_start() {
    let (app, key) = app().await;
    app.store.delete_table(&app.table).await.unwrap();
    let answer = app.with_key(&key, "GET", "/tenants").send_unchecked().await;
    assert_eq!((answer.status, &*answer.body), (500, r#"{"message":"Internal Server Error"}"#));
    let log = app.lambda.log_with("is missing").await.unwrap();
    let line = log.lines().find(|line| line.contains("is missing")).unwrap();
    let line: Value = serde_json::from_str(line).unwrap();
    assert_eq!(line, json!({ "level": "fatal", "cause": format!("the table {} is missing", app.table) }));
    assert_eq!(app.lambda.processes("list-tenants"), [] as [u32; 0]);
}

#[tokio::test]
async fn a_table_that_is_gone_is_nobodys_data() {
    let (app, key) = app().await;
    app.lambda.warm("list-tenants", 1).await.unwrap();
    app.store.delete_table(&app.table).await.unwrap();
    expect_unavailable(app.with_key(&key, "GET", "/tenants").send().await);
    assert!(app.lambda.log_with("ResourceNotFoundException").await.is_ok());
}

#[tokio::test]
async fn a_function_starts_though_the_store_is_busy_or_down() {
    let (app, key) = app().await;
    for fault in [Action::Throttle, Action::Reset, Action::status(500, "")] {
        app.faults([Rule::always(fault).key("prime")]);
        app.lambda.warm("list-tenants", 1).await.unwrap();
        app.with_key(&key, "GET", "/tenants").send().await.expect_status(200);
        kill(app.lambda.processes("list-tenants")[0], "KILL").await.unwrap();
    }
}
