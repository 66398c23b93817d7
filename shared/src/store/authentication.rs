//! Authenticates a credential with one strongly consistent read that is never cached, so that revocation, expiry, archiving and
//! suspension take effect on the next request. The first read of the operation is part of the same request. The items are chosen by what
//! the credential says of itself; the hash of a key or the signature of a token proves it before anything is returned.

use super::client::Store;
use super::first_read::FirstRead;
use super::item::{Item, get_text, number, text};
use super::keys::{self, Key};
use super::rate_limits::{self, LIMITS};
use super::signing_keys;
use super::usage::CallerIds;
use crate::domain::credential::Credential;
use crate::domain::customer::Slug;
use crate::domain::key_ring::{KeyEntry, KeyRing};
use crate::domain::principal::{CustomerRoot, EndUser, Integration, Operator, OperatorRoot, Scopes};
use crate::domain::secret::{Claim, Root, SecretHash};
use crate::domain::token::UnverifiedToken;
use crate::domain::user::UserStatus;
use crate::domain::{CredentialError, Error, KeyId, Result, TenantId, Timestamp};
use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use std::collections::HashMap;

/// An authenticated caller.
#[derive(Debug)]
pub enum Principal {
    /// An operator.
    Operator(Operator),
    /// A customer's integration.
    Integration(Integration),
    /// A user of a tenant.
    User(EndUser),
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
const ROOT_ATTRIBUTES: [&str; 5] = ["operator", "customer_id", "state", "page_key", LIMITS];
/// The attributes that authentication of a token reads: of the root, the user, the gate and the signing key.
const TOKEN_ATTRIBUTES: [&str; 8] = ["state", "status", "tenant", "kid", "alg", "x", "retired_at", LIMITS];

impl Store {
    /// Authenticates a credential. The error is the same for unknown, revoked and expired keys and tokens, and for those of an archived
    /// customer or a deprovisioned tenant. Fails if the caller has sent more requests than the limits of its customer allow.
    pub async fn authenticate(&self, credential: &Credential) -> Result<Principal> {
        Ok(self.authenticate_and(credential, FirstRead::nothing(())).await?.0)
    }

    /// Authenticates a credential and reads what the operation needs first, in one request. The data is returned only with the principal.
    pub async fn authenticate_and<T: 'static>(
        &self,
        credential: &Credential,
        mut first: FirstRead<T>,
    ) -> Result<(Principal, Result<T>)> {
        let mut keys = std::mem::take(&mut first.keys);
        let (own, attributes, entry) = match credential {
            Credential::Key(claim) => {
                (vec![root_key(claim)], ROOT_ATTRIBUTES.as_slice(), Some(format!("keys.{}", claim.key_id.ulid())))
            }
            Credential::Token { token, .. } => (self.token_keys(token), TOKEN_ATTRIBUTES.as_slice(), None),
        };
        // The operation may read the user or the gate of a token, too. A batch has a key once.
        keys.extend(own.into_iter().filter(|key| !keys.contains(key)).collect::<Vec<_>>());
        let projection = first.attributes.take().map(|mut paths| {
            paths.extend(attributes);
            paths.extend(["w"]);
            paths.sort_unstable();
            paths.dedup();
            paths
        });
        let bucket = rate_limits::bucket_path(credential);
        let nested = || entry.as_deref().into_iter().chain(bucket.as_deref());
        let projection: Option<Vec<&str>> = projection.map(|paths| paths.into_iter().chain(nested()).collect());
        let items = self.get_all(keys, projection.as_deref()).await?;
        let principal = match credential {
            Credential::Key(claim) => Ok(self.principal(claim, &items)),
            Credential::Token { token, issuer } => {
                self.end_user(token, issuer, &items).map(|user| user.map(Principal::User))
            }
        };
        let principal = principal.transpose().ok_or(Error::Unauthorized(CredentialError::NotLive))?;
        // The requests of a suspended user count, too.
        self.admit(credential, &items).await?;
        Ok((principal?, first.finish(items)))
    }

    fn principal(&self, claim: &Claim, items: &[Item]) -> Option<Principal> {
        let item = find(items, &root_key(claim))?;
        let entry = self.live_entry(claim, item)?;
        match &claim.root {
            Root::Operator(root) => {
                let operator = operator(root, entry, item)?;
                self.usage.set_caller(CallerIds::key(None, claim.key_id));
                Some(Principal::Operator(operator))
            }
            Root::Customer(root) => {
                let integration = integration(*root, claim.key_id, entry, item)?;
                self.usage.set_caller(CallerIds::key(Some(root), claim.key_id));
                Some(Principal::Integration(integration))
            }
        }
    }

    fn live_entry(&self, claim: &Claim, item: &Item) -> Option<KeyEntry> {
        entry(item, claim.key_id).filter(|entry| entry.hash.matches(&claim.hash) && entry.is_live(self.now))
    }

    /// The keys of the items that the validity of a token depends on.
    fn token_keys(&self, token: &UnverifiedToken) -> Vec<Key> {
        let (root, user) = (token.root(), token.user());
        vec![
            keys::customer_root(&root),
            keys::signing_key(token.kid()),
            keys::user(&root, user),
            keys::gate(&root, user.tenant_tag(), self.gate_number),
        ]
    }

    /// The user of a valid token. Fails if the user is suspended.
    fn end_user(&self, token: &UnverifiedToken, issuer: &str, items: &[Item]) -> Result<Option<EndUser>> {
        let (root, user, kid) = (token.root(), token.user(), token.kid());
        let tag = user.tenant_tag();
        let public_key = find(items, &keys::signing_key(kid)).and_then(signing_keys::public_key);
        let is_valid = public_key.is_some_and(|key| token.verify(&key, issuer, self.now).is_some());
        let customer = find(items, &keys::customer_root(&root)).and_then(|root| get_text(root, "state"));
        let gate = find(items, &keys::gate(&root, tag, self.gate_number)).and_then(|gate| get_text(gate, "tenant"));
        let status = find(items, &keys::user(&root, user)).and_then(|user| get_text(user, "status"));
        let is_live = customer == Some("active") && gate.and_then(TenantId::parse) == Some(token.tenant());
        match status {
            Some(status) if is_valid && is_live => {
                self.usage.set_caller(CallerIds::user(&root, user));
                if status == UserStatus::Active.as_str() {
                    Ok(Some(EndUser { root, user, signing_key: kid }))
                } else {
                    Err(user_suspended())
                }
            }
            _ => Ok(None),
        }
    }
}

/// The error of a suspended user.
pub(super) fn user_suspended() -> Error {
    Error::Forbidden("The user is suspended.".into())
}

fn root_key(claim: &Claim) -> Key {
    match &claim.root {
        Root::Operator(root) => keys::operator(root),
        Root::Customer(root) => keys::customer_root(root),
    }
}

fn find<'a>(items: &'a [Item], key: &Key) -> Option<&'a Item> {
    items.iter().find(|item| key.is_of(item))
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
