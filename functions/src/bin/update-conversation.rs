//! `PATCH /conversations/{conversation_id}`: change, archive or reopen a conversation, or its lease (contract section 6.4).

use tenancy::domain::{ConversationId, conversation::ConversationPatch, principal::Scope};
use tenancy::http::{self, Request, Response, Result};
use tenancy::store::Store;

fn main() {
    http::serve(update_conversation)
}

async fn update_conversation(request: Request, store: &Store) -> Result<Response> {
    let first = |scope: &_| {
        let (patch, if_match) = request.parse(|input| {
            let patch = input.merge_patch(ConversationPatch::read);
            let if_match = input.if_match();
            Some((patch?, if_match?))
        })?;
        let id = request.path("conversation_id", ConversationId::parse)?;
        Ok((store.first_conversation(scope, id), (patch, if_match)))
    };
    let (caller, found, (patch, if_match)) = request.caller_reading(store, Scope::ConversationsWrite, first).await?;
    let conversation = store.update_conversation(&caller, found, &patch, &if_match).await?;
    Ok(http::ok(&conversation.into_view(store.now())))
}
