//! The two items with the keys of a customer: its root, for authentication, and the details for lists and rotations.

use super::authentication::{entry_value, key_ring};
use super::first_read::FirstRead;
use super::item::{self, Item, get_text, number, text};
use super::keys;
use super::rate_limits;
use super::snapshot::{Entity, Snapshot};
use super::write::Write;
use crate::domain::customer::{Customer, Slug};
use crate::domain::key::Key;
use crate::domain::key_ring::{KeyChange, KeyEntry, KeyRing};
use crate::domain::principal::{CustomerRoot, Operator, OperatorRoot, Scopes};
use crate::domain::secret::integration_prefix;
use crate::domain::{Error, KeyId, Result, Timestamp};
use serde::{Deserialize, Serialize};

/// The root of a customer: its operator and its keys.
#[derive(Clone, Debug)]
pub struct CustomerKeys {
    pub(super) operator: Slug,
    pub(super) customer_id: Slug,
    pub(super) is_active: bool,
    pub(super) keys: KeyRing,
    /// Whether the customer has limits, and so its keys have buckets.
    pub(super) has_buckets: bool,
}

impl Entity for CustomerKeys {
    const ATTRIBUTES: Option<&'static [&'static str]> = None;

    fn from_item(item: Item) -> Result<Self> {
        let slug = |name| {
            get_text(&item, name).and_then(Slug::parse).ok_or_else(|| Error::internal("a root has no valid slug"))
        };
        Ok(Self {
            operator: slug("operator")?,
            customer_id: slug("customer_id")?,
            is_active: get_text(&item, "state") == Some("active"),
            keys: key_ring(&item)?,
            has_buckets: item.contains_key(rate_limits::BUCKETS),
        })
    }
}

/// The details of a key that authentication does not need.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct KeyDetails {
    pub name: String,
    pub suffix: String,
    pub scopes: u16,
    /// The expiry at creation. A rotation may set an earlier one in the root.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires_at: Option<Timestamp>,
}

impl KeyDetails {
    pub fn into_key(self, root: &CustomerRoot, key_id: KeyId) -> Key {
        Key {
            key_id,
            name: self.name,
            scopes: Scopes::from_stored_bits(self.scopes),
            prefix: integration_prefix(root, key_id),
            suffix: self.suffix,
            created_at: key_id.created_at(),
            expires_at: self.expires_at,
            revoked_at: None,
        }
    }
}

/// The item with the details of a customer's keys.
#[derive(Default)]
pub(super) struct KeyDetailsItem(pub Item);

impl FirstRead<KeyDetailsItem> {
    /// The details of a customer's keys.
    pub(super) fn key_details(operator: &OperatorRoot, slug: &Slug) -> Self {
        let item = FirstRead::item(keys::key_details(operator, slug), None);
        item.map(|item| Ok(KeyDetailsItem(item.unwrap_or_default())))
    }
}

/// The attribute with the details of a key.
fn attribute(key_id: KeyId) -> String {
    format!("k{}", key_id.ulid())
}

pub(super) fn details_of(details: &KeyDetailsItem, key_id: KeyId) -> Result<Option<KeyDetails>> {
    details
        .0
        .get(&attribute(key_id))
        .cloned()
        .map(|value| serde_dynamo::from_attribute_value(value).map_err(Error::internal))
        .transpose()
}

/// The write that adds a key to a root.
pub(super) fn root_write(
    root: &Snapshot<CustomerKeys>,
    key_id: KeyId,
    new: &KeyEntry,
    change: &KeyChange,
) -> Write<'static> {
    let path = |key_id: KeyId| format!("keys.{}", key_id.ulid());
    let mut write =
        Write::update_item(root.key.clone()).unchanged_since(root).new_version().set(&path(key_id), entry_value(new));
    if let Some((key_id, ended)) = &change.ended {
        write = write.set(&path(*key_id), entry_value(ended));
    }
    if let Some(dropped) = change.dropped {
        write = write.remove(&path(dropped));
        if root.entity.has_buckets {
            write = write.remove(&rate_limits::path(&dropped.ulid()));
        }
    }
    write
}

/// The write that adds a key's details.
pub(super) fn details_write(
    operator: &Operator,
    customer: &Customer,
    key_id: KeyId,
    details: &KeyDetails,
    change: &KeyChange,
) -> Result<Write<'static>> {
    let name = attribute(key_id);
    let write = Write::upsert_item(keys::key_details(operator.root(), &customer.customer_id))
        .set_if_absent("type", text("key_details"))
        .set_if_absent("v", number(1))
        .set(&name, item::value(details)?)
        .with_condition(&format!("attribute_not_exists({{{name}}})"), []);
    Ok(match change.dropped {
        Some(dropped) => write.remove(&attribute(dropped)),
        None => write,
    })
}
