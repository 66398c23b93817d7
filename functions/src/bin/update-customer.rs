//! `PATCH /v1/customers/{customer_id}`: change a customer (contract section 3.1).

use tenancy::domain::customer::{CustomerName, CustomerPatch};
use tenancy::domain::principal::Scope;
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::{FirstRead, Store};

fn main() {
    http::serve(update_customer)
}

async fn update_customer(request: Request, store: &Store) -> Result<Response> {
    let first = |root: &_| {
        let (patch, if_match) = request.parse(|input| {
            let patch = input.merge_patch(CustomerPatch::read);
            let if_match = input.if_match();
            Some((patch?, if_match?))
        })?;
        let name = request.path("customer_id", CustomerName::parse)?;
        Ok((FirstRead::customer(root, name), (patch, if_match)))
    };
    let (operator, customer, (patch, if_match)) =
        request.operator_reading(store, Some(Scope::CustomersWrite), first).await?;
    let customer = store.update_customer(&operator, customer, &patch, &if_match).await?;
    Ok(http::ok(&customer))
}
