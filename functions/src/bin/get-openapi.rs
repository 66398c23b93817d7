//! `GET /openapi.json`: the contract, machine-readable (infra/openapi.yaml).

use tenancy::http::{self, Request, Response, Result};

fn main() {
    http::serve_public(get_openapi)
}

fn get_openapi(_: &Request) -> Result<Response> {
    // For viewers that run in a browser: the document is public, and no credential is sent for it.
    let document = http::json_text(include_str!(concat!(env!("OUT_DIR"), "/openapi.json")));
    Ok(document.public().with("access-control-allow-origin", "*"))
}
