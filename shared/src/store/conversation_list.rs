//! Lists of conversations by their last activity. An index gives the order, which may be a second old; the conversations are then read
//! strongly consistent.

use super::client::Store;
use super::first_read::FirstRead;
use super::item::{Item, get_text};
use super::keys::{self, Key, activity_sort_key};
use super::read::{ENVELOPE_BYTES, MAX_BODY_BYTES, PageQuery};
use super::snapshot::{Entity, Snapshot};
use crate::domain::conversation::{Conversation, ConversationStatus, ConversationView};
use crate::domain::id_list::{IdList, IdPage, Position};
use crate::domain::principal::{Caller, ConversationScope};
use crate::domain::{ConversationId, Error, Result, TenantId, UserId, id};

/// The maximum number of Query calls for a page with a filter.
const MAX_CALLS: usize = 4;
/// The maximum number of keys in a batch.
const MAX_KEYS: usize = 100;

/// Whose conversations are listed.
#[derive(Clone, Copy, Debug)]
pub enum ConversationOwner {
    /// Those of a user.
    User(UserId),
    /// Those of all users of a tenant.
    Tenant(TenantId),
}

/// Whether the owner exists, and the conversation at the cursor.
pub type OwnerAndCursor = (bool, Option<Snapshot<Conversation>>);

impl Store {
    /// Reads the owner of a list, and the conversation at its cursor.
    pub fn first_owner_and_cursor(
        &self,
        scope: &ConversationScope,
        owner: ConversationOwner,
        list: &IdList<id::Conversation>,
    ) -> FirstRead<OwnerAndCursor> {
        let root = scope.root();
        let owner = match owner {
            ConversationOwner::User(user) => self.first_user(root, user).map(|user| Ok(user.is_some())),
            ConversationOwner::Tenant(tenant) => FirstRead::tenant(root, tenant).map(|tenant| Ok(tenant.is_some())),
        };
        let cursor = match list.position {
            Position::Newest => FirstRead::nothing(None),
            Position::StartingAfter(id) | Position::EndingBefore(id) => {
                FirstRead::entity(keys::conversation(scope, id))
            }
        };
        owner.and(cursor)
    }

    /// A page of conversations, the last used first. An unknown owner has none, and there are none after an unknown cursor.
    pub async fn conversations(
        &self,
        caller: &Caller,
        owner: ConversationOwner,
        list: &IdList<id::Conversation>,
        status: Option<ConversationStatus>,
        (exists, cursor): OwnerAndCursor,
    ) -> Result<IdPage<ConversationView>> {
        let root = caller.root();
        let is_own = |conversation: &Conversation| match owner {
            ConversationOwner::User(user) => conversation.user_id == user,
            ConversationOwner::Tenant(tenant) => conversation.tenant_id == tenant,
        };
        let cursor = cursor.map(|cursor| cursor.entity).filter(is_own);
        let has_cursor = !matches!(list.position, Position::Newest);
        if !exists || has_cursor && cursor.is_none() {
            return Ok(IdPage::new(Vec::new(), None));
        }
        let partition = match owner {
            ConversationOwner::User(user) => keys::conversations_of_user(root, user),
            ConversationOwner::Tenant(tenant) => keys::conversations_of_tenant(root, tenant),
        };
        let mut after = cursor.map(|cursor| activity_sort_key(cursor.last_activity(), cursor.id));
        let (mut rows, mut body_bytes, mut position): (Vec<ConversationView>, _, _) =
            (Vec::new(), ENVELOPE_BYTES, None);
        let mut last: Option<ConversationId> = None;
        'page: for call in 1.. {
            let limit = if status.is_some() { MAX_KEYS } else { list.limit + 1 };
            let query = PageQuery { descending: !list.is_backward(), after: after.take(), limit, has_filter: false };
            let page = self.query_items(&partition, query).await?;
            for conversation in self.in_order(&page.rows).await? {
                let id = conversation.id;
                if is_own(&conversation) && status.is_none_or(|status| conversation.status == status) {
                    let view = conversation.into_view(self.now);
                    body_bytes += serde_json::to_vec(&view).map_err(Error::internal)?.len() + 1;
                    if rows.len() == list.limit || body_bytes > MAX_BODY_BYTES && !rows.is_empty() {
                        position = last;
                        break 'page;
                    }
                    rows.push(view);
                }
                last = Some(id);
            }
            after = page.position;
            if after.is_none() {
                break;
            }
            if call == MAX_CALLS {
                position = last;
                break;
            }
        }
        if list.is_backward() {
            rows.reverse();
        }
        Ok(IdPage::new(rows, position.map(|id| id.to_string())))
    }

    /// The conversations of these rows of an index, in their order. One that was deleted is left out.
    async fn in_order(&self, rows: &[Item]) -> Result<Vec<Conversation>> {
        let keys: Vec<Key> = rows.iter().filter_map(Key::of_item).collect();
        let mut found = Vec::new();
        for batch in keys.chunks(MAX_KEYS) {
            found.extend(self.get_all(batch.to_vec(), None).await?);
        }
        let mut ordered = Vec::new();
        for row in rows {
            let is_same = |item: &Item| get_text(item, "sk") == get_text(row, "sk");
            if let Some(at) = found.iter().position(is_same) {
                ordered.push(Conversation::from_item(found.swap_remove(at))?);
            }
        }
        Ok(ordered)
    }
}
