//! Operators and their keys. No endpoint makes them: the operator-key command does.

use super::authentication::{KeyEntry, entries};
use super::item::{Item, get_number, new_item, text};
use super::write::Write;
use super::{Store, client::random, keys};
use crate::domain::customer::Slug;
use crate::domain::key::{KeyName, MOST_KEYS};
use crate::domain::principal::{OperatorRoot, Scopes};
use crate::domain::secret::{Root, Secret};
use crate::domain::{Error, KeyId, Result, Timestamp};
use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use std::collections::HashMap;

/// An operator's key as the command lists it.
#[derive(Debug)]
pub struct OperatorKey {
    /// The key's id.
    pub key_id: KeyId,
    /// What its maker called it; keys made before there were names have none.
    pub name: Option<String>,
    /// What it may write.
    pub scopes: Scopes,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl Store {
    /// Makes a key, and with the first one the operator.
    pub async fn create_operator_key(&self, operator: Slug, name: Option<KeyName>, scopes: Scopes) -> Result<Secret> {
        let root = OperatorRoot::new(operator);
        let key_id: KeyId = self.new_id()?;
        let secret = Secret::new(&Root::Operator(root.clone()), key_id, random()?);
        let entry = KeyEntry { hash: secret.hash(), scopes, expires_at: None, revoked_at: None, is_replaced: false };
        let entry = named(entry.to_value(), name);
        loop {
            let write = match self.get(keys::operator(&root)).await? {
                None => new_operator(&root, key_id, entry.clone())?,
                Some(item) => one_key_more(&root, &item, key_id, entry.clone())?,
            };
            match self.apply(vec![write]).await {
                Ok(_) => return Ok(secret),
                Err(Error::PreconditionFailed) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// An operator's keys, newest first.
    pub async fn operator_keys(&self, operator: Slug) -> Result<Vec<OperatorKey>> {
        let item = self.get(keys::operator(&OperatorRoot::new(operator))).await?.ok_or(Error::NotFound)?;
        let names = item.get("keys").and_then(|keys| keys.as_m().ok());
        let mut entries = entries(&item)?;
        entries.sort_by_key(|(key_id, _)| std::cmp::Reverse(*key_id));
        let shown = |(key_id, entry): (KeyId, KeyEntry)| OperatorKey {
            key_id,
            name: names.and_then(|keys| name_of(keys.get(&key_id.ulid())?)),
            scopes: entry.scopes,
            revoked_at: entry.revoked_at,
        };
        Ok(entries.into_iter().map(shown).collect())
    }

    /// Ends an operator's key for good; a second time changes nothing.
    pub async fn revoke_operator_key(&self, operator: Slug, key_id: KeyId) -> Result<()> {
        let ulid = key_id.ulid();
        let write = Write::update(keys::operator(&OperatorRoot::new(operator)))
            .new_version()
            .set_if_absent(&format!("keys.{ulid}.r"), text(self.now.to_string()))
            .when(&format!("attribute_exists({{keys.{ulid}}})"), [])
            .otherwise(|_| Error::NotFound);
        self.apply(vec![write]).await.map(drop)
    }
}

/// An entry with the key's name in it. Authentication does not read it.
fn named(mut entry: AttributeValue, name: Option<KeyName>) -> AttributeValue {
    if let (AttributeValue::M(members), Some(name)) = (&mut entry, name) {
        members.insert("n".to_owned(), text(name.as_str()));
    }
    entry
}

fn name_of(entry: &AttributeValue) -> Option<String> {
    entry.as_m().ok()?.get("n")?.as_s().ok().cloned()
}

fn new_operator<'a>(root: &OperatorRoot, key_id: KeyId, entry: AttributeValue) -> Result<Write<'a>> {
    let mut item = new_item("operator", &HashMap::from([("operator", root.operator().as_str())]))?;
    item.insert("keys".to_owned(), AttributeValue::M(HashMap::from([(key_id.ulid(), entry)])));
    // Made once and never replaced: page tokens have no expiry.
    item.insert("page_key".to_owned(), AttributeValue::B(Blob::new(random::<32>()?)));
    Ok(Write::put(keys::operator(root), item).otherwise(|_| Error::PreconditionFailed))
}

/// One more key; where there are too many, the oldest revoked one gives way.
fn one_key_more<'a>(root: &OperatorRoot, item: &Item, key_id: KeyId, entry: AttributeValue) -> Result<Write<'a>> {
    let mut write = Write::update(keys::operator(root))
        .new_version()
        .set(&format!("keys.{}", key_id.ulid()), entry)
        .when_version(get_number(item, "ver").as_ref().map(std::slice::from_ref))
        .otherwise(|_| Error::PreconditionFailed);
    let entries = entries(item)?;
    if entries.len() >= MOST_KEYS {
        let revoked = entries.iter().filter(|(_, entry)| entry.revoked_at.is_some()).map(|(key_id, _)| *key_id);
        let full = || Error::invalid("", format!("the operator has {MOST_KEYS} keys, none of them revoked"));
        write = write.remove(&format!("keys.{}", revoked.min().ok_or_else(full)?.ulid()));
    }
    Ok(write)
}
