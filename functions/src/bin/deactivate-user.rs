//! `DELETE /users/{user_id}`: suspend a user, which stays (contract section 6.1).

use tenancy::domain::{UserId, principal::Scope};
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::Store;

fn main() {
    http::serve(deactivate_user)
}

async fn deactivate_user(request: Request, store: &Store) -> Result<Response> {
    let first = |root: &_| {
        let if_match = request.parse(|input| input.if_match())?;
        let id = request.path("user_id", UserId::parse)?;
        Ok((store.first_user(root, id), if_match))
    };
    let (integration, user, if_match) = request.integration_reading(store, Some(Scope::UsersWrite), first).await?;
    store.deactivate_user(&integration, user, &if_match).await?;
    Ok(http::no_content())
}
