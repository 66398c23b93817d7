//! `GET /tenants`: a page of a customer's tenants, newest first (contract section 4.3).

use tenancy::domain::tenant::TenantStatus;
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::Store;

fn main() {
    http::serve_querying(list_tenants)
}

async fn list_tenants(request: Request, store: &Store) -> Result<Response> {
    let query = async |root: &_| {
        let (list, status) = request.parse(|input| {
            let list = input.id_list();
            let status = input.query("status", |text| {
                TenantStatus::parse(text).ok_or_else(|| "must be active or suspended".to_owned())
            });
            Some((list?, status?))
        })?;
        store.tenants(root, &list, status).await
    };
    let (_, page) = request.integration_querying(store, None, query).await?;
    Ok(http::document(&page))
}
