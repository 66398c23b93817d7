//! `PATCH /roles/{role_id}`: change a role (contract section 6.2).

use tenancy::domain::{RoleId, principal::Scope, role::RolePatch};
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::Store;

fn main() {
    http::serve(update_role)
}

async fn update_role(request: Request, store: &Store) -> Result<Response> {
    let first = |root: &_| {
        let (patch, if_match) = request.parse(|input| {
            let patch = input.merge_patch(RolePatch::read);
            let if_match = input.if_match();
            Some((patch?, if_match?))
        })?;
        let id = request.path("role_id", RoleId::parse)?;
        Ok((store.first_role(root, id), (patch, if_match)))
    };
    let (integration, role, (patch, if_match)) =
        request.integration_reading(store, Some(Scope::RolesWrite), first).await?;
    let role = store.update_role(&integration, role, &patch, &if_match).await?;
    Ok(http::ok(&role))
}
