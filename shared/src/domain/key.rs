//! Keys of customers: what the operator makes, sees, rotates and revokes (contract section 3.4).

use super::principal::{KeyKind, Scopes};
use super::secret::Secret;
use super::{Fields, KeyId, Member, Timestamp, text};
use serde::{Serialize, Serializer};

/// At most this many keys are kept per customer; one more drops the oldest that is revoked or expired.
pub const MAX_KEYS: usize = 50;

/// A key as it is shown. The secret is not in it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Key {
    /// The key's id.
    pub key_id: KeyId,
    /// What its maker called it.
    pub name: String,
    /// What it may write.
    #[serde(serialize_with = "scope_names")]
    pub scopes: Scopes,
    /// The public part of the secret.
    pub prefix: String,
    /// The secret's last 4 characters.
    pub suffix: String,
    /// When it was made: the time in `key_id`.
    pub created_at: Timestamp,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// What an operator's key is called, in one line of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyName(String);

impl KeyName {
    /// 1 to 63 characters, none of them a control character, no white space around them.
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

/// A key in the answer that made it: the secret, once. A replay withholds it.
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
    /// All of its kind where none were given.
    pub scopes: Scopes,
    /// Must be in the future when the key is made.
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
    /// For how long the old key stays good: 0 to 604,800 seconds.
    pub overlap_seconds: u32,
    /// The new key's end: absent = the old one's lifetime, counted from now.
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
