//! `PUT /tenants/{tenant_id}/repositories/{repository_id}`: attach a repository, or change its attachment (contract section 5.2).

use functions::{is_by_external_id, upsert_tenant_by_external_id};
use tenancy::domain::{RepositoryId, TenantId, attachment::AttachmentPatch, principal::Scope};
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::{FirstRead, Store};

fn main() {
    http::serve(attach_tenant_repository)
}

async fn attach_tenant_repository(request: Request, store: &Store) -> Result<Response> {
    if is_by_external_id(&request) {
        return upsert_tenant_by_external_id(request, store).await;
    }
    let first = |root: &_| {
        let patch = request.parse(|input| input.optional_body(AttachmentPatch::read))?;
        let tenant_id = request.path("tenant_id", TenantId::parse)?;
        let repository_id = request.path("repository_id", RepositoryId::parse)?;
        Ok((FirstRead::tenant_and_repository(root, tenant_id, repository_id), patch))
    };
    let (integration, found, patch) = request.integration_reading(store, Some(Scope::TenantsWrite), first).await?;
    let (attachment, is_new) = store.attach_tenant_repository(&integration, found, &patch).await?;
    Ok(if is_new { http::created(&attachment) } else { http::document(&attachment) })
}
