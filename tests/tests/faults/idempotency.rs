//! Idempotency keys while the store or Lambda fails: cases A3, A5, A9, B17, I3.

use super::{app, expect_tenants, expect_unavailable, post_once, until};
use local::lambda::kill;
use std::time::Duration;
use tests::{Action, App, Exchange, LogEntry, Rule, json};

/// The same request again: its first answer, and nothing new.
async fn expect_replay(app: &App, key: &str, external_id: &str) -> Exchange {
    let again = post_once(app, key, external_id).await.expect_status(201);
    assert_eq!(again.header("idempotency-replayed"), Some("true"), "{again}");
    expect_tenants(app, 1).await;
    assert_eq!(app.items_of("record").await.len(), 1);
    again
}

#[tokio::test]
async fn a_write_of_which_every_answer_was_lost_is_replayed() {
    let (app, key) = app().await;
    app.faults([Rule::on("TransactWriteItems", Action::DropAfter)]);
    expect_unavailable(post_once(&app, &key, "a").await);
    app.faults([]);
    expect_replay(&app, &key, "a").await;
}

#[tokio::test]
async fn answers_lost_and_connections_reset_end_in_one_tenant() {
    let (app, key) = app().await;
    let lost = Rule::on("TransactWriteItems", Action::DropAfter).nth(1).times(2);
    app.faults([lost, Rule::on("TransactWriteItems", Action::Reset)]);
    expect_unavailable(post_once(&app, &key, "a").await);
    app.faults([]);
    expect_replay(&app, &key, "a").await;
}

#[tokio::test]
async fn a_late_arrival_finds_the_retry_done() {
    let (app, key) = app().await;
    let late_arrival = Action::LateArrival { ms: 3000 };
    app.faults([Rule::on("TransactWriteItems", late_arrival.clone()).nth(1).times(4)]);
    let late = || app.proxy.log().into_iter().filter(|entry| entry.action == late_arrival).collect::<Vec<_>>();
    expect_unavailable(post_once(&app, &key, "a").await);
    let created = post_once(&app, &key, "a").await.expect_status(201);
    assert!(late().iter().all(|entry| !entry.forwarded), "the late ones arrived too early");
    assert_eq!(created.header("idempotency-replayed"), None, "{created}");
    app.proxy.quiet(Duration::from_secs(10)).await.unwrap();
    let refused = |entry: &LogEntry| entry.error_type() == Some("TransactionCanceledException");
    assert!(late().len() == 4 && late().iter().all(refused), "{:?}", late());
    expect_tenants(&app, 1).await;
    assert_eq!(expect_replay(&app, &key, "a").await.body, created.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_duplicate_that_was_quicker_decides_for_one_that_lost_its_answer() {
    let (app, key) = app().await;
    // The first request's first attempt never arrives, and its second only after the duplicate committed.
    let slow = Rule::on("TransactWriteItems", Action::Delay { ms: 500 }).nth(2);
    app.faults([Rule::on("TransactWriteItems", Action::DropBefore).nth(1), slow]);
    let begun = app.proxy.log_len();
    let duplicate = async {
        let attempts = || app.proxy.log_from(begun).iter().filter(|entry| entry.is_write()).count();
        until("the second attempt", || attempts() == 2).await;
        post_once(&app, &key, "a").await.expect_status(201)
    };
    let (first, second) = tokio::join!(post_once(&app, &key, "a"), duplicate);
    assert_eq!(first.expect_status(201).body, second.body);
    expect_tenants(&app, 1).await;
}

/// The function dies as soon as its transaction has arrived at the store.
async fn die_in_the_transaction(app: &App, key: &str, action: Action) {
    app.lambda.warm("create-tenant", 1).await.unwrap();
    let pid = app.lambda.processes("create-tenant")[0];
    app.faults([Rule::on("TransactWriteItems", action)]);
    let begun = app.proxy.log_len();
    let body = json!({ "external_id": "a", "name": "a" });
    let post = app.with_key(key, "POST", "/tenants").json(body).once("once-a").send_unchecked();
    let death = async {
        let arrived = || app.proxy.log_from(begun).iter().any(|entry| entry.is_write() && entry.status.is_some());
        until("the transaction's commit", arrived).await;
        kill(pid, "KILL").await.unwrap();
    };
    let (answer, ()) = tokio::join!(post, death);
    // The gateway's own words: the function was gone.
    assert_eq!((answer.status, &*answer.body), (500, r#"{"message":"Internal Server Error"}"#));
    app.faults([]);
    app.proxy.quiet(Duration::from_secs(10)).await.unwrap();
}

#[tokio::test]
async fn a_death_between_commit_and_answer_is_replayed() {
    let (app, key) = app().await;
    die_in_the_transaction(&app, &key, Action::DelayAfter { ms: 1000 }).await;
    expect_tenants(&app, 1).await;
    expect_replay(&app, &key, "a").await;
}

#[tokio::test]
async fn a_time_out_during_a_transaction_leaves_all_or_nothing() {
    // The first one is applied before the end, and the second one is still on its way then.
    for (slow, is_applied) in [(Action::DelayAfter { ms: 4000 }, true), (Action::Delay { ms: 4000 }, false)] {
        let time = ("create-tenant".to_owned(), Duration::from_secs(2));
        let app = App::start_with(|options| options.timeouts.extend([time])).await;
        let key = app.new_integration("acme-corp").await;
        app.lambda.warm("create-tenant", 1).await.unwrap();
        app.lambda.set_deadline(local::lambda::Deadline::Fixed(600_000));
        app.faults([Rule::on("TransactWriteItems", slow.clone())]);
        let body = json!({ "external_id": "a", "name": "a" });
        let killed = app.with_key(&key, "POST", "/tenants").json(body).once("once-a").send_unchecked().await;
        assert_eq!(killed.status, 500, "{killed}");
        assert_eq!(app.lambda.processes("create-tenant"), [] as [u32; 0]);
        let applied = app.proxy.log().iter().any(|entry| entry.action == slow && entry.status == Some(200));
        assert_eq!(applied, is_applied, "{slow:?}");
        app.faults([]);
        app.proxy.quiet(Duration::from_secs(10)).await.unwrap();
        expect_tenants(&app, 1).await;
        expect_replay(&app, &key, "a").await;
    }
}

#[tokio::test]
async fn a_retry_that_is_quicker_than_the_transaction_of_the_dead_is_the_one_that_counts() {
    let (app, key) = app().await;
    app.lambda.warm("create-tenant", 1).await.unwrap();
    let pid = app.lambda.processes("create-tenant")[0];
    app.faults([Rule::on("TransactWriteItems", Action::Delay { ms: 4000 }).nth(1)]);
    let late = || app.proxy.log().into_iter().find(|entry| entry.action == Action::Delay { ms: 4000 });
    let death = async {
        until("the transaction", || late().is_some()).await;
        kill(pid, "KILL").await.unwrap();
    };
    let body = json!({ "external_id": "a", "name": "a" });
    let post = app.with_key(&key, "POST", "/tenants").json(body).once("once-a").send_unchecked();
    let (answer, ()) = tokio::join!(post, death);
    assert_eq!(answer.status, 500, "{answer}");
    let created = post_once(&app, &key, "a").await.expect_status(201);
    assert!(late().is_some_and(|late| !late.forwarded), "the late one arrived too early");
    assert_eq!(created.header("idempotency-replayed"), None, "{created}");
    app.proxy.quiet(Duration::from_secs(10)).await.unwrap();
    assert_eq!(late().and_then(|late| late.status), Some(400), "the late one is refused");
    assert_eq!(expect_replay(&app, &key, "a").await.body, created.body);
}
