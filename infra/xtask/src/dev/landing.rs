//! The pages of a dev stack where the API has no route: the reference at `/docs`, and for browsers a page of links.
//!
//! Programs get the product's own problem there.

use hyper::body::Bytes;
use serde_json::{Value, json};

use crate::docs;

/// Where the reference is.
pub const DOCS: &str = "/docs";

const PAGE: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>tenancy on this machine</title>
<h1>tenancy on this machine</h1>
<p>TEXT</p>
<ul>
<li><a href="/docs">/docs</a>: the reference</li>
<li><a href="/openapi.json">/openapi.json</a>: the same for programs, an OpenAPI 3.1 document</li>
<li><a href="/problems">/problems</a>: the registry of problems</li>
<li><a href="/health">/health</a></li>
</ul>
<p>Keys and first requests are in the terminal where <code>cargo xtask dev</code> runs, and in <code>.local/dev.env</code>.</p>
</html>
"#;

/// The answer of the function for unknown paths, or a page in its place.
pub fn instead(event: &[u8], answer: Bytes) -> Bytes {
    page(event, &answer).unwrap_or(answer)
}

fn page(event: &[u8], answer: &[u8]) -> Option<Bytes> {
    let event: Value = serde_json::from_slice(event).ok()?;
    let mut answer: Value = serde_json::from_slice(answer).ok()?;
    let accepts_html = || event.pointer("/headers/accept").and_then(Value::as_str).is_some_and(prefers_html);
    let is_get = event.pointer("/requestContext/http/method")? == "GET";
    if !is_get || answer.get("statusCode")? != 404 {
        return None;
    }
    let (status, page) = match event.get("rawPath")?.as_str()? {
        DOCS => match docs::page() {
            Ok(page) => (200, page),
            Err(error) => (500, error),
        },
        "/" if accepts_html() => (200, PAGE.replace("TEXT", "The API answers here.")),
        _ if accepts_html() => (404, PAGE.replace("TEXT", "There is no such path here.")),
        _ => return None,
    };
    let members = answer.as_object_mut()?;
    members.insert("statusCode".to_owned(), status.into());
    members.insert("body".to_owned(), page.into());
    members.insert("isBase64Encoded".to_owned(), false.into());
    let headers = members.get_mut("headers")?.as_object_mut()?;
    headers.retain(|name, _| name.eq_ignore_ascii_case("x-request-id"));
    headers.insert("content-type".to_owned(), json!("text/html; charset=utf-8"));
    headers.insert("vary".to_owned(), json!("Accept"));
    Some(answer.to_string().into())
}

/// Whether `Accept` prefers HTML to JSON.
fn prefers_html(accept: &str) -> bool {
    let quality = |wanted: fn(&str) -> bool| {
        let ranges = accept.split(',').map(|range| range.split(';').map(str::trim));
        let qualities = ranges.filter_map(|mut range| {
            range.next().filter(|name| wanted(&name.to_ascii_lowercase()))?;
            let quality = range.find_map(|parameter| parameter.strip_prefix("q="));
            quality.map_or(Some(1.0), |quality| quality.parse::<f64>().ok())
        });
        qualities.fold(0.0, f64::max)
    };
    let html = quality(|name| name == "text/html");
    html > 0.0 && html > quality(|name| name.starts_with("application/") && name.ends_with("json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

    fn answered(accept: &str, method: &str, path: &str, status: u16) -> Value {
        let http = json!({ "method": method });
        let event =
            json!({ "headers": { "accept": accept }, "rawPath": path, "requestContext": { "http": http } }).to_string();
        let headers = json!({ "content-type": "application/problem+json", "x-request-id": "req_1" });
        let answer = json!({ "statusCode": status, "headers": headers, "body": "{}" }).to_string();
        serde_json::from_slice(&instead(event.as_bytes(), answer.into())).unwrap()
    }

    #[test]
    fn a_browser_gets_a_page_with_links_at_the_root_and_at_unknown_paths() {
        for (path, status) in [("/", 200), ("/nowhere", 404)] {
            let answer = answered(BROWSER, "GET", path, 404);
            assert_eq!(answer["statusCode"], status);
            assert_eq!(answer["headers"]["content-type"], "text/html; charset=utf-8");
            assert_eq!(answer["headers"]["x-request-id"], "req_1");
            let body = answer["body"].as_str().unwrap();
            assert!(body.contains("href=\"/openapi.json\"") && body.contains("href=\"/problems\""), "{body}");
        }
    }

    #[test]
    fn the_reference_is_at_its_path_whatever_is_accepted() {
        for accept in [BROWSER, "*/*"] {
            let answer = answered(accept, "GET", DOCS, 404);
            assert_eq!(
                (&answer["statusCode"], &answer["headers"]["content-type"]),
                (&json!(200), &json!("text/html; charset=utf-8"))
            );
            assert!(answer["body"].as_str().unwrap().contains("Scalar.createApiReference"));
        }
    }

    #[test]
    fn programs_and_known_paths_keep_their_problem() {
        for (accept, method, status) in [
            ("*/*", "GET", 404),
            ("application/json", "GET", 404),
            ("application/json, text/html", "GET", 404),
            ("text/html;q=0.5, application/problem+json", "GET", 404),
            ("text/html;q=0", "GET", 404),
            (BROWSER, "POST", 404),
            (BROWSER, "GET", 405),
        ] {
            assert_eq!(answered(accept, method, "/", status)["body"], "{}", "{accept} {method} {status}");
        }
    }
}
