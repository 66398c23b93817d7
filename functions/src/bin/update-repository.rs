//! `PATCH /repositories/{repository_id}`: change a repository (contract section 5.1).

use tenancy::domain::{RepositoryId, principal::Scope, repository::RepositoryPatch};
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::{FirstRead, Store};

fn main() {
    http::serve(update_repository)
}

async fn update_repository(request: Request, store: &Store) -> Result<Response> {
    let first = |root: &_| {
        let (patch, if_match) = request.parse(|input| {
            let patch = input.merge_patch(RepositoryPatch::read);
            let if_match = input.if_match();
            Some((patch?, if_match?))
        })?;
        let id = request.path("repository_id", RepositoryId::parse)?;
        Ok((FirstRead::repository(root, id), (patch, if_match)))
    };
    let (integration, repository, (patch, if_match)) =
        request.integration_reading(store, Some(Scope::RepositoriesWrite), first).await?;
    let repository = store.update_repository(&integration, repository, &patch, &if_match).await?;
    Ok(http::ok(&repository))
}
