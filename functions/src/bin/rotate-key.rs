//! `POST /v1/customers/{customer_id}/keys/{key_id}/rotate`: replace a key, with an overlap (contract 3).

use tenancy::domain::{KeyId, customer::CustomerName, key::Rotation, principal::Scope};
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::Store;

fn main() {
    http::serve(rotate_key)
}

async fn rotate_key(request: Request, store: &Store) -> Result<Response> {
    let operator = request.operator(store, Some(Scope::KeysWrite)).await?;
    let (rotation, once) = request.parse(|input| {
        let rotation = input.optional_body(Rotation::read);
        let once = input.once("rotateKey");
        Some((rotation?, once?))
    })?;
    let name = request.path_or("customer_id", CustomerName::parse, CustomerName::NEVER_GIVEN);
    let key_id = request.path_or("key_id", KeyId::parse, KeyId::NEVER_GIVEN);
    let made = store.rotate_key(&operator, &name, key_id, &rotation, once.as_ref()).await?;
    Ok(http::created(&made.value).secret().replayed(made.replayed))
}
