//! `DELETE /v1/customers/{customer_id}/keys/{key_id}`: revoke a key (contract section 3.4).

use tenancy::domain::{KeyId, customer::CustomerName, principal::Scope};
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::{FirstRead, Store};

fn main() {
    http::serve(revoke_key)
}

async fn revoke_key(request: Request, store: &Store) -> Result<Response> {
    let first = |root: &_| {
        request.parse(|_| Some(()))?;
        let name = request.path("customer_id", CustomerName::parse)?;
        let key_id = request.path("key_id", KeyId::parse)?;
        Ok((FirstRead::customer(root, name), key_id))
    };
    let (operator, customer, key_id) = request.operator_reading(store, Some(Scope::KeysWrite), first).await?;
    store.revoke_key(&operator, customer, key_id).await?;
    Ok(http::no_content())
}
