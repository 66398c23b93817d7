//! The leases of a tenant: one item, so that a lease is counted in the transaction that takes it.

use super::client::Store;
use super::first_read::FirstRead;
use super::item::{Item, text};
use super::keys;
use super::snapshot::{Entity, Snapshot};
use super::write::Write;
use crate::domain::conversation::Conversation;
use crate::domain::lease::Leases;
use crate::domain::principal::CustomerRoot;
use crate::domain::tenant::TenantSettings;
use crate::domain::{ConversationId, Error, Result, TenantTag, Timestamp};

/// The attribute with the end of each lease, by the ULID of its conversation.
pub(super) const LEASES: &str = "leases";

impl Entity for Leases {
    const ATTRIBUTES: Option<&'static [&'static str]> = Some(&[LEASES]);

    fn from_item(item: Item) -> Result<Self> {
        let leases = item.get(LEASES).and_then(|leases| leases.as_m().ok());
        let end = |(ulid, end): (&String, &aws_sdk_dynamodb::types::AttributeValue)| {
            Some((ConversationId::parse_ulid(ulid)?, Timestamp::parse(end.as_s().ok()?)?))
        };
        let leases = leases.and_then(|leases| leases.iter().map(end).collect());
        leases.map(Self::new).ok_or_else(|| Error::internal("leases cannot be read"))
    }
}

impl Store {
    /// Reads the leases of a tenant, if they are needed.
    pub(super) fn first_leases(
        &self,
        root: &CustomerRoot,
        tag: TenantTag,
        is_needed: bool,
    ) -> FirstRead<Option<Snapshot<Leases>>> {
        if is_needed { FirstRead::entity(keys::leases(root, tag)) } else { FirstRead::nothing(None) }
    }
}

/// The write of a lease that a conversation takes or renews. It is bound to the leases that were counted. Leases that have ended are removed.
pub(super) fn lease_writes<'a>(
    read: Option<&Snapshot<Leases>>,
    conversation: &Conversation,
    settings: &TenantSettings,
    now: Timestamp,
) -> Result<Option<Write<'a>>> {
    let (Some(read), Some(lease)) = (read, conversation.running_lease(now)) else { return Ok(None) };
    let after = read.entity.with(conversation.id, lease, settings.max_concurrent_sticky, now)?;
    if after == read.entity {
        return Ok(None);
    }
    let mut write = Write::update_item(read.key.clone())
        .unchanged_since(read)
        .set(&path(conversation.id), text(lease.expires_at.to_string()));
    for ended in read.entity.ends().keys().filter(|known| !after.ends().contains_key(*known)) {
        write = write.remove(&path(*ended));
    }
    Ok(Some(write))
}

/// The write of a lease that a conversation gives up.
pub(super) fn released<'a>(
    root: &CustomerRoot,
    tag: TenantTag,
    before: &Conversation,
    after: &Conversation,
) -> Option<Write<'a>> {
    let is_released = before.lease.is_some() && after.lease.is_none();
    is_released.then(|| Write::update_existing(keys::leases(root, tag)).remove(&path(before.id)))
}

fn path(conversation: ConversationId) -> String {
    format!("{LEASES}.{}", conversation.ulid())
}
