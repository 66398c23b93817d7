//! `GET /users`: a page of the users of a customer or of one tenant, newest first (contract section 6.1).

use tenancy::domain::TenantId;
use tenancy::domain::user::{self, UserStatus};
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::{FirstRead, Store, UserFilter};

fn main() {
    http::serve_querying(list_users)
}

async fn list_users(request: Request, store: &Store) -> Result<Response> {
    let asked = request.parse(|input| {
        let list = input.id_list();
        let tenant = input.query("tenant_id", |text| {
            TenantId::parse(text).ok_or_else(|| "must be a tenant's id, tnt_ and 26 characters".to_owned())
        });
        let email = input.query("email", user::parse_email);
        let status = input
            .query("status", |text| UserStatus::parse(text).ok_or_else(|| "must be active or suspended".to_owned()));
        Some((list?, tenant?, UserFilter { email: email?, status: status? }))
    });
    if let Ok((list, Some(tenant), filter)) = &asked {
        let first = |root: &_| Ok((FirstRead::tenant_with_attachments(root, *tenant), ()));
        let (integration, tenant, ()) = request.integration_reading(store, None, first).await?;
        return Ok(http::document(&store.tenant_users(&integration, tenant, list, filter).await?));
    }
    let query = async |root: &_| {
        let (list, _, filter) = asked?;
        store.users(root, &list, &filter).await
    };
    let (integration, page) = request.integration_querying(store, None, query).await?;
    Ok(http::document(&store.existing_users(&integration, page).await?))
}
