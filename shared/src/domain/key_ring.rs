//! The keys that one root holds, as authentication sees them: what a new key does to the others is decided here.

use super::key::MAX_KEYS;
use super::principal::{Scopes, is_live};
use super::secret::SecretHash;
use super::{Error, KeyId, Result, Timestamp};
use std::collections::BTreeMap;

/// What authentication needs of a key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeyEntry {
    /// The secret's hash.
    pub hash: SecretHash,
    /// What the key may write.
    pub scopes: Scopes,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// Replaced without overlap: ended whatever a function's clock says, which may be behind.
    pub is_replaced: bool,
}

impl KeyEntry {
    /// Whether the key is good at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        !self.is_replaced && is_live(self.expires_at, self.revoked_at, now)
    }
}

/// The key that a new one replaces, and when it ends.
#[derive(Clone, Copy, Debug)]
pub struct Replaced {
    /// The old key.
    pub key_id: KeyId,
    /// It is good no longer than this.
    pub end: Timestamp,
}

/// What becomes of the other keys when one is added.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeyChange {
    /// The replaced key, with its new end.
    pub ended: Option<(KeyId, KeyEntry)>,
    /// The key that makes room.
    pub dropped: Option<KeyId>,
}

/// All keys of a root.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyRing(pub BTreeMap<KeyId, KeyEntry>);

impl KeyRing {
    /// What adding a key does to the others. A replaced key must be live, and never gets a later end. Where there are
    /// [`MAX_KEYS`], the oldest that is not live gives way; `full` is the refusal where there is none.
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
        // A key that is dropped needs no end.
        let ended = ended.filter(|(key_id, _)| Some(*key_id) != dropped);
        Ok(KeyChange { ended, dropped })
    }
}
