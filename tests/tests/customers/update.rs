//! `PATCH /v1/customers/{customer_id}` (contract section 3.1): merge semantics, versions, races.

use futures_util::future::join_all;
use tests::checks::most_writes_at_once;
use tests::checks::wrote;
use tests::transcript::text;
use tests::{Action, App, Call, Rule, Value, json};

fn patch<'a>(app: &'a App, name: &str, body: Value) -> Call<'a> {
    app.operator("PATCH", &format!("/v1/customers/{name}")).json(body)
}

async fn get(app: &App, name: &str) -> tests::Exchange {
    app.operator("GET", &format!("/v1/customers/{name}")).send().await.expect_status(200)
}

/// Absent, cleared or set, and what becomes of it.
fn ways(name: &str, old: &Value, new: &Value, cleared: &Value) -> Vec<(Value, Value)> {
    vec![
        (json!({}), old.clone()),
        (json!({ name: cleared }), if name == "labels" { json!({}) } else { Value::Null }),
        (json!({ name: new }), new.clone()),
    ]
}

#[tokio::test]
async fn each_member_is_left_cleared_or_replaced_by_itself() {
    let app = App::start().await;
    let old = json!({ "display_name": "old", "description": "old", "labels": { "a": "1", "b": "2" } });
    app.new_customer("acme-corp").await;
    let new = [("display_name", json!("new")), ("description", json!("neu")), ("labels", json!({ "b": "3" }))];
    let choices = |at: usize| {
        let (name, value) = &new[at];
        ways(name, &old[*name], value, &if *name == "labels" { json!({}) } else { Value::Null })
    };
    for (display_name, expected_name) in choices(0) {
        for (description, expected_description) in choices(1) {
            for (labels, expected_labels) in choices(2) {
                patch(&app, "acme-corp", old.clone()).send().await.expect_status(200);
                let mut body = display_name.clone();
                for more in [&description, &labels] {
                    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
                }
                let answer = patch(&app, "acme-corp", body.clone()).send().await.expect_status(200).json();
                let shown = [&answer["display_name"], &answer["description"], &answer["labels"]];
                assert_eq!(shown, [&expected_name, &expected_description, &expected_labels], "{body}");
                assert_eq!(get(&app, "acme-corp").await.json(), answer);
            }
        }
    }
}

#[tokio::test]
async fn a_patch_without_members_writes_nothing() {
    let app = App::start().await;
    let id = text(&app.new_customer("acme-corp").await, "id").to_owned();
    let before = get(&app, "acme-corp").await;
    let bodies = [json!({}), json!({ "customer_id": "acme-corp" }), json!({ "customer_id": id })];
    for body in bodies {
        let (answer, log) =
            app.requests_of(patch(&app, "acme-corp", body).header("if-match", &before.etag()).send()).await;
        assert_eq!((answer.status, &answer.body, answer.etag()), (200, &before.body, before.etag()));
        assert!(!wrote(&log), "{log:?}");
    }
    patch(&app, "acme-corp", json!({}))
        .header("if-match", "\"0\"")
        .send()
        .await
        .expect_problem(412, "precondition-failed");
    assert_eq!(get(&app, "acme-corp").await.etag(), before.etag());
}

#[tokio::test]
async fn a_patch_with_equal_values_is_a_write() {
    let app = App::start().await;
    app.new_customer("acme-corp").await;
    let mut before = get(&app, "acme-corp").await;
    for body in [
        json!({ "display_name": null }),
        json!({ "display_name": "" }),
        json!({ "labels": {} }),
        json!({ "description": null }),
    ] {
        let after = patch(&app, "acme-corp", body).send().await.expect_status(200);
        assert_ne!(after.etag(), before.etag());
        let (mut shown, expected) = (after.json(), before.json());
        assert!(text(&shown, "updated_at") > text(&expected, "updated_at"), "{shown}");
        shown["updated_at"] = expected["updated_at"].clone();
        assert_eq!(shown, expected);
        assert_eq!(get(&app, "acme-corp").await.etag(), after.etag());
        before = after;
    }
}

#[tokio::test]
async fn a_customer_id_in_the_body_must_be_its_own() {
    let app = App::start().await;
    let id = text(&app.new_customer("acme-corp").await, "id").to_owned();
    let other = text(&app.new_customer("other").await, "id").to_owned();
    for name in ["acme-corp", &id] {
        for own in ["acme-corp", &id] {
            let body = json!({ "customer_id": own, "display_name": own });
            let answer = patch(&app, name, body).send().await.expect_status(200).json();
            assert_eq!((text(&answer, "customer_id"), text(&answer, "display_name")), ("acme-corp", own));
        }
        let before = get(&app, name).await.etag();
        for foreign in ["other", &other, "absent"] {
            for body in [json!({ "customer_id": foreign, "display_name": "x" }), json!({ "customer_id": foreign })] {
                assert_eq!(patch(&app, name, body.clone()).send().await.pointers(), ["/customer_id"]);
                // It needs stored state: it comes after 404 and 412.
                patch(&app, name, body.clone())
                    .header("if-match", "\"0\"")
                    .send()
                    .await
                    .expect_problem(412, "precondition-failed");
                patch(&app, "absent", body).send().await.expect_problem(404, "not-found");
            }
        }
        assert_eq!(get(&app, name).await.etag(), before);
    }
    for bad in [json!(null), json!(""), json!("UPPER"), json!(1), json!("tnt_01kaq7n0z2w4y6x8v0tqrstabc")] {
        let answer = patch(&app, "absent", json!({ "customer_id": bad, "labels": null })).send().await;
        assert_eq!(answer.pointers(), ["/customer_id", "/labels"], "{bad}");
    }
}

#[tokio::test]
async fn faults_of_a_patch_are_all_told_at_once() {
    let app = App::start().await;
    app.new_customer("acme-corp").await;
    let body = json!({ "display_name": "x".repeat(256), "description": "a\u{0}", "labels": { "A": "b", "c": 1 }, "state": "archived", "id": "x", "updated_at": null, "ver": 1 });
    let answer = app.operator("PATCH", "/v1/customers/acme-corp?x=1").json(body).header("if-match", "1").send().await;
    let expected = [
        "/description",
        "/display_name",
        "/header/If-Match",
        "/id",
        "/labels/A",
        "/labels/c",
        "/query/x",
        "/state",
        "/updated_at",
        "/ver",
    ];
    assert_eq!(answer.pointers(), expected);
    assert_eq!(patch(&app, "acme-corp", json!({ "labels": null })).send().await.pointers(), ["/labels"]);
    let most = json!({ "display_name": "🦀".repeat(255), "description": "é".repeat(2000) });
    patch(&app, "acme-corp", most).send().await.expect_status(200);
}

#[tokio::test]
async fn both_media_types_are_taken() {
    let app = App::start().await;
    app.new_customer("acme-corp").await;
    for kind in [
        "application/json",
        "application/merge-patch+json",
        "Application/Merge-Patch+JSON; charset=utf-8",
        "application/json;charset=utf-7",
    ] {
        let call =
            app.operator("PATCH", "/v1/customers/acme-corp").body(kind, json!({ "display_name": kind }).to_string());
        assert_eq!(text(&call.send().await.expect_status(200).json(), "display_name"), kind);
    }
}

#[tokio::test]
async fn only_the_current_version_may_be_changed_where_one_is_named() {
    let app = App::start().await;
    app.new_customer("acme-corp").await;
    let stale = get(&app, "acme-corp").await.etag();
    let mut current = patch(&app, "acme-corp", json!({ "display_name": "b" })).send().await.expect_status(200).etag();
    let change = |tags: &str| patch(&app, "acme-corp", json!({ "display_name": "c" })).header("if-match", tags).send();
    for tags in [
        &stale,
        "\"0\"",
        "\"\"",
        "\"abc\"",
        &format!("W/{current}"),
        &format!("{stale}, W/{current}, \"99999999999999999999\""),
    ] {
        let answer = change(tags).await.expect_problem(412, "precondition-failed");
        assert_eq!(answer.header("etag"), None, "{tags}");
    }
    assert_eq!(get(&app, "acme-corp").await.etag(), current);
    for tags in ["TAG", "*", " * ", "\"x\", ,TAG,", "\"1\"\t,\tTAG", "W/\"9\",TAG"] {
        current = change(&tags.replace("TAG", &current)).await.expect_status(200).etag();
    }
    for tags in ["", ",", "1", "\"1", "*,*", "*, \"1\"", "\"1\" \"2\"", "\"a b\"", "W/ \"1\"", "\"1\";", "\"1\"*"] {
        assert_eq!(change(tags).await.pointers(), ["/header/If-Match"], "{tags}");
    }
    patch(&app, "absent", json!({ "display_name": "x" }))
        .header("if-match", &current)
        .send()
        .await
        .expect_problem(404, "not-found");
    let twice = patch(&app, "acme-corp", json!({ "display_name": "d" }))
        .header("if-match", &stale)
        .header("if-match", &current);
    twice.send().await.expect_status(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_32_parallel_changes_of_one_version_one_wins() {
    let app = App::start().await;
    app.new_customer("acme-corp").await;
    app.lambda.warm("update-customer", 4).await.unwrap();
    let before = get(&app, "acme-corp").await.etag();
    let change = |number: usize| {
        patch(&app, "acme-corp", json!({ "display_name": number.to_string() })).header("if-match", &before)
    };
    // Each write waits until others have read the same version.
    app.faults([Rule::on("UpdateItem", Action::Delay { ms: 100 })]);
    let (answers, log) = app.requests_of(join_all((0..32).map(|number| change(number).send()))).await;
    let winners: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(winners.len(), 1);
    for loser in answers.iter().filter(|answer| answer.status != 200) {
        loser.clone().expect_problem(412, "precondition-failed");
    }
    assert_eq!(get(&app, "acme-corp").await.body, winners[0].body);
    assert!(most_writes_at_once(&log) > 1, "nothing was raced");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_32_parallel_changes_of_different_members_none_is_lost() {
    let app = App::start().await;
    app.new_customer("acme-corp").await;
    app.lambda.warm("update-customer", 4).await.unwrap();
    let change = |number: usize| {
        let member = ["display_name", "description"][number % 2];
        patch(&app, "acme-corp", json!({ member: "set" })).send()
    };
    for answer in join_all((0..32).map(change)).await {
        answer.expect_status(200);
    }
    let shown = get(&app, "acme-corp").await;
    assert_eq!((text(&shown.json(), "display_name"), text(&shown.json(), "description")), ("set", "set"));
    let item = &app.items_of("customer").await[0];
    assert_eq!(item["ver"]["N"], "33");
}
