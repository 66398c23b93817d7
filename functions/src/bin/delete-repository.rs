//! `DELETE /repositories/{repository_id}`: delete a repository that is not attached to a tenant (contract section 5.1).

use tenancy::domain::{RepositoryId, principal::Scope};
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::{FirstRead, Store};

fn main() {
    http::serve(delete_repository)
}

async fn delete_repository(request: Request, store: &Store) -> Result<Response> {
    let first = |root: &_| {
        let if_match = request.parse(|input| input.if_match())?;
        let id = request.path("repository_id", RepositoryId::parse)?;
        Ok((FirstRead::repository(root, id), if_match))
    };
    let (integration, repository, if_match) =
        request.integration_reading(store, Some(Scope::RepositoriesWrite), first).await?;
    store.delete_repository(&integration, repository, &if_match).await?;
    Ok(http::no_content())
}
