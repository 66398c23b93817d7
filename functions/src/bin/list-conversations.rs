//! `GET /conversations`: a page of a user's or a tenant's conversations, the last used first (contract section 6.4).

use tenancy::domain::conversation::ConversationStatus;
use tenancy::domain::principal::{ConversationScope, Scope};
use tenancy::domain::{TenantId, UserId};
use tenancy::http::{self, Error, Request, Response, Result};
use tenancy::store::{ConversationOwner, Store};

fn main() {
    http::serve(list_conversations)
}

async fn list_conversations(request: Request, store: &Store) -> Result<Response> {
    let first = |scope: &ConversationScope| {
        let own = scope.user();
        if own.is_some() && request.has_query("tenant_id") {
            return Err(Error::Forbidden("A user's token lists conversations of that user only.".into()));
        }
        let (list, user, tenant, status) = request.parse(|input| {
            let list = input.id_list();
            let user =
                input.query("user_id", |text| UserId::parse(text).ok_or_else(|| "must be a user's id".to_owned()));
            let tenant = input
                .query("tenant_id", |text| TenantId::parse(text).ok_or_else(|| "must be a tenant's id".to_owned()));
            let status = input.query("status", |text| {
                ConversationStatus::parse(text).ok_or_else(|| "must be active or archived".to_owned())
            });
            if input.has_value("user_id") == input.has_value("tenant_id") {
                input.refuse(Error::Malformed("Exactly one of user_id and tenant_id is needed.".to_owned()));
            }
            Some((list?, user?, tenant?, status?))
        })?;
        if own.is_some() && user != own {
            return Err(Error::Forbidden("A user's token lists conversations of that user only.".into()));
        }
        let owner = match (user, tenant) {
            (Some(user), _) => ConversationOwner::User(user),
            (None, tenant) => ConversationOwner::Tenant(tenant.unwrap_or(TenantId::NIL)),
        };
        Ok((store.first_owner_and_cursor(scope, owner, &list), (owner, list, status)))
    };
    let (caller, read, (owner, list, status)) =
        request.caller_reading(store, Scope::ConversationsReadAll, first).await?;
    Ok(http::document(&store.conversations(&caller, owner, &list, status, read).await?))
}
