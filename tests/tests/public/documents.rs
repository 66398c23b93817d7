//! The documents that need no credential: health, the OpenAPI document, the problems (contract section 1).

use tests::transcript::{members, redacted, text};
use tests::{App, Exchange, openapi};

const PUBLIC: [&str; 4] = ["/health", "/openapi.json", "/problems", "/problems/not-found"];

#[tokio::test]
async fn health_is_answered_without_the_store() {
    let app = App::start().await;
    let (answer, log) = app.requests_of(app.anonymous("GET", "/health").send()).await;
    let answer = answer.expect_status(200);
    assert_eq!(members(&answer.body), ["object", "status", "version", "time"]);
    let body = answer.json();
    assert_eq!((text(&body, "object"), text(&body, "status")), ("health", "ok"));
    assert_eq!(redacted(text(&body, "time")), "TIME");
    assert!(log.is_empty(), "{log:?}");
}

#[tokio::test]
async fn credentials_and_parameters_are_ignored_there() {
    let app = App::start().await;
    for path in PUBLIC {
        let plain = app.anonymous("GET", path).send().await.expect_status(200);
        let calls = [
            app.anonymous("GET", &format!("{path}?a=1&a=2&page.page_size=x")),
            app.anonymous("GET", path).header("authorization", "Bearer nonsense"),
            app.anonymous("GET", path).header("authorization", "Basic eDp5").header("authorization", "Bearer x"),
            app.operator("GET", path),
            app.anonymous("GET", path).body("text/plain", "ignored").header("if-none-match", "nonsense"),
        ];
        for call in calls {
            let answer = call.send().await.expect_status(200);
            assert!(answer.header("x-request-id").is_some_and(|id| id.starts_with("req_")), "{answer}");
            assert!(path == "/health" || answer.body == plain.body, "{answer}");
        }
    }
}

#[tokio::test]
async fn the_contract_is_served_as_json() {
    let app = App::start().await;
    let answer = app.anonymous("GET", "/openapi.json").send().await.expect_status(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let mut served = answer.json();
    let mut written = openapi::document().clone();
    // The build may fill in what only it knows.
    served["info"]["version"].take();
    written["info"]["version"].take();
    assert_eq!(served["paths"], written["paths"]);
    assert_eq!(served["components"], written["components"]);
}

#[tokio::test]
async fn a_head_of_a_public_document_is_the_head_of_its_get() {
    let app = App::start().await;
    for path in PUBLIC {
        for accept in ["*/*", "text/html"] {
            let call = |method: &str| app.anonymous(method, path).header("accept", accept).send();
            let (get, head) = (call("GET").await.expect_status(200), call("HEAD").await.expect_status(200));
            let headers = |exchange: &Exchange| -> Vec<_> {
                let own = ["x-request-id", "apigw-requestid", "date"];
                exchange.headers.iter().filter(|(name, _)| !own.contains(&name.as_str())).cloned().collect()
            };
            assert_eq!((headers(&head), head.body.as_str()), (headers(&get), ""), "{path}");
            assert!(head.header("content-type").is_some() && head.header("x-request-id").is_some(), "{head}");
            assert_eq!(head.header("content-length"), Some(get.body.len().to_string().as_str()), "{head}");
        }
    }
    app.anonymous("HEAD", "/problems/absent").send().await.expect_status(404);
    for (path, allow) in [("/tenants", "GET, POST"), ("/v1/customers/a", "DELETE, GET, PATCH")] {
        let head = app.operator("HEAD", path).send().await.expect_status(405);
        assert_eq!((head.header("allow"), head.body.as_str()), (Some(allow), ""));
    }
    let put = app.anonymous("PUT", "/openapi.json").send().await.expect_problem(405, "method-not-allowed");
    assert_eq!(put.header("allow"), Some("GET, HEAD"));
}

#[tokio::test]
async fn a_viewer_in_a_browser_may_read_the_document() {
    let app = App::start().await;
    for method in ["GET", "HEAD"] {
        let call = app.anonymous(method, "/openapi.json").header("origin", "https://viewer.example");
        let answer = call.send().await.expect_status(200);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    }
    for path in ["/health", "/problems", "/v1/customers"] {
        let call = app.operator("GET", path).header("origin", "https://viewer.example");
        assert_eq!(call.send().await.expect_status(200).header("access-control-allow-origin"), None);
    }
}
