//! `PATCH /users/{user_id}`: change a user (contract section 6.1).

use tenancy::domain::{UserId, principal::Scope, user::UserPatch};
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::Store;

fn main() {
    http::serve(update_user)
}

async fn update_user(request: Request, store: &Store) -> Result<Response> {
    let first = |root: &_| {
        let (patch, if_match) = request.parse(|input| {
            let patch = input.merge_patch(UserPatch::read);
            let if_match = input.if_match();
            Some((patch?, if_match?))
        })?;
        let id = request.path("user_id", UserId::parse)?;
        Ok((store.first_user(root, id), (patch, if_match)))
    };
    let (integration, user, (patch, if_match)) =
        request.integration_reading(store, Some(Scope::UsersWrite), first).await?;
    let user = store.update_user(&integration, user, &patch, &if_match).await?;
    Ok(http::ok(&user))
}
