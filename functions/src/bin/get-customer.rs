//! `GET /v1/customers/{customer_id}`: one customer, by slug or `cust_` id (contract 3).

use tenancy::domain::customer::CustomerName;
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::Store;

fn main() {
    http::serve(get_customer)
}

async fn get_customer(request: Request, store: &Store) -> Result<Response> {
    let read = async |root: &_| {
        let if_none_match = request.parse(|input| input.if_none_match())?;
        let name = request.path("customer_id", CustomerName::parse)?;
        Ok((store.customer(root, &name).await?, if_none_match))
    };
    let (_, (customer, if_none_match)) = request.operator_with(store, None, read).await?;
    Ok(http::found(&customer, if_none_match.as_ref()))
}
