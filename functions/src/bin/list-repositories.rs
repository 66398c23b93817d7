//! `GET /repositories`: a customer's repositories, newest first, or the one with a name (contract 5).

use tenancy::http::{self, Request, Response, Result};
use tenancy::store::Store;

fn main() {
    http::serve(list_repositories)
}

async fn list_repositories(request: Request, store: &Store) -> Result<Response> {
    let read = async |root: &_| {
        let (list, name) = request.parse(|input| {
            let list = input.id_list();
            let name = input.query("name", http::repository_name);
            Some((list?, name?))
        })?;
        store.repositories(root, &list, name.as_deref()).await
    };
    let (_, page) = request.integration_with(store, None, read).await?;
    Ok(http::document(&page))
}
