//! The relay that clients are tested with (tests/src/relay.rs): each action does what it says, as often as the prefix says.

use super::{app, expect_unavailable, tenants, until};
use local::http::{Client, Response};
use std::time::{Duration, Instant};
use tests::{App, Exchange, Refusing, Relay, Value, json};

struct Relayed {
    relay: Relay,
    _refusing: Refusing,
    app: App,
    key: String,
    client: Client,
}

impl Relayed {
    async fn start() -> Self {
        let (app, key) = app().await;
        let refusing = Refusing::start(&app).await;
        let relay = Relay::start(&app, app.url(), &refusing).await;
        Self { relay, _refusing: refusing, app, key, client: Client::new() }
    }

    /// A request by way of the relay; None if the connection was closed without an answer.
    async fn call(&self, method: &str, target: &str, body: &Value) -> Option<Response> {
        let bearer = format!("Bearer {}", self.key);
        let headers =
            [("authorization", &*bearer), ("content-type", "application/json"), ("idempotency-key", "the-same")];
        let url = format!("{}/{target}", self.relay.url());
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.client.request(method, &url, &headers, body).await.ok()
    }

    /// A new tenant, always the same one; its status, 0 for no answer.
    async fn post(&self, prefix: &str) -> u16 {
        let answer = self.call("POST", &format!("{prefix}/tenants"), &json!({ "name": "a" })).await;
        answer.map_or(0, |answer| answer.status)
    }

    /// How many requests there were below a prefix.
    async fn requests(&self, prefix: &str) -> Value {
        self.call("GET", prefix, &Value::Null).await.unwrap().json()["requests"].clone()
    }
}

#[tokio::test]
async fn a_connection_is_closed_before_or_after_the_request_is_forwarded() {
    let relayed = Relayed::start().await;
    for (prefix, made) in [("drop_before/2/a", 0), ("drop_after/2/a", 1)] {
        assert_eq!([relayed.post(prefix).await, relayed.post(prefix).await], [0, 0]);
        assert_eq!(tenants(&relayed.app, &relayed.key).await.len(), made);
        assert_eq!(relayed.requests(prefix).await, 2);
    }
    // Later requests are forwarded, and another name begins anew.
    assert_eq!(relayed.post("drop_before/2/a").await, 201);
    assert_eq!(relayed.requests("drop_before/2/a").await, 3);
    assert_eq!(relayed.post("drop_before/1/b").await, 0);
    assert_eq!(tenants(&relayed.app, &relayed.key).await.len(), 1);
}

#[tokio::test]
async fn a_delay_is_before_or_after_the_request_is_forwarded() {
    let relayed = Relayed::start().await;
    for (prefix, is_first) in [("delay/1/a", false), ("delay_after/1/a", true)] {
        let before = relayed.app.lambda.invocations("create-tenant");
        let started = Instant::now();
        let forwarded = async {
            until("the request", || relayed.app.lambda.invocations("create-tenant") > before).await;
            started.elapsed()
        };
        let (status, forwarded) = tokio::join!(relayed.post(prefix), forwarded);
        assert_eq!(status, 201);
        assert!(started.elapsed() >= Duration::from_millis(1_500), "{prefix}: {:?}", started.elapsed());
        assert_eq!(forwarded < Duration::from_millis(1_500), is_first, "{prefix}: {forwarded:?}");
    }
}

#[tokio::test]
async fn a_refusal_is_that_of_the_gateway_or_of_a_function_without_its_store() {
    let relayed = Relayed::start().await;
    for (action, status, message) in [
        ("429", 429, "Too Many Requests"),
        ("gateway_500", 500, "Internal Server Error"),
        ("gateway_503", 503, "Service Unavailable"),
    ] {
        let prefix = format!("{action}/1/a");
        let answer = relayed.call("GET", &format!("{prefix}/tenants"), &Value::Null).await.unwrap();
        assert_eq!((answer.status, answer.json()), (status, json!({ "message": message })));
        assert_eq!(answer.header("retry-after"), None);
        let answer = relayed.call("GET", &format!("{prefix}/tenants"), &Value::Null).await.unwrap();
        assert_eq!(answer.status, 200);
    }
    let answer = relayed.call("POST", "503/1/a/tenants", &json!({ "name": "a" })).await.unwrap();
    let (status, body) = (answer.status, answer.text());
    expect_unavailable(Exchange {
        method: "POST".to_owned(),
        path: "/tenants".to_owned(),
        status,
        headers: answer.headers,
        body,
    });
    assert_eq!(relayed.post("503/1/a").await, 201);
    assert_eq!(tenants(&relayed.app, &relayed.key).await.len(), 1);
}

#[tokio::test]
async fn a_path_is_forwarded_byte_by_byte() {
    let relayed = Relayed::start().await;
    let made = relayed.call("PUT", "503/0/a/tenants/by-external-id/a%2Fb%20%2e%2E%25", &json!({})).await.unwrap();
    assert_eq!((made.status, &made.json()["external_id"]), (201, &json!("a/b ..%")), "{}", made.text());
    let list = relayed.call("GET", "503/0/a/tenants?limit=1&status=suspended", &Value::Null).await.unwrap();
    assert_eq!((list.status, &list.json()["data"]), (200, &json!([])), "{}", list.text());
    for target in ["", "drop_before", "drop_before/1", "brew/1/a/tenants", "delay/x/a/tenants"] {
        let answer = relayed.call("GET", target, &Value::Null).await.unwrap();
        assert_eq!(answer.status, 404, "{target}");
    }
}
