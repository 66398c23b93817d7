//! `POST /conversations/{conversation_id}/messages`: append a message (contract section 6.5).

use tenancy::domain::message::{MessageRole, NewMessage};
use tenancy::domain::principal::{ConversationScope, Scope};
use tenancy::domain::{ConversationId, Id};
use tenancy::http::{self, Error, Request, Response, Result};
use tenancy::store::Store;

fn main() {
    http::serve(create_message)
}

async fn create_message(request: Request, store: &Store) -> Result<Response> {
    let first = |scope: &ConversationScope| {
        let (new, idempotent) = request.parse(|input| {
            let new = input.body(NewMessage::read);
            let idempotent = input.idempotent_request(env!("CARGO_BIN_NAME"));
            Some((new?, idempotent?))
        })?;
        if scope.user().is_some() && new.role != MessageRole::User {
            return Err(Error::Forbidden("A user's token writes messages of the role user only.".into()));
        }
        let id = request.path_or("conversation_id", ConversationId::parse, Id::NIL);
        let idempotent = idempotent.map(|request| request.of_user(scope.user()).about(id.to_string()));
        Ok((store.first_conversation_and_record(scope, id, idempotent.as_ref()), (id, new, idempotent)))
    };
    let (caller, read, (id, new, idempotent)) = request.caller_reading(store, Scope::ConversationsWrite, first).await?;
    let created = store.create_message(&caller, id, &new, read, idempotent.as_ref()).await?;
    Ok(http::created(&created.value).with_replayed(created.replayed))
}
