//! `POST /v1/customers/{customer_id}/keys/{key_id}/rotate`: replace a key, optionally with an overlap (contract section 3.4).

use tenancy::domain::principal::{OperatorRoot, Scope};
use tenancy::domain::{KeyId, customer::CustomerName, key::Rotation, secret::Root};
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::{FirstRead, Store};

fn main() {
    http::serve(rotate_key)
}

async fn rotate_key(request: Request, store: &Store) -> Result<Response> {
    let first = |root: &OperatorRoot| {
        let (rotation, idempotent) = request.parse(|input| {
            let rotation = input.optional_body(Rotation::read);
            let idempotent = input.idempotent_request(env!("CARGO_BIN_NAME"));
            Some((rotation?, idempotent?))
        })?;
        let name = request.path_or("customer_id", CustomerName::parse, CustomerName::NIL);
        let key_id = request.path_or("key_id", KeyId::parse, KeyId::NIL);
        let earlier = FirstRead::earlier_request(&Root::Operator(root.clone()), idempotent.as_ref());
        Ok((FirstRead::customer_with_key_details(root, name).and(earlier), (key_id, rotation, idempotent)))
    };
    let (operator, (customer, earlier), (key_id, rotation, idempotent)) =
        request.operator_reading(store, Some(Scope::KeysWrite), first).await?;
    let rotated = store.rotate_key(&operator, customer, earlier, key_id, &rotation, idempotent.as_ref()).await?;
    Ok(http::created(&rotated.value).no_store().with_replayed(rotated.replayed))
}
