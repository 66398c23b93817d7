//! Events that no client can cause by way of the gateway, given to the functions themselves: each is answered by a problem, or as if
//! what is odd in it were not there.

use tests::transcript::text;
use tests::{App, Value, json};

/// What a function answers to an event.
async fn answer(app: &App, function: &str, event: impl Into<String>) -> Value {
    let event = event.into();
    let answer =
        app.lambda.invoke(function, event.clone()).await.unwrap_or_else(|error| panic!("{event:.200}: {error}"));
    serde_json::from_slice(&answer).unwrap()
}

/// The event of a request for a list of customers, with these members besides.
fn event(key: &str, more: &Value) -> String {
    let mut event = json!({
        "version": "2.0", "routeKey": "GET /v1/customers", "rawPath": "/v1/customers", "rawQueryString": "",
        "headers": { "authorization": format!("Bearer {key}") }, "isBase64Encoded": false,
        "requestContext": { "domainName": "x.example", "stage": "$default", "http": { "method": "GET", "path": "/v1/customers" } },
    });
    for (name, member) in more.as_object().unwrap() {
        match (&mut event[name], member) {
            (Value::Object(members), Value::Object(more)) => members.extend(more.clone()),
            (place, member) => *place = member.clone(),
        }
    }
    event.to_string()
}

#[tokio::test]
async fn what_is_no_event_of_the_gateway_is_a_malformed_request() {
    let app = App::start().await;
    let many: Value =
        (0..40_000).map(|number| (format!("x{number}"), "".into())).collect::<serde_json::Map<_, _>>().into();
    let (key, function) = (&app.operator_key, "list-customers");
    app.lambda.warm(function, 1).await.unwrap();
    let before = app.lambda.processes(function);
    for more in [
        json!({ "requestContext": null }),
        json!({ "requestContext": [] }),
        json!({ "requestContext": { "http": null } }),
        json!({ "requestContext": { "http": { "method": "G T" } } }),
        json!({ "headers": { "a": 1 } }),
        json!({ "headers": { "a": "x\r\ny: z" } }),
        json!({ "headers": { "a b": "1" } }),
        json!({ "headers": many }),
        json!({ "pathParameters": [1] }),
        json!({ "rawQueryString": 1 }),
        json!({ "isBase64Encoded": "yes" }),
    ] {
        let answer = answer(&app, function, event(key, &more)).await;
        let what = more.to_string();
        assert_eq!(answer["statusCode"], 400, "{what:.100}: {answer}");
        let problem: Value = serde_json::from_str(text(&answer, "body")).unwrap();
        // Without a context there is no name of the gateway.
        let has_name = more.get("requestContext").is_none_or(Value::is_object);
        let base_url = if has_name { "https://x.example" } else { "https://localhost" };
        assert_eq!(problem["type"], format!("{base_url}/problems/malformed-request"), "{what:.100}");
        assert_eq!((text(&problem, "instance"), text(&problem, "slug")), ("/v1/customers", "malformed-request"));
        assert_eq!(problem["request_id"], answer["headers"]["x-request-id"]);
        assert!(!answer.to_string().contains(key) && !answer.to_string().contains("x\\r"), "{answer}");
    }
    let deep = "[".repeat(9999) + &"]".repeat(9999);
    for text in ["{}", "null", "[]", "\"GET\"", "1e400", r#"{"rawPath": "\ud800"}"#, &deep] {
        assert_eq!(answer(&app, function, text).await["statusCode"], 400, "{text:.100}");
    }
    assert_eq!(answer(&app, function, event(key, &json!({}))).await["statusCode"], 200);
    assert_eq!(app.lambda.processes(function), before, "a process died");
}

/// On each of these `lambda_http` would panic, or change what was asked for.
#[tokio::test]
async fn what_gives_no_url_is_answered_as_it_was_asked() {
    let app = App::start().await;
    let (key, function) = (&app.operator_key, "list-customers");
    app.lambda.warm(function, 1).await.unwrap();
    let before = app.lambda.processes(function);
    for (more, status) in [
        (json!({ "rawQueryString": "a b" }), 422),
        (json!({ "rawQueryString": "a=%" }), 400),
        (json!({ "rawQueryString": "page.page_size=1&x#y" }), 422),
        (json!({ "rawQueryString": "x".repeat(70_000) }), 422),
        (json!({ "rawPath": "x".repeat(70_000) }), 200),
        (json!({ "rawPath": "/a#b", "rawQueryString": "unknown=1" }), 422),
        (json!({ "rawPath": "/a?b", "rawQueryString": "unknown=1" }), 422),
        (json!({ "rawPath": "@:[//" }), 200),
        (json!({ "headers": { "host": "a b" } }), 200),
        (json!({ "headers": { "host": "xn--\u{e9}[", "x-forwarded-proto": "1:" } }), 200),
        (json!({ "requestContext": { "domainName": "xn--a b", "stage": "?" } }), 200),
        (json!({ "body": "%", "isBase64Encoded": true }), 200),
        (json!({ "headers": { "a": null, "user-agent": "Gr\u{fc}\u{df}e" }, "pathParameters": { "b": null } }), 200),
        (json!({ "headers": null }), 401),
        (json!({ "headers": { "authorization": "Bearer \u{e9}" } }), 401),
    ] {
        let answer = answer(&app, function, event(key, &more)).await;
        let what = more.to_string();
        assert_eq!(answer["statusCode"], status, "{what:.100}: {answer}");
    }
    assert_eq!(app.lambda.processes(function), before, "a process died");
}

#[tokio::test]
async fn headers_outside_ascii_mean_what_they_say() {
    let app = App::start().await;
    app.new_customer("acme-corp").await;
    let customer = "/v1/customers/acme-corp";
    let patch = || app.operator("PATCH", customer).json(json!({ "display_name": "x" }));
    let etag = app.operator("GET", customer).send().await.etag();
    patch().header("if-match", "\"\u{e9}\"").send().await.expect_problem(412, "precondition-failed");
    patch().header("if-match", &format!("\"\u{e9}\", {etag}")).send().await.expect_status(200);
    let create = app.operator("POST", "/v1/customers").json(json!({ "customer_id": "other" })).once("\u{e9}");
    assert_eq!(create.send().await.pointers(), ["/header/Idempotency-Key"]);
    app.with_key("\u{e9}", "GET", customer).send().await.expect_problem(401, "insufficient-scope");
}
