//! `GET /health`: health check. It does not use the table (contract section 1).

use serde::Serialize;
use tenancy::http::{self, Request, Response, Result};

fn main() {
    http::serve_public(get_health)
}

#[derive(Serialize)]
struct Health {
    object: &'static str,
    status: &'static str,
    version: &'static str,
    time: String,
}

fn get_health(_: &Request) -> Result<Response> {
    let version = env!("CARGO_PKG_VERSION");
    Ok(http::document(&Health { object: "health", status: "ok", version, time: http::now().to_string() }))
}
