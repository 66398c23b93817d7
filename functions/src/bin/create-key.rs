//! `POST /v1/customers/{customer_id}/keys`: make an integration key and show its secret once (contract 3).

use tenancy::domain::{customer::CustomerName, key::NewKey, principal::Scope};
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::Store;

fn main() {
    http::serve(create_key)
}

async fn create_key(request: Request, store: &Store) -> Result<Response> {
    let operator = request.operator(store, Some(Scope::KeysWrite)).await?;
    let (new, once) = request.parse(|input| {
        let new = input.body(NewKey::read);
        let once = input.once("createKey");
        Some((new?, once?))
    })?;
    let name = request.path_or("customer_id", CustomerName::parse, CustomerName::NEVER_GIVEN);
    let made = store.create_key(&operator, &name, &new, once.as_ref()).await?;
    Ok(http::created(&made.value).secret().replayed(made.replayed))
}
