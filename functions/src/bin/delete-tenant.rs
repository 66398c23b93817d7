//! `DELETE /tenants/{tenant_id}`: delete a tenant on which nothing depends (contract 4).

use tenancy::domain::{TenantId, principal::Scope};
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::Store;

fn main() {
    http::serve(delete_tenant)
}

async fn delete_tenant(request: Request, store: &Store) -> Result<Response> {
    let integration = request.integration(store, Some(Scope::TenantsWrite)).await?;
    let if_match = request.parse(|input| input.if_match())?;
    let id = request.path("tenant_id", TenantId::parse)?;
    store.delete_tenant(&integration, id, &if_match).await?;
    Ok(http::no_content())
}
