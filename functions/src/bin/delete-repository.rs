//! `DELETE /repositories/{repository_id}`: delete a repository that is attached nowhere (contract 5).

use tenancy::domain::{RepositoryId, principal::Scope};
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::Store;

fn main() {
    http::serve(delete_repository)
}

async fn delete_repository(request: Request, store: &Store) -> Result<Response> {
    let integration = request.integration(store, Some(Scope::RepositoriesWrite)).await?;
    let if_match = request.parse(|input| input.if_match())?;
    let id = request.path("repository_id", RepositoryId::parse)?;
    store.delete_repository(&integration, id, &if_match).await?;
    Ok(http::no_content())
}
