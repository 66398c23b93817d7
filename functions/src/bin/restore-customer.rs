//! `POST /v1/customers/{customer_id}/restore`: restore an archived customer (contract section 3.1).

use tenancy::domain::principal::{OperatorRoot, Scope};
use tenancy::domain::{customer::CustomerName, secret::Root};
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::{FirstRead, Store};

fn main() {
    http::serve(restore_customer)
}

async fn restore_customer(request: Request, store: &Store) -> Result<Response> {
    let first = |root: &OperatorRoot| {
        let idempotent = request.parse(|input| {
            let no_members = input.no_members();
            let idempotent = input.idempotent_request(env!("CARGO_BIN_NAME"));
            no_members.and(idempotent)
        })?;
        let name = request.path_or("customer_id", CustomerName::parse, CustomerName::NIL);
        let earlier = FirstRead::earlier_request(&Root::Operator(root.clone()), idempotent.as_ref());
        Ok((FirstRead::customer(root, name).and(earlier), idempotent))
    };
    let (operator, (customer, earlier), idempotent) =
        request.operator_reading(store, Some(Scope::CustomersWrite), first).await?;
    let restored = store.restore_customer(&operator, customer, earlier, idempotent.as_ref()).await?;
    Ok(http::ok(&restored.value).with_replayed(restored.replayed))
}
