//! `GET /users/{user_id}`: one user (contract section 6.1).

use tenancy::domain::UserId;
use tenancy::http::{self, Error, Request, Response, Result};
use tenancy::store::Store;

fn main() {
    http::serve(get_user)
}

async fn get_user(request: Request, store: &Store) -> Result<Response> {
    let first = |root: &_| {
        let if_none_match = request.parse(|input| input.if_none_match())?;
        let id = request.path("user_id", UserId::parse)?;
        Ok((store.first_user(root, id), if_none_match))
    };
    let (_, user, if_none_match) = request.integration_reading(store, None, first).await?;
    Ok(http::found(&user.ok_or(Error::NotFound)?.entity, if_none_match.as_ref()))
}
