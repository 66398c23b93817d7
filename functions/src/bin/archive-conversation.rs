//! `DELETE /conversations/{conversation_id}`: archive a conversation (contract section 6.4).

use tenancy::domain::{ConversationId, principal::Scope};
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::Store;

fn main() {
    http::serve(archive_conversation)
}

async fn archive_conversation(request: Request, store: &Store) -> Result<Response> {
    let first = |scope: &_| {
        let if_match = request.parse(|input| input.if_match())?;
        let id = request.path("conversation_id", ConversationId::parse)?;
        Ok((store.first_conversation(scope, id), if_match))
    };
    let (caller, found, if_match) = request.caller_reading(store, Scope::ConversationsWrite, first).await?;
    store.archive_conversation(&caller, found, &if_match).await?;
    Ok(http::no_content())
}
