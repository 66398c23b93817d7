//! `DELETE /v1/customers/{customer_id}`: archive a customer with its whole subtree (contract section 3.1).

use tenancy::domain::{customer::CustomerName, principal::Scope};
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::{FirstRead, Store};

fn main() {
    http::serve(archive_customer)
}

async fn archive_customer(request: Request, store: &Store) -> Result<Response> {
    let first = |root: &_| {
        let if_match = request.parse(|input| input.if_match())?;
        let name = request.path("customer_id", CustomerName::parse)?;
        Ok((FirstRead::customer(root, name), if_match))
    };
    let (operator, customer, if_match) = request.operator_reading(store, Some(Scope::CustomersWrite), first).await?;
    store.archive_customer(&operator, customer, &if_match).await?;
    Ok(http::no_content())
}
