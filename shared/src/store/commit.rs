//! The only write path: every write is sent here, and its outcome is determined here.
//!
//! Each logical write has a write id `w`, which is set on the items that it puts or updates. An item has the ids of its last writes
//! ([`super::history`]). A write may be sent several times, also by the SDK, and a response may be lost. If a condition fails, DynamoDB
//! returns the current item:
//! - if it has `w`, an earlier attempt of this write was applied;
//! - if it has the id of the write to which this one is bound, followed by others but not by `w`, this write was not applied and never
//!   will be;
//! - otherwise, if a response was lost, the outcome is unknown. The error is then `unavailable`, never a conflict.
//!
//! The client request token of a transaction is the whole ULID, of which `w` is the end. A conflict with another write is not an error:
//! the caller decides again on the current item ([`Store::retry`]).

use super::backoff::Backoff;
use super::client::{Store, transaction_timeouts};
use super::error::{store_error, unknown_outcome};
use super::gate_number::GateNumber;
use super::history::{self, WriteStatus, write_status};
use super::item::Item;
use super::keys::Key;
use super::lost_responses::LostResponses;
use super::snapshot::{Entity, Snapshot};
use super::write::{Effect, Write};
use crate::domain::{Change, Error, Result, WriteId};
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{CancellationReason, ReturnValue, ReturnValuesOnConditionCheckFailure};
use futures_util::FutureExt;
use std::ops::ControlFlow;

/// The outcome of a set of writes.
pub(super) enum Outcome {
    /// All writes were applied. The new item, if other writes may have come between.
    Applied(Option<Item>),
    /// No write was applied.
    ConditionFailed(FailedConditions),
    /// A condition failed, but an earlier attempt may have been applied.
    Unknown(FailedConditions),
}

/// The conditions that failed.
pub(super) struct FailedConditions {
    /// The indexes of the writes, each with its current item.
    items: Vec<(usize, Option<Item>)>,
    /// The error of the first one; `None` if another write came between.
    error: Option<Error>,
}

impl FailedConditions {
    /// Takes the current item with this key, if its condition failed.
    pub fn take(&mut self, key: &Key) -> Option<Item> {
        self.items.iter_mut().find_map(|(_, item)| item.take_if(|item| key.is_of(item)))
    }

    /// Fails with the error, if the failed condition has one.
    pub fn check(self) -> Result<()> {
        self.error.map_or(Ok(()), Err)
    }

    /// The error, for writes whose conditions only fail with an error.
    pub fn into_error(self) -> Error {
        self.error.unwrap_or_else(|| Error::internal("a condition failed that cannot fail"))
    }
}

impl Outcome {
    /// The failed conditions, if any. Fails if the outcome is unknown.
    pub fn failed_conditions(self) -> Result<Option<FailedConditions>> {
        match self {
            Self::Applied(_) => Ok(None),
            Self::ConditionFailed(failed) => Ok(Some(failed)),
            Self::Unknown(_) => Err(unknown_outcome()),
        }
    }
}

/// The outcome of one attempt.
enum Attempt {
    /// The new item, for a single update.
    Applied(Option<Item>),
    /// The indexes of the writes whose conditions failed, each with its current item.
    ConditionFailed(Vec<(usize, Option<Item>)>),
    /// Another transaction uses an item. The attempt is repeated.
    Contended,
    /// The store throttles, with its reason. The attempt is repeated a few times.
    Throttled(String),
    Failed(Error),
}

/// The maximum number of retries of a transaction that is canceled because of throttling. The SDK retries single writes.
const MAX_THROTTLED_RETRIES: u32 = 3;

/// The number of attempts before the first backoff. Of 64 concurrent overwrites, 33 are applied at the first attempt.
const ATTEMPTS_WITHOUT_BACKOFF: u32 = 6;

/// A decision on an entity: its writes, which are empty if nothing changes, and the answer after they are applied. The first write is
/// bound to the entity as it was read.
pub(super) struct Decision<'a, T> {
    pub writes: Vec<Write<'a>>,
    pub answer: T,
}

impl Store {
    /// Applies all writes or none.
    pub(super) async fn commit(&self, mut writes: Vec<Write<'_>>) -> Result<Outcome> {
        let id: WriteId = self.new_id()?;
        let (token, w) = (id.ulid(), history::short_id(id));
        writes.iter_mut().for_each(|write| write.stamp(&w));
        let lost = LostResponses::default();
        let has_many_items = writes.len() >= GateNumber::all().count();
        let mut backoff = if has_many_items { Backoff::for_many_items() } else { Backoff::for_writes() };
        let mut throttled = 0;
        loop {
            match self.in_time(self.attempt(&writes, &token, &lost).boxed_local()).await? {
                Attempt::Applied(item) => {
                    let is_shared = writes.first().is_some_and(|write| write.is_overwrite);
                    return Ok(Outcome::Applied(item.filter(|_| is_shared)));
                }
                Attempt::ConditionFailed(items) => {
                    return Ok(outcome_of_failed_conditions(&writes, items, &w, lost.any()));
                }
                Attempt::Failed(error) => return Err(error),
                Attempt::Throttled(why) if throttled == MAX_THROTTLED_RETRIES => return Err(Error::unavailable(why)),
                Attempt::Throttled(_) => throttled += 1,
                Attempt::Contended => {}
            }
            backoff.wait(self.time_left()).await?;
        }
    }

    /// Applies writes that do not depend on a read. A failed condition is an error.
    pub(super) async fn apply(&self, writes: Vec<Write<'_>>) -> Result<()> {
        match self.commit(writes).await?.failed_conditions()? {
            None => Ok(()),
            Some(failed) => Err(failed.into_error()),
        }
    }

    /// Repeats `work` until no other write comes between its read and its write. `Continue` has the current state, so the next attempts are
    /// made without a delay. After [`ATTEMPTS_WITHOUT_BACKOFF`], there is much contention, and every second attempt waits.
    pub(super) async fn retry<S, T>(
        &self,
        mut state: S,
        work: impl AsyncFn(S) -> Result<ControlFlow<T, S>>,
    ) -> Result<T> {
        let mut backoff = Backoff::for_writes();
        let mut attempts = 0;
        loop {
            match work(state).await? {
                ControlFlow::Break(answer) => return Ok(answer),
                ControlFlow::Continue(fresh) => state = fresh,
            }
            attempts += 1;
            if attempts >= ATTEMPTS_WITHOUT_BACKOFF && attempts % 2 == 0 {
                backoff.wait(self.time_left()).await?;
            }
        }
    }

    /// Decides on an entity and commits the writes. If another write comes between, it decides again on the current entity. A missing
    /// entity is a 404.
    pub(super) async fn change<'w, E: Entity, T>(
        &self,
        read: Option<Snapshot<E>>,
        decide: impl Fn(&Snapshot<E>) -> Result<Decision<'w, T>>,
    ) -> Result<T> {
        self.retry(read, async |read| {
            let read = read.ok_or(Error::NotFound)?;
            let Decision { writes, answer } = decide(&read)?;
            if writes.is_empty() {
                return Ok(ControlFlow::Break(answer));
            }
            Ok(match self.commit(writes).await?.failed_conditions()? {
                None => ControlFlow::Break(answer),
                Some(failed) => ControlFlow::Continue(self.reread(&read.key, failed).await?),
            })
        })
        .await
    }

    /// The same for a change that may be an overwrite, which is then its only write. `decide` returns the writes and the new entity. The answer is the entity after the
    /// write, which may include other writes.
    pub(super) async fn overwrite<E: Entity + Clone>(
        &self,
        read: Option<Snapshot<E>>,
        decide: impl Fn(&Snapshot<E>) -> Result<Change<(Vec<Write<'static>>, E)>>,
    ) -> Result<E> {
        self.retry(read, async |read| {
            let read = read.ok_or(Error::NotFound)?;
            Ok(match decide(&read)? {
                Change::Unchanged => ControlFlow::Break(read.entity),
                Change::To((writes, entity)) => match self.commit(writes).await? {
                    Outcome::Applied(None) => ControlFlow::Break(entity),
                    Outcome::Applied(Some(item)) => ControlFlow::Break(E::from_item(item)?),
                    Outcome::ConditionFailed(failed) => ControlFlow::Continue(self.reread(&read.key, failed).await?),
                    Outcome::Unknown(_) => return Err(unknown_outcome()),
                },
            })
        })
        .await
    }

    /// The current entity of the first write, whose key is `key`, after a condition failed. It is read again if the failed condition was
    /// that of another write. If the failed condition has an error, that is returned.
    pub(super) async fn reread<E: Entity>(&self, key: &Key, failed: FailedConditions) -> Result<Option<Snapshot<E>>> {
        match (failed.error, failed.items.into_iter().next()) {
            (Some(error), _) => Err(error),
            (None, Some((0, item))) => item.map(|item| Snapshot::new(key.clone(), item)).transpose(),
            (None, _) => self.snapshot(key).await,
        }
    }

    async fn attempt(&self, writes: &[Write<'_>], token: &str, lost: &LostResponses) -> Attempt {
        match writes {
            [write] => match &write.effect {
                Effect::Put(item) => self.put(write, item, lost).await,
                Effect::Update => self.update(write, lost).await,
                // A delete is always a transaction: after a lost response, only the token shows whether this write deleted the item.
                Effect::Delete | Effect::Check => self.transaction(writes, token, lost).await,
            },
            writes => self.transaction(writes, token, lost).await,
        }
    }

    async fn put(&self, write: &Write<'_>, item: &Item, lost: &LostResponses) -> Attempt {
        let request = self
            .client
            .put_item()
            .table_name(&*self.table)
            .set_item(Some(item.clone()))
            .condition_expression(write.condition())
            .set_expression_attribute_names(write.names())
            .set_expression_attribute_values(write.values())
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let sent = request.customize().interceptor(lost.clone()).send().await;
        single(sent.map(|_| None), |error| match error {
            PutItemError::ConditionalCheckFailedException(failed) => Some(failed.item.clone()),
            _ => None,
        })
    }

    async fn update(&self, write: &Write<'_>, lost: &LostResponses) -> Attempt {
        let request = self
            .client
            .update_item()
            .table_name(&*self.table)
            .set_key(Some(write.key.clone().into_attributes()))
            .update_expression(write.update_expression())
            .condition_expression(write.condition())
            .set_expression_attribute_names(write.names())
            .set_expression_attribute_values(write.values())
            .set_return_values(write.is_overwrite.then_some(ReturnValue::AllNew))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let sent = request.customize().interceptor(lost.clone()).send().await;
        single(sent.map(|output| output.attributes), |error| match error {
            UpdateItemError::ConditionalCheckFailedException(failed) => Some(failed.item.clone()),
            _ => None,
        })
    }

    async fn transaction(&self, writes: &[Write<'_>], token: &str, lost: &LostResponses) -> Attempt {
        let items: Result<Vec<_>> = writes.iter().map(|write| write.transact_item(&self.table)).collect();
        let items = match items {
            Ok(items) => items,
            Err(error) => return Attempt::Failed(error),
        };
        let request = self.client.transact_write_items().set_transact_items(Some(items)).client_request_token(token);
        let sent = request.customize().config_override(transaction_timeouts()).interceptor(lost.clone()).send().await;
        match sent {
            Ok(_) => Attempt::Applied(None),
            Err(error) => match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                    from_reasons(canceled.cancellation_reasons())
                }
                _ => failed(&error),
            },
        }
    }
}

/// The outcome of the write `w` whose conditions failed. Of a transaction, all writes were applied or none.
fn outcome_of_failed_conditions(
    writes: &[Write<'_>],
    items: Vec<(usize, Option<Item>)>,
    w: &str,
    answers_lost: bool,
) -> Outcome {
    let mut is_known = !answers_lost;
    for (at, item) in &items {
        let (Some(write), Some(item)) = (writes.get(*at), item) else { continue };
        match write_status(item, w, write.bound_to.as_deref()) {
            WriteStatus::Latest if write.is_overwrite => return Outcome::Applied(Some(item.clone())),
            WriteStatus::Latest | WriteStatus::DirectSuccessor => return Outcome::Applied(None),
            // It was applied, but the item at that time is not known: other writes came before and after it.
            WriteStatus::Applied if write.is_overwrite => is_known = false,
            WriteStatus::Applied => return Outcome::Applied(None),
            WriteStatus::NotApplied if write.is_overwrite => {}
            WriteStatus::NotApplied => is_known = true,
            WriteStatus::Unknown => {}
        }
    }
    let first = items.first().and_then(|(at, item)| Some((writes.get(*at)?.on_condition_failed.as_ref()?, item)));
    let error = first.and_then(|(error, item)| error(item.as_ref()));
    let failed = FailedConditions { items, error };
    if is_known { Outcome::ConditionFailed(failed) } else { Outcome::Unknown(failed) }
}

/// The outcome of a single write. `condition_failed` returns the current item of a failed condition.
fn single<E>(
    sent: std::result::Result<Option<Item>, SdkError<E>>,
    condition_failed: impl Fn(&E) -> Option<Option<Item>>,
) -> Attempt
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match sent {
        Ok(item) => Attempt::Applied(item),
        Err(error) => match error.as_service_error().and_then(condition_failed) {
            Some(item) => Attempt::ConditionFailed(vec![(0, item)]),
            None => failed(&error),
        },
    }
}

/// The outcome of a canceled transaction. Contention takes precedence over failed conditions, which are then not complete.
fn from_reasons(reasons: &[CancellationReason]) -> Attempt {
    if reasons.iter().any(|reason| reason.code() == Some("TransactionConflict")) {
        return Attempt::Contended;
    }
    let throttled = |reason: &&CancellationReason| {
        matches!(reason.code(), Some("ThrottlingError" | "ProvisionedThroughputExceeded"))
    };
    if let Some(reason) = reasons.iter().find(throttled) {
        let words = [reason.code(), reason.message()].into_iter().flatten().collect::<Vec<_>>();
        return Attempt::Throttled(words.join(": "));
    }
    let condition_failed = |(at, reason): (usize, &CancellationReason)| {
        (reason.code() == Some("ConditionalCheckFailed")).then(|| (at, reason.item.clone()))
    };
    let items: Vec<_> = reasons.iter().enumerate().filter_map(condition_failed).collect();
    if items.is_empty() {
        let codes: Vec<_> = reasons.iter().filter_map(CancellationReason::code).collect();
        return Attempt::Failed(Error::internal(format!("a transaction was canceled for {codes:?}")));
    }
    Attempt::ConditionFailed(items)
}

fn failed<E>(error: &SdkError<E>) -> Attempt
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match error.as_service_error().and_then(ProvideErrorMetadata::code) {
        Some("TransactionConflictException" | "TransactionInProgressException") => Attempt::Contended,
        _ => Attempt::Failed(store_error(error)),
    }
}

#[cfg(test)]
mod tests;
