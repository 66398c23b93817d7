//! Answers that are lost, late or unreadable: cases A1-A14. What others do meanwhile is in `overtaken`.

use super::{app, expect_tenants, expect_unavailable, expect_within, first_write, of};
use super::{others_change, post_once, tenants, until};
use futures_util::future::join_all;
use local::lambda::Deadline;
use std::time::{Duration, Instant};
use tests::checks::write_rows;
use tests::operations::{Fixture, examples, protected};
use tests::transcript::redacted;
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

/// Does each write once in a customer of its own while `fault` befalls its first attempt, and says what it leaves in the table.
async fn every_write(fault: Option<&Action>) -> Vec<(String, Vec<String>)> {
    let app = App::start().await;
    let mut left = Vec::new();
    for operation in protected().filter(|operation| operation.is_write()) {
        for example in examples(&operation.id).unwrap() {
            let name = format!("customer-of-run-{:02}", left.len());
            let fixture = Fixture::new(&app, &name).await;
            fixture.prepare(&app, &example).await;
            app.faults(fault.map(first_write).unwrap_or_default());
            let answer = fixture.call(&app, operation, &example).send().await;
            app.faults([]);
            assert_eq!(answer.status, example.status, "{} after {fault:?}: {answer}", operation.id);
            app.proxy.quiet(Duration::from_secs(10)).await.unwrap();
            let mut items = items_of_customer(&app, &fixture).await;
            // The table stays small: it is read as a whole after each write.
            let delete = |item: &Value| json!({ "DeleteRequest": { "Key": { "pk": item["pk"], "sk": item["sk"] } } });
            write_rows(&app, &items.iter().map(delete).collect::<Vec<_>>()).await;
            if operation.id == "revokeKey" {
                // Its update may be applied twice without a difference that a client sees (decision 12).
                items.iter_mut().filter(|item| item["type"]["S"] == "root").for_each(|root| remove(root, &["ver"]));
            }
            let tags = tags(&items);
            let without_tags = |text: String| tags.iter().fold(text, |text, tag| text.replace(tag, "TAG"));
            let shown = items.iter().map(|item| without_tags(redacted(&item.to_string())));
            let mut items: Vec<String> = shown.collect();
            items.sort();
            left.push((format!("{} {}", operation.id, example.status), items));
        }
    }
    left
}

/// The items of a customer without write ids and secrets. A tenant's versions are counted from 1.
async fn items_of_customer(app: &App, fixture: &Fixture) -> Vec<Value> {
    let (slug, root) = (fixture.names.get("customer_id"), fixture.customer.trim_start_matches("cust_"));
    let is_its_own = |item: &Value| [slug, root].iter().any(|name| item.to_string().contains(name));
    let mut items = app.items().await;
    items.retain(is_its_own);
    for item in &mut items {
        remove(item, &["w", "ws", "h", "suffix"]);
        let version: u64 = item["ver"]["N"].as_str().map_or(0, |version| version.parse().unwrap());
        item["ver"] = (version % 1_000_000).into();
        // The partition of a job is chosen by the random end of an id.
        if item["type"]["S"] == "sweep_job" {
            remove(item, &["g1pk"]);
        }
    }
    items
}

/// The tags of tenants and users, which are drawn at random.
fn tags(items: &[Value]) -> Vec<String> {
    let of_tenants = items.iter().filter_map(|item| item["tag"]["S"].as_str());
    let users = items.iter().filter_map(|item| item["id"]["S"].as_str()?.strip_prefix("usr_"));
    of_tenants.chain(users.map(|ulid| &ulid[16..22])).map(str::to_owned).collect()
}

/// Removes the members of these names, at any depth.
fn remove(value: &mut Value, names: &[&str]) {
    if let Some(members) = value.as_object_mut() {
        members.retain(|name, _| !names.contains(&name.as_str()));
        members.values_mut().for_each(|member| remove(member, names));
    }
}

#[tokio::test]
async fn whatever_befalls_the_first_attempt_every_write_succeeds_once() {
    let status = Action::status(500, r#"{"__type":"InternalServerError"}"#);
    let late = Action::LateArrival { ms: 50 };
    let expected = every_write(None).await;
    assert!(expected.len() >= 20, "{} writes", expected.len());
    let faults = [Action::DropAfter, Action::DropBefore, Action::Reset, late, status, Action::Truncate { bytes: 1 }];
    let found = join_all(faults.iter().map(|fault| every_write(Some(fault)))).await;
    for (fault, found) in faults.iter().zip(found) {
        for ((operation, left), (_, expected)) in found.iter().zip(&expected) {
            assert_eq!(left, expected, "{operation} after {fault:?}");
        }
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
