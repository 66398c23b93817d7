//! Answers that are lost, late or unreadable: cases A1-A14. What others do meanwhile is in `overtaken`.

use super::{app, expect_tenants, expect_unavailable, expect_within, first_write, of};
use super::{others_change, post_once, tenants, until};
use local::lambda::Deadline;
use std::time::{Duration, Instant};
use tests::{Action, App, Rule, Value, json};

#[tokio::test]
async fn a_put_whose_answer_was_lost_made_one_tenant() {
    let (app, key) = app().await;
    app.faults([Rule::on("PutItem", Action::DropAfter).nth(1)]);
    let (created, log) = app.requests_of(app.with_key(&key, "POST", "/tenants").send()).await;
    let id = created.expect_status(201).json()["id"].clone();
    assert_eq!(of(&log, "PutItem").len(), 2);
    let listed: Vec<Value> = tenants(&app, &key).await.iter().map(|tenant| tenant["id"].clone()).collect();
    assert_eq!(listed, [id]);
}

#[tokio::test]
async fn an_update_whose_answer_was_lost_is_not_stale() {
    let (app, key) = app().await;
    let path = format!("/tenants/{}", app.new_tenant(&key, "a").await["id"].as_str().unwrap());
    let first = app.with_key(&key, "GET", &path).send().await.etag();
    app.faults([Rule::on("UpdateItem", Action::DropAfter).nth(1)]);
    let change = app.with_key(&key, "PATCH", &path).json(json!({ "name": "b" })).header("if-match", &first);
    let (changed, log) = app.requests_of(change.send()).await;
    let changed = changed.expect_status(200);
    // It is sent again, and finds itself done.
    assert_eq!((changed.json()["name"].as_str(), changed.version()), (Some("b"), 2));
    assert_eq!((of(&log, "BatchGetItem").len(), of(&log, "UpdateItem").len()), (1, 2));
    let now = app.with_key(&key, "GET", &path).send().await;
    assert_eq!((now.etag(), now.body), (changed.etag(), changed.body));
}

#[tokio::test]
async fn a_late_answer_is_not_waited_for() {
    let (app, key) = app().await;
    app.lambda.warm("create-tenant", 1).await.unwrap();
    let mut made = 0;
    // One attempt's time-out is 0.8 s.
    expect_within(Duration::from_millis(1500), async || {
        app.faults([Rule::on("PutItem", Action::DelayAfter { ms: 4000 }).nth(1)]);
        app.with_key(&key, "POST", "/tenants").send().await.expect_status(201);
        made += 1;
    })
    .await;
    assert_eq!(tenants(&app, &key).await.len(), made);
}

#[tokio::test]
async fn a_late_arrival_of_a_patch_changes_nothing_again() {
    // However many others came in between: an item remembers only its last writes.
    for others in [1, 30, 40] {
        let (app, key) = app().await;
        let id = app.new_tenant(&key, "a").await["id"].as_str().unwrap().to_owned();
        let path = format!("/tenants/{id}");
        app.lambda.warm("update-tenant", 1).await.unwrap();
        app.faults([Rule::on("UpdateItem", Action::LateArrival { ms: 3000 }).nth(1)]);
        app.with_key(&key, "PATCH", &path).json(json!({ "name": "A" })).send().await.expect_status(200);
        others_change(&app, &key, &id, others).await;
        let last = app.with_key(&key, "GET", &path).send().await;
        assert!(app.proxy.log().iter().any(|entry| entry.finished.is_none()), "the late one arrived too early");
        app.proxy.quiet(Duration::from_secs(10)).await.unwrap();
        let now = app.with_key(&key, "GET", &path).send().await;
        assert_eq!((now.etag(), &now.body), (last.etag(), &last.body));
        assert_eq!(now.version(), 2 + others as u64);
    }
}

#[tokio::test]
async fn late_arrivals_of_a_conditional_patch_do_not_undo_the_next_one() {
    let (app, key) = app().await;
    let path = format!("/tenants/{}", app.new_tenant(&key, "a").await["id"].as_str().unwrap());
    let tag = app.with_key(&key, "GET", &path).send().await.etag();
    let patch = |name: &str| app.with_key(&key, "PATCH", &path).json(json!({ "name": name })).header("if-match", &tag);
    app.faults([Rule::on("UpdateItem", Action::LateArrival { ms: 800 }).nth(1).times(4)]);
    expect_unavailable(patch("A").send().await);
    patch("B").send().await.expect_status(200);
    app.proxy.quiet(Duration::from_secs(10)).await.unwrap();
    let now = app.with_key(&key, "GET", &path).send().await;
    assert_eq!((&now.json()["name"], now.version()), (&json!("B"), 2));
}

#[tokio::test]
async fn a_slow_update_is_not_waited_for_and_is_made_once() {
    for (slow, others, version) in [
        (Action::DelayAfter { ms: 4000 }, 0, 2),
        (Action::DelayAfter { ms: 1600 }, 5, 2),
        // It arrives after the second attempt, and after the others: that one is decided again.
        (Action::Delay { ms: 1600 }, 5, 7),
    ] {
        let (app, key) = app().await;
        let id = app.new_tenant(&key, "a").await["id"].as_str().unwrap().to_owned();
        let path = format!("/tenants/{id}");
        app.lambda.warm("update-tenant", 1).await.unwrap();
        app.faults([Rule::on("UpdateItem", slow.clone()).nth(1)]);
        let sent = || app.proxy.log().iter().any(|entry| entry.action == slow && (entry.forwarded || version != 2));
        let overtake = async {
            until("the update", sent).await;
            others_change(&app, &key, &id, others).await;
        };
        let started = Instant::now();
        let patch = app.with_key(&key, "PATCH", &path).json(json!({ "name": "A" }));
        let (changed, ()) = tokio::join!(patch.send(), overtake);
        assert_eq!(changed.expect_status(200).version(), version, "{slow:?}");
        assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
        app.proxy.quiet(Duration::from_secs(10)).await.unwrap();
        let now = app.with_key(&key, "GET", &path).send().await;
        assert_eq!((now.version(), &now.json()["name"]), (2 + others as u64, &json!("A")), "{slow:?}");
    }
}

#[tokio::test]
async fn a_transaction_whose_answer_was_lost_happened_once() {
    let (app, key) = app().await;
    app.faults([Rule::on("TransactWriteItems", Action::DropAfter).nth(1)]);
    let body = json!({ "external_id": "a" });
    let (created, log) = app.requests_of(app.with_key(&key, "POST", "/tenants").json(body).send()).await;
    let id = created.expect_status(201).json()["id"].clone();
    assert_eq!(of(&log, "TransactWriteItems").len(), 2);
    assert_eq!(tenants(&app, &key).await[0]["id"], id);
    expect_tenants(&app, 1).await;
}

#[tokio::test]
async fn a_conflict_with_other_writers_is_waited_out() {
    for times in [1, 10] {
        let (app, key) = app().await;
        app.faults([Rule::on("TransactWriteItems", Action::Conflict).times(times)]);
        post_once(&app, &key, "a").await.expect_status(201);
        expect_tenants(&app, 1).await;
    }
}

#[tokio::test]
async fn a_conflict_without_end_is_unavailable_when_the_time_is_over() {
    let (app, key) = app().await;
    app.lambda.warm("create-tenant", 1).await.unwrap();
    app.lambda.set_deadline(Deadline::In(Duration::from_secs(2)));
    app.faults([Rule::on("TransactWriteItems", Action::Conflict)]);
    let started = Instant::now();
    expect_unavailable(post_once(&app, &key, "a").await);
    // Half a second is kept for the answer.
    assert!((Duration::from_millis(1000)..Duration::from_millis(1900)).contains(&started.elapsed()));
    expect_tenants(&app, 0).await;
}

#[tokio::test]
async fn a_single_write_that_meets_a_transaction_waits() {
    let (app, key) = app().await;
    let path = format!("/tenants/{}", app.new_tenant(&key, "a").await["id"].as_str().unwrap());
    app.faults([Rule::on("UpdateItem", Action::Conflict).times(10)]);
    app.with_key(&key, "PATCH", &path).json(json!({ "name": "b" })).send().await.expect_status(200);
}

#[tokio::test]
async fn a_transaction_in_progress_is_waited_for() {
    let (app, key) = app().await;
    app.faults([Rule::on("TransactWriteItems", Action::InProgress).times(2)]);
    post_once(&app, &key, "a").await.expect_status(201);
    expect_tenants(&app, 1).await;
}

#[tokio::test]
async fn an_unreadable_answer_to_a_write_is_unavailable() {
    let (app, key) = app().await;
    app.faults([Rule::on("TransactWriteItems", Action::Garbage)]);
    let unknown = post_once(&app, &key, "a").await;
    assert!(!unknown.body.contains("html"), "{unknown}");
    expect_unavailable(unknown);
    app.faults([]);
    post_once(&app, &key, "a").await.expect_status(201);
    expect_tenants(&app, 1).await;
}

#[tokio::test]
async fn a_read_that_broke_off_is_read_again_and_an_unreadable_one_is_unavailable() {
    let (app, key) = app().await;
    let path = format!("/tenants/{}", app.new_tenant(&key, "a").await["id"].as_str().unwrap());
    app.faults([Rule::on("BatchGetItem", Action::Truncate { bytes: 20 }).key("#T").nth(1)]);
    app.with_key(&key, "GET", &path).send().await.expect_status(200);
    app.faults([Rule::on("BatchGetItem", Action::Garbage).key("#T")]);
    expect_unavailable(app.with_key(&key, "GET", &path).send().await);
}

/// Every operation that writes, each with what it answers where nothing goes wrong.
async fn every_write(app: &App, mut before_each: impl FnMut(&App)) {
    let mut send = async |key: &str, method: &str, path: &str, body: Value, status: u16| {
        before_each(app);
        let call = app.with_key(key, method, path);
        let call = if body.is_null() { call } else { call.json(body) };
        call.send().await.expect_status(status).json()
    };
    let ops = app.operator_key.clone();
    let customer = send(&ops, "POST", "/v1/customers", json!({ "customer_id": "lost" }), 201).await;
    assert_eq!(customer["customer_id"], "lost");
    let keys = "/v1/customers/lost/keys";
    let first = send(&ops, "POST", keys, json!({ "name": "a" }), 201).await;
    let rotate = format!("{keys}/{}/rotate", first["key_id"].as_str().unwrap());
    let key = send(&ops, "POST", &rotate, Value::Null, 201).await;
    let revoke = format!("{keys}/{}", first["key_id"].as_str().unwrap());
    send(&ops, "DELETE", &revoke, Value::Null, 204).await;
    send(&ops, "PATCH", "/v1/customers/lost", json!({ "display_name": "b" }), 200).await;
    send(&ops, "DELETE", "/v1/customers/lost", Value::Null, 204).await;
    send(&ops, "POST", "/v1/customers/lost/restore", Value::Null, 200).await;

    let key = key["api_key_once"].as_str().expect("the secret is shown").to_owned();
    let url = json!({ "name": "r", "repo_url": "https://example.com/r" });
    let repository = send(&key, "POST", "/repositories", url, 201).await;
    let repository = repository["id"].as_str().unwrap();
    let of_repository = format!("/repositories/{repository}");
    send(&key, "PATCH", &of_repository, json!({ "branch": "b" }), 200).await;
    send(&key, "PATCH", &of_repository, json!({ "name": "s" }), 200).await;
    let plain = send(&key, "POST", "/tenants", json!({}), 201).await;
    let of_plain = format!("/tenants/{}", plain["id"].as_str().unwrap());
    send(&key, "PATCH", &of_plain, json!({ "status": "suspended" }), 200).await;
    send(&key, "PUT", "/tenants/by-external-id/x", json!({ "name": "a" }), 201).await;
    send(&key, "PUT", "/tenants/by-external-id/x", json!({ "name": "b" }), 200).await;
    let attachment = format!("{of_plain}/repositories/{repository}");
    send(&key, "PUT", &attachment, json!({ "branch_override": "a" }), 201).await;
    send(&key, "PUT", &attachment, json!({ "branch_override": "b" }), 200).await;
    send(&key, "DELETE", &attachment, Value::Null, 204).await;
    send(&key, "DELETE", &of_repository, Value::Null, 204).await;
    send(&key, "DELETE", &of_plain, Value::Null, 204).await;
    send(&key, "DELETE", "/tenants/by-external-id/x", Value::Null, 204).await;
}

#[tokio::test]
async fn whatever_befalls_the_first_attempt_every_write_succeeds_once() {
    let status = Action::status(500, r#"{"__type":"InternalServerError"}"#);
    let late_arrival = Action::LateArrival { ms: 50 };
    for action in
        [Action::DropAfter, Action::DropBefore, Action::Reset, late_arrival, status, Action::Truncate { bytes: 1 }]
    {
        let app = App::start().await;
        every_write(&app, |app| app.faults(first_write(&action))).await;
        app.proxy.quiet(Duration::from_secs(10)).await.unwrap();
        for gone in ["tenant", "external_id", "repository", "repository_name", "attachment", "sweep_job"] {
            assert_eq!(app.items_of(gone).await, [] as [Value; 0], "after {action:?}");
        }
        assert_eq!(app.items_of("root").await[0]["keys"]["M"].as_object().unwrap().len(), 2, "after {action:?}");
    }
}

#[tokio::test]
async fn a_sweep_whose_answers_are_lost_ends_as_if_they_were_not() {
    let (app, key) = app().await;
    let repository = app.new_repository(&key, "r").await["id"].as_str().unwrap().to_owned();
    let tenant = app.new_tenant(&key, "a").await["id"].as_str().unwrap().to_owned();
    let attach = format!("/tenants/{tenant}/repositories/{repository}");
    app.with_key(&key, "PUT", &attach).send().await.expect_status(201);
    app.with_key(&key, "DELETE", "/tenants/by-external-id/a").send().await.expect_status(204);
    app.faults([
        Rule::on("TransactWriteItems", Action::DropAfter).nth(1),
        Rule::on("TransactWriteItems", Action::DropAfter).nth(3),
    ]);
    for _ in 0..2 {
        app.sweep().await.unwrap();
        assert_eq!(app.items_of("repository").await[0]["n"]["N"], "0");
        assert_eq!(app.items_of("attachment").await.len() + app.items_of("sweep_job").await.len(), 0);
    }
}
