//! `GET /v1/customers/{customer_id}/keys`: a customer's keys, newest first, without their secrets (contract 3).

use tenancy::domain::customer::CustomerName;
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::Store;

fn main() {
    http::serve(list_keys)
}

async fn list_keys(request: Request, store: &Store) -> Result<Response> {
    let read = async |root: &_| {
        request.parse(|_| Some(()))?;
        let name = request.path("customer_id", CustomerName::parse)?;
        store.customer_with_key_details(root, &name).await
    };
    let (operator, (customer, details)) = request.operator_with(store, None, read).await?;
    let keys = store.keys(&operator, &customer, &details).await?;
    Ok(http::list("keys", &keys))
}
