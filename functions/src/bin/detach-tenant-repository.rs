//! `DELETE /tenants/{tenant_id}/repositories/{repository_id}`: detach a repository that is not the default (contract section 5.2).

use functions::{delete_tenant_by_external_id, is_by_external_id};
use tenancy::domain::{RepositoryId, TenantId, principal::Scope};
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::{FirstRead, Store};

fn main() {
    http::serve(detach_tenant_repository)
}

async fn detach_tenant_repository(request: Request, store: &Store) -> Result<Response> {
    if is_by_external_id(&request) {
        return delete_tenant_by_external_id(request, store).await;
    }
    let first = |root: &_| {
        request.parse(|_| Some(()))?;
        let tenant_id = request.path("tenant_id", TenantId::parse)?;
        let repository_id = request.path("repository_id", RepositoryId::parse)?;
        Ok((FirstRead::tenant_with_attachments(root, tenant_id), repository_id))
    };
    let (integration, tenant, repository_id) =
        request.integration_reading(store, Some(Scope::TenantsWrite), first).await?;
    store.detach_tenant_repository(&integration, tenant, repository_id).await?;
    Ok(http::no_content())
}
