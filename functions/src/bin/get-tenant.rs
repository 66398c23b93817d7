//! `GET /tenants/{tenant_id}`: one tenant (contract section 4.2).

use tenancy::domain::TenantId;
use tenancy::http::{self, Error, Request, Response, Result};
use tenancy::store::{FirstRead, Store};

fn main() {
    http::serve(get_tenant)
}

async fn get_tenant(request: Request, store: &Store) -> Result<Response> {
    let first = |root: &_| {
        let if_none_match = request.parse(|input| input.if_none_match())?;
        let id = request.path("tenant_id", TenantId::parse)?;
        Ok((FirstRead::tenant(root, id), if_none_match))
    };
    let (_, tenant, if_none_match) = request.integration_reading(store, None, first).await?;
    Ok(http::found(&tenant.ok_or(Error::NotFound)?.entity, if_none_match.as_ref()))
}
