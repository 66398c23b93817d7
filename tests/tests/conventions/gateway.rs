//! What the gateway answers by itself: `{"message": …}`, described by infra/openapi.yaml for every operation.

use std::collections::BTreeSet;

use serde_json::Value;
use tests::gateway::{Options, Throttle, best_path};
use tests::{App, Exchange, Refusing, json, openapi, template};

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

/// The functions' own rule for `Allow` and the gateway's rule for routes are two: they agree on paths that nearly match.
#[tokio::test]
async fn a_405_names_the_methods_that_the_gateway_routes() {
    let app = App::start().await;
    let (rest, functions): (Vec<_>, Vec<_>) =
        template().functions.iter().partition(|function| function.name == "answer-unmatched");
    let routes: Vec<_> =
        functions.iter().flat_map(|function| &function.routes).filter(|route| route.path.starts_with('/')).collect();
    // What the gateway keeps from a route that would match it.
    let kept: Vec<_> = rest.iter().flat_map(|function| &function.routes).collect();
    let patterns: BTreeSet<&str> = routes.iter().map(|route| route.path.as_str()).collect();
    let methods: BTreeSet<&str> = routes.iter().map(|route| route.method.as_str()).collect();
    let mut paths = BTreeSet::new();
    for pattern in &patterns {
        let segments: Vec<&str> =
            pattern.split('/').map(|part| if part.starts_with('{') { "x" } else { part }).collect();
        for other in ["x", "", "tenants", "by-external-id", "repositories", "keys"] {
            paths.extend((1..segments.len()).map(|at| {
                segments.iter().enumerate().map(|(index, part)| if index == at { other } else { part }).collect()
            }));
            paths.insert([&segments[..], &[other]].concat());
        }
    }
    let mut known = 0;
    for path in paths.iter().map(|segments: &Vec<&str>| segments.join("/")) {
        let takes = |method: &str| {
            if kept.iter().any(|route| route.method == method && route.path == path) {
                return false;
            }
            let of_method = routes.iter().filter(|route| route.method == method);
            best_path(of_method.map(|route| route.path.as_str()), &path).is_some()
        };
        let expected: Vec<&str> = methods.iter().copied().filter(|method| takes(method)).collect();
        let answer = app.anonymous("BREW", &path).send_unchecked().await;
        assert_eq!(answer.status, if expected.is_empty() { 404 } else { 405 }, "{answer}");
        assert_eq!(answer.header("allow").unwrap_or_default(), expected.join(", "), "{answer}");
        known += usize::from(!expected.is_empty());
    }
    assert!(known > 40 && paths.len() - known > 40, "{known} of {}", paths.len());
}
