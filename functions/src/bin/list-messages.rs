//! `GET /conversations/{conversation_id}/messages`: a page of messages, oldest first (contract section 6.5).

use tenancy::domain::{ConversationId, id_list::IdList, principal::Scope};
use tenancy::http::{self, Error, Request, Response, Result};
use tenancy::store::Store;

fn main() {
    http::serve_querying(list_messages)
}

async fn list_messages(request: Request, store: &Store) -> Result<Response> {
    let first = |scope: &_| {
        let list = request.parse(|input| {
            let list = input.id_list();
            let is_ascending = input.query("order", |text| match text {
                "asc" => Ok(true),
                "desc" => Ok(false),
                _ => Err("must be asc or desc".to_owned()),
            });
            Some(IdList { is_ascending: is_ascending?.unwrap_or(true), ..list? })
        })?;
        let id = request.path("conversation_id", ConversationId::parse)?;
        Ok((store.first_conversation(scope, id), (id, list)))
    };
    let query = async |scope: &_, (id, list): &_| store.messages(scope, *id, list).await;
    let (_, found, _, page) = request.caller_querying(store, Scope::ConversationsReadAll, first, query).await?;
    found.ok_or(Error::NotFound)?;
    Ok(http::document(&page))
}
