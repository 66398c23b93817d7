//! `GET /repositories`: a page of a customer's repositories, newest first, or the one with a name (contract section 5.1).

use tenancy::http::{self, Request, Response, Result};
use tenancy::store::{FirstRead, Store};

fn main() {
    http::serve_querying(list_repositories)
}

async fn list_repositories(request: Request, store: &Store) -> Result<Response> {
    let asked = request.parse(|input| {
        let list = input.id_list();
        let name = input.query("name", http::resource_name);
        Some((list?, name?))
    });
    if let Ok((list, Some(name))) = &asked {
        let first = |root: &_| Ok((FirstRead::repository_named(root, name), ()));
        let (integration, holder, ()) = request.integration_reading(store, None, first).await?;
        return Ok(http::document(&store.repository_by_name(&integration, list, name, holder).await?));
    }
    let query = async |root: &_| store.repositories(root, &asked?.0).await;
    let (_, page) = request.integration_querying(store, None, query).await?;
    Ok(http::document(&page))
}
