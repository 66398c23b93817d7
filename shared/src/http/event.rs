//! Converts the event of an HTTP API (payload format 2.0) to a request of `lambda_http`.
//!
//! The event is read as text, so that an unreadable event does not fail the invocation. Path and query are removed before the
//! conversion by `lambda_http`, which builds a URL of them: it fails for some paths, and takes the decoded path for an encoded one
//! (decision 10).

use base64::{Engine, engine::general_purpose::STANDARD};
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use lambda_http::request::{LambdaRequest, RequestContext};
use lambda_http::{Body, RequestExt};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use std::collections::HashMap;
use std::mem;

/// One request of the gateway. It has no `Debug`, which would show credentials.
pub struct Event {
    /// Method, headers, body, path parameters and context. `raw_http_path` is the unmodified path; the URI is always `/`.
    pub http: lambda_http::Request,
    /// The unmodified query string.
    pub query: String,
    /// The base URL of the deployment, from the domain name of the gateway.
    pub base_url: String,
    pub labels: Labels,
    /// Whether path parameters are already percent-decoded: by an HTTP API they are, by cargo-lambda they are not.
    pub is_decoded: bool,
    /// Whether the body is declared as base64 and is not. `http` then has an empty body.
    pub has_broken_body: bool,
}

/// What the gateway calls a request, for the log.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Labels {
    /// The key of the route, as in the gateway's own log: `GET /tenants/{tenant_id}`.
    pub route: Option<String>,
    /// The gateway's id of the request.
    pub gateway: Option<String>,
}

/// What is known of an unreadable event.
#[derive(Debug, PartialEq, Eq)]
pub struct Origin {
    pub base_url: String,
    pub path: String,
    pub labels: Labels,
}

/// Reads an event. `None` if it is not an event of an HTTP API.
pub fn read(text: &str) -> Option<Event> {
    let mut event = typed(text)?;
    let path = event.raw_path.take().unwrap_or_default();
    let query = event.raw_query_string.take().unwrap_or_default();
    // The parameters as the gateway parsed them, in which a value with a comma is two values.
    event.query_string_parameters = Default::default();
    let is_decoded = event.route_key.as_deref() != Some("$default");
    let labels = Labels { route: event.route_key.take(), gateway: event.request_context.request_id.take() };
    let headers = mem::take(&mut event.headers);
    let (domain, stage) = (event.request_context.domain_name.take(), event.request_context.stage.take());
    let base_url = base_url(domain.as_deref(), stage.as_deref());
    let body = match event.body.take() {
        None => Some(Body::Empty),
        Some(text) if event.is_base64_encoded => STANDARD.decode(text).ok().map(Body::Binary),
        Some(text) => Some(Body::Text(text)),
    };

    let mut http = lambda_http::Request::from(LambdaRequest::ApiGatewayV2(event)).with_raw_http_path(path);
    let cookies = mem::replace(http.headers_mut(), headers);
    http.headers_mut().extend(cookies);
    if let Some(RequestContext::ApiGatewayV2(context)) = http.extensions_mut().get_mut() {
        (context.domain_name, context.stage) = (domain, stage);
    }
    let has_broken_body = body.is_none();
    *http.body_mut() = body.unwrap_or_default();
    Some(Event { http, query, base_url, labels, is_decoded, has_broken_body })
}

/// What an unreadable event says of itself, for the problem that is answered and for the log.
pub fn origin(text: &str) -> Origin {
    let event: Value = serde_json::from_str(text).unwrap_or_default();
    let text = |pointer| event.pointer(pointer).and_then(Value::as_str);
    let base_url = base_url(text("/requestContext/domainName"), text("/requestContext/stage"));
    let owned = |pointer| text(pointer).map(str::to_owned);
    Origin {
        base_url,
        path: owned("/rawPath").unwrap_or_default(),
        labels: Labels { route: owned("/routeKey"), gateway: owned("/requestContext/requestId") },
    }
}

/// The base URL from the domain name of the gateway, never from a header, which the caller can forge.
fn base_url(domain: Option<&str>, stage: Option<&str>) -> String {
    let domain = domain.unwrap_or("localhost");
    match stage {
        None | Some("$default" | "") => format!("https://{domain}"),
        Some(stage) => format!("https://{domain}/{stage}"),
    }
}

fn typed(text: &str) -> Option<ApiGatewayV2httpRequest> {
    if has_too_many_headers(text) {
        return None;
    }
    serde_json::from_str(text).ok().or_else(|| lenient(text))
}

/// Whether an event has more headers than the gateway accepts, which is 10,240 bytes. A `HeaderMap` panics at about 24,000 headers.
fn has_too_many_headers(text: &str) -> bool {
    const MAX_HEADERS: usize = 10_240;
    // The shortest header has six bytes: `"":"",`.
    const MIN_BYTES: usize = 6 * MAX_HEADERS;
    #[derive(Deserialize)]
    struct Headers {
        headers: Option<HashMap<String, IgnoredAny>>,
    }
    let count = |event: Headers| event.headers.map_or(0, |headers| headers.len());
    text.len() > MIN_BYTES && serde_json::from_str(text).is_ok_and(|event| count(event) > MAX_HEADERS)
}

/// Reads an event without its `null`s, which the type does not accept for headers, path parameters and `isBase64Encoded`.
fn lenient(text: &str) -> Option<ApiGatewayV2httpRequest> {
    let mut event: Value = serde_json::from_str(text).ok()?;
    drop_nulls(&mut event);
    // Serialized again, because deserializing the type from a `Value` would add 100 kB of code.
    serde_json::from_str(&event.to_string()).ok()
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// An event with only the required members, and these.
    fn event(more: Value) -> String {
        let mut event = json!({ "requestContext": { "http": { "method": "GET" } } });
        let members = event.as_object_mut().unwrap();
        members.extend(more.as_object().unwrap().clone());
        event.to_string()
    }

    fn header_of(event: &Event, name: &str) -> Option<String> {
        event.http.headers().get(name).map(|value| String::from_utf8(value.as_bytes().to_vec()).unwrap())
    }

    #[test]
    fn every_member_but_the_method_may_be_missing_or_null() {
        for more in [
            json!({}),
            json!({ "routeKey": null, "headers": null, "pathParameters": null, "body": null, "rawPath": null }),
            json!({ "rawQueryString": null, "isBase64Encoded": null, "stageVariables": null, "cookies": null }),
            json!({ "headers": { "a": null }, "pathParameters": { "b": null }, "more": [1] }),
            json!({ "queryStringParameters": { "a": null } }),
        ] {
            let event = read(&event(more.clone())).unwrap_or_else(|| panic!("{more}"));
            assert!(event.http.headers().is_empty() && event.http.path_parameters().is_empty(), "{more}");
            assert!(event.http.body().is_empty() && !event.has_broken_body && event.is_decoded, "{more}");
            assert_eq!((event.http.raw_http_path(), &*event.query, &*event.base_url), ("", "", "https://localhost"));
        }
    }

    #[test]
    fn what_is_no_event_is_refused() {
        for text in [
            "{}",
            "null",
            "[]",
            "1",
            r#"{"requestContext": null}"#,
            r#"{"requestContext": {"http": null}}"#,
            r#"{"requestContext": {"http": {"method": "a b"}}}"#,
            r#"{"requestContext": {"http": {"method": "GET"}}, "headers": {"a": 1}}"#,
            r#"{"requestContext": {"http": {"method": "GET"}}, "headers": {"a b": "1"}}"#,
            r#"{"requestContext": {"http": {"method": "GET"}}, "headers": {"a": "\u0000"}}"#,
            r#"{"requestContext": {"http": {"method": "GET"}}, "rawPath": "\ud800"}"#,
        ] {
            assert!(read(text).is_none(), "{text}");
        }
        let many: HashMap<String, String> = (0..40_000).map(|number| (format!("x{number}"), String::new())).collect();
        assert!(read(&event(json!({ "headers": many }))).is_none());
        let large = read(&event(json!({ "headers": { "a": "1" }, "body": "x".repeat(200_000) }))).unwrap();
        assert_eq!((large.http.headers().len(), large.http.body().len()), (1, 200_000));
    }

    #[test]
    fn names_of_headers_are_of_any_case() {
        let event =
            read(&event(json!({ "headers": { "Accept": "a", "X-A": "1", "x-a": "2", "x-b": "2,3" } }))).unwrap();
        assert_eq!(["accept", "x-a", "x-b"].map(|name| header_of(&event, name).unwrap()), ["a", "2", "2,3"]);
    }

    #[test]
    fn header_values_may_be_outside_ascii() {
        let headers = json!({ "If-Match": "\"é\"", "user-agent": "Grüße \u{1f600}", "Accept": "a" });
        let event = read(&event(json!({ "headers": headers, "body": "b", "rawPath": "/p" }))).unwrap();
        let found = ["if-match", "user-agent", "accept"].map(|name| header_of(&event, name).unwrap());
        assert_eq!(found, ["\"é\"", "Grüße \u{1f600}", "a"]);
        assert_eq!((event.http.raw_http_path(), &**event.http.body()), ("/p", &b"b"[..]));
    }

    #[test]
    fn cookies_and_context_are_complete() {
        let context = json!({ "domainName": "d.example", "stage": "s", "http": { "method": "PUT" } });
        let more = json!({ "requestContext": context, "cookies": ["a=1", "b=2"], "headers": { "host": "h" } });
        let event = read(&event(more)).unwrap();
        assert_eq!(
            (header_of(&event, "cookie").as_deref(), &*event.base_url),
            (Some("a=1; b=2"), "https://d.example/s")
        );
        assert_eq!((header_of(&event, "host").as_deref(), event.http.method().as_str()), (Some("h"), "PUT"));
        let Some(RequestContext::ApiGatewayV2(context)) = event.http.request_context_ref() else {
            panic!("no context")
        };
        assert_eq!((context.domain_name.as_deref(), context.stage.as_deref()), (Some("d.example"), Some("s")));
    }

    #[test]
    fn the_origin_is_told_of_what_cannot_be_read() {
        let text = r#"{"rawPath": "/a b", "routeKey": "GET /a", "requestContext": {"domainName": "d.example", "requestId": "g=", "http": 1}}"#;
        assert!(read(text).is_none());
        let labels = Labels { route: Some("GET /a".to_owned()), gateway: Some("g=".to_owned()) };
        assert_eq!(origin(text), Origin { base_url: "https://d.example".to_owned(), path: "/a b".to_owned(), labels });
        let (base_url, path) = ("https://localhost".to_owned(), String::new());
        assert_eq!(origin("[]"), Origin { base_url, path, labels: Labels::default() });
    }

    proptest! {
        /// Also those that the conversion by lambda_http would change or refuse.
        #[test]
        fn path_and_query_arrive_as_they_came(
            path in "(/|[?#%@:\\\\\\[ ]|\\PC){0,20}",
            query in "([ ?#&=%+\"{]|\\PC){0,20}",
            host in "([a-z.:@/ \\[]|xn--|\\PC){0,12}",
            proto in "[a-z: /]{0,12}",
            body in "[A-Za-z0-9=%]{0,8}",
            coded: bool,
        ) {
            let headers = json!({ "host": host, "x-forwarded-proto": proto });
            let context = json!({ "domainName": host, "stage": path, "http": { "method": "POST" } });
            let event = event(json!({
                "rawPath": path, "rawQueryString": query, "headers": headers, "requestContext": context,
                "body": body, "isBase64Encoded": coded,
            }));
            let event = read(&event).expect("an event");
            prop_assert_eq!((event.http.raw_http_path(), &event.query), (&*path, &query));
            prop_assert_eq!(header_of(&event, "host"), Some(host));
            let bytes = if coded { STANDARD.decode(&body).ok() } else { Some(body.into_bytes()) };
            prop_assert_eq!((!event.has_broken_body).then(|| event.http.body().to_vec()), bytes);
        }
    }

    #[test]
    fn a_very_long_path_is_read() {
        let path = format!("/{}", "x".repeat(100_000));
        let event = read(&event(json!({ "rawPath": path, "rawQueryString": "y".repeat(100_000) }))).unwrap();
        assert_eq!((event.http.raw_http_path(), event.query.len()), (&*path, 100_000));
    }
}
