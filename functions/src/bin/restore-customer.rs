//! `POST /v1/customers/{customer_id}/restore`: bring an archived customer back (contract 3).

use tenancy::domain::{customer::CustomerName, principal::Scope};
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::Store;

fn main() {
    http::serve(restore_customer)
}

async fn restore_customer(request: Request, store: &Store) -> Result<Response> {
    let operator = request.operator(store, Some(Scope::CustomersWrite)).await?;
    let once = request.parse(|input| {
        let no_members = input.no_members();
        let once = input.once("restoreCustomer");
        no_members.and(once)
    })?;
    let name = request.path_or("customer_id", CustomerName::parse, CustomerName::NEVER_GIVEN);
    let made = store.restore_customer(&operator, &name, once.as_ref()).await?;
    Ok(http::ok(&made.value).replayed(made.replayed))
}
