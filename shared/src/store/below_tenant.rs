//! Deletes what is left below a deprovisioned tenant: users with their conversations and messages, roles, leases, and the markers and
//! references of these. Nothing of it is found any more, because the gates are gone. It can be resumed at any point: an item is deleted
//! after what is only found by it.

use super::client::Store;
use super::item::{Item, get_text, text};
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
                self.delete_with(references_of_user(tenant, id, &user), &user).await?;
            }
        }
        while let Some(roles) = self.next_items(&keys::roles(root, *tag)).await? {
            for role in roles {
                if self.is_out_of_time() {
                    return Ok(false);
                }
                self.delete_with(references_of_role(tenant, id_of(&role, RoleId::parse)?, &role), &role).await?;
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

    /// Deletes items in one transaction.
    async fn delete_together(&self, keys: Vec<Key>) -> Result<()> {
        self.delete_in_order(|| keys.iter().map(delete).collect()).await
    }

    /// Deletes a user or a role with its markers and references. It remains if it changed since it was read, because it may have others now:
    /// a request that began before the tenant was deprovisioned may still end.
    async fn delete_with(&self, references: Vec<Key>, entity: &Item) -> Result<()> {
        let unchanged =
            |key| Write::delete_item(key).with_condition("{w} = ?", [text(get_text(entity, "w").unwrap_or_default())]);
        let last = || Key::of_item(entity).map(unchanged);
        self.delete_in_order(|| references.iter().map(delete).chain(last()).collect()).await
    }

    /// Commits deletes in one transaction. If an earlier attempt deleted some items, each is deleted by itself.
    async fn delete_in_order(&self, deletes: impl Fn() -> Vec<Write<'static>>) -> Result<()> {
        if self.commit_if_needed(deletes()).await? {
            return Ok(());
        }
        for delete in deletes() {
            self.commit_if_needed(vec![delete]).await?;
        }
        Ok(())
    }
}

fn delete(key: &Key) -> Write<'static> {
    Write::delete_item(key.clone()).with_condition("attribute_exists({pk})", [])
}

/// The keys of the marker and the references of a user. They are deleted before the user, because only it has their names.
fn references_of_user(tenant: &Deprovisioned<'_>, id: UserId, user: &Item) -> Vec<Key> {
    let Deprovisioned { root, tenant, .. } = *tenant;
    let roles = user.get("role_ids").and_then(|roles| roles.as_l().ok()).map(Vec::as_slice).unwrap_or_default();
    let held = roles.iter().filter_map(|role| RoleId::parse(role.as_s().ok()?));
    let mut keys: Vec<Key> = held.map(|role| keys::role_holder(root, role, id)).collect();
    let repository = get_text(user, "default_repository_id").and_then(RepositoryId::parse);
    keys.extend(repository.map(|repository| keys::repository_reference(root, tenant, repository, id)));
    let external_id = get_text(user, "external_id").and_then(ExternalId::parse);
    keys.extend(external_id.map(|external_id| keys::user_external_id(root, tenant, &external_id)));
    keys
}

/// The keys of the marker and the reference of a role.
fn references_of_role(tenant: &Deprovisioned<'_>, id: RoleId, role: &Item) -> Vec<Key> {
    let Deprovisioned { root, tenant, .. } = *tenant;
    let repository = get_text(role, "repository_id").and_then(RepositoryId::parse);
    let mut keys: Vec<Key> =
        repository.map(|repository| keys::repository_reference(root, tenant, repository, id)).into_iter().collect();
    keys.extend(get_text(role, "name").map(|name| keys::role_name(root, tenant, name)));
    keys
}

fn id_of<T>(item: &Item, parse: impl Fn(&str) -> Option<T>) -> Result<T> {
    get_text(item, "id").and_then(parse).ok_or_else(|| Error::internal("an item below a tenant has no id"))
}
