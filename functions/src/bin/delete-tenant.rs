//! `DELETE /tenants/{tenant_id}`: delete a tenant without attachments (contract section 4.2).

use tenancy::domain::{TenantId, principal::Scope};
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::{FirstRead, Store};

fn main() {
    http::serve(delete_tenant)
}

async fn delete_tenant(request: Request, store: &Store) -> Result<Response> {
    let first = |root: &_| {
        let if_match = request.parse(|input| input.if_match())?;
        let id = request.path("tenant_id", TenantId::parse)?;
        Ok((FirstRead::tenant_with_attachments(root, id), if_match))
    };
    let (integration, tenant, if_match) = request.integration_reading(store, Some(Scope::TenantsWrite), first).await?;
    store.delete_tenant(&integration, tenant, &if_match).await?;
    Ok(http::no_content())
}
