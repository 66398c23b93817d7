//! Idempotency records: written in the effect's own transaction, so that there is no lock to expire and nothing in progress for a crash
//! to leave behind (contract section 2.8).

use super::client::Store;
use super::commit::{FailedConditions, Outcome};
use super::error::unknown_outcome;
use super::first_read::FirstRead;
use super::item::{Item, new_item, number, read_row, text};
use super::keys::{self, Key};
use super::write::Write;
use crate::domain::idempotency::{Fingerprint, IdempotencyKey, RETENTION_MILLISECONDS};
use crate::domain::secret::Root;
use crate::domain::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize};

/// A request that is to take effect once: its key, its operation and what it asks for.
#[derive(Clone)]
pub struct IdempotentRequest {
    /// The client's key.
    pub key: IdempotencyKey,
    /// The operation's name: a key is another one in another operation.
    pub operation: &'static str,
    /// What the request asks for.
    pub fingerprint: Fingerprint,
}

impl IdempotentRequest {
    /// The same request, about what its path names.
    #[must_use]
    pub fn about(&self, named: impl AsRef<str>) -> Self {
        Self { fingerprint: self.fingerprint.about(named.as_ref()), ..self.clone() }
    }
}

/// What an operation made, and whether an earlier request had made it.
#[derive(Debug)]
pub struct IdempotentResult<T> {
    /// What was made.
    pub value: T,
    /// Whether the answer is a replay.
    pub replayed: bool,
}

impl<T> IdempotentResult<T> {
    /// IdempotentResult by this request.
    pub(super) fn first(value: T) -> Self {
        Self { value, replayed: false }
    }

    /// IdempotentResult by an earlier one.
    pub(super) fn replay(value: T) -> Self {
        Self { value, replayed: true }
    }
}

/// What a replay is made of, besides the request itself.
#[derive(Clone, Serialize, Deserialize)]
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

/// What the table holds under a request's key.
#[derive(Clone)]
pub struct EarlierRequest(Option<Item>);

impl FirstRead<EarlierRequest> {
    /// What the table holds under a request's key; nothing where it has none.
    pub fn earlier_request(root: &Root, request: Option<&IdempotentRequest>) -> Self {
        match request {
            Some(request) => FirstRead::item(record_key(root, request), None).map(|item| Ok(EarlierRequest(item))),
            None => FirstRead::nothing(EarlierRequest(None)),
        }
    }
}

fn hex(fingerprint: &Fingerprint) -> String {
    fingerprint.0.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn record_key(root: &Root, request: &IdempotentRequest) -> Key {
    keys::record(root, &request.key.digest(request.operation))
}

/// What writes under an Idempotency-Key came to.
pub(super) enum IdempotentOutcome {
    /// They were applied now.
    Applied,
    /// An earlier request had done the same.
    Replayed(Record),
    /// A condition failed, for no earlier request.
    ConditionFailed(FailedConditions),
}

impl Store {
    /// What the table holds under the request's key now.
    pub(super) async fn earlier_request(
        &self,
        root: &Root,
        request: Option<&IdempotentRequest>,
    ) -> Result<EarlierRequest> {
        match request {
            Some(request) => Ok(EarlierRequest(self.get(record_key(root, request)).await?)),
            None => Ok(EarlierRequest(None)),
        }
    }

    /// The record of an earlier request, if there is one that counts; of another request: a conflict.
    pub(super) fn matching_record(
        &self,
        earlier: EarlierRequest,
        request: Option<&IdempotentRequest>,
    ) -> Result<Option<Record>> {
        let (EarlierRequest(Some(item)), Some(request)) = (earlier, request) else { return Ok(None) };
        let record: Record = read_row(item)?;
        if !record.counts(self.now) {
            Ok(None)
        } else if record.fingerprint == hex(&request.fingerprint) {
            Ok(Some(record))
        } else {
            Err(Error::IdempotencyKeyConflict)
        }
    }

    /// Commits the writes together with the request's record, or finds that an earlier request did. `id` is the id of what is made,
    /// `answer` what cannot be computed again from it.
    pub(super) async fn commit_idempotent(
        &self,
        root: &Root,
        request: Option<&IdempotentRequest>,
        id: impl ToString,
        answer: Option<String>,
        mut writes: Vec<Write<'_>>,
    ) -> Result<IdempotentOutcome> {
        let Some(request) = request else {
            return Ok(match self.commit(writes).await?.failed_conditions()? {
                None => IdempotentOutcome::Applied,
                Some(failed) => IdempotentOutcome::ConditionFailed(failed),
            });
        };
        let record = Record {
            fingerprint: hex(&request.fingerprint),
            id: id.to_string(),
            answer,
            expires_at: self.now.plus_milliseconds(RETENTION_MILLISECONDS),
        };
        let mut item = new_item("record", &record)?;
        // The table's own sweeper needs seconds, and may come late: reads look at `expires_at`.
        item.insert("ttl".to_owned(), number(record.expires_at.milliseconds() / 1000 + 3600));
        let key = record_key(root, request);
        writes.push(
            Write::put_item(key.clone(), item)
                .with_condition("attribute_not_exists({pk}) OR {expires_at} <= ?", [text(self.now.to_string())]),
        );
        let (mut failed, is_known) = match self.commit(writes).await? {
            Outcome::Applied(_) => return Ok(IdempotentOutcome::Applied),
            Outcome::ConditionFailed(failed) => (failed, true),
            Outcome::Unknown(failed) => (failed, false),
        };
        // A failed record condition outranks all others; where only others failed, a parallel duplicate may have been quicker: the
        // record decides, read strongly. It also decides what is not known otherwise: as long as another's record is there, no attempt
        // of this write was applied or ever will be.
        let earlier = match failed.take(&key) {
            Some(item) => EarlierRequest(Some(item)),
            None => self.earlier_request(root, Some(request)).await?,
        };
        match self.matching_record(earlier, Some(request))? {
            Some(record) => Ok(IdempotentOutcome::Replayed(record)),
            None if is_known => Ok(IdempotentOutcome::ConditionFailed(failed)),
            None => Err(unknown_outcome()),
        }
    }

    /// Makes something new under an Idempotency-Key. `again` makes of the id of an earlier request's what that request answered.
    pub(super) async fn create<T>(
        &self,
        root: &Root,
        request: Option<&IdempotentRequest>,
        (id, value): (impl ToString, T),
        writes: Vec<Write<'_>>,
        replay: impl FnOnce(&str) -> Option<T>,
    ) -> Result<IdempotentResult<T>> {
        match self.commit_idempotent(root, request, id, None, writes).await? {
            IdempotentOutcome::Applied => Ok(IdempotentResult::first(value)),
            IdempotentOutcome::Replayed(record) => match replay(&record.id) {
                Some(value) => Ok(IdempotentResult::replay(value)),
                None => Err(Error::internal("a record's id cannot be read")),
            },
            IdempotentOutcome::ConditionFailed(failed) => Err(failed.into_error()),
        }
    }
}
