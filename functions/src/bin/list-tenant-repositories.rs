//! `GET /tenants/{tenant_id}/repositories`: a page of a tenant's attachments, newest repository first (contract section 5.2).

use functions::{get_tenant_by_external_id, is_by_external_id};
use tenancy::domain::TenantId;
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::{FirstRead, Store};

fn main() {
    http::serve(list_tenant_repositories)
}

async fn list_tenant_repositories(request: Request, store: &Store) -> Result<Response> {
    if is_by_external_id(&request) {
        return get_tenant_by_external_id(request, store).await;
    }
    let first = |root: &_| {
        let list = request.parse(|input| input.id_list())?;
        let id = request.path("tenant_id", TenantId::parse)?;
        Ok((FirstRead::tenant_with_attachments(root, id), list))
    };
    let (integration, tenant, list) = request.integration_reading(store, None, first).await?;
    let page = store.tenant_repositories(&integration, tenant, &list).await?;
    Ok(http::document(&page))
}
