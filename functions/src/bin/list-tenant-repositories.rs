//! `GET /tenants/{tenant_id}/repositories`: a tenant's attachments, newest repository first (contract 5).

use functions::{get_tenant_by_external_id, is_by_external_id};
use tenancy::domain::TenantId;
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::Store;

fn main() {
    http::serve(list_tenant_repositories)
}

async fn list_tenant_repositories(request: Request, store: &Store) -> Result<Response> {
    if is_by_external_id(&request) {
        return get_tenant_by_external_id(request, store).await;
    }
    let read = async |root: &_| {
        let list = request.parse(|input| input.id_list())?;
        let id = request.path("tenant_id", TenantId::parse)?;
        store.tenant_repositories(root, id, &list).await
    };
    let (_, page) = request.integration_with(store, None, read).await?;
    Ok(http::document(&page))
}
