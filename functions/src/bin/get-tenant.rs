//! `GET /tenants/{tenant_id}`: one tenant (contract 4).

use tenancy::domain::TenantId;
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::Store;

fn main() {
    http::serve(get_tenant)
}

async fn get_tenant(request: Request, store: &Store) -> Result<Response> {
    let read = async |root: &_| {
        let if_none_match = request.parse(|input| input.if_none_match())?;
        let id = request.path("tenant_id", TenantId::parse)?;
        Ok((store.tenant(root, id).await?, if_none_match))
    };
    let (_, (tenant, if_none_match)) = request.integration_with(store, None, read).await?;
    Ok(http::found(&tenant, if_none_match.as_ref()))
}
