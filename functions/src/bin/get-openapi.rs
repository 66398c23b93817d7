//! `GET /openapi.json`: the OpenAPI document (infra/openapi.yaml).

use tenancy::http::{self, Request, Response, Result};

fn main() {
    http::serve_public(get_openapi)
}

const DOCUMENT: &str = include_str!(concat!(env!("OUT_DIR"), "/openapi.json"));

fn get_openapi(request: &Request) -> Result<Response> {
    // The URL of a server is relative to that of the document: behind an API mapping it is the base path.
    let document = match request.base_path() {
        "" => http::json_text(DOCUMENT),
        path => {
            http::json_text(&DOCUMENT.replacen(r#"{"url":"/"}"#, &serde_json::json!({ "url": path }).to_string(), 1))
        }
    };
    // For viewers in a browser: the document is public and needs no credential.
    Ok(document.public().with_header("access-control-allow-origin", "*"))
}
