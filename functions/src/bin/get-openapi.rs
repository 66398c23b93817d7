//! `GET /openapi.json`: the contract, machine-readable (infra/openapi.yaml).

use tenancy::http::{self, Request, Response, Result};

fn main() {
    http::serve_public(get_openapi)
}

const DOCUMENT: &str = include_str!(concat!(env!("OUT_DIR"), "/openapi.json"));

fn get_openapi(request: &Request) -> Result<Response> {
    // A server's URL is relative to where the document is read: behind an API mapping it is the base path.
    let document = match request.base_path() {
        "" => http::json_text(DOCUMENT),
        path => {
            http::json_text(&DOCUMENT.replacen(r#"{"url":"/"}"#, &serde_json::json!({ "url": path }).to_string(), 1))
        }
    };
    // For viewers that run in a browser: the document is public, and no credential is sent for it.
    Ok(document.public().with_header("access-control-allow-origin", "*"))
}
