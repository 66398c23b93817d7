//! Handlers that several functions share: the operations on a tenant by its external id.
//!
//! An HTTP API prefers full matches to greedy ones, so requests with the external ids `repositories` and `repositories/…` match the routes
//! of attachments. The functions of these routes call these handlers. The external ids `roles` and `users/by-external-id/…` have routes of
//! their own, because routes of roles and users match them, too.

use tenancy::domain::principal::Scope;
use tenancy::domain::tenant::{EXTERNAL_ID_RULE, ExternalId, TenantPatch};
use tenancy::http::{self, Error, Request, Response, Result};
use tenancy::store::{FirstRead, Store, Upsert};

/// Whether a request at a route of attachments is for the external id `repositories` or `repositories/…`.
pub fn is_by_external_id(request: &Request) -> bool {
    request.path_text("tenant_id").is_some_and(|text| text == "by-external-id")
}

/// The external id of the path, by any of the routes.
fn external_id(request: &Request) -> Option<ExternalId> {
    if request.has_path("external_id") {
        return ExternalId::parse(&request.path_text("external_id")?);
    }
    if request.has_path("repository_id") {
        return ExternalId::parse(&format!("repositories/{}", request.path_text("repository_id")?));
    }
    if request.has_path("user_external_id") {
        return ExternalId::parse(&format!("users/by-external-id/{}", request.path_text("user_external_id")?));
    }
    ExternalId::parse(if request.route_path().ends_with("/roles") { "roles" } else { "repositories" })
}

/// `GET /tenants/by-external-id/{external_id}`
pub async fn get_tenant_by_external_id(request: Request, store: &Store) -> Result<Response> {
    let first = |root: &_| {
        let if_none_match = request.parse(|input| input.if_none_match())?;
        let external_id = external_id(&request).ok_or(Error::NotFound)?;
        Ok((FirstRead::holder(root, &external_id), (external_id, if_none_match)))
    };
    let (integration, holder, (external_id, if_none_match)) = request.integration_reading(store, None, first).await?;
    let tenant = store.tenant_by_external_id(&integration, &external_id, holder).await?;
    Ok(http::found(&tenant, if_none_match.as_ref()))
}

/// `PUT /tenants/by-external-id/{external_id}`
pub async fn upsert_tenant_by_external_id(request: Request, store: &Store) -> Result<Response> {
    let first = |root: &_| {
        let (external_id, patch, if_match, must_be_new) = request.parse(|input| {
            let external_id =
                external_id(&request).or_else(|| input.field_error("/path/external_id", EXTERNAL_ID_RULE));
            let patch = input.optional_body(TenantPatch::read_upsert);
            let if_match = input.if_match();
            let must_be_new = input.must_be_new();
            Some((external_id?, patch?, if_match?, must_be_new?))
        })?;
        Ok((FirstRead::holder(root, &external_id), (external_id, patch, if_match, must_be_new)))
    };
    let (integration, holder, (external_id, patch, if_match, must_be_new)) =
        request.integration_reading(store, Some(Scope::TenantsWrite), first).await?;
    let upsert = Upsert { external_id: &external_id, patch: &patch, if_match: &if_match, must_be_new };
    let (tenant, is_new) = store.upsert_tenant_by_external_id(&integration, &upsert, holder).await?;
    if is_new {
        return Ok(http::created(&tenant).with_etag(&tenant).with_location(format!("/tenants/{}", tenant.id)));
    }
    Ok(http::ok(&tenant))
}

/// `DELETE /tenants/by-external-id/{external_id}`
pub async fn delete_tenant_by_external_id(request: Request, store: &Store) -> Result<Response> {
    let first = |root: &_| {
        let if_match = request.parse(|input| input.if_match())?;
        let external_id = external_id(&request).ok_or(Error::NotFound)?;
        Ok((FirstRead::holder(root, &external_id), (external_id, if_match)))
    };
    let (integration, holder, (external_id, if_match)) =
        request.integration_reading(store, Some(Scope::TenantsWrite), first).await?;
    store.delete_tenant_by_external_id(&integration, &external_id, holder, &if_match).await?;
    Ok(http::no_content())
}
