//! `POST /repositories`: register a repository (contract section 5.1).

use tenancy::domain::{principal::Scope, repository::NewRepository};
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::Store;

fn main() {
    http::serve(register_repository)
}

async fn register_repository(request: Request, store: &Store) -> Result<Response> {
    let integration = request.integration(store, Some(Scope::RepositoriesWrite)).await?;
    let (new, idempotent) = request.parse(|input| {
        let new = input.body(NewRepository::read);
        let idempotent = input.idempotent_request(env!("CARGO_BIN_NAME"));
        Some((new?, idempotent?))
    })?;
    let created = store.register_repository(&integration, new, idempotent.as_ref()).await?;
    let location = format!("/repositories/{}", created.value.id);
    Ok(http::created(&created.value).with_etag(&created.value).with_location(location).with_replayed(created.replayed))
}
