//! Authenticates a claim with one strongly consistent read that is never cached, so that revocation, expiry and archiving take effect
//! on the next request. The first read of the operation is part of the same request.

use super::client::Store;
use super::first_read::FirstRead;
use super::item::{Item, get_text, number, text};
use super::keys::{self, Key};
use crate::domain::customer::Slug;
use crate::domain::key_ring::{KeyEntry, KeyRing};
use crate::domain::principal::{CustomerRoot, Integration, Operator, OperatorRoot, Scopes};
use crate::domain::secret::{Claim, Root, SecretHash};
use crate::domain::{CredentialError, Error, KeyId, Result, Timestamp};
use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use std::collections::HashMap;

/// An authenticated caller.
#[derive(Debug)]
pub enum Principal {
    /// An operator.
    Operator(Operator),
    /// A customer's integration.
    Integration(Integration),
}

/// The entry of a key in a root item: about 100 bytes.
pub(super) fn entry_value(entry: &KeyEntry) -> AttributeValue {
    let mut members = HashMap::from([
        ("h".to_owned(), AttributeValue::B(Blob::new(entry.hash.as_bytes()))),
        ("s".to_owned(), number(entry.scopes.bits())),
    ]);
    let time = |time: Timestamp| text(time.to_string());
    members.extend(entry.expires_at.map(|end| ("x".to_owned(), time(end))));
    members.extend(entry.revoked_at.map(|end| ("r".to_owned(), time(end))));
    members.extend(entry.is_replaced.then(|| ("e".to_owned(), AttributeValue::Bool(true))));
    AttributeValue::M(members)
}

fn read_entry(value: &AttributeValue) -> Option<KeyEntry> {
    let members = value.as_m().ok()?;
    let time = |name: &str| match members.get(name) {
        None => Some(None),
        Some(value) => Timestamp::parse(value.as_s().ok()?).map(Some),
    };
    Some(KeyEntry {
        hash: SecretHash::from_bytes(members.get("h")?.as_b().ok()?.as_ref().try_into().ok()?),
        scopes: Scopes::from_stored_bits(members.get("s")?.as_n().ok()?.parse().ok()?),
        expires_at: time("x")?,
        revoked_at: time("r")?,
        is_replaced: members.contains_key("e"),
    })
}

/// The entry of one key in a root item. The others are not parsed.
fn entry(item: &Item, key_id: KeyId) -> Option<KeyEntry> {
    read_entry(item.get("keys")?.as_m().ok()?.get(&key_id.ulid())?)
}

/// All keys of a root item.
pub(super) fn key_ring(item: &Item) -> Result<KeyRing> {
    let read = |(ulid, value): (&String, &AttributeValue)| Some((KeyId::parse_ulid(ulid)?, read_entry(value)?));
    item.get("keys")
        .and_then(|keys| keys.as_m().ok())
        .and_then(|keys| keys.iter().map(read).collect())
        .ok_or_else(|| Error::internal("a root item's keys cannot be read"))
}

/// The attributes of a root that authentication reads besides the entry of the key. Other keys are not read.
const ROOT_ATTRIBUTES: [&str; 4] = ["operator", "customer_id", "state", "page_key"];

fn root_key(claim: &Claim) -> Key {
    match &claim.root {
        Root::Operator(root) => keys::operator(root),
        Root::Customer(root) => keys::customer_root(root),
    }
}

impl Store {
    /// Authenticates a claim. The error is the same for unknown, revoked and expired keys, and for those of an archived customer.
    pub async fn authenticate(&self, claim: &Claim) -> Result<Principal> {
        Ok(self.authenticate_and(claim, FirstRead::nothing(())).await?.0)
    }

    /// Authenticates a claim and reads what the operation needs first, in one request. The data is returned only with the principal.
    pub async fn authenticate_and<T: 'static>(
        &self,
        claim: &Claim,
        mut first: FirstRead<T>,
    ) -> Result<(Principal, Result<T>)> {
        let root = root_key(claim);
        let mut keys = std::mem::take(&mut first.keys);
        keys.push(root.clone());
        let entry = format!("keys.{}", claim.key_id.ulid());
        let projection = first.attributes.take().map(|mut paths| {
            paths.extend(ROOT_ATTRIBUTES);
            paths.extend(["w"]);
            paths.sort_unstable();
            paths.dedup();
            paths
        });
        let projection: Option<Vec<&str>> =
            projection.map(|paths| paths.into_iter().chain(std::iter::once(entry.as_str())).collect());
        let mut items = self.get_all(keys, projection.as_deref()).await?;
        let at = items.iter().position(|item| root.is_of(item));
        let item = at.map(|at| items.swap_remove(at));
        let principal = item.and_then(|item| self.principal(claim, &item));
        let principal = principal.ok_or(Error::Unauthorized(CredentialError::NotLive))?;
        Ok((principal, first.finish(items)))
    }

    fn principal(&self, claim: &Claim, item: &Item) -> Option<Principal> {
        let entry = self.live_entry(claim, item)?;
        match &claim.root {
            Root::Operator(root) => operator(root, entry, item).map(Principal::Operator),
            Root::Customer(root) => integration(*root, claim.key_id, entry, item).map(Principal::Integration),
        }
    }

    fn live_entry(&self, claim: &Claim, item: &Item) -> Option<KeyEntry> {
        entry(item, claim.key_id).filter(|entry| entry.hash.matches(&claim.hash) && entry.is_live(self.now))
    }
}

fn operator(root: &OperatorRoot, entry: KeyEntry, item: &Item) -> Option<Operator> {
    let page_key = item.get("page_key")?.as_b().ok()?.as_ref().try_into().ok()?;
    Some(Operator { root: root.clone(), scopes: entry.scopes, page_key })
}

fn integration(root: CustomerRoot, key_id: KeyId, entry: KeyEntry, item: &Item) -> Option<Integration> {
    let slug = |name| Slug::parse(get_text(item, name)?);
    (get_text(item, "state") == Some("active")).then_some(())?;
    Some(Integration {
        root,
        key_id,
        scopes: entry.scopes,
        operator: OperatorRoot::new(slug("operator")?),
        customer: slug("customer_id")?,
    })
}
