//! The reads that everything is made of.

use super::client::transaction_timeouts;
use super::item::Item;
use super::keys::{Key, Partition};
use super::{Store, item};
use crate::domain::{Error, Result};
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::KeysAndAttributes;
use serde::Serialize;
use std::time::Duration;

/// How a list walks over a partition.
pub(super) struct Walk {
    /// Larger sort keys first.
    pub descending: bool,
    /// Only rows past this sort key, in the direction of walking.
    pub after: Option<String>,
    /// At most this many rows are wanted.
    pub most: usize,
    /// Whether many rows may be unwanted: then fewer than 100 are not worth a call.
    pub selective: bool,
}

/// What a walk gave.
pub(super) struct Walked<T> {
    pub rows: Vec<T>,
    /// The sort key after which the next page begins, while more may follow.
    pub position: Option<String>,
}

/// Under a filter, or where rows are read that nobody wants, a request reads at most 4 MB of the table (contract section 3):
/// as many calls of at most 1 MB. Otherwise the page is full, whatever it takes.
const MOST_CALLS: usize = 4;
/// With less time left than this, what was read until then is the page: better a short one than none.
const HURRY: Duration = Duration::from_millis(2500);
/// A page ends before the row that would take its body over this (contract section 3).
pub(super) const MOST_BODY_BYTES: usize = 4 << 20;
/// What a body has besides its rows: the members around them, and a token of at most 106 characters.
pub(super) const FRAME_BYTES: usize = 160;

/// From which row on, and in which direction, a partition is read.
struct Range<'a> {
    /// Larger sort keys first.
    descending: bool,
    /// Only rows past this sort key, in the direction of reading.
    after: Option<&'a str>,
    /// At most this many rows; `None`: as many as a call reads, 1 MB.
    limit: Option<usize>,
}

/// What one Query call gave.
struct Rows {
    items: Vec<Item>,
    /// Whether the partition may go on past the last row.
    more: bool,
}

impl Store {
    /// One item, strongly consistent.
    pub(super) async fn get(&self, key: Key) -> Result<Option<Item>> {
        let request =
            self.client.get_item().table_name(&*self.table).set_key(Some(key.into_attributes())).consistent_read(true);
        Ok(self.in_time(request.send()).await?.map_err(read_error)?.item)
    }

    /// The wanted rows of a partition, in order: a full page, unless few are wanted or they are large.
    pub(super) async fn walk<T: Serialize>(
        &self,
        partition: &Partition,
        walk: Walk,
        read: impl Fn(Item) -> Result<T>,
        is_wanted: impl Fn(&T) -> bool,
    ) -> Result<Walked<T>> {
        let (_, sort_key) = partition.attributes();
        let mut walked = Walked { rows: Vec::new(), position: None };
        // The last row that was read, and the last that was wanted: a full page ends with its own last row.
        let mut after = walk.after;
        let mut last = None;
        let mut body_bytes = FRAME_BYTES;
        let mut limit = Some(if walk.selective { walk.most.max(100) } else { walk.most } + 1);
        let (mut calls, mut unwanted) = (0, false);
        loop {
            let range = Range { descending: walk.descending, after: after.as_deref(), limit: limit.take() };
            let rows = self.query(partition, range).await?;
            calls += 1;
            for item in rows.items {
                let this = item::get_text(&item, sort_key).map(str::to_owned);
                let row = read(item)?;
                if is_wanted(&row) {
                    let bytes = serde_json::to_vec(&row).map_err(Error::internal)?.len() + 1;
                    let over = body_bytes + bytes > MOST_BODY_BYTES && !walked.rows.is_empty();
                    if over || walked.rows.len() == walk.most {
                        return Ok(Walked { position: last, ..walked });
                    }
                    body_bytes += bytes;
                    walked.rows.push(row);
                    last.clone_from(&this);
                } else {
                    unwanted = true;
                }
                after = this;
            }
            if !rows.more {
                return Ok(walked);
            }
            if walked.rows.len() == walk.most {
                return Ok(Walked { position: last, ..walked });
            }
            let is_enough = (walk.selective || unwanted) && calls >= MOST_CALLS;
            if is_enough || self.time_left() < HURRY && !walked.rows.is_empty() {
                return Ok(Walked { position: after, ..walked });
            }
        }
    }

    /// The wanted rows as items.
    pub(super) async fn walk_items(&self, partition: &Partition, walk: Walk) -> Result<Walked<Item>> {
        let rows = self
            .query(
                partition,
                Range { descending: walk.descending, after: walk.after.as_deref(), limit: Some(walk.most) },
            )
            .await?;
        let (_, sort_key) = partition.attributes();
        let last = rows.items.last().and_then(|item| item::get_text(item, sort_key)).map(str::to_owned);
        Ok(Walked { rows: rows.items, position: last.filter(|_| rows.more) })
    }

    /// The first item of a partition.
    pub(super) async fn first(&self, partition: &Partition) -> Result<Option<Item>> {
        let rows = self.query(partition, Range { descending: false, after: None, limit: Some(1) }).await?;
        Ok(rows.items.into_iter().next())
    }

    /// The items at these keys, at most 100, strongly consistent, in no order; what is absent is left out.
    pub(super) async fn get_all(&self, keys: Vec<Key>) -> Result<Vec<Item>> {
        let mut wanted: Vec<_> = keys.into_iter().map(Key::into_attributes).collect();
        let mut found = Vec::new();
        let mut pause = Duration::from_millis(25);
        while !wanted.is_empty() {
            let keys = KeysAndAttributes::builder().set_keys(Some(wanted)).consistent_read(true).build();
            let request = self.client.batch_get_item().request_items(&*self.table, keys.map_err(Error::internal)?);
            // A hundred of the largest rows are 10 MB: an attempt may take as long as a transaction's.
            let sent = request.customize().config_override(transaction_timeouts()).send();
            let output = self.in_time(sent).await?.map_err(read_error)?;
            found.extend(output.responses.and_then(|mut tables| tables.remove(&*self.table)).unwrap_or_default());
            // The answer is cut at 16 MB or where the table throttles: the rest is asked for again.
            let rest = output.unprocessed_keys.and_then(|mut tables| tables.remove(&*self.table));
            wanted = rest.map(|rest| rest.keys).unwrap_or_default();
            if !wanted.is_empty() {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
        }
        Ok(found)
    }

    /// Rows of a partition: strongly consistent from the table, up to a second old from the index.
    async fn query(&self, partition: &Partition, range: Range<'_>) -> Result<Rows> {
        let (pk, sk) = partition.attributes();
        let mut request = self
            .client
            .query()
            .table_name(&*self.table)
            .set_index_name(partition.index.map(str::to_owned))
            .consistent_read(partition.index.is_none())
            .scan_index_forward(!range.descending)
            .set_limit(range.limit.map(|limit| i32::try_from(limit).unwrap_or(i32::MAX)))
            .expression_attribute_values(":pk", item::text(&*partition.pk));
        request = match range.after {
            None => request.key_condition_expression(format!("{pk} = :pk")),
            Some(after) => {
                let past = if range.descending { '<' } else { '>' };
                request
                    .key_condition_expression(format!("{pk} = :pk AND {sk} {past} :after"))
                    .expression_attribute_values(":after", item::text(after))
            }
        };
        let output = self.in_time(request.send()).await?.map_err(read_error)?;
        Ok(Rows { items: output.items.unwrap_or_default(), more: output.last_evaluated_key.is_some() })
    }
}

/// A read that failed has changed nothing: whatever the store could not do now is `unavailable`.
pub(super) fn read_error<E>(error: SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    if is_our_fault(&error) { Error::internal(told(&error)) } else { Error::unavailable(told(&error)) }
}

/// An error for the log: every cause in its own words, and nothing of what was read or written, which the
/// `Debug` of an answer would show.
pub(super) fn told<E>(error: &SdkError<E>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let mut text = error.to_string();
    if let Some(refusal) = error.as_service_error() {
        let words = [refusal.code(), refusal.message()].into_iter().flatten();
        words.for_each(|words| text.push_str(&format!(": {words}")));
        return text;
    }
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

/// Whether the request or the set-up is at fault, so that no later attempt can succeed: the store understood and refused it, the
/// function may not use the table, or what answers there does not have the operation. A table that is missing may come back: it is
/// being restored, say.
pub(super) fn is_our_fault<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    const OURS: [&str; 7] = [
        "ValidationException",
        "SerializationException",
        "AccessDeniedException",
        "IdempotentParameterMismatchException",
        "UnknownOperationException",
        "UnrecognizedClientException",
        "MissingAuthenticationTokenException",
    ];
    match error {
        SdkError::ConstructionFailure(_) => true,
        SdkError::ServiceError(refusal) => refusal.err().code().is_some_and(|code| OURS.contains(&code)),
        _ => false,
    }
}
