//! API keys of customers, which the operator creates, lists, rotates and revokes (contract section 3.4).

use super::principal::{KeyKind, Scopes};
use super::secret::Secret;
use super::{Fields, KeyId, Member, Timestamp, text};
use serde::{Serialize, Serializer};

/// The maximum number of keys of a customer. A new key then replaces the oldest revoked or expired one.
pub const MAX_KEYS: usize = 50;

/// A key as clients see it, without its secret.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Key {
    /// The id of the key.
    pub key_id: KeyId,
    /// The name that the operator gave it.
    pub name: String,
    /// The scopes of the key.
    #[serde(serialize_with = "scope_names")]
    pub scopes: Scopes,
    /// The public part of the secret.
    pub prefix: String,
    /// The last 4 characters of the secret.
    pub suffix: String,
    /// When it was created: the time in `key_id`.
    pub created_at: Timestamp,
    /// When it expires, if it does.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

/// The name of an operator's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyName(String);

impl KeyName {
    /// Parses 1 to 63 characters without control characters and surrounding white space.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=63).contains(&text.chars().count()) && text.trim() == text;
        (fits && !text.chars().any(char::is_control)).then(|| Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn scope_names<S: Serializer>(scopes: &Scopes, serializer: S) -> Result<S::Ok, S::Error> {
    scopes.names().serialize(serializer)
}

fn reveal<S: Serializer>(secret: &Option<Secret>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(Secret::reveal).serialize(serializer)
}

/// The answer of the request that created a key, with its secret. A replay does not contain the secret.
#[derive(Debug, Serialize)]
pub struct IssuedKey {
    /// The key.
    #[serde(flatten)]
    pub key: Key,
    /// The secret, or `null` in a replay.
    #[serde(serialize_with = "reveal")]
    pub api_key_once: Option<Secret>,
}

/// The body of createKey.
#[derive(Clone, Debug, PartialEq)]
pub struct NewKey {
    /// 1 to 255 characters.
    pub name: String,
    /// All scopes of integration keys if none are given.
    pub scopes: Scopes,
    /// Must be in the future when the key is created.
    pub expires_at: Option<Timestamp>,
}

impl NewKey {
    /// Reads the body.
    pub fn read(fields: &mut Fields) -> Option<Self> {
        let name = fields.required("name", |member| text::text(member, 1, 255));
        let scopes = fields.optional("scopes", scopes);
        let expires_at = fields.nullable("expires_at", time);
        Some(Self {
            name: name?,
            scopes: scopes?.unwrap_or(Scopes::all(KeyKind::Integration)),
            expires_at: expires_at?.flatten(),
        })
    }
}

/// The body of rotateKey.
#[derive(Clone, Debug, PartialEq)]
pub struct Rotation {
    /// How long the old key remains valid: 0 to 604,800 seconds.
    pub overlap_seconds: u32,
    /// When the new key expires. If absent, it has the lifetime of the old key, from now on.
    pub expires_at: Option<Option<Timestamp>>,
}

impl Rotation {
    /// Reads the body.
    pub fn read(fields: &mut Fields) -> Option<Self> {
        let overlap_seconds = fields.optional("overlap_seconds", |member| member.integer(0, 604_800));
        let expires_at = fields.nullable("expires_at", time);
        Some(Self { overlap_seconds: overlap_seconds?.unwrap_or(0), expires_at: expires_at? })
    }
}

fn time(member: Member) -> Option<Option<Timestamp>> {
    let time = Timestamp::parse(member.string()?);
    if time.is_none() {
        member.refuse(
            "must be an RFC 3339 date-time with an offset or Z, such as 2027-01-31T00:00:00Z, and not a leap second",
        );
    }
    time.map(Some)
}

fn scopes(member: Member) -> Option<Scopes> {
    let known = Scopes::all(KeyKind::Integration).names().join(", ");
    let (mut scopes, mut right) = (Scopes::default(), true);
    for item in member.items()? {
        right &= match item.string().map(|name| Scopes::find(KeyKind::Integration, name)) {
            None => false,
            Some(None) => {
                item.refuse(format!("is not a scope of integration keys, which are {known}"));
                false
            }
            Some(Some(scope)) if scopes.contains(scope) => {
                item.refuse("is given twice");
                false
            }
            Some(Some(scope)) => {
                scopes = scopes.with(scope);
                true
            }
        };
    }
    right.then_some(scopes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::principal::CustomerRoot;
    use crate::domain::secret::{Root, integration_prefix};
    use crate::domain::{CustomerId, KeyId};

    #[test]
    fn a_secret_is_shown_to_its_client_and_to_no_log() {
        let (root, key_id) = (CustomerRoot::new(CustomerId::NIL), KeyId::NIL);
        let secret = Secret::new(&Root::Customer(root), key_id, [7; 32]);
        let text = secret.reveal().to_owned();
        let key = Key {
            key_id,
            name: "a".to_owned(),
            scopes: Scopes::default(),
            prefix: integration_prefix(&root, key_id),
            suffix: secret.suffix().to_owned(),
            created_at: key_id.created_at(),
            expires_at: None,
            revoked_at: None,
        };
        let issued = IssuedKey { key, api_key_once: Some(secret) };
        assert!(serde_json::to_string(&issued).unwrap().contains(&text));
        assert!(!format!("{issued:?}").contains(text.get(60..).unwrap()), "{issued:?}");
    }
}
