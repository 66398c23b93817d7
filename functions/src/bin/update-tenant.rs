//! `PATCH /tenants/{tenant_id}`: change, suspend or activate a tenant (contract section 4.2).

use tenancy::domain::{TenantId, principal::Scope, tenant::TenantPatch};
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::{FirstRead, Store};

fn main() {
    http::serve(update_tenant)
}

async fn update_tenant(request: Request, store: &Store) -> Result<Response> {
    let first = |root: &_| {
        let (patch, if_match) = request.parse(|input| {
            let patch = input.merge_patch(TenantPatch::read);
            let if_match = input.if_match();
            Some((patch?, if_match?))
        })?;
        let id = request.path("tenant_id", TenantId::parse)?;
        Ok((FirstRead::tenant_with_attachments(root, id), (patch, if_match)))
    };
    let (integration, tenant, (patch, if_match)) =
        request.integration_reading(store, Some(Scope::TenantsWrite), first).await?;
    let tenant = store.update_tenant(&integration, tenant, &patch, &if_match).await?;
    Ok(http::ok(&tenant))
}
