//! From a claim to a proof: one strongly consistent read, never cached, so that revocation, expiry and
//! archiving hold on the next request.

use super::item::{Item, get_text};
use super::{Store, keys};
use crate::domain::customer::Slug;
use crate::domain::principal::{CustomerRoot, Integration, Operator, OperatorRoot, Scopes, is_live};
use crate::domain::secret::{Claim, Root, SecretHash};
use crate::domain::{Credential, Error, KeyId, Result, Timestamp};
use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use std::collections::HashMap;

/// A caller whose key was checked.
#[derive(Debug)]
pub enum Principal {
    /// An operator.
    Operator(Operator),
    /// A customer's integration.
    Integration(Integration),
}

/// What a root keeps of a key: about 100 bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct KeyEntry {
    pub hash: SecretHash,
    pub scopes: Scopes,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    /// Replaced without overlap: ended whatever a function's clock says, which may be behind.
    pub is_replaced: bool,
}

impl KeyEntry {
    pub fn to_value(self) -> AttributeValue {
        let mut entry = HashMap::from([
            ("h".to_owned(), AttributeValue::B(Blob::new(self.hash.0))),
            ("s".to_owned(), super::item::number(self.scopes.bits())),
        ]);
        let time = |time: Timestamp| super::item::text(time.to_string());
        entry.extend(self.expires_at.map(|end| ("x".to_owned(), time(end))));
        entry.extend(self.revoked_at.map(|end| ("r".to_owned(), time(end))));
        entry.extend(self.is_replaced.then(|| ("e".to_owned(), AttributeValue::Bool(true))));
        AttributeValue::M(entry)
    }

    pub fn from_value(value: &AttributeValue) -> Option<Self> {
        let entry = value.as_m().ok()?;
        let time = |name: &str| match entry.get(name) {
            None => Some(None),
            Some(value) => Timestamp::parse(value.as_s().ok()?).map(Some),
        };
        Some(Self {
            hash: SecretHash(entry.get("h")?.as_b().ok()?.as_ref().try_into().ok()?),
            scopes: Scopes::from_bits(entry.get("s")?.as_n().ok()?.parse().ok()?),
            expires_at: time("x")?,
            revoked_at: time("r")?,
            is_replaced: entry.contains_key("e"),
        })
    }

    /// Whether the key is good at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        !self.is_replaced && is_live(self.expires_at, self.revoked_at, now)
    }
}

/// The entry of one key in a root item, without looking at the others.
pub(super) fn entry(item: &Item, key_id: KeyId) -> Option<KeyEntry> {
    KeyEntry::from_value(item.get("keys")?.as_m().ok()?.get(&key_id.ulid())?)
}

/// All entries of a root item.
pub(super) fn entries(item: &Item) -> Result<Vec<(KeyId, KeyEntry)>> {
    let read =
        |(ulid, value): (&String, &AttributeValue)| Some((KeyId::parse_ulid(ulid)?, KeyEntry::from_value(value)?));
    item.get("keys")
        .and_then(|keys| keys.as_m().ok())
        .and_then(|keys| keys.iter().map(read).collect())
        .ok_or_else(|| Error::internal("a root item's keys cannot be read"))
}

impl Store {
    /// Checks a claim. Unknown, revoked, expired and of an archived customer are one and the same.
    pub async fn authenticate(&self, claim: &Claim) -> Result<Principal> {
        let principal = match &claim.root {
            Root::Operator(root) => {
                let item = self.get(keys::operator(root)).await?;
                item.and_then(|item| self.operator(claim, root, &item)).map(Principal::Operator)
            }
            Root::Customer(root) => {
                let item = self.get(keys::customer_root(root)).await?;
                item.and_then(|item| self.integration(claim, *root, &item)).map(Principal::Integration)
            }
        };
        principal.ok_or(Error::Unauthorized(Credential::NotLive))
    }

    fn live_entry(&self, claim: &Claim, item: &Item) -> Option<KeyEntry> {
        entry(item, claim.key_id).filter(|entry| entry.hash.matches(&claim.hash) && entry.is_live(self.now))
    }

    fn operator(&self, claim: &Claim, root: &OperatorRoot, item: &Item) -> Option<Operator> {
        let entry = self.live_entry(claim, item)?;
        let page_key = item.get("page_key")?.as_b().ok()?.as_ref().try_into().ok()?;
        Some(Operator { root: root.clone(), scopes: entry.scopes, page_key })
    }

    fn integration(&self, claim: &Claim, root: CustomerRoot, item: &Item) -> Option<Integration> {
        let entry = self.live_entry(claim, item)?;
        let slug = |name| Slug::parse(get_text(item, name)?);
        (get_text(item, "state") == Some("active")).then_some(())?;
        Some(Integration {
            root,
            key_id: claim.key_id,
            scopes: entry.scopes,
            operator: OperatorRoot::new(slug("operator")?),
            customer: slug("customer_id")?,
        })
    }
}
