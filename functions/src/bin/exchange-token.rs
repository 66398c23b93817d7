//! `POST /auth/token-exchange`: a token for a user (contract section 6.3). An `Idempotency-Key` has no effect.

use tenancy::domain::{principal::Scope, token_exchange::TokenExchange};
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::{FirstRead, Store};

fn main() {
    http::serve_querying(exchange_token)
}

async fn exchange_token(request: Request, store: &Store) -> Result<Response> {
    let first = |root: &_| {
        let exchange = request.parse(|input| input.body(TokenExchange::read))?;
        Ok((FirstRead::holder(root, &exchange.tenant_external_id), exchange))
    };
    let key = async |_: &_, _: &_| store.current_signing_key().await;
    let (integration, holder, exchange, key) =
        request.integration_reading_and_querying(store, Some(Scope::TokensWrite), first, key).await?;
    let token = store.exchange_token(&integration, &exchange, request.base_url(), holder, &key).await?;
    Ok(http::document(&token).no_store())
}
