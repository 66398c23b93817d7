//! Idempotency records: written in the effect's own transaction, so that there is no lock to expire and
//! nothing in progress for a crash to leave behind (contract section 2).

use super::Store;
use super::doubt::unknown;
use super::item::{Item, new_item, number, read_row, text};
use super::keys::{self, Key};
use super::write::{Outcome, Write, first_meaning};
use crate::domain::idempotency::{Fingerprint, IdempotencyKey, KEPT_MILLISECONDS};
use crate::domain::secret::Root;
use crate::domain::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize};

/// A request that is to take effect once: its key, its operation and what it asks for.
#[derive(Clone)]
pub struct Once {
    /// The client's key.
    pub key: IdempotencyKey,
    /// The operation's name: a key is another one in another operation.
    pub operation: &'static str,
    /// What the request asks for.
    pub fingerprint: Fingerprint,
}

/// What an operation made, and whether an earlier request had made it.
#[derive(Debug)]
pub struct Made<T> {
    /// What was made.
    pub value: T,
    /// Whether the answer is a replay.
    pub replayed: bool,
}

/// What a replay is made of, besides the request itself.
#[derive(Serialize, Deserialize)]
pub(super) struct Record {
    fingerprint: String,
    /// What was made: its id.
    pub id: String,
    /// What cannot be computed again from the request and the id.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    answer: Option<String>,
    expires_at: Timestamp,
}

impl Record {
    /// What was kept of the answer.
    pub fn answer(&self) -> Result<&str> {
        self.answer.as_deref().ok_or_else(|| Error::internal("a record has no answer"))
    }

    /// Whether the record counts: an older one is as absent, swept or not.
    fn counts(&self, now: Timestamp) -> bool {
        self.expires_at > now
    }
}

fn hex(fingerprint: &Fingerprint) -> String {
    fingerprint.0.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn record_key(root: &Root, once: &Once) -> Key {
    keys::record(root, &once.key.digest(once.operation))
}

/// What a write path with a key came to.
pub(super) enum Kept {
    /// The writes were applied now.
    Applied,
    /// An earlier request had done the same.
    Replay(Record),
}

impl Once {
    /// The same request, about what its path names.
    #[must_use]
    pub fn about(&self, named: impl AsRef<str>) -> Self {
        Self { fingerprint: self.fingerprint.about(named.as_ref()), ..self.clone() }
    }
}

impl Store {
    /// What stands under the request's key, to be read beside something else.
    pub(super) async fn earlier_item(&self, root: &Root, once: Option<&Once>) -> Result<Option<Item>> {
        match once {
            Some(once) => self.get(record_key(root, once)).await,
            None => Ok(None),
        }
    }

    /// The record of an earlier request, if `item` is one that counts; of another request: a conflict.
    pub(super) fn replayed(&self, item: Option<Item>, once: Option<&Once>) -> Result<Option<Record>> {
        let (Some(item), Some(once)) = (item, once) else { return Ok(None) };
        let record: Record = read_row(item)?;
        if !record.counts(self.now) {
            Ok(None)
        } else if record.fingerprint == hex(&once.fingerprint) {
            Ok(Some(record))
        } else {
            Err(Error::IdempotencyKeyConflict)
        }
    }

    /// Applies the writes together with the record of `once`, or finds that they were applied before.
    pub(super) async fn apply_once(
        &self,
        root: &Root,
        once: Option<&Once>,
        id: impl ToString,
        answer: Option<String>,
        mut writes: Vec<Write<'_>>,
    ) -> Result<Kept> {
        let Some(once) = once else {
            return self.apply(writes).await.map(|_| Kept::Applied);
        };
        let record = Record {
            fingerprint: hex(&once.fingerprint),
            id: id.to_string(),
            answer,
            expires_at: self.now.plus_milliseconds(KEPT_MILLISECONDS),
        };
        let mut item = new_item("record", &record)?;
        // The table's own sweeper needs seconds, and may come late: reads look at `expires_at`.
        item.insert("ttl".to_owned(), number(record.expires_at.milliseconds() / 1000 + 3600));
        let key = record_key(root, once);
        let is_earlier = |old: &Option<Item>| old.as_ref().is_some_and(|old| key.is_of(old));
        writes.push(
            Write::put_over(key.clone(), item)
                .when("attribute_not_exists({pk}) OR {expires_at} <= ?", [text(self.now.to_string())]),
        );
        let (mut refusals, is_known) = match self.attempt(&mut writes).await? {
            Outcome::Applied(_) => return Ok(Kept::Applied),
            Outcome::Refused(refusals) => (refusals, true),
            Outcome::Unknown(refusals) => (refusals, false),
        };
        // A failed record condition outranks all others; where only others failed, a parallel duplicate may
        // have been quicker: the record decides, read strongly. It also decides what is not known otherwise:
        // as long as another's record stands, no attempt of this write was applied or ever will be.
        let seen = refusals.iter().position(|(_, old)| is_earlier(old));
        let item = match seen.and_then(|at| refusals.swap_remove(at).1) {
            Some(item) => Some(item),
            None => self.earlier_item(root, Some(once)).await?,
        };
        match self.replayed(item, Some(once))? {
            Some(record) => Ok(Kept::Replay(record)),
            None if is_known => Err(first_meaning(&writes, &refusals)),
            None => Err(unknown()),
        }
    }
}
