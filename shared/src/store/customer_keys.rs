//! Keys of a customer. What authentication needs is in the customer's root; what only list and rotate
//! show is in an item of the operator's, written in the same transaction.

use super::authentication::{KeyEntry, entries, entry};
use super::customers::customer_text;
use super::item::{self, Item, get_number, get_text, number, text};
use super::record::{Kept, Made, Once, Record};
use super::write::Write;
use super::{Store, client::random, keys};
use crate::domain::customer::{Customer, CustomerName, CustomerState};
use crate::domain::key::{IssuedKey, Key, MOST_KEYS, NewKey, Rotation};
use crate::domain::principal::{CustomerRoot, Integration, Operator, OperatorRoot, Scopes};
use crate::domain::secret::{Root, Secret, integration_prefix};
use crate::domain::{Error, KeyId, Result, Timestamp};
use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

/// What list and rotate show of a key, and authentication does not need.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Details {
    name: String,
    suffix: String,
    scopes: u16,
    /// As given when the key was made; a rotation may end it earlier.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    expires_at: Option<Timestamp>,
}

impl Details {
    fn into_key(self, root: &CustomerRoot, key_id: KeyId) -> Key {
        Key {
            key_id,
            name: self.name,
            scopes: Scopes::from_bits(self.scopes),
            prefix: integration_prefix(root, key_id),
            suffix: self.suffix,
            created_at: key_id.created_at(),
            expires_at: self.expires_at,
            revoked_at: None,
        }
    }
}

/// The details of a customer's keys, as they are stored.
pub struct KeyDetails(Item);

/// The attribute that holds a key's details.
fn attribute(key_id: KeyId) -> String {
    format!("k{}", key_id.ulid())
}

fn details_of(item: &Item, key_id: KeyId) -> Result<Option<Details>> {
    item.get(&attribute(key_id))
        .cloned()
        .map(|value| serde_dynamo::from_attribute_value(value).map_err(Error::internal))
        .transpose()
}

/// The key that a new one replaces, and when it ends.
#[derive(Clone, Copy)]
struct Replaced {
    key_id: KeyId,
    end: Timestamp,
}

/// How room is made for a key in the root.
struct Plan {
    /// End the replaced key at the planned time.
    shorten: bool,
    /// Drop this key.
    drop: Option<KeyId>,
    /// The version of the root that the plan was made for; `None`: made without seeing it.
    version: Option<u64>,
}

impl Store {
    /// A customer, and of its keys what the operator's own subtree holds: the part of [`Store::keys`] that may be
    /// read beside authentication.
    pub async fn customer_with_key_details(
        &self,
        operator: &OperatorRoot,
        name: &CustomerName,
    ) -> Result<(Customer, KeyDetails)> {
        let slug = self.slug_of(operator, name).await?.ok_or(Error::NotFound)?;
        let name = CustomerName::Slug(slug.clone());
        // Both to their end: a customer that is not there costs the same, whichever read is answered first.
        let (customer, details) =
            tokio::join!(self.customer(operator, &name), self.get(keys::key_details(operator, &slug)));
        Ok((customer?, KeyDetails(details?.unwrap_or_default())))
    }

    /// A customer's keys, newest first.
    pub async fn keys(&self, _: &Operator, customer: &Customer, details: &KeyDetails) -> Result<Vec<Key>> {
        let root = CustomerRoot::new(customer.id);
        let item = self.get(keys::customer_root(&root)).await?.ok_or(Error::NotFound)?;
        let mut shown = Vec::new();
        for (key_id, entry) in entries(&item)? {
            // A key made between the two reads has no details yet: it is not listed yet.
            if let Some(details) = details_of(&details.0, key_id)? {
                let key = details.into_key(&root, key_id);
                shown.push(Key { expires_at: entry.expires_at, revoked_at: entry.revoked_at, ..key });
            }
        }
        shown.sort_by_key(|key| std::cmp::Reverse(key.key_id));
        Ok(shown)
    }

    /// Makes a key.
    pub async fn create_key(
        &self,
        operator: &Operator,
        name: &CustomerName,
        new: &NewKey,
        once: Option<&Once>,
    ) -> Result<Made<IssuedKey>> {
        let records = Root::Operator(operator.root().clone());
        let (found, record) =
            tokio::try_join!(self.any_customer(operator.root(), name), self.earlier_item(&records, once))?;
        let once = once.map(|once| once.about(customer_text(found.as_ref(), name)));
        if let Some(record) = self.replayed(record, once.as_ref())? {
            return replay(found, record);
        }
        let named = found.clone();
        let create = async {
            let customer = found.filter(|customer| customer.state == CustomerState::Active).ok_or(Error::NotFound)?;
            self.refuse_past(new.expires_at)?;
            let details = Details {
                name: new.name.clone(),
                suffix: String::new(),
                scopes: new.scopes.bits(),
                expires_at: new.expires_at,
            };
            self.add_key(operator, customer, details, None, once.as_ref()).await
        };
        self.or_replay(create.await, &records, once.as_ref(), named).await
    }

    /// What `made` is, but for a refusal that a parallel duplicate may have caused (it took the last room, or ended the old
    /// key): then its record, which stood there before that could be seen, decides.
    async fn or_replay(
        &self,
        made: Result<Made<IssuedKey>>,
        records: &Root,
        once: Option<&Once>,
        customer: Option<Customer>,
    ) -> Result<Made<IssuedKey>> {
        let refusal = match made {
            Err(refusal @ (Error::NotFound | Error::Invalid(_))) if once.is_some() && customer.is_some() => refusal,
            made => return made,
        };
        match self.replayed(self.earlier_item(records, once).await?, once)? {
            Some(record) => replay(customer, record),
            None => Err(refusal),
        }
    }

    /// Makes a key in the place of another.
    pub async fn rotate_key(
        &self,
        operator: &Operator,
        name: &CustomerName,
        key_id: KeyId,
        rotation: &Rotation,
        once: Option<&Once>,
    ) -> Result<Made<IssuedKey>> {
        let records = Root::Operator(operator.root().clone());
        let slug = self.slug_of(operator.root(), name).await?;
        let by_slug = slug.map(CustomerName::Slug);
        let find = async {
            match &by_slug {
                Some(name) => self.any_customer(operator.root(), name).await,
                None => Ok(None),
            }
        };
        let find_details = async {
            match &by_slug {
                Some(CustomerName::Slug(slug)) => self.get(keys::key_details(operator.root(), slug)).await,
                _ => Ok(None),
            }
        };
        let (found, details, record) = tokio::try_join!(find, find_details, self.earlier_item(&records, once))?;
        let once = once.map(|once| once.about(customer_text(found.as_ref(), name)).about(key_id.ulid()));
        if let Some(record) = self.replayed(record, once.as_ref())? {
            return replay(found, record);
        }
        let named = found.clone();
        let rotate = async {
            let customer = found.filter(|customer| customer.state == CustomerState::Active).ok_or(Error::NotFound)?;
            let old = details_of(&details.unwrap_or_default(), key_id)?.ok_or(Error::NotFound)?;
            let root = CustomerRoot::new(customer.id);
            let lifetime = |end: Timestamp| end.milliseconds() - key_id.created_at().milliseconds();
            let expires_at = match rotation.expires_at {
                Some(given) => given,
                None => old.expires_at.map(|end| self.now.plus_milliseconds(lifetime(end))),
            };
            if rotation.expires_at.flatten().is_some_and(|end| end <= self.now) {
                // A 422 that needs the clock comes after every 404: the key itself must be looked at first.
                let item = self.get(keys::customer_root(&root)).await?.unwrap_or_default();
                entry(&item, key_id).filter(|entry| entry.is_live(self.now)).ok_or(Error::NotFound)?;
                self.refuse_past(expires_at)?;
            }
            let end = self.now.plus_milliseconds(i64::from(rotation.overlap_seconds) * 1000);
            let details = Details { expires_at, ..old };
            self.add_key(operator, customer, details, Some(Replaced { key_id, end }), once.as_ref()).await
        };
        self.or_replay(rotate.await, &records, once.as_ref(), named).await
    }

    /// Ends a key for good; a second time changes nothing.
    pub async fn revoke_key(&self, _: &Operator, customer: &Customer, key_id: KeyId) -> Result<()> {
        let root = CustomerRoot::new(customer.id);
        let ulid = key_id.ulid();
        let write = Write::update(keys::customer_root(&root))
            .new_version()
            .set_if_absent(&format!("keys.{ulid}.r"), text(self.now.to_string()))
            .when(&format!("attribute_exists({{keys.{ulid}}}) AND {{state}} = ?"), [text("active")])
            .otherwise(|_| Error::NotFound);
        self.apply(vec![write]).await.map(drop)
    }

    /// What the maker of an integration's key called it.
    pub async fn key_name(&self, integration: &Integration) -> Result<String> {
        let item =
            self.get(keys::key_details(&integration.operator, integration.customer())).await?.unwrap_or_default();
        let details = details_of(&item, integration.key_id())?;
        Ok(details.ok_or_else(|| Error::internal("a key without details"))?.name)
    }

    fn refuse_past(&self, expires_at: Option<Timestamp>) -> Result<()> {
        match expires_at {
            Some(end) if end <= self.now => Err(Error::invalid("/expires_at", "must be in the future")),
            _ => Ok(()),
        }
    }

    /// Adds a key to the root and its details, and ends the one that it replaces, in one step.
    async fn add_key(
        &self,
        operator: &Operator,
        customer: Customer,
        details: Details,
        replaced: Option<Replaced>,
        once: Option<&Once>,
    ) -> Result<Made<IssuedKey>> {
        let root = CustomerRoot::new(customer.id);
        let key_id: KeyId = self.new_id()?;
        let secret = Secret::new(&Root::Customer(root), key_id, random()?);
        let details = Details { suffix: secret.suffix().to_owned(), ..details };
        let new = KeyEntry {
            hash: secret.hash(),
            scopes: Scopes::from_bits(details.scopes),
            expires_at: details.expires_at,
            revoked_at: None,
            is_replaced: false,
        };
        let answer = serde_json::to_string(&details).map_err(Error::internal)?;
        let records = Root::Operator(operator.root().clone());
        // The first try does not read the root: mostly there is room, and the old key has no nearer end.
        let mut plan = Plan { shorten: replaced.is_some(), drop: None, version: None };
        loop {
            let writes = vec![
                root_write(&root, key_id, new, &plan, replaced, self.now),
                details_write(keys::key_details(operator.root(), &customer.customer_id), key_id, &details, &plan)?,
            ];
            match self.apply_once(&records, once, key_id, Some(answer.clone()), writes).await {
                Ok(Kept::Applied) => {
                    let key = details.into_key(&root, key_id);
                    let issued = IssuedKey { key, api_key_once: Some(secret) };
                    return Ok(Made { value: issued, replayed: false });
                }
                Ok(Kept::Replay(record)) => return replay(Some(customer), record),
                Err(Error::PreconditionFailed) => {
                    let item = self.get(keys::customer_root(&root)).await?.ok_or(Error::NotFound)?;
                    plan = make_room(&item, replaced, self.now)?;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// The answer of the request that made the key, without its secret.
fn replay(customer: Option<Customer>, record: Record) -> Result<Made<IssuedKey>> {
    let details: Details = serde_json::from_str(record.answer()?).map_err(Error::internal)?;
    let key_id = KeyId::parse(&record.id).ok_or_else(|| Error::internal("a record names no key"))?;
    let customer = customer.ok_or_else(|| Error::internal("a record of no customer"))?;
    let key = details.into_key(&CustomerRoot::new(customer.id), key_id);
    Ok(Made { value: IssuedKey { key, api_key_once: None }, replayed: true })
}

fn root_write<'a>(
    root: &CustomerRoot,
    key_id: KeyId,
    new: KeyEntry,
    plan: &Plan,
    replaced: Option<Replaced>,
    now: Timestamp,
) -> Write<'a> {
    let ulid = key_id.ulid();
    let mut write = Write::update(keys::customer_root(root))
        .new_version()
        .set(&format!("keys.{ulid}"), new.to_value())
        .when(&format!("{{state}} = ? AND attribute_not_exists({{keys.{ulid}}})"), [text("active")])
        .otherwise(|_| Error::PreconditionFailed);
    if let Some(Replaced { key_id, end }) = replaced.filter(|_| plan.shorten) {
        let old = key_id.ulid();
        write = write.set(&format!("keys.{old}.x"), text(end.to_string()));
        if end <= now {
            write = write.set(&format!("keys.{old}.e"), AttributeValue::Bool(true));
        }
        if plan.version.is_none() {
            let end = end.max(now.plus_milliseconds(1));
            write = write.when(
                &format!(
                    "attribute_exists({{keys.{old}}}) AND attribute_not_exists({{keys.{old}.r}}) \
                     AND attribute_not_exists({{keys.{old}.e}}) AND (attribute_not_exists({{keys.{old}.x}}) OR {{keys.{old}.x}} >= ?)"
                ),
                [text(end.to_string())],
            );
        }
    }
    if let Some(dropped) = plan.drop {
        write = write.remove(&format!("keys.{}", dropped.ulid()));
    }
    match plan.version {
        Some(version) => write.when_version(Some(&[version])),
        None => write.when("size({keys}) < ?", [number(MOST_KEYS)]),
    }
}

fn details_write<'a>(key: keys::Key, key_id: KeyId, details: &Details, plan: &Plan) -> Result<Write<'a>> {
    let name = attribute(key_id);
    let mut write = Write::update_or_put(key)
        .set_if_absent("type", text("key_details"))
        .set_if_absent("v", number(1))
        .set(&name, item::value(details)?)
        .when(&format!("attribute_not_exists({{{name}}})"), [])
        .otherwise(|_| Error::PreconditionFailed);
    if let Some(dropped) = plan.drop {
        write = write.remove(&attribute(dropped));
    }
    Ok(write)
}

/// Looks at the root after all: is the old key still good, which end is nearer, is there room?
fn make_room(root: &Item, replaced: Option<Replaced>, now: Timestamp) -> Result<Plan> {
    if get_text(root, "state") != Some("active") {
        return Err(Error::NotFound);
    }
    let mut entries = entries(root)?;
    entries.sort_by_key(|(key_id, _)| *key_id);
    let mut shorten = false;
    if let Some(Replaced { key_id, end }) = replaced {
        let (_, old) = entries.iter_mut().find(|(known, _)| *known == key_id).ok_or(Error::NotFound)?;
        if !old.is_live(now) {
            return Err(Error::NotFound);
        }
        shorten = old.expires_at.is_none_or(|expires_at| expires_at > end);
        if shorten {
            old.expires_at = Some(end);
        }
    }
    let drop = if entries.len() < MOST_KEYS {
        None
    } else {
        let dead = entries.iter().find(|(_, entry)| !entry.is_live(now)).map(|(key_id, _)| *key_id);
        let full = || Error::invalid("", format!("the customer has {MOST_KEYS} keys, none of them revoked or expired"));
        Some(dead.ok_or_else(full)?)
    };
    // What is dropped needs no end.
    let shorten = shorten && replaced.is_none_or(|replaced| drop != Some(replaced.key_id));
    Ok(Plan { shorten, drop, version: get_number(root, "ver") })
}
