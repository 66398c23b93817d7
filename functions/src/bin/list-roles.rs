//! `GET /tenants/{tenant_id}/roles`: a page of a tenant's roles, newest first, or the one with a name (contract section 6.2).

use tenancy::domain::TenantId;
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::{FirstRead, Store};

fn main() {
    http::serve(list_roles)
}

async fn list_roles(request: Request, store: &Store) -> Result<Response> {
    let first = |root: &_| {
        let (list, name) = request.parse(|input| {
            let list = input.id_list();
            let name = input.query("name", http::resource_name);
            Some((list?, name?))
        })?;
        let tenant = request.path("tenant_id", TenantId::parse)?;
        Ok((FirstRead::tenant_and_role_named(root, tenant, name.as_deref()), (list, name)))
    };
    let (integration, found, (list, name)) = request.integration_reading(store, None, first).await?;
    Ok(http::document(&store.roles(&integration, &list, name.as_deref(), found).await?))
}
