//! `GET /tenants/{tenant_id}/users/by-external-id/{external_id}`: the user that has an external id (contract section 6.1).

use tenancy::domain::{TenantId, tenant::ExternalId};
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::{FirstRead, Store};

fn main() {
    http::serve(get_user_by_external_id)
}

async fn get_user_by_external_id(request: Request, store: &Store) -> Result<Response> {
    let first = |root: &_| {
        let if_none_match = request.parse(|input| input.if_none_match())?;
        let tenant = request.path("tenant_id", TenantId::parse)?;
        let external_id = request.path("external_id", ExternalId::parse)?;
        Ok((FirstRead::tenant_and_user(root, tenant, &external_id), if_none_match))
    };
    let (integration, found, if_none_match) = request.integration_reading(store, None, first).await?;
    let user = store.user_by_external_id(&integration, found).await?;
    Ok(http::found(&user, if_none_match.as_ref()))
}
