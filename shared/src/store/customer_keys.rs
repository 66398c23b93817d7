//! Keys of a customer. The customer's root has what authentication needs; an item of the operator has the details for lists and
//! rotations. Both are written in one transaction.

use super::client::{Store, random};
use super::customers::{CustomerLookup, ResolvedCustomer};
use super::idempotency::{EarlierRequest, IdempotentOutcome, IdempotentRequest, IdempotentResult, Record};
use super::item::text;
use super::key_items::{CustomerKeys, KeyDetails, KeyDetailsItem, details_of, details_write, root_write};
use super::keys;
use super::snapshot::Snapshot;
use super::write::Write;
use crate::domain::customer::Customer;
use crate::domain::key::{IssuedKey, Key, MAX_KEYS, NewKey, Rotation};
use crate::domain::key_ring::{KeyEntry, Replaced};
use crate::domain::principal::{CustomerRoot, Integration, Operator, Scopes};
use crate::domain::secret::{Root, Secret};
use crate::domain::{Error, KeyId, Result, Timestamp};
use std::ops::ControlFlow;

/// A key that is to be added to a customer.
struct Addition<'a> {
    operator: &'a Operator,
    customer: Customer,
    details: KeyDetails,
    replaced: Option<Replaced>,
    request: Option<&'a IdempotentRequest>,
}

impl Store {
    /// A customer's keys, newest first.
    pub async fn keys(&self, operator: &Operator, lookup: CustomerLookup) -> Result<Vec<Key>> {
        let resolved = self.resolve_customer(operator.root(), lookup).await?;
        let root = CustomerRoot::new(resolved.active()?.entity.id);
        let keys = self.root_of(&resolved).await?;
        let mut shown = Vec::new();
        for (key_id, entry) in keys.ok_or(Error::NotFound)?.entity.keys.iter() {
            // A key that was created between the two reads has no details here, and is not listed.
            if let Some(details) = details_of(&resolved.details, key_id)? {
                let key = details.into_key(&root, key_id);
                shown.push(Key { expires_at: entry.expires_at, revoked_at: entry.revoked_at, ..key });
            }
        }
        shown.reverse();
        Ok(shown)
    }

    /// The root of a customer. It is read if the look-up did not read it.
    async fn root_of(&self, resolved: &ResolvedCustomer) -> Result<Option<Snapshot<CustomerKeys>>> {
        match (&resolved.root, &resolved.customer) {
            (Some(root), _) => Ok(Some(root.clone())),
            (None, Some(customer)) => self.snapshot(&keys::customer_root(&CustomerRoot::new(customer.entity.id))).await,
            (None, None) => Ok(None),
        }
    }

    /// Creates a key.
    pub async fn create_key(
        &self,
        operator: &Operator,
        lookup: CustomerLookup,
        earlier: EarlierRequest,
        new: &NewKey,
        request: Option<&IdempotentRequest>,
    ) -> Result<IdempotentResult<IssuedKey>> {
        let resolved = self.resolve_customer(operator.root(), lookup).await?;
        let request = request.map(|request| request.about(&resolved.fingerprint_name));
        if let Some(record) = self.matching_record(earlier, request.as_ref())? {
            return replay(resolved.customer, record);
        }
        let create = async {
            let customer = resolved.active()?.entity.clone();
            self.refuse_past(new.expires_at)?;
            let details = KeyDetails {
                name: new.name.clone(),
                suffix: String::new(),
                scopes: new.scopes.bits(),
                expires_at: new.expires_at,
            };
            let addition = Addition { operator, customer, details, replaced: None, request: request.as_ref() };
            self.add_key(addition, self.root_of(&resolved).await?).await
        };
        let created = create.await;
        self.or_replay(created, operator, request.as_ref(), resolved.customer).await
    }

    /// Creates a key that replaces another.
    pub async fn rotate_key(
        &self,
        operator: &Operator,
        lookup: CustomerLookup,
        earlier: EarlierRequest,
        key_id: KeyId,
        rotation: &Rotation,
        request: Option<&IdempotentRequest>,
    ) -> Result<IdempotentResult<IssuedKey>> {
        let resolved = self.resolve_customer(operator.root(), lookup).await?;
        let request = request.map(|request| request.about(&resolved.fingerprint_name).about(key_id.ulid()));
        if let Some(record) = self.matching_record(earlier, request.as_ref())? {
            return replay(resolved.customer, record);
        }
        let rotate = async {
            let customer = resolved.active()?.entity.clone();
            let old = details_of(&resolved.details, key_id)?.ok_or(Error::NotFound)?;
            let lifetime = |end: Timestamp| end.milliseconds() - key_id.created_at().milliseconds();
            let expires_at = match rotation.expires_at {
                Some(given) => given,
                None => old.expires_at.map(|end| self.now.plus_milliseconds(lifetime(end))),
            };
            let root = self.root_of(&resolved).await?.ok_or(Error::NotFound)?;
            // 404 takes precedence over the 422 that depends on the clock.
            root.entity.keys.get(key_id).filter(|entry| entry.is_live(self.now)).ok_or(Error::NotFound)?;
            self.refuse_past(rotation.expires_at.flatten())?;
            let end = self.now.plus_milliseconds(i64::from(rotation.overlap_seconds) * 1000);
            let details = KeyDetails { expires_at, ..old };
            let replaced = Some(Replaced { key_id, end });
            self.add_key(Addition { operator, customer, details, replaced, request: request.as_ref() }, Some(root))
                .await
        };
        let rotated = rotate.await;
        self.or_replay(rotated, operator, request.as_ref(), resolved.customer).await
    }

    /// Returns `created`, or a replay if a concurrent duplicate caused the error: it may have taken the last place or replaced the old
    /// key. Its record was written in the same transaction, so it can be read now.
    async fn or_replay(
        &self,
        created: Result<IdempotentResult<IssuedKey>>,
        operator: &Operator,
        request: Option<&IdempotentRequest>,
        customer: Option<Snapshot<Customer>>,
    ) -> Result<IdempotentResult<IssuedKey>> {
        let refusal = match created {
            Err(refusal @ (Error::NotFound | Error::Invalid(_))) if request.is_some() && customer.is_some() => refusal,
            created => return created,
        };
        let records = Root::Operator(operator.root().clone());
        match self.matching_record(self.earlier_request(&records, request).await?, request)? {
            Some(record) => replay(customer, record),
            None => Err(refusal),
        }
    }

    /// Revokes a key. Revoking it again changes nothing. The update does not depend on concurrent changes and may be applied twice, so
    /// that no other write can delay a revocation.
    pub async fn revoke_key(&self, operator: &Operator, lookup: CustomerLookup, key_id: KeyId) -> Result<()> {
        let resolved = self.resolve_customer(operator.root(), lookup).await?;
        let root = CustomerRoot::new(resolved.active()?.entity.id);
        let ulid = key_id.ulid();
        let write = Write::update_existing(keys::customer_root(&root))
            .new_version()
            .set_if_absent(&format!("keys.{ulid}.r"), text(self.now.to_string()))
            .with_condition(&format!("attribute_exists({{keys.{ulid}}}) AND {{state}} = ?"), [text("active")])
            .on_condition_failed(|_| Error::NotFound);
        self.apply(vec![write]).await
    }

    /// The name of an integration's key.
    pub async fn key_name(&self, integration: &Integration) -> Result<String> {
        let item = self.get(keys::key_details(&integration.operator, integration.customer())).await?;
        let details = details_of(&KeyDetailsItem(item.unwrap_or_default()), integration.key_id())?;
        Ok(details.ok_or_else(|| Error::internal("a key without details"))?.name)
    }

    fn refuse_past(&self, expires_at: Option<Timestamp>) -> Result<()> {
        match expires_at {
            Some(end) if end <= self.now => Err(Error::invalid("/expires_at", "must be in the future")),
            _ => Ok(()),
        }
    }

    /// Adds a key to the root and its details, and expires the key that it replaces, in one transaction.
    async fn add_key(
        &self,
        addition: Addition<'_>,
        root: Option<Snapshot<CustomerKeys>>,
    ) -> Result<IdempotentResult<IssuedKey>> {
        let Addition { operator, customer, details, replaced, request } = addition;
        let records = Root::Operator(operator.root().clone());
        let customer_root = CustomerRoot::new(customer.id);
        let key_id: KeyId = self.new_id()?;
        let secret = Secret::new(&Root::Customer(customer_root), key_id, random()?);
        let details = KeyDetails { suffix: secret.suffix().to_owned(), ..details };
        let new = KeyEntry {
            hash: secret.hash(),
            scopes: Scopes::from_stored_bits(details.scopes),
            expires_at: details.expires_at,
            revoked_at: None,
            is_replaced: false,
        };
        let full = || Error::invalid("", format!("the customer has {MAX_KEYS} keys, none of them revoked or expired"));
        let answer = serde_json::to_string(&details).map_err(Error::internal)?;
        let add = async |read: Option<Snapshot<CustomerKeys>>| {
            let read = read.filter(|root| root.entity.is_active).ok_or(Error::NotFound)?;
            let change = read.entity.keys.adding(replaced, self.now, full)?;
            let writes = vec![
                root_write(&read, key_id, &new, &change),
                details_write(operator, &customer, key_id, &details, &change)?,
            ];
            match self.commit_idempotent(&records, request, key_id, Some(answer.clone()), writes).await? {
                IdempotentOutcome::Applied => Ok(ControlFlow::Break(None)),
                IdempotentOutcome::Replayed(record) => Ok(ControlFlow::Break(Some(record))),
                IdempotentOutcome::ConditionFailed(failed) => {
                    Ok(ControlFlow::Continue(self.reread(&read.key, failed).await?))
                }
            }
        };
        match self.retry(root, add).await? {
            Some(record) => replay_of(&customer, record),
            None => {
                let key = details.into_key(&customer_root, key_id);
                Ok(IdempotentResult::first(IssuedKey { key, api_key_once: Some(secret) }))
            }
        }
    }
}

fn replay(customer: Option<Snapshot<Customer>>, record: Record) -> Result<IdempotentResult<IssuedKey>> {
    let customer = customer.ok_or_else(|| Error::internal("a record of no customer"))?;
    replay_of(&customer.entity, record)
}

/// The answer of the request that created the key, without its secret.
fn replay_of(customer: &Customer, record: Record) -> Result<IdempotentResult<IssuedKey>> {
    let details: KeyDetails = serde_json::from_str(record.answer()?).map_err(Error::internal)?;
    let key_id = KeyId::parse(&record.id).ok_or_else(|| Error::internal("a record names no key"))?;
    let key = details.into_key(&CustomerRoot::new(customer.id), key_id);
    Ok(IdempotentResult::replay(IssuedKey { key, api_key_once: None }))
}
