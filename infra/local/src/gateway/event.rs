//! The event of a function, in payload format 2.0.

use std::sync::atomic::{AtomicU32, Ordering};

use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::{HeaderMap, body::Bytes, header, http::request::Parts};
use serde_json::{Map, Value, json};
use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};

use super::{path, routes::Found};
use crate::server::Ends;

/// Headers that the gateway does not pass on.
const HOP_BY_HOP: [&str; 7] =
    ["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"];

/// An event; None where a header is not UTF-8.
pub(super) fn build(head: &Parts, path: &str, found: &Found<'_>, body: &Bytes, ends: Ends, id: &str) -> Option<Bytes> {
    let mut headers = headers(&head.headers)?;
    let host = ends.listener.to_string();
    let peer = ends.peer.ip().to_string();
    let cookies = headers.remove("cookie").map(|cookies| match cookies.as_str() {
        // Repeated headers were joined by commas; one header separates its cookies by semicolons.
        Some(text) => {
            text.split([';', ',']).map(str::trim).filter(|cookie| !cookie.is_empty()).map(Value::from).collect()
        }
        None => Vec::new(),
    });
    let forwarded = match headers.get("x-forwarded-for").and_then(Value::as_str) {
        Some(before) => format!("{before}, {peer}"),
        None => peer.clone(),
    };
    headers.insert("x-forwarded-for".to_owned(), forwarded.into());
    headers.insert("x-forwarded-port".to_owned(), ends.listener.port().to_string().into());
    headers.insert("x-forwarded-proto".to_owned(), "http".into());
    headers.insert("content-length".to_owned(), body.len().to_string().into());

    let query = head.uri.query().unwrap_or_default();
    let now = OffsetDateTime::now_utc();
    let mut event = json!({
        "version": "2.0",
        "routeKey": found.key,
        "rawPath": path,
        "rawQueryString": query,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": host,
            "domainPrefix": "local",
            "http": {
                "method": head.method.as_str(),
                "path": path,
                "protocol": format!("{:?}", head.version),
                "sourceIp": peer,
                "userAgent": headers.get("user-agent").and_then(Value::as_str).unwrap_or_default(),
            },
            "requestId": id,
            "routeKey": found.key,
            "stage": "$default",
            "time": now.format(TIME).unwrap_or_default(),
            "timeEpoch": now.unix_timestamp_nanos() as i64 / 1_000_000,
        },
        "isBase64Encoded": false,
    });
    let members = event.as_object_mut()?;
    if let Some(cookies) = cookies {
        members.insert("cookies".to_owned(), cookies.into());
    }
    if !query.is_empty() {
        let parameters = path::parameters(query).into_iter().map(|(name, value)| (name, value.into()));
        members.insert("queryStringParameters".to_owned(), Value::Object(parameters.collect()));
    }
    if !found.parameters.is_empty() {
        let parameters = found.parameters.iter().map(|(name, value)| ((*name).to_owned(), value.as_str().into()));
        members.insert("pathParameters".to_owned(), Value::Object(parameters.collect()));
    }
    if !body.is_empty() {
        let text = std::str::from_utf8(body).ok().filter(|_| is_text(&head.headers));
        members.insert("isBase64Encoded".to_owned(), text.is_none().into());
        members.insert("body".to_owned(), text.map_or_else(|| STANDARD.encode(body), str::to_owned).into());
    }
    members.insert("headers".to_owned(), headers.into());
    serde_json::to_vec(&event).ok().map(Bytes::from)
}

/// `23/Nov/2026:03:14:15 +0000`
const TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000");

/// Names in lower case, as hyper has them; repeated headers are joined by commas.
fn headers(all: &HeaderMap) -> Option<Map<String, Value>> {
    let mut headers = Map::new();
    for name in all.keys().filter(|name| !HOP_BY_HOP.contains(&name.as_str())) {
        let values = all.get_all(name).iter().map(|value| std::str::from_utf8(value.as_bytes()).ok());
        let values: Option<Vec<&str>> = values.collect();
        headers.insert(name.as_str().to_owned(), values?.join(",").into());
    }
    Some(headers)
}

/// Whether a body of this type is passed as text. On AWS `application/merge-patch+json` is not.
fn is_text(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind.starts_with("text/")
        || ["json", "javascript", "xml", "x-www-form-urlencoded"]
            .iter()
            .any(|subtype| kind.strip_prefix("application/") == Some(subtype))
}

/// A unique id that looks like `BvKx7hSLliAEJ7g=`.
pub(super) fn request_id() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let [_, time @ ..] = (OffsetDateTime::now_utc().unix_timestamp_nanos() as u64).to_be_bytes();
    let count = COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    STANDARD.encode([time.as_slice(), count.as_slice()].concat())
}
