//! Requests and events that no client sends: they are refused and no process dies.

use local::http::raw;
use tests::{App, Value, json};

#[tokio::test]
async fn a_path_that_no_client_would_send_is_refused_by_somebody() {
    let app = App::start().await;
    let (address, key) = (app.address(), app.operator_key.clone());
    let request =
        |target: &str| format!("GET {target} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n\r\n").into_bytes();
    app.operator("GET", "/v1/customers").send().await.expect_status(200);
    let warm = app.lambda.processes("list-customers");
    let list = "/v1/customers?page.filter=";
    let targets = [
        format!("{list}a b"),
        format!("{list}\""),
        format!("{list}%00"),
        format!("{list}%zz"),
        format!("{list}{}", "(".repeat(8000)),
        format!("{list}\u{e9}"),
        "/v1/customers?page.page_size=1&page.page_size=2".to_owned(),
        format!("/{}", "a".repeat(70_000)),
        "/v1/customers/%zz".to_owned(),
        "/v1/customers/%ff".to_owned(),
        "/v1/customers?\u{1}".to_owned(),
        "*".to_owned(),
        "v1/customers".to_owned(),
        format!("{list}<>[]{{}}|\\^`"),
    ];
    for target in targets {
        let answer = raw(address, &request(&target)).await.unwrap_or_else(|error| panic!("{target:.50}: {error}"));
        assert!((400..500).contains(&answer.status), "{target:.50}: {} {}", answer.status, answer.text());
    }
    app.operator("GET", "/v1/customers").send().await.expect_status(200);
    assert_eq!(app.lambda.processes("list-customers"), warm, "a process died");
}

#[tokio::test]
async fn headers_that_no_client_would_send_are_refused_by_somebody() {
    let app = App::start().await;
    let key = app.operator_key.clone();
    app.operator("GET", "/v1/customers").send().await.expect_status(200);
    let warm = app.lambda.processes("list-customers");
    let send = async |headers: String| {
        let request =
            format!("GET /v1/customers HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n{headers}\r\n\r\n");
        raw(app.address(), request.as_bytes()).await.expect("an answer").status
    };
    let many: String = (0..500).map(|number| format!("x-{number}: {}\r\n", "v".repeat(20))).collect();
    for headers in [
        format!("x-long: {}", "a".repeat(10_241)),
        many,
        "x: a\u{0}b".to_owned(),
        "x: a\rb".to_owned(),
        "x: a\r\r\nb: c".to_owned(),
        "x: a\nb".to_owned(),
        "no colon".to_owned(),
        ": x".to_owned(),
    ] {
        let status = send(headers.clone()).await;
        assert!((400..500).contains(&status), "{headers:.40}: {status}");
    }
    let mut latin = format!("GET /v1/customers HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\nx: ").into_bytes();
    latin.extend(b"\xe9\xff\r\n\r\n");
    let status = raw(app.address(), &latin).await.expect("an answer").status;
    assert!(status == 200 || (400..500).contains(&status), "{status}");
    assert_eq!(send("x-anything: \u{e9}".to_owned()).await, 200);
    assert_eq!(app.lambda.processes("list-customers"), warm, "a process died");
}

#[tokio::test]
async fn an_event_that_lies_about_its_body_is_answered() {
    let app = App::start().await;
    let event = |body: Value, coded: bool| {
        let headers =
            json!({ "authorization": format!("Bearer {}", app.operator_key), "content-type": "application/json" });
        json!({
            "version": "2.0", "routeKey": "POST /v1/customers", "rawPath": "/v1/customers", "rawQueryString": "", "headers": headers,
            "requestContext": { "domainName": "x", "stage": "$default", "http": { "method": "POST", "path": "/v1/customers" } },
            "body": body, "isBase64Encoded": coded,
        })
        .to_string()
    };
    app.lambda.warm("create-customer", 1).await.unwrap();
    let before = app.lambda.processes("create-customer");
    for (body, coded, status) in [
        (Value::from("{}"), true, 400),
        (Value::from("%%%"), true, 400),
        (Value::Null, true, 400),
        (Value::from("e30="), true, 422),
        (Value::from("{}"), false, 422),
    ] {
        let answer = app.lambda.invoke("create-customer", event(body, coded)).await.expect("an answer");
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!(answer["statusCode"], status, "{answer}");
    }
    assert_eq!(app.lambda.processes("create-customer"), before, "a process died");
}
