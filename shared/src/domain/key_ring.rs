//! The keys of one root as authentication needs them, and what a new key changes about the others.

use super::key::MAX_KEYS;
use super::principal::{Scopes, is_live};
use super::secret::SecretHash;
use super::{Error, KeyId, Result, Timestamp};
use std::collections::BTreeMap;

/// A key as authentication needs it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeyEntry {
    /// The hash of the secret.
    pub hash: SecretHash,
    /// The scopes of the key.
    pub scopes: Scopes,
    /// When it expires, if it does.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
    /// Whether it was replaced without overlap. It is then invalid independently of the clock of the function, which may be late.
    pub is_replaced: bool,
}

impl KeyEntry {
    /// Whether the key is valid at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        !self.is_replaced && is_live(self.expires_at, self.revoked_at, now)
    }
}

/// The key that a new one replaces.
#[derive(Clone, Copy, Debug)]
pub struct Replaced {
    /// The old key.
    pub key_id: KeyId,
    /// When it expires at the latest.
    pub end: Timestamp,
}

/// The changes of the other keys when a key is added.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeyChange {
    /// The replaced key with its new expiry.
    pub ended: Option<(KeyId, KeyEntry)>,
    /// The key that is removed to make room.
    pub dropped: Option<KeyId>,
}

/// The keys of a root by id.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyRing(BTreeMap<KeyId, KeyEntry>);

impl FromIterator<(KeyId, KeyEntry)> for KeyRing {
    fn from_iter<T: IntoIterator<Item = (KeyId, KeyEntry)>>(keys: T) -> Self {
        Self(keys.into_iter().collect())
    }
}

impl KeyRing {
    /// The entry of a key.
    pub fn get(&self, key_id: KeyId) -> Option<&KeyEntry> {
        self.0.get(&key_id)
    }

    /// The keys, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (KeyId, &KeyEntry)> {
        self.0.iter().map(|(key_id, entry)| (*key_id, entry))
    }

    /// The changes of the other keys when a key is added. A replaced key must be valid, and its expiry is never moved to a later time.
    /// If there are [`MAX_KEYS`], the oldest invalid key is removed; `full` is the error if all are valid.
    pub fn adding(
        &self,
        replaced: Option<Replaced>,
        now: Timestamp,
        full: impl FnOnce() -> Error,
    ) -> Result<KeyChange> {
        let mut ended = None;
        if let Some(Replaced { key_id, end }) = replaced {
            let old = self.0.get(&key_id).filter(|old| old.is_live(now)).ok_or(Error::NotFound)?;
            if old.expires_at.is_none_or(|expires_at| expires_at > end) {
                ended = Some((key_id, KeyEntry { expires_at: Some(end), is_replaced: end <= now, ..*old }));
            }
        }
        let is_live = |(key_id, entry): &(&KeyId, &KeyEntry)| match ended {
            Some((replaced, entry)) if replaced == **key_id => entry.is_live(now),
            _ => entry.is_live(now),
        };
        let dropped = if self.0.len() < MAX_KEYS {
            None
        } else {
            let oldest = self.0.iter().find(|key| !is_live(key)).map(|(key_id, _)| *key_id);
            Some(oldest.ok_or_else(full)?)
        };
        // A removed key needs no new expiry.
        let ended = ended.filter(|(key_id, _)| Some(*key_id) != dropped);
        Ok(KeyChange { ended, dropped })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_milliseconds(1_795_403_655_123)
    }

    fn key(number: u128) -> KeyId {
        KeyId::new(now(), number)
    }

    fn live() -> KeyEntry {
        let scopes = Scopes::default();
        KeyEntry {
            hash: SecretHash::from_bytes([7; 32]),
            scopes,
            expires_at: None,
            revoked_at: None,
            is_replaced: false,
        }
    }

    /// A ring of `count` keys: the first as in `entries`, the others as its last.
    fn ring(count: usize, entries: &[KeyEntry]) -> KeyRing {
        let entry = |number: usize| *entries.get(number).or(entries.last()).unwrap();
        (0..count).map(|number| (key(number as u128), entry(number))).collect()
    }

    fn adding(ring: &KeyRing, replaced: Option<(u128, i64)>) -> Result<KeyChange> {
        let replaced =
            replaced.map(|(number, end)| Replaced { key_id: key(number), end: now().plus_milliseconds(end) });
        ring.adding(replaced, now(), || Error::invalid("", "full"))
    }

    #[test]
    fn a_key_needs_room() {
        let nothing = KeyChange { ended: None, dropped: None };
        assert_eq!(adding(&ring(49, &[live()]), None).unwrap(), nothing);
        assert!(matches!(adding(&ring(50, &[live()]), None), Err(Error::Invalid(_))));
        let revoked = KeyEntry { revoked_at: Some(now()), ..live() };
        let expired = KeyEntry { expires_at: Some(now()), ..live() };
        for dead in [revoked, expired] {
            let change = adding(&ring(50, &[live(), live(), dead, live()]), None).unwrap();
            assert_eq!(change, KeyChange { ended: None, dropped: Some(key(2)) });
        }
    }

    #[test]
    fn a_replaced_key_ends_no_later_than_before() {
        let end = |milliseconds| now().plus_milliseconds(milliseconds);
        let ended = |entry: KeyEntry, at| adding(&ring(1, &[entry]), Some((0, at))).unwrap().ended;
        assert_eq!(ended(live(), 9), Some((key(0), KeyEntry { expires_at: Some(end(9)), ..live() })));
        let at_once = KeyEntry { expires_at: Some(now()), is_replaced: true, ..live() };
        assert_eq!(ended(live(), 0), Some((key(0), at_once)));
        let soon = KeyEntry { expires_at: Some(end(5)), ..live() };
        assert_eq!(ended(soon, 9), None);
        assert_eq!(ended(soon, 4), Some((key(0), KeyEntry { expires_at: Some(end(4)), ..live() })));
        for dead in [KeyEntry { revoked_at: Some(now()), ..live() }, KeyEntry { is_replaced: true, ..live() }] {
            assert!(matches!(adding(&ring(1, &[dead]), Some((0, 9))), Err(Error::NotFound)));
        }
        assert!(matches!(adding(&ring(1, &[live()]), Some((1, 9))), Err(Error::NotFound)));
    }

    #[test]
    fn a_key_that_is_replaced_at_once_makes_room() {
        let full = ring(50, &[live()]);
        assert_eq!(adding(&full, Some((3, 0))).unwrap(), KeyChange { ended: None, dropped: Some(key(3)) });
        assert!(matches!(adding(&full, Some((3, 1))), Err(Error::Invalid(_))));
    }
}
