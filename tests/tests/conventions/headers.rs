//! Request ids, and headers that are logged or ignored (contract 2).

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
