//! `GET /.well-known/jwks.json`: the public keys that verify tokens (contract section 6).

use tenancy::http::{self, Request, Response, Result};
use tenancy::store::Store;

fn main() {
    http::serve_public_reading(get_jwks)
}

async fn get_jwks(_: Request, store: &Store) -> Result<Response> {
    let keys = store.jwks().await?;
    Ok(http::document(&keys).with_header("content-type", "application/jwk-set+json").public())
}
