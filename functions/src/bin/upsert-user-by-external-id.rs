//! `PUT /tenants/{tenant_id}/users/by-external-id/{external_id}`: create or change a user (contract section 6.1).

use tenancy::domain::tenant::{EXTERNAL_ID_RULE, ExternalId};
use tenancy::domain::{TenantId, principal::Scope, user::UserPatch};
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::{FirstRead, Store, UserUpsert};

fn main() {
    http::serve(upsert_user_by_external_id)
}

async fn upsert_user_by_external_id(request: Request, store: &Store) -> Result<Response> {
    let first = |root: &_| {
        let (external_id, patch, if_match, must_be_new) = request.parse(|input| {
            let external_id = request.path_text("external_id").and_then(|text| ExternalId::parse(&text));
            let external_id = external_id.or_else(|| input.field_error("/path/external_id", EXTERNAL_ID_RULE));
            let patch = input.optional_body(UserPatch::read_upsert);
            let if_match = input.if_match();
            let must_be_new = input.must_be_new();
            Some((external_id?, patch?, if_match?, must_be_new?))
        })?;
        let tenant = request.path("tenant_id", TenantId::parse)?;
        let read = FirstRead::tenant_and_user(root, tenant, &external_id);
        Ok((read, (tenant, external_id, patch, if_match, must_be_new)))
    };
    let (integration, found, (tenant, external_id, patch, if_match, must_be_new)) =
        request.integration_reading(store, Some(Scope::UsersWrite), first).await?;
    let upsert = UserUpsert { tenant, external_id: &external_id, patch: &patch, if_match: &if_match, must_be_new };
    let (user, is_new) = store.upsert_user_by_external_id(&integration, &upsert, found).await?;
    if is_new {
        return Ok(http::created(&user).with_etag(&user).with_location(format!("/users/{}", user.id)));
    }
    Ok(http::ok(&user))
}
