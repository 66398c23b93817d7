//! Idempotency records. They are written in the same transaction as the effect, so there are no locks and no requests in progress that a
//! crash could leave behind (contract section 2.8).

use super::client::Store;
use super::commit::{FailedConditions, Outcome};
use super::error::unknown_outcome;
use super::first_read::FirstRead;
use super::item::{Item, new_item, number, read_row, text};
use super::keys::{self, Key};
use super::write::Write;
use crate::domain::idempotency::{Fingerprint, IdempotencyKey, RETENTION_MILLISECONDS, digest_of_user};
use crate::domain::secret::Root;
use crate::domain::{Error, Result, Timestamp, UserId};
use serde::{Deserialize, Serialize};

/// A request that must take effect at most once.
#[derive(Clone)]
pub struct IdempotentRequest {
    /// The hash of the operation and the key.
    digest: [u8; 32],
    fingerprint: Fingerprint,
}

impl IdempotentRequest {
    /// A request with this key. Each operation has its own keys; `operation` is the name of its binary.
    pub fn new(key: &IdempotencyKey, operation: &str, fingerprint: Fingerprint) -> Self {
        Self { digest: key.digest(operation), fingerprint }
    }

    /// The same request of an end user, whose keys are their own.
    #[must_use]
    pub fn of_user(self, user: Option<UserId>) -> Self {
        let digest = user.map_or(self.digest, |user| digest_of_user(&self.digest, &user.to_string()));
        Self { digest, ..self }
    }

    /// The same request for a resource of its path.
    #[must_use]
    pub fn about(&self, named: impl AsRef<str>) -> Self {
        Self { fingerprint: self.fingerprint.about(named.as_ref()), ..self.clone() }
    }
}

/// The result of an idempotent operation.
#[derive(Debug)]
pub struct IdempotentResult<T> {
    /// The result.
    pub value: T,
    /// Whether it is the result of an earlier request.
    pub replayed: bool,
}

impl<T> IdempotentResult<T> {
    /// The result of this request.
    pub(super) fn first(value: T) -> Self {
        Self { value, replayed: false }
    }

    /// The result of an earlier request.
    pub(super) fn replay(value: T) -> Self {
        Self { value, replayed: true }
    }
}

/// An idempotency record. A replay is built from it and the request.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Record {
    fingerprint: String,
    /// The id of the created resource.
    pub id: String,
    /// The data of the answer that cannot be computed from the request and the id.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    answer: Option<String>,
    expires_at: Timestamp,
}

impl Record {
    /// The stored data of the answer.
    pub fn answer(&self) -> Result<&str> {
        self.answer.as_deref().ok_or_else(|| Error::internal("a record has no answer"))
    }

    /// Whether the record is valid. An expired record is ignored, deleted by TTL or not.
    fn is_valid(&self, now: Timestamp) -> bool {
        self.expires_at > now
    }
}

/// The item with the record of a request, if there is one.
#[derive(Clone)]
pub struct EarlierRequest(Option<Item>);

impl FirstRead<EarlierRequest> {
    /// The record of a request. Nothing is read if the request has no key.
    pub fn earlier_request(root: &Root, request: Option<&IdempotentRequest>) -> Self {
        match request {
            Some(request) => FirstRead::item(record_key(root, request), None).map(|item| Ok(EarlierRequest(item))),
            None => FirstRead::nothing(EarlierRequest(None)),
        }
    }
}

fn record_key(root: &Root, request: &IdempotentRequest) -> Key {
    keys::record(root, &request.digest)
}

/// The outcome of writes with an Idempotency-Key.
pub(super) enum IdempotentOutcome {
    /// They were applied.
    Applied,
    /// An earlier request was the same.
    Replayed(Record),
    /// A condition failed, and there is no earlier request.
    ConditionFailed(FailedConditions),
}

impl Store {
    /// Reads the record of a request.
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

    /// The record of an earlier request, if there is a valid one. Fails with a conflict if that request was another one.
    pub(super) fn matching_record(
        &self,
        earlier: EarlierRequest,
        request: Option<&IdempotentRequest>,
    ) -> Result<Option<Record>> {
        let (EarlierRequest(Some(item)), Some(request)) = (earlier, request) else { return Ok(None) };
        let record: Record = read_row(item)?;
        if !record.is_valid(self.now) {
            Ok(None)
        } else if record.fingerprint == request.fingerprint.to_hex() {
            Ok(Some(record))
        } else {
            Err(Error::IdempotencyKeyConflict)
        }
    }

    /// The record of a duplicate that was applied after the lookup and may be the reason of a refusal; else the refusal. It is for refusals
    /// that do not come from the read that had the record.
    pub(super) async fn record_behind(
        &self,
        root: &Root,
        request: Option<&IdempotentRequest>,
        refusal: Error,
    ) -> Result<Record> {
        if request.is_none() || matches!(refusal, Error::Unavailable(_) | Error::Internal(_)) {
            return Err(refusal);
        }
        self.matching_record(self.earlier_request(root, request).await?, request)?.ok_or(refusal)
    }

    /// Commits the writes together with the record of the request, unless an earlier request did. `id` is the id of the new resource,
    /// `answer` the data of the answer that cannot be computed from it.
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
            fingerprint: request.fingerprint.to_hex(),
            id: id.to_string(),
            answer,
            expires_at: self.now.plus_milliseconds(RETENTION_MILLISECONDS),
        };
        let mut item = new_item("record", &record)?;
        // TTL has a resolution of seconds and deletes late, so reads check `expires_at`.
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
        // The record decides, even if only other conditions failed: a concurrent duplicate may have caused that. It also resolves an
        // unknown outcome: while there is a record of another request, no attempt of this write was applied or ever will be.
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

    /// Creates a resource with an Idempotency-Key. `replay` builds the answer of an earlier request from its id.
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
