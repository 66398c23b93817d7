//! ETags where there are some, and nowhere else (contract section 2.7).

use tests::checks::wrote;
use tests::operations::{Fixture, examples, protected};
use tests::transcript::text;
use tests::{App, json};

#[tokio::test]
async fn single_customers_carry_a_strong_tag_and_nothing_else_here_does() {
    let app = App::start().await;
    let created = app
        .operator("POST", "/v1/customers")
        .json(json!({ "customer_id": "acme-corp" }))
        .send()
        .await
        .expect_status(201);
    let customer = "/v1/customers/acme-corp";
    let changed = app.operator("PATCH", customer).json(json!({ "display_name": "x" })).send().await.expect_status(200);
    let unchanged = app.operator("PATCH", customer).json(json!({})).send().await.expect_status(200);
    let read = app.operator("GET", customer).send().await.expect_status(200);
    app.operator("DELETE", customer).send().await.expect_status(204);
    let restored = app.operator("POST", &format!("{customer}/restore")).send().await.expect_status(200);
    for answer in [&created, &changed, &unchanged, &read, &restored] {
        let tag = answer.etag();
        let inside = tag
            .strip_prefix('"')
            .and_then(|tag| tag.strip_suffix('"'))
            .unwrap_or_else(|| panic!("{tag} is not strong"));
        assert!(!inside.is_empty() && !inside.contains('"'), "{tag}");
    }
    assert_eq!((changed.etag(), unchanged.etag()), (read.etag(), read.etag()));
    assert!(created.etag() != read.etag() && restored.etag() != read.etag());

    let keys = format!("{customer}/keys");
    let key = app.operator("POST", &keys).json(json!({ "name": "k" })).send().await.expect_status(201);
    let path = format!("{keys}/{}", text(&key.json(), "key_id"));
    let rotated = app.operator("POST", &format!("{path}/rotate")).send().await.expect_status(201);
    let revoked = app.operator("DELETE", &path).send().await.expect_status(204);
    let lists = [app.operator("GET", &keys).send().await, app.operator("GET", "/v1/customers").send().await];
    for answer in [key, rotated, revoked].into_iter().chain(lists) {
        assert_eq!(answer.header("etag"), None, "{answer}");
    }
}

#[tokio::test]
async fn conditions_are_ignored_where_there_is_no_tag() {
    let app = App::start().await;
    app.new_customer("acme-corp").await;
    let keys = "/v1/customers/acme-corp/keys";
    let with = |method: &str, path: &str| {
        app.operator(method, path).header("if-match", "\"stale\"").header("if-none-match", "*")
    };
    let key = with("POST", keys).json(json!({ "name": "k" })).send().await.expect_status(201).json();
    let path = format!("{keys}/{}", text(&key, "key_id"));
    with("POST", &format!("{path}/rotate")).send().await.expect_status(201);
    with("DELETE", &path).send().await.expect_status(204);
    with("GET", keys).send().await.expect_status(200);
    with("GET", "/v1/customers").send().await.expect_status(200);
    with("POST", "/v1/customers").json(json!({ "customer_id": "b" })).send().await.expect_status(201);
    with("POST", "/v1/customers/b/restore").send().await.expect_status(200);
    // `If-None-Match` is for GET and the upsert, `If-Match` for PATCH, DELETE and the upsert.
    app.operator("PATCH", "/v1/customers/b")
        .json(json!({}))
        .header("if-none-match", "nonsense")
        .send()
        .await
        .expect_status(200);
    app.operator("GET", "/v1/customers/b").header("if-match", "nonsense").send().await.expect_status(200);
    app.operator("DELETE", "/v1/customers/b").header("if-none-match", "*").send().await.expect_status(204);
}

#[tokio::test]
async fn every_operation_that_takes_if_match_answers_412_to_a_stale_one_and_no_other_write_does() {
    let app = App::start().await;
    for (number, operation) in protected().filter(|operation| operation.is_write()).enumerate() {
        let fixture = Fixture::new(&app, &format!("customer-{number}")).await;
        let example = examples(&operation.id).unwrap().swap_remove(0);
        fixture.prepare(&app, &example).await;
        let call = fixture.call(&app, operation, &example).header("if-match", "\"0\"");
        let (answer, log) = app.requests_of(call.send()).await;
        if operation.takes("header:If-Match") {
            answer.expect_problem(412, "precondition-failed");
            assert!(!wrote(&log), "{}", operation.id);
        } else {
            answer.expect_status(example.status);
        }
    }
}

#[tokio::test]
async fn a_tag_tells_each_version_apart() {
    let app = App::start().await;
    app.new_customer("acme-corp").await;
    let customer = "/v1/customers/acme-corp";
    let mut tags = vec![app.operator("GET", customer).send().await.etag()];
    for _ in 0..3 {
        let body = json!({ "display_name": "same" });
        tags.push(app.operator("PATCH", customer).json(body).send().await.expect_status(200).etag());
        app.operator("DELETE", customer).send().await.expect_status(204);
        tags.push(app.operator("POST", &format!("{customer}/restore")).send().await.expect_status(200).etag());
    }
    assert_eq!(tags.len(), 7);
    for (at, tag) in tags.iter().enumerate() {
        assert!(!tags[at + 1..].contains(tag), "{tag} came twice");
        let status = app.operator("GET", customer).header("if-none-match", tag).send().await.status;
        assert_eq!(status, if at + 1 == tags.len() { 304 } else { 200 });
    }
}

#[tokio::test]
async fn a_list_of_tags_may_be_as_long_as_a_header() {
    let app = App::start().await;
    app.new_customer("acme-corp").await;
    let key = app.new_integration_key("acme-corp").await;
    let tenant = app.new_tenant(&key, "one").await;
    let repository = app.new_repository(&key, "one").await;
    let of_tenant = format!("/tenants/{}", tenant["id"].as_str().unwrap());
    let of_repository = format!("/repositories/{}", repository["id"].as_str().unwrap());
    let upsert = "/tenants/by-external-id/one".to_owned();
    let stale = (1_000..1_500).map(|version| format!("\"{version}\"")).collect::<Vec<_>>().join(",");
    for (key, path, method, name) in [
        (&app.operator_key, &"/v1/customers/acme-corp".to_owned(), "PATCH", "display_name"),
        (&key, &of_repository, "PATCH", "name"),
        (&key, &of_repository, "PATCH", "branch"),
        (&key, &of_tenant, "PATCH", "name"),
        (&key, &upsert, "PUT", "name"),
    ] {
        let tag = app.with_key(key, "GET", path).send().await.etag();
        let change = |tags: &str, value: &str| {
            app.with_key(key, method, path).header("if-match", tags).json(json!({ name: value }))
        };
        change(&stale, "a").send().await.expect_problem(412, "precondition-failed");
        let changed = change(&format!("{stale},{tag}"), "b").send().await.expect_status(200);
        assert_eq!(changed.json()[name], "b", "{changed}");
    }
    let long = |method: &str, path: &str| app.with_key(&key, method, path).header("if-match", &stale);
    long("DELETE", &of_repository).send().await.expect_problem(412, "precondition-failed");
    long("DELETE", &of_tenant).send().await.expect_problem(412, "precondition-failed");
    long("DELETE", &upsert).send().await.expect_problem(412, "precondition-failed");
    let archive = |tags: &str| app.operator("DELETE", "/v1/customers/acme-corp").header("if-match", tags);
    archive(&stale).send().await.expect_problem(412, "precondition-failed");
    let tag = app.operator("GET", "/v1/customers/acme-corp").send().await.etag();
    archive(&format!("{stale},{tag}")).send().await.expect_status(204);
    archive(&stale).send().await.expect_problem(404, "not-found");
}
