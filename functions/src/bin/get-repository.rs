//! `GET /repositories/{repository_id}`: one repository (contract section 5.1).

use tenancy::domain::RepositoryId;
use tenancy::http::{self, Error, Request, Response, Result};
use tenancy::store::{FirstRead, Store};

fn main() {
    http::serve(get_repository)
}

async fn get_repository(request: Request, store: &Store) -> Result<Response> {
    let first = |root: &_| {
        let if_none_match = request.parse(|input| input.if_none_match())?;
        let id = request.path("repository_id", RepositoryId::parse)?;
        Ok((FirstRead::repository(root, id), if_none_match))
    };
    let (_, repository, if_none_match) = request.integration_reading(store, None, first).await?;
    Ok(http::found(&repository.ok_or(Error::NotFound)?.entity, if_none_match.as_ref()))
}
