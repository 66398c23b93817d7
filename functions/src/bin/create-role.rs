//! `POST /tenants/{tenant_id}/roles`: create a role of a tenant (contract section 6.2).

use tenancy::domain::{TenantId, principal::Scope, role::NewRole};
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::{FirstRead, Store};

fn main() {
    http::serve(create_role)
}

async fn create_role(request: Request, store: &Store) -> Result<Response> {
    let first = |root: &_| {
        let (new, idempotent) = request.parse(|input| {
            let new = input.body(NewRole::read);
            let idempotent = input.idempotent_request(env!("CARGO_BIN_NAME"));
            Some((new?, idempotent?))
        })?;
        let tenant = request.path_or("tenant_id", TenantId::parse, TenantId::NIL);
        let idempotent = idempotent.map(|idempotent| idempotent.about(tenant.to_string()));
        Ok((FirstRead::tenant_and_record(root, tenant, idempotent.as_ref()), (tenant, new, idempotent)))
    };
    let (integration, found, (tenant, new, idempotent)) =
        request.integration_reading(store, Some(Scope::RolesWrite), first).await?;
    let created = store.create_role(&integration, tenant, new, found, idempotent.as_ref()).await?;
    let location = format!("/roles/{}", created.value.id);
    Ok(http::created(&created.value).with_etag(&created.value).with_location(location).with_replayed(created.replayed))
}
