//! Operators and their keys. They are created by the operator-key command, not by an endpoint.

use super::authentication::{entry_value, key_ring};
use super::client::{Store, random};
use super::item::{Item, new_item, text};
use super::keys;
use super::snapshot::{Entity, Snapshot};
use super::write::Write;
use crate::domain::customer::Slug;
use crate::domain::key::{KeyName, MAX_KEYS};
use crate::domain::key_ring::{KeyEntry, KeyRing};
use crate::domain::principal::{OperatorRoot, Scopes};
use crate::domain::secret::{Root, Secret};
use crate::domain::{Error, KeyId, Result, Timestamp};
use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use std::collections::HashMap;
use std::ops::ControlFlow;

/// The root of an operator: its keys and their names.
struct OperatorKeys {
    keys: KeyRing,
    names: HashMap<KeyId, String>,
}

impl Entity for OperatorKeys {
    const ATTRIBUTES: Option<&'static [&'static str]> = None;

    fn from_item(item: Item) -> Result<Self> {
        let keys = key_ring(&item)?;
        let name_of = |key_id: KeyId| {
            let entry = item.get("keys")?.as_m().ok()?.get(&key_id.ulid())?.as_m().ok()?;
            entry.get("n")?.as_s().ok().cloned()
        };
        let names = keys.iter().filter_map(|(key_id, _)| Some((key_id, name_of(key_id)?))).collect();
        Ok(Self { keys, names })
    }
}

/// An operator's key in the list of the command.
#[derive(Debug)]
pub struct OperatorKey {
    /// The id of the key.
    pub key_id: KeyId,
    /// The name of the key. Keys of earlier versions have none.
    pub name: Option<String>,
    /// The scopes of the key.
    pub scopes: Scopes,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

impl Store {
    /// Creates a key, and the operator with its first key.
    pub async fn create_operator_key(&self, operator: Slug, name: Option<KeyName>, scopes: Scopes) -> Result<Secret> {
        let root = OperatorRoot::new(operator);
        let key_id: KeyId = self.new_id()?;
        let secret = Secret::new(&Root::Operator(root.clone()), key_id, random()?);
        let entry = KeyEntry { hash: secret.hash(), scopes, expires_at: None, revoked_at: None, is_replaced: false };
        let entry = named(entry_value(&entry), name);
        let key = keys::operator(&root);
        let add = async |read: Option<Snapshot<OperatorKeys>>| {
            let write = match &read {
                None => new_operator(&root, key_id, entry.clone())?,
                Some(read) => add_key(read, key_id, entry.clone(), self.now)?,
            };
            Ok(match self.commit(vec![write]).await?.failed_conditions()? {
                None => ControlFlow::Break(()),
                Some(failed) => ControlFlow::Continue(self.reread(&key, failed).await?),
            })
        };
        self.retry(self.snapshot(&key).await?, add).await?;
        Ok(secret)
    }

    /// An operator's keys, newest first.
    pub async fn operator_keys(&self, operator: Slug) -> Result<Vec<OperatorKey>> {
        let read = self.snapshot::<OperatorKeys>(&keys::operator(&OperatorRoot::new(operator))).await?;
        let OperatorKeys { keys, mut names } = read.ok_or(Error::NotFound)?.entity;
        let shown = |(key_id, entry): (KeyId, &KeyEntry)| OperatorKey {
            key_id,
            name: names.remove(&key_id),
            scopes: entry.scopes,
            revoked_at: entry.revoked_at,
        };
        Ok(keys.iter().rev().map(shown).collect())
    }

    /// Revokes an operator's key. Revoking it again changes nothing.
    pub async fn revoke_operator_key(&self, operator: Slug, key_id: KeyId) -> Result<()> {
        let ulid = key_id.ulid();
        let write = Write::update_existing(keys::operator(&OperatorRoot::new(operator)))
            .new_version()
            .set_if_absent(&format!("keys.{ulid}.r"), text(self.now.to_string()))
            .with_condition(&format!("attribute_exists({{keys.{ulid}}})"), [])
            .on_condition_failed(|_| Error::NotFound);
        self.apply(vec![write]).await
    }
}

/// Adds the name of the key to its entry. Authentication does not read it.
fn named(mut entry: AttributeValue, name: Option<KeyName>) -> AttributeValue {
    if let (AttributeValue::M(members), Some(name)) = (&mut entry, name) {
        members.insert("n".to_owned(), text(name.as_str()));
    }
    entry
}

fn new_operator(root: &OperatorRoot, key_id: KeyId, entry: AttributeValue) -> Result<Write<'static>> {
    let mut item = new_item("operator", &HashMap::from([("operator", root.operator().as_str())]))?;
    item.insert("keys".to_owned(), AttributeValue::M(HashMap::from([(key_id.ulid(), entry)])));
    // Never replaced, because page tokens do not expire.
    item.insert("page_key".to_owned(), AttributeValue::B(Blob::new(random::<32>()?)));
    Ok(Write::put_new(keys::operator(root), item).with_history())
}

/// Adds a key. If there are too many, the oldest revoked key is removed.
fn add_key(
    read: &Snapshot<OperatorKeys>,
    key_id: KeyId,
    entry: AttributeValue,
    now: Timestamp,
) -> Result<Write<'static>> {
    let full = || Error::invalid("", format!("the operator has {MAX_KEYS} keys, none of them revoked"));
    let change = read.entity.keys.adding(None, now, full)?;
    let write = Write::update_item(read.key.clone())
        .unchanged_since(read)
        .new_version()
        .set(&format!("keys.{}", key_id.ulid()), entry);
    Ok(match change.dropped {
        Some(dropped) => write.remove(&format!("keys.{}", dropped.ulid())),
        None => write,
    })
}
