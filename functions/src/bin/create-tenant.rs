//! `POST /tenants`: create a tenant (contract section 4.2).

use tenancy::domain::{principal::Scope, tenant::NewTenant};
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::Store;

fn main() {
    http::serve(create_tenant)
}

async fn create_tenant(request: Request, store: &Store) -> Result<Response> {
    let integration = request.integration(store, Some(Scope::TenantsWrite)).await?;
    let (new, idempotent) = request.parse(|input| {
        let new = input.optional_body(NewTenant::read);
        let idempotent = input.idempotent_request(env!("CARGO_BIN_NAME"));
        Some((new?, idempotent?))
    })?;
    let created = store.create_tenant(&integration, new, idempotent.as_ref()).await?;
    let location = format!("/tenants/{}", created.value.id);
    Ok(http::created(&created.value).with_etag(&created.value).with_location(location).with_replayed(created.replayed))
}
