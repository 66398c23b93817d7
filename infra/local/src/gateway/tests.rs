//! Requests through a running gateway, to a backend that answers with what the test says or with the event itself.

use serde_json::{Value, json};

use super::*;
use crate::http;

const TEMPLATE: &str = r#"
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      AccessLogSettings:
        Format: '{"id":"$context.requestId", "route":"$context.routeKey", "status":"$context.status", "bytes":"$context.responseLength",
          "function":"$context.integration.requestId", "error":"$context.error.responseType"}'
  GetThingFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/get-thing/
      Events:
        Get: {Type: HttpApi, Properties: {Method: GET, Path: "/things/{thing_id}"}}
        Put: {Type: HttpApi, Properties: {Method: PATCH, Path: "/things/{thing_id}"}}
        All: {Type: HttpApi, Properties: {Method: GET, Path: "/all/{rest+}"}}
  AnswerUnmatchedFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/answer-unmatched/
      Events: {Default: {Type: HttpApi, Properties: {Method: ANY, Path: $default}}}
"#;

async fn gateway(backend: impl Backend) -> Gateway {
    gateway_with(backend, Options::default()).await
}

async fn gateway_with(backend: impl Backend, options: Options) -> Gateway {
    let template = Template::parse(TEMPLATE).unwrap();
    Gateway::start_with(([127, 0, 0, 1], 0).into(), &template, backend, options).await.unwrap()
}

/// What a gateway answers by itself, with nothing that a function's answer has.
#[track_caller]
fn expect_message(response: &http::Response, status: u16, message: &str) {
    assert_eq!((response.status, response.json()), (status, json!({ "message": message })));
    assert_eq!(response.header("content-type"), Some("application/json"));
    for header in ["x-request-id", "retry-after", "www-authenticate", "cache-control"] {
        assert_eq!(response.header(header), None, "{header}");
    }
}

/// Answers with the function's name and the event.
async fn echo(function: String, event: Bytes) -> Result<Bytes, InvokeError> {
    let event: Value = serde_json::from_slice(&event).unwrap();
    let body = json!({"function": function, "event": event}).to_string();
    Ok(json!({"statusCode": 200, "headers": {"content-type": "application/json"}, "body": body}).to_string().into())
}

/// The function and the event that a raw request makes.
async fn event(gateway: &Gateway, request: &[u8]) -> (String, Value) {
    let response = http::raw(gateway.address(), request).await.unwrap();
    assert_eq!(response.status, 200, "{}", response.text());
    let mut json = response.json();
    (json["function"].as_str().unwrap().to_owned(), json["event"].take())
}

async fn answer(response: Value) -> http::Response {
    let gateway = gateway(move |_: String, _: Bytes| {
        let response = Bytes::from(response.to_string());
        async move { Ok(response) }
    })
    .await;
    http::request("GET", &format!("{}/things/1", gateway.url()), &[], "").await.unwrap()
}

#[tokio::test]
async fn an_event_is_as_aws_makes_it() {
    let gateway = gateway(echo).await;
    let request = b"PATCH /things/a%2541?x=1&y=%20&x=2 HTTP/1.1\r\nHost: evil.example\r\nX-Two: a\r\nContent-Type: application/json\r\n\
                    x-two: b\r\nCookie: c=1; d=2\r\nUser-Agent: tests\r\nContent-Length: 7\r\n\r\n{\"a\":1}";
    let (function, mut event) = event(&gateway, request).await;
    assert_eq!(function, "get-thing");
    let context = event["requestContext"].as_object_mut().unwrap();
    assert!(context.remove("timeEpoch").unwrap().as_u64().unwrap() > 1_700_000_000_000);
    assert_eq!(context.remove("time").unwrap().as_str().unwrap().len(), "23/Nov/2026:03:14:15 +0000".len());
    assert_eq!(context.remove("requestId").unwrap().as_str().unwrap().len(), "BvKx7hSLliAEJ7g=".len());
    let address = gateway.address();
    assert_eq!(
        event,
        json!({
            "version": "2.0",
            "routeKey": "PATCH /things/{thing_id}",
            "rawPath": "/things/a%41",
            "rawQueryString": "x=1&y=%20&x=2",
            "queryStringParameters": {"x": "1,2", "y": " "},
            "pathParameters": {"thing_id": "a%41"},
            "cookies": ["c=1", "d=2"],
            "headers": {
                "host": "evil.example", "x-two": "a,b", "content-type": "application/json", "user-agent": "tests",
                "content-length": "7", "x-forwarded-for": "127.0.0.1", "x-forwarded-port": address.port().to_string(),
                "x-forwarded-proto": "http",
            },
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "local",
                "domainName": address.to_string(),
                "domainPrefix": "local",
                "http": {"method": "PATCH", "path": "/things/a%41", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "tests"},
                "routeKey": "PATCH /things/{thing_id}",
                "stage": "$default",
            },
            "body": "{\"a\":1}",
            "isBase64Encoded": false,
        })
    );
}

#[tokio::test]
async fn a_path_is_decoded_before_it_is_routed() {
    let gateway = gateway(echo).await;
    for (path, function, raw_path) in [
        ("/things/a%3Fb", "get-thing", "/things/a"),
        ("/things/a%2Fb", "answer-unmatched", "/things/a/b"),
        ("/things/", "answer-unmatched", "/things/"),
        ("//things/1", "answer-unmatched", "//things/1"),
        ("/all/a%2Fb//c", "get-thing", "/all/a/b//c"),
        ("/../things/1", "answer-unmatched", "/../things/1"),
        ("/Things/1", "answer-unmatched", "/Things/1"),
    ] {
        let (found, event) = event(&gateway, format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes()).await;
        assert_eq!((found.as_str(), event["rawPath"].as_str().unwrap()), (function, raw_path), "{path}");
        assert!(event.get("body").is_none());
        assert!(event.get("queryStringParameters").is_none());
    }
    let (_, event) = event(&gateway, b"DELETE /things/1 HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert_eq!(event["routeKey"], "$default");
}

#[tokio::test]
async fn an_api_mapping_is_in_the_path_but_not_in_the_route() {
    let template = Template::parse(TEMPLATE).unwrap();
    let options = Options { mapping: "/a/b".to_owned(), ..Options::default() };
    let gateway = Gateway::start_with(([127, 0, 0, 1], 0).into(), &template, echo, options).await.unwrap();
    assert_eq!(gateway.url(), format!("http://{}/a/b", gateway.address()));
    for (path, function, thing) in [
        ("/a/b/things/1", "get-thing", Some("1")),
        ("/a/b/things/x%2541", "get-thing", Some("x%41")),
        ("/things/1", "get-thing", Some("1")),
        ("/a/b/things/", "answer-unmatched", None),
        ("/a/b", "answer-unmatched", None),
        ("/a/bthings/1", "answer-unmatched", None),
        ("/a/things/1", "answer-unmatched", None),
    ] {
        let (found, event) = event(&gateway, format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes()).await;
        assert_eq!((found.as_str(), event["pathParameters"]["thing_id"].as_str()), (function, thing), "{path}");
        let raw_path = path.replace("%25", "%");
        assert_eq!((&event["rawPath"], &event["requestContext"]["http"]["path"]), (&json!(raw_path), &json!(raw_path)));
        let route = if thing.is_some() { "GET /things/{thing_id}" } else { "$default" };
        assert_eq!((&event["routeKey"], &event["requestContext"]["routeKey"]), (&json!(route), &json!(route)));
    }
}

#[tokio::test]
async fn bodies_that_are_not_text_arrive_in_base64() {
    let gateway = gateway(echo).await;
    for (kind, body, encoded) in [
        ("application/json; charset=utf-8", "{}", false),
        ("text/plain", "x", false),
        ("application/merge-patch+json", "{}", true),
        ("application/octet-stream", "x", true),
        ("application/json", "\u{fffd}", false),
    ] {
        let url = format!("{}/things/1", gateway.url());
        let response = http::request("PATCH", &url, &[("content-type", kind)], body).await.unwrap();
        assert_eq!(response.json()["event"]["isBase64Encoded"], encoded, "{kind}");
    }
    let url = format!("{}/things/1", gateway.url());
    let response = http::request("PATCH", &url, &[("content-type", "application/json")], vec![0xff]).await.unwrap();
    assert_eq!(
        (&response.json()["event"]["body"], &response.json()["event"]["isBase64Encoded"]),
        (&json!("/w=="), &json!(true))
    );
}

#[tokio::test]
async fn what_breaks_http_or_the_limits_is_refused_by_the_gateway() {
    let gateway = gateway(echo).await;
    let get = |target: &str, headers: &str| format!("GET {target} HTTP/1.1\r\nHost: h\r\n{headers}\r\n").into_bytes();
    let long = "x".repeat(10_300);
    let many: String = (0..500).map(|number| format!("h{number}: \r\n")).collect();
    for (request, status) in [
        (get("/things/%zz", ""), 400),
        (get("/things/%ff", ""), 400),
        (get("/things/1?a b", ""), 400),
        (get("/things/1?a\"b", ""), 400),
        (get("*", ""), 400),
        (get("/things/1", &format!("x: {long}\r\n")), 431),
        (get(&format!("/things/{long}"), ""), 414),
        (get(&format!("/things/{}", "x".repeat(70_000)), ""), 414),
        (get("/things/1", &many), 200),
        (b"GET /things/1 HTTP/1.1\r\nHost: h\r\nX: \xff\r\n\r\n".to_vec(), 400),
        (
            b"PATCH /things/1 HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n".to_vec(),
            413,
        ),
    ] {
        let response = http::raw(gateway.address(), &request).await.unwrap();
        let start = String::from_utf8_lossy(&request).chars().take(60).collect::<String>();
        assert_eq!(response.status, status, "{start}: {}", response.text());
    }
    let response = http::raw(gateway.address(), &get("/things/%zz", "")).await.unwrap();
    assert_eq!(response.json(), json!({"message": "Bad Request"}));
}

#[tokio::test]
async fn large_bodies_are_refused_so_that_the_caller_sees_it() {
    let gateway = gateway(echo).await;
    let url = format!("{}/things/1", gateway.url());
    // The first is refused by its Content-Length, the second only as an event.
    for size in [12 << 20, 7 << 20] {
        let response = http::request("PATCH", &url, &[], vec![b'x'; size]).await.unwrap();
        assert_eq!((response.status, response.json()), (413, json!({"message": "Request Entity Too Large"})));
        let head = format!("PATCH /things/1 HTTP/1.1\r\nHost: h\r\nContent-Length: {size}\r\n\r\n").into_bytes();
        let response = http::raw(gateway.address(), &[head, vec![b'x'; size]].concat()).await.unwrap();
        assert_eq!(response.status, 413);
    }
    let chunked = "PATCH /things/1 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nB00000\r\n".as_bytes();
    let response =
        http::raw(gateway.address(), &[chunked, &vec![b'x'; 0xB0_0000], b"\r\n0\r\n\r\n"].concat()).await.unwrap();
    assert_eq!(response.status, 413);
}

#[tokio::test]
async fn a_functions_answer_is_passed_on() {
    let headers = json!({"x-one": "1", "Content-Type": "text/plain", "content-length": "99"});
    let response = answer(json!({"statusCode": 201, "headers": headers, "cookies": ["a=1", "b=2"], "body": "aGk=", "isBase64Encoded": true})).await;
    assert_eq!((response.status, response.text().as_str()), (201, "hi"));
    assert_eq!(response.header("x-one"), Some("1"));
    assert_eq!(response.header("content-length"), Some("2"));
    assert_eq!(response.headers.iter().filter(|(name, _)| name == "set-cookie").count(), 2);
    for status in [204, 304] {
        let headers = json!({"etag": "\"1\"", "content-type": "application/json"});
        let response = answer(json!({"statusCode": status, "headers": headers, "body": "{}"})).await;
        assert_eq!((response.status, response.text().as_str()), (status, ""));
        assert_eq!((response.header("etag"), response.header("content-type")), (Some("\"1\""), None));
    }
}

#[tokio::test]
async fn a_malformed_answer_is_an_internal_error() {
    for response in [
        json!({}),
        json!("text"),
        json!({"statusCode": "200"}),
        json!({"statusCode": 99999}),
        json!({"statusCode": 101}),
        json!({"statusCode": 200, "headers": {"bad name": "x"}}),
        json!({"statusCode": 200, "headers": {"x": "a\nb"}}),
        json!({"statusCode": 200, "body": {}}),
        json!({"statusCode": 200, "body": "!", "isBase64Encoded": true}),
    ] {
        let answered = answer(response.clone()).await;
        assert_eq!(
            (answered.status, answered.json()),
            (500, json!({"message": "Internal Server Error"})),
            "{response}"
        );
    }
}

#[tokio::test]
async fn a_function_that_gives_no_answer_is_an_internal_error() {
    for error in [InvokeError::TimedOut, InvokeError::Exited("signal: 6".to_owned()), InvokeError::TooLarge] {
        let gateway = gateway(move |_: String, _: Bytes| std::future::ready(Err(error.clone()))).await;
        let answered = http::request("GET", &gateway.url(), &[], "").await.unwrap();
        expect_message(&answered, 500, "Internal Server Error");
    }
}

#[tokio::test]
async fn a_function_that_takes_too_long_is_given_up() {
    let options = Options { integration_timeout: Duration::from_millis(20), ..Options::default() };
    let gateway = gateway_with(|_: String, _: Bytes| std::future::pending(), options).await;
    let answered = http::request("GET", &gateway.url(), &[], "").await.unwrap();
    expect_message(&answered, 503, "Service Unavailable");
}

#[tokio::test]
async fn a_throttled_route_is_refused_and_the_others_are_not() {
    let options = Options { throttle: Some(Throttle { rate: 0, burst: 2 }), ..Options::default() };
    let gateway = gateway_with(echo, options).await;
    let get = async |path: &str| http::request("GET", &format!("{}{path}", gateway.url()), &[], "").await.unwrap();
    // Two paths of one route have one bucket.
    assert_eq!([get("/things/1").await.status, get("/things/2").await.status], [200, 200]);
    expect_message(&get("/things/3").await, 429, "Too Many Requests");
    assert_eq!([get("/all/1").await.status, get("/unknown").await.status], [200, 200]);
}

/// Answers unless the path has `fail`, and keeps the ids of invocations and the lines of the access log.
#[derive(Clone, Default)]
struct Logging(Arc<std::sync::Mutex<(Vec<String>, Vec<String>)>>);

impl Backend for Logging {
    async fn invoke(&self, _: &str, event: Bytes, id: &str) -> Result<Bytes, InvokeError> {
        self.0.lock().unwrap().0.push(id.to_owned());
        let fails = String::from_utf8_lossy(&event).contains("fail");
        if fails { Err(InvokeError::TimedOut) } else { Ok(r#"{"statusCode":200,"body":"four"}"#.into()) }
    }

    fn answered(&self, exchange: &Exchange) {
        self.0.lock().unwrap().1.extend(exchange.access.clone());
    }
}

#[tokio::test]
async fn every_request_has_a_line_in_the_access_log() {
    let logging = Logging::default();
    let gateway = gateway(logging.clone()).await;
    let mut expected = Vec::new();
    for (path, status, bytes, error) in
        [("/things/1", 200, 4, "-"), ("/things/fail", 500, 35, "INTEGRATION_FAILURE"), ("/%zz", 400, 25, "DEFAULT_4XX")]
    {
        let request = format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n");
        let answer = http::raw(gateway.address(), request.as_bytes()).await.unwrap();
        assert_eq!(answer.status, status);
        let ids = logging.0.lock().unwrap().0.clone();
        let (route, function) = match ids.get(expected.len()) {
            Some(id) => ("GET /things/{thing_id}", id.clone()),
            None => ("-", "-".to_owned()),
        };
        expected.push(json!({
            "id": answer.header("apigw-requestid").unwrap(), "route": route, "status": status.to_string(),
            "bytes": bytes.to_string(), "function": function, "error": error,
        }));
    }
    let lines = logging.0.lock().unwrap().1.clone();
    let lines: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn an_unknown_variable_of_the_access_log_is_an_error() {
    let template = Template::parse(&TEMPLATE.replace("$context.status", "$context.statuses")).unwrap();
    let started = Gateway::start(([127, 0, 0, 1], 0).into(), &template, echo).await;
    assert!(started.is_err_and(|error| error.to_string().contains("$context.statuses")));
}

#[tokio::test]
async fn a_head_has_no_body() {
    let gateway = gateway(echo).await;
    let response = http::raw(gateway.address(), b"HEAD /things/1 HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
    assert_eq!((response.status, response.text().as_str()), (200, ""));
    // What follows on the connection is the next answer, not a body.
    let two = b"HEAD /a HTTP/1.1\r\nHost: h\r\n\r\nGET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    let mut stream = tokio::net::TcpStream::connect(gateway.address()).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, two).await.unwrap();
    let mut answers = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut answers).await.unwrap();
    assert!(answers.contains("\r\n\r\nHTTP/1.1 200 OK\r\n"), "{answers}");
}

#[tokio::test]
async fn a_function_works_on_when_its_caller_goes_away() {
    let (done, mut was_done) = tokio::sync::mpsc::unbounded_channel();
    let gateway = gateway(move |_: String, _: Bytes| {
        let done = done.clone();
        async move {
            tokio::time::sleep(Duration::from_millis(200)).await;
            done.send(()).unwrap();
            Ok(Bytes::new())
        }
    })
    .await;
    let url = gateway.url();
    let hurried = tokio::time::timeout(Duration::from_millis(50), http::request("GET", &url, &[], "")).await;
    assert!(hurried.is_err());
    was_done.recv().await.unwrap();
}
