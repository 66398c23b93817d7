//! `GET /v1/customers/{customer_id}`: one customer, by slug or `cust_` id (contract section 3.1).

use tenancy::domain::customer::CustomerName;
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::{FirstRead, Store};

fn main() {
    http::serve(get_customer)
}

async fn get_customer(request: Request, store: &Store) -> Result<Response> {
    let first = |root: &_| {
        let if_none_match = request.parse(|input| input.if_none_match())?;
        let name = request.path("customer_id", CustomerName::parse)?;
        Ok((FirstRead::customer(root, name), if_none_match))
    };
    let (operator, customer, if_none_match) = request.operator_reading(store, None, first).await?;
    let customer = store.customer(&operator, customer).await?;
    Ok(http::found(&customer, if_none_match.as_ref()))
}
