//! `POST /v1/customers/{customer_id}/keys`: create an integration key, whose secret is shown once (contract section 3.4).

use tenancy::domain::principal::{OperatorRoot, Scope};
use tenancy::domain::{customer::CustomerName, key::NewKey, secret::Root};
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::{FirstRead, Store};

fn main() {
    http::serve(create_key)
}

async fn create_key(request: Request, store: &Store) -> Result<Response> {
    let first = |root: &OperatorRoot| {
        let (new, idempotent) = request.parse(|input| {
            let new = input.body(NewKey::read);
            let idempotent = input.idempotent_request(env!("CARGO_BIN_NAME"));
            Some((new?, idempotent?))
        })?;
        let name = request.path_or("customer_id", CustomerName::parse, CustomerName::NIL);
        let earlier = FirstRead::earlier_request(&Root::Operator(root.clone()), idempotent.as_ref());
        Ok((FirstRead::customer(root, name).and(earlier), (new, idempotent)))
    };
    let (operator, (customer, earlier), (new, idempotent)) =
        request.operator_reading(store, Some(Scope::KeysWrite), first).await?;
    let created = store.create_key(&operator, customer, earlier, &new, idempotent.as_ref()).await?;
    Ok(http::created(&created.value).no_store().with_replayed(created.replayed))
}
