//! `GET /v1/customers/{customer_id}/keys`: a customer's keys, newest first, without their secrets (contract section 3.4).

use tenancy::domain::customer::CustomerName;
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::{FirstRead, Store};

fn main() {
    http::serve(list_keys)
}

async fn list_keys(request: Request, store: &Store) -> Result<Response> {
    let first = |root: &_| {
        request.parse(|_| Some(()))?;
        let name = request.path("customer_id", CustomerName::parse)?;
        Ok((FirstRead::customer_with_key_details(root, name), ()))
    };
    let (operator, customer, ()) = request.operator_reading(store, None, first).await?;
    let keys = store.keys(&operator, customer).await?;
    Ok(http::list("keys", &keys))
}
