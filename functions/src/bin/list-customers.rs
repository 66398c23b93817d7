//! `GET /v1/customers`: a page of the operator's customers, filtered and ordered (contract section 3.2).

use tenancy::http::{self, CustomerListQuery, Request, Response, Result};
use tenancy::store::Store;

fn main() {
    http::serve(list_customers)
}

async fn list_customers(request: Request, store: &Store) -> Result<Response> {
    let operator = request.operator(store, None).await?;
    let query = request.parse(|input| CustomerListQuery::read(input, &operator))?;
    let page = store.customers(operator.root(), &query.list).await?;
    let next = query.next_page_token(&operator, page.position);
    Ok(http::page("customers", &page.customers, next))
}
