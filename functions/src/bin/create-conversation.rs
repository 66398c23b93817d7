//! `POST /conversations`: begin a conversation of a user (contract section 6.4).

use tenancy::domain::principal::{ConversationScope, Scope};
use tenancy::domain::{UserId, conversation::NewConversation};
use tenancy::http::{self, Error, Request, Response, Result};
use tenancy::store::Store;

fn main() {
    http::serve(create_conversation)
}

async fn create_conversation(request: Request, store: &Store) -> Result<Response> {
    let first = |scope: &ConversationScope| {
        let own = scope.user();
        let (new, idempotent) = request.parse(|input| {
            let new = input.optional_body(|fields| NewConversation::read(fields, own.is_none()));
            let idempotent = input.idempotent_request(env!("CARGO_BIN_NAME"));
            Some((new?, idempotent?))
        })?;
        if own.is_some() && new.user_id.is_some_and(|user| Some(user) != own) {
            return Err(Error::Forbidden("A user's token begins conversations of that user only.".into()));
        }
        let user = own.or(new.user_id).unwrap_or(UserId::NIL);
        let idempotent = idempotent.map(|request| request.of_user(own));
        Ok((store.first_user_and_record(scope, user, idempotent.as_ref()), (new, idempotent)))
    };
    let (caller, read, (new, idempotent)) = request.caller_reading(store, Scope::ConversationsWrite, first).await?;
    let created = store.create_conversation(&caller, new, read, idempotent.as_ref()).await?;
    let (location, replayed) = (format!("/conversations/{}", created.value.id), created.replayed);
    let shown_at = if replayed { created.value.created_at } else { store.now() };
    let view = created.value.into_view(shown_at);
    Ok(http::created(&view).with_etag(&view).with_location(location).with_replayed(replayed))
}
