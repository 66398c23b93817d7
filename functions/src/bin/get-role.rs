//! `GET /roles/{role_id}`: one role (contract section 6.2).

use tenancy::domain::RoleId;
use tenancy::http::{self, Error, Request, Response, Result};
use tenancy::store::Store;

fn main() {
    http::serve(get_role)
}

async fn get_role(request: Request, store: &Store) -> Result<Response> {
    let first = |root: &_| {
        let if_none_match = request.parse(|input| input.if_none_match())?;
        let id = request.path("role_id", RoleId::parse)?;
        Ok((store.first_role(root, id), if_none_match))
    };
    let (_, role, if_none_match) = request.integration_reading(store, None, first).await?;
    Ok(http::found(&role.ok_or(Error::NotFound)?.entity, if_none_match.as_ref()))
}
