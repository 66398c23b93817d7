//! `DELETE /roles/{role_id}`: delete a role that no user has (contract section 6.2).

use tenancy::domain::{RoleId, principal::Scope};
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::Store;

fn main() {
    http::serve(delete_role)
}

async fn delete_role(request: Request, store: &Store) -> Result<Response> {
    let first = |root: &_| {
        let if_match = request.parse(|input| input.if_match())?;
        let id = request.path("role_id", RoleId::parse)?;
        Ok((store.first_role(root, id), if_match))
    };
    let (integration, role, if_match) = request.integration_reading(store, Some(Scope::RolesWrite), first).await?;
    store.delete_role(&integration, role, &if_match).await?;
    Ok(http::no_content())
}
