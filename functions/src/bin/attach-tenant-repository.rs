//! `PUT /tenants/{tenant_id}/repositories/{repository_id}`: attach a repository, or change how (contract 5).

use functions::{is_by_external_id, upsert_tenant_by_external_id};
use tenancy::domain::{RepositoryId, TenantId, principal::Scope, repository::AttachmentPatch};
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::Store;

fn main() {
    http::serve(attach_tenant_repository)
}

async fn attach_tenant_repository(request: Request, store: &Store) -> Result<Response> {
    if is_by_external_id(&request) {
        return upsert_tenant_by_external_id(request, store).await;
    }
    let read = async |root: &_| {
        let patch = request.parse(|input| input.optional_body(AttachmentPatch::read))?;
        let tenant_id = request.path("tenant_id", TenantId::parse)?;
        let repository_id = request.path("repository_id", RepositoryId::parse)?;
        Ok((store.pair(root, tenant_id, repository_id).await?, tenant_id, patch))
    };
    let (integration, (pair, tenant_id, patch)) =
        request.integration_with(store, Some(Scope::TenantsWrite), read).await?;
    let (attachment, is_new) = store.attach_tenant_repository(&integration, tenant_id, pair, &patch).await?;
    Ok(if is_new { http::created(&attachment) } else { http::document(&attachment) })
}
