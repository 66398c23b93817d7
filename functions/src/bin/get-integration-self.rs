//! `GET /integration/self`: the integration and its key (contract section 1).

use tenancy::http::{self, Request, Response, Result};
use tenancy::store::Store;

fn main() {
    http::serve(get_integration_self)
}

async fn get_integration_self(request: Request, store: &Store) -> Result<Response> {
    let integration = request.integration(store, None).await?;
    request.parse(|_| Some(()))?;
    let name = store.key_name(&integration).await?;
    Ok(http::document(&integration.view(name)))
}
