//! `GET /repositories/{repository_id}`: one repository (contract 5).

use tenancy::domain::RepositoryId;
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::Store;

fn main() {
    http::serve(get_repository)
}

async fn get_repository(request: Request, store: &Store) -> Result<Response> {
    let read = async |root: &_| {
        let if_none_match = request.parse(|input| input.if_none_match())?;
        let id = request.path("repository_id", RepositoryId::parse)?;
        Ok((store.repository(root, id).await?, if_none_match))
    };
    let (_, (repository, if_none_match)) = request.integration_with(store, None, read).await?;
    Ok(http::found(&repository, if_none_match.as_ref()))
}
