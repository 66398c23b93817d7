//! Request ids, and headers that are logged or ignored (contract section 2.4).

use std::collections::HashSet;
use tests::transcript::{redacted, text};
use tests::{App, json};

#[tokio::test]
async fn every_answer_has_a_request_id_of_its_own_and_problems_repeat_it() {
    let app = App::start().await;
    app.new_customer("acme-corp").await;
    let customer = "/v1/customers/acme-corp";
    let calls = [
        app.anonymous("GET", "/health"),
        app.anonymous("GET", "/problems"),
        app.anonymous("GET", "/openapi.json"),
        app.anonymous("GET", "/nowhere"),
        app.anonymous("PUT", "/health"),
        app.anonymous("GET", customer),
        app.operator("GET", "/integration/self"),
        app.operator("GET", customer),
        app.operator("GET", customer).header("if-none-match", "*"),
        app.operator("GET", "/v1/customers/absent"),
        app.operator("POST", "/v1/customers").json(json!({ "customer_id": "acme-corp" })),
        app.operator("POST", "/v1/customers").bare_body("x"),
        app.operator("POST", "/v1/customers").json(json!([])),
        app.operator("POST", "/v1/customers").json(json!({})),
        app.operator("PATCH", customer).json(json!({})).header("if-match", "\"0\""),
        app.operator("GET", "/v1/customers"),
        app.operator("GET", &format!("{customer}/keys")),
        app.operator("DELETE", customer),
        app.operator("HEAD", "/health"),
    ];
    let mut seen = HashSet::new();
    for call in calls {
        let answer = call.header("x-request-id", "req_01kaq7n0z2w4y6x8v0tqrstabc").send_unchecked().await;
        let ids: Vec<&str> =
            answer.headers.iter().filter(|(name, _)| name == "x-request-id").map(|(_, id)| id.as_str()).collect();
        assert_eq!(ids.len(), 1, "{answer}");
        assert_eq!(redacted(ids[0]), "req_…");
        assert!(seen.insert(ids[0].to_owned()), "{} was used twice", ids[0]);
        assert_ne!(ids[0], "req_01kaq7n0z2w4y6x8v0tqrstabc");
        if answer.status >= 400 && answer.method != "HEAD" {
            assert_eq!(text(&answer.json(), "request_id"), ids[0]);
        }
        app.lambda.log_with(&format!("\"request_id\":\"{}\"", ids[0])).await.expect("the id is in the log");
    }
}

#[tokio::test]
async fn caches_keep_no_secret_and_ask_again_for_what_needs_a_credential() {
    const REVALIDATED: &str = "private, no-cache";
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let customer = "/v1/customers/acme-corp";
    let keys = "/v1/customers/acme-corp/keys";
    let etag = app.operator("GET", customer).send().await.etag();
    let create_key = || app.operator("POST", keys).json(json!({ "name": "x" })).once("create");
    let made = create_key().send().await.expect_status(201).json();
    let rotate = format!("{keys}/{}/rotate", text(&made, "key_id"));
    let rotate = || app.operator("POST", &rotate).once("rotated-once");
    let create = || app.operator("POST", "/v1/customers").json(json!({ "customer_id": "other" })).once("other");
    let tenant = "/tenants/by-external-id/one";
    for (call, status, expected) in [
        (create_key(), 201, "no-store"),
        (rotate(), 201, "no-store"),
        (rotate(), 201, "no-store"),
        (app.operator("POST", keys).json(json!({ "name": "y" })), 201, "no-store"),
        (app.anonymous("GET", customer), 401, "no-store"),
        (app.with_key("sk_int_x", "GET", "/tenants"), 401, "no-store"),
        (app.operator("GET", keys), 200, REVALIDATED),
        (app.operator("GET", customer), 200, REVALIDATED),
        (app.operator("GET", customer).header("if-none-match", &etag), 304, REVALIDATED),
        (app.operator("GET", "/v1/customers"), 200, REVALIDATED),
        (create(), 201, REVALIDATED),
        (create(), 201, REVALIDATED),
        (app.with_key(&key, "PUT", tenant).json(json!({})), 201, REVALIDATED),
        (app.with_key(&key, "PUT", tenant).json(json!({})), 200, REVALIDATED),
        (app.with_key(&key, "GET", "/integration/self"), 200, REVALIDATED),
        (app.with_key(&key, "GET", "/v1/customers"), 403, REVALIDATED),
        (app.operator("GET", "/v1/customers/absent"), 404, REVALIDATED),
        (app.operator("POST", "/v1/customers").json(json!({ "customer_id": "acme-corp" })), 409, REVALIDATED),
        (app.operator("PATCH", customer).json(json!({})).header("if-match", "\"0\""), 412, REVALIDATED),
        (app.operator("POST", keys).body("application/json", " ".repeat(300_000)), 413, REVALIDATED),
        (app.operator("POST", keys).bare_body("{}"), 415, REVALIDATED),
        (app.operator("POST", keys).json(json!([])), 400, REVALIDATED),
        (app.operator("POST", keys).json(json!({})), 422, REVALIDATED),
        (app.with_key(&key, "DELETE", tenant), 204, REVALIDATED),
        (app.operator("PUT", customer), 405, "no-store"),
        (app.anonymous("GET", "/health"), 200, "no-store"),
        (app.anonymous("HEAD", "/health"), 200, "no-store"),
        (app.anonymous("GET", "/problems/absent"), 404, "no-store"),
        (app.anonymous("GET", "/openapi.json"), 200, "public, max-age=300"),
        (app.anonymous("HEAD", "/openapi.json"), 200, "public, max-age=300"),
        (app.operator("GET", "/problems"), 200, "public, max-age=300"),
        (app.anonymous("GET", "/problems/not-found").header("accept", "text/html"), 200, "public, max-age=300"),
    ] {
        let answer = call.send().await.expect_status(status);
        let said: Vec<_> = answer.headers.iter().filter(|(name, _)| name == "cache-control").collect();
        assert_eq!(said, [&("cache-control".to_owned(), expected.to_owned())], "{answer}");
    }
    let unknown = app.operator("GET", "/nowhere").send_unchecked().await.expect_status(404);
    assert_eq!(unknown.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn a_callers_own_request_id_is_logged_where_it_is_fit() {
    let app = App::start().await;
    let long = "a".repeat(129);
    for (id, logged) in [
        ("trace-1", true),
        ("{\"a\": 'b' \\ }~", true),
        (&long[1..], true),
        (&long, false),
        ("é", false),
        ("", false),
        ("tab\there", false),
    ] {
        let answer = app.anonymous("GET", "/health").header("x-request-id", id).send().await.expect_status(200);
        let log = app.lambda.log_with(answer.header("x-request-id").unwrap()).await.unwrap();
        let line = log.lines().find(|line| line.contains(answer.header("x-request-id").unwrap())).unwrap();
        let line: tests::Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("one JSON line: {line}"));
        assert_eq!(line["caller_request_id"].as_str(), logged.then_some(id), "{line}");
    }
}

#[tokio::test]
async fn nothing_else_that_a_caller_sends_is_logged() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let body = json!({ "customer_id": "secret-slug", "display_name": "secret-name\n", "labels": { "secret-label": "secret-value" } });
    app.operator("POST", "/v1/customers")
        .json(body)
        .once("secret-idempotency")
        .header("x-custom", "secret-header")
        .send()
        .await
        .expect_status(201);
    app.with_key(&key, "GET", "/tenants?secret-query=1").send().await.expect_status(422);
    let answer = app.with_key("sk_int_secret-key", "GET", "/tenants/secret-path").send().await.expect_status(401);
    let log = app.lambda.log_with(answer.header("x-request-id").unwrap()).await.unwrap();
    assert!(!log.contains("secret") && !log.contains(&key[..20]) && !log.contains("Bearer"), "{log}");
    assert!(log.lines().all(|line| serde_json::from_str::<tests::Value>(line).is_ok()), "{log}");
}

#[tokio::test]
async fn the_base_url_cannot_be_forged() {
    let app = App::start().await;
    let call = app
        .anonymous("GET", "/v1/customers")
        .header("x-forwarded-host", "evil.example")
        .header("x-forwarded-proto", "gopher");
    let answer = call.header("forwarded", "host=evil.example").header("x-original-host", "evil.example").send().await;
    assert!(!answer.body.contains("evil") && !answer.body.contains("gopher"), "{answer}");
    let forged = b"GET /v1/customers HTTP/1.1\r\nhost: evil.example\r\n\r\n";
    let answer = local::http::raw(app.address(), forged).await.unwrap();
    assert!(answer.status == 401 && !answer.text().contains("evil"), "{}", answer.text());
    let problem = text(&answer.json(), "type").to_owned();
    let path = problem.split(&app.address().to_string()).nth(1).expect("the gateway's own address");
    app.anonymous("GET", path).send().await.expect_status(200);
}
