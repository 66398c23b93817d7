//! `GET /conversations/{conversation_id}`: one conversation (contract section 6.4).

use tenancy::domain::{ConversationId, principal::Scope};
use tenancy::http::{self, Error, Request, Response, Result};
use tenancy::store::Store;

fn main() {
    http::serve(get_conversation)
}

async fn get_conversation(request: Request, store: &Store) -> Result<Response> {
    let first = |scope: &_| {
        let if_none_match = request.parse(|input| input.if_none_match())?;
        let id = request.path("conversation_id", ConversationId::parse)?;
        Ok((store.first_conversation(scope, id), if_none_match))
    };
    let (_, found, if_none_match) = request.caller_reading(store, Scope::ConversationsReadAll, first).await?;
    let (conversation, _) = found.ok_or(Error::NotFound)?;
    Ok(http::found(&conversation.entity.into_view(store.now()), if_none_match.as_ref()))
}
