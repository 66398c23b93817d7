//! `POST /v1/customers`: create a customer (contract section 3.1).

use tenancy::domain::{customer::NewCustomer, principal::Scope};
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::Store;

fn main() {
    http::serve(create_customer)
}

async fn create_customer(request: Request, store: &Store) -> Result<Response> {
    let operator = request.operator(store, Some(Scope::CustomersWrite)).await?;
    let (new, idempotent) = request.parse(|input| {
        let new = input.body(NewCustomer::read);
        let idempotent = input.idempotent_request(env!("CARGO_BIN_NAME"));
        Some((new?, idempotent?))
    })?;
    let created = store.create_customer(&operator, new, idempotent.as_ref()).await?;
    let location = format!("/v1/customers/{}", created.value.customer_id);
    Ok(http::created(&created.value).with_etag(&created.value).with_location(location).with_replayed(created.replayed))
}
