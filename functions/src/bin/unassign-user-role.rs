//! `DELETE /users/{user_id}/roles/{role_id}`: take a role from a user (contract section 6.1).

use tenancy::domain::{RoleId, UserId, principal::Scope};
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::Store;

fn main() {
    http::serve(unassign_user_role)
}

async fn unassign_user_role(request: Request, store: &Store) -> Result<Response> {
    let first = |root: &_| {
        request.parse(|_| Some(()))?;
        let user = request.path("user_id", UserId::parse)?;
        let role = request.path("role_id", RoleId::parse)?;
        Ok((store.first_user_and_role(root, user, role), ()))
    };
    let (integration, found, ()) = request.integration_reading(store, Some(Scope::UsersWrite), first).await?;
    store.unassign_user_role(&integration, found).await?;
    Ok(http::no_content())
}
