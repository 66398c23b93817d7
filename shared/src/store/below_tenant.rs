//! Deletes what is left below a deprovisioned tenant: users with their conversations and messages, roles, leases, and the markers and
//! references of these. Nothing of it is found any more, because the gates are gone. It can be resumed at any point: an item is deleted
//! after what is only found by it.

use super::client::Store;
use super::item::{Item, get_text};
use super::keys::{self, Key, Partition};
use super::read::PageQuery;
use super::write::Write;
use crate::domain::principal::{ConversationScope, CustomerRoot};
use crate::domain::tenant::ExternalId;
use crate::domain::{ConversationId, Error, RepositoryId, Result, RoleId, TenantId, TenantTag, UserId};
use std::time::Duration;

/// The number of items that are read, and deleted in one transaction.
const ITEMS_PER_STEP: usize = 25;
/// The time that a step takes. No step is started with less time left.
const MIN_TIME_LEFT: Duration = Duration::from_secs(2);

/// A deprovisioned tenant.
pub(super) struct Deprovisioned<'a> {
    pub root: &'a CustomerRoot,
    pub tenant: TenantId,
    pub tag: TenantTag,
}

impl Store {
    /// Deletes everything below a tenant. `false` if there was not enough time; the next sweep continues.
    pub(super) async fn delete_below(&self, tenant: &Deprovisioned<'_>) -> Result<bool> {
        let Deprovisioned { root, tag, .. } = tenant;
        while let Some(users) = self.next_items(&keys::users_of_tenant(root, *tag)).await? {
            for user in users {
                let id = id_of(&user, UserId::parse)?;
                if !self.delete_conversations(root, id).await? || self.is_out_of_time() {
                    return Ok(false);
                }
                self.delete_together(user_writes(tenant, id, &user)).await?;
            }
        }
        while let Some(roles) = self.next_items(&keys::roles(root, *tag)).await? {
            for role in roles {
                if self.is_out_of_time() {
                    return Ok(false);
                }
                self.delete_together(role_writes(tenant, id_of(&role, RoleId::parse)?, &role)).await?;
            }
        }
        self.delete_together(vec![keys::leases(root, *tag)]).await?;
        Ok(true)
    }

    /// Deletes the conversations of a user, each after its messages.
    async fn delete_conversations(&self, root: &CustomerRoot, user: UserId) -> Result<bool> {
        let scope = ConversationScope::new(*root, Some(user));
        while let Some(conversations) = self.next_items(&keys::conversations(root, user)).await? {
            for conversation in conversations {
                let messages = keys::messages(&scope, id_of(&conversation, ConversationId::parse)?);
                while let Some(page) = self.next_items(&messages).await? {
                    if self.is_out_of_time() {
                        return Ok(false);
                    }
                    self.delete_together(page.iter().filter_map(Key::of_item).collect()).await?;
                }
                self.delete_together(Key::of_item(&conversation).into_iter().collect()).await?;
            }
        }
        Ok(true)
    }

    fn is_out_of_time(&self) -> bool {
        self.time_left() < MIN_TIME_LEFT
    }

    /// The first items of a partition; `None` if it is empty.
    async fn next_items(&self, partition: &Partition) -> Result<Option<Vec<Item>>> {
        let query = PageQuery { descending: false, after: None, limit: ITEMS_PER_STEP, has_filter: false };
        Ok(Some(self.query_items(partition, query).await?.rows).filter(|items| !items.is_empty()))
    }

    /// Deletes items in one transaction. If an earlier attempt deleted some, each is deleted by itself.
    async fn delete_together(&self, keys: Vec<Key>) -> Result<()> {
        let delete = |key: &Key| Write::delete_item(key.clone()).with_condition("attribute_exists({pk})", []);
        if self.commit_if_needed(keys.iter().map(delete).collect()).await? {
            return Ok(());
        }
        for key in &keys {
            self.commit_if_needed(vec![delete(key)]).await?;
        }
        Ok(())
    }
}

/// The keys of a user, its marker and its references. The user comes last where they are deleted one by one, because only it has their keys.
fn user_writes(tenant: &Deprovisioned<'_>, id: UserId, user: &Item) -> Vec<Key> {
    let Deprovisioned { root, tenant, .. } = *tenant;
    let roles = user.get("role_ids").and_then(|roles| roles.as_l().ok()).map(Vec::as_slice).unwrap_or_default();
    let held = roles.iter().filter_map(|role| RoleId::parse(role.as_s().ok()?));
    let mut keys: Vec<Key> = held.map(|role| keys::role_holder(root, role, id)).collect();
    let repository = get_text(user, "default_repository_id").and_then(RepositoryId::parse);
    keys.extend(repository.map(|repository| keys::repository_reference(root, tenant, repository, id)));
    let external_id = get_text(user, "external_id").and_then(ExternalId::parse);
    keys.extend(external_id.map(|external_id| keys::user_external_id(root, tenant, &external_id)));
    keys.push(keys::user(root, id));
    keys
}

/// The keys of a role, its marker and its reference.
fn role_writes(tenant: &Deprovisioned<'_>, id: RoleId, role: &Item) -> Vec<Key> {
    let Deprovisioned { root, tenant, .. } = *tenant;
    let repository = get_text(role, "repository_id").and_then(RepositoryId::parse);
    let mut keys: Vec<Key> =
        repository.map(|repository| keys::repository_reference(root, tenant, repository, id)).into_iter().collect();
    keys.extend(get_text(role, "name").map(|name| keys::role_name(root, tenant, name)));
    keys.push(keys::role(root, id));
    keys
}

fn id_of<T>(item: &Item, parse: impl Fn(&str) -> Option<T>) -> Result<T> {
    get_text(item, "id").and_then(parse).ok_or_else(|| Error::internal("an item below a tenant has no id"))
}
