//! What the gateway answers by itself: `{"message": …}`, described by infra/openapi.yaml for every operation.

use serde_json::Value;
use tests::gateway::{Options, Throttle};
use tests::{App, Exchange, Refusing, json, openapi};

/// Every operation's method, and a path of it.
fn operations() -> Vec<(String, String)> {
    let paths = openapi::document()["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        let segment = |segment: &str| if segment.starts_with('{') { "x".to_owned() } else { segment.to_owned() };
        let path = path.split('/').map(segment).collect::<Vec<_>>().join("/");
        let methods = item.as_object().unwrap().iter().filter(|(_, operation)| operation["operationId"].is_string());
        methods.map(move |(method, _)| (method.to_ascii_uppercase(), path.clone())).collect::<Vec<_>>()
    });
    operations.collect()
}

#[track_caller]
fn expect_message(answer: &Exchange, status: u16, message: &str) {
    assert_eq!((answer.status, answer.json()), (status, json!({ "message": message })), "{answer}");
    assert_eq!(answer.header("content-type"), Some("application/json"), "{answer}");
    assert_eq!((answer.header("x-request-id"), answer.header("retry-after")), (None, None), "{answer}");
}

#[tokio::test]
async fn what_the_gateway_answers_by_itself_is_described_for_every_operation() {
    let app = App::start().await;
    let refusing = Refusing::start(&app).await;
    let mut statuses = Vec::new();
    for (status, gateway) in refusing.gateways() {
        let message = match status {
            413 => "Request Entity Too Large",
            429 => "Too Many Requests",
            500 => "Internal Server Error",
            _ => "Service Unavailable",
        };
        let calls = operations().into_iter().map(async |(method, path)| {
            expect_message(&app.by(gateway, &method, &path).send().await, *status, message);
        });
        assert!(futures_util::future::join_all(calls).await.len() > 20);
        statuses.push(*status);
    }
    assert_eq!(statuses, [413, 429, 500, 503]);
}

#[tokio::test]
async fn what_the_gateway_does_not_take_is_described() {
    let app = App::start().await;
    expect_message(&app.anonymous("GET", "/tenants/%zz").send().await, 400, "Bad Request");
    expect_message(&app.anonymous("GET", "/problems/%ff").send().await, 400, "Bad Request");
    let long = "x".repeat(10_300);
    let fields = app.anonymous("GET", "/health").header("x-long", &long).send().await;
    expect_message(&fields, 431, "Request Header Fields Too Large");
    let target = app.anonymous("GET", &format!("/tenants/{long}")).send().await;
    expect_message(&target, 414, "Request URI Too Long");
    let large = app.operator("POST", "/v1/customers").body("application/json", vec![b' '; 11 << 20]).send().await;
    expect_message(&large, 413, "Request Entity Too Large");
    let ignored = app.operator("GET", "/v1/customers").body("application/json", vec![b' '; 11 << 20]).send().await;
    expect_message(&ignored, 413, "Request Entity Too Large");
}

#[tokio::test]
async fn a_throttle_lets_a_burst_through_to_each_route() {
    let app = App::start().await;
    let throttle = Some(Throttle { rate: 0, burst: 2 });
    let gateway = app.another_gateway(Options { throttle, ..Options::default() }).await;
    for path in ["/health", "/problems"] {
        for expected in [200, 200, 429] {
            let answer = app.by(&gateway, "GET", path).send().await.expect_status(expected);
            assert_eq!(answer.json()["message"] != Value::Null, expected == 429, "{answer}");
        }
    }
    // The gateway in front of the same functions has a throttle of its own: none.
    app.anonymous("GET", "/health").send().await.expect_status(200);
}
