//! Reads of items and partitions.

use super::backoff::Backoff;
use super::client::{Store, transaction_timeouts};
use super::error::store_error;
use super::first_read::FirstRead;
use super::item::{self, Item};
use super::keys::{Key, Partition};
use super::snapshot::{Entity, Snapshot};
use crate::domain::{Error, Result};
use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnConsumedCapacity};
use futures_util::FutureExt;
use serde::Serialize;
use std::collections::HashMap;
use std::time::Duration;

/// The maximum number of attempts for unprocessed keys of a batch: as many as the SDK makes for a throttled request.
const MAX_BATCH_ATTEMPTS: usize = 4;

/// The parameters of a page of a partition.
pub(super) struct PageQuery {
    /// Whether the largest sort key comes first.
    pub descending: bool,
    /// The sort key after which the page begins, in the direction of the query.
    pub after: Option<String>,
    /// The maximum number of rows.
    pub limit: usize,
    /// Whether a filter may exclude many rows. The first call then reads at least 100 rows.
    pub has_filter: bool,
}

/// A page of a partition.
pub(super) struct Page<T> {
    pub rows: Vec<T>,
    /// The sort key after which the next page begins, if there may be more.
    pub position: Option<String>,
}

/// The maximum number of Query calls, of up to 1 MB each, for a page with a filter or with excluded rows (contract section 3.2). Otherwise
/// calls are made until the page is full.
const MAX_CALLS: usize = 4;
/// With less time left than this, a page that has rows ends early.
const MIN_TIME_LEFT: Duration = Duration::from_millis(2500);
/// The maximum size of the body of a page (contract section 3.2). A page ends before the row that would exceed it.
pub(super) const MAX_BODY_BYTES: usize = 4 << 20;
/// The size of the rest of the body: the other members, and a token of at most 106 characters.
pub(super) const ENVELOPE_BYTES: usize = 160;

/// The parameters of one Query call.
struct QueryRange<'a> {
    /// Whether the largest sort key comes first.
    descending: bool,
    /// The sort key after which rows are read, in the direction of the query.
    after: Option<&'a str>,
    /// The maximum number of rows; `None` for as many as a call returns, 1 MB.
    limit: Option<usize>,
}

/// The result of one Query call.
struct Rows {
    items: Vec<Item>,
    /// Whether there may be more rows.
    has_more: bool,
}

impl Store {
    /// One item, strongly consistent.
    pub(super) async fn get(&self, key: Key) -> Result<Option<Item>> {
        Ok(self.get_all(vec![key], None).await?.pop())
    }

    /// A page of the rows that `is_included` accepts. It has fewer rows than the limit if too many are excluded or they are too large.
    pub(super) async fn query_page<T: Serialize>(
        &self,
        partition: &Partition,
        query: PageQuery,
        read: impl Fn(Item) -> Result<T>,
        is_included: impl Fn(&T) -> bool,
    ) -> Result<Page<T>> {
        let (_, sort_key) = partition.attributes();
        let mut page = Page { rows: Vec::new(), position: None };
        // The last row that was read, and the last row of the page. The position of a full page is its last row.
        let mut after = query.after;
        let mut last = None;
        let mut body_bytes = ENVELOPE_BYTES;
        let mut limit = Some(if query.has_filter { query.limit.max(100) } else { query.limit } + 1);
        let (mut calls, mut has_excluded) = (0, false);
        loop {
            let range = QueryRange { descending: query.descending, after: after.as_deref(), limit: limit.take() };
            let rows = self.query(partition, range).await?;
            calls += 1;
            for item in rows.items {
                let this = item::get_text(&item, sort_key).map(str::to_owned);
                let row = read(item)?;
                if is_included(&row) {
                    let bytes = serde_json::to_vec(&row).map_err(Error::internal)?.len() + 1;
                    let is_too_large = body_bytes + bytes > MAX_BODY_BYTES && !page.rows.is_empty();
                    if is_too_large || page.rows.len() == query.limit {
                        return Ok(Page { position: last, ..page });
                    }
                    body_bytes += bytes;
                    page.rows.push(row);
                    last.clone_from(&this);
                } else {
                    has_excluded = true;
                }
                after = this;
            }
            if !rows.has_more {
                return Ok(page);
            }
            if page.rows.len() == query.limit {
                return Ok(Page { position: last, ..page });
            }
            let is_over_limit = (query.has_filter || has_excluded) && calls >= MAX_CALLS;
            if is_over_limit || self.time_left() < MIN_TIME_LEFT && !page.rows.is_empty() {
                return Ok(Page { position: after, ..page });
            }
        }
    }

    /// A page of items, read with one call.
    pub(super) async fn query_items(&self, partition: &Partition, query: PageQuery) -> Result<Page<Item>> {
        let rows = self
            .query(
                partition,
                QueryRange { descending: query.descending, after: query.after.as_deref(), limit: Some(query.limit) },
            )
            .await?;
        let (_, sort_key) = partition.attributes();
        let last = rows.items.last().and_then(|item| item::get_text(item, sort_key)).map(str::to_owned);
        Ok(Page { rows: rows.items, position: last.filter(|_| rows.has_more) })
    }

    /// The first item of a partition.
    pub(super) async fn first(&self, partition: &Partition) -> Result<Option<Item>> {
        let rows = self.query(partition, QueryRange { descending: false, after: None, limit: Some(1) }).await?;
        Ok(rows.items.into_iter().next())
    }

    /// One entity, strongly consistent.
    pub(super) async fn snapshot<E: Entity>(&self, key: &Key) -> Result<Option<Snapshot<E>>> {
        let item = self.get(key.clone()).await?;
        item.map(|item| Snapshot::new(key.clone(), item)).transpose()
    }

    /// Reads several items in one request, after authentication.
    pub(super) async fn read_together<T: 'static>(&self, mut first: FirstRead<T>) -> Result<T> {
        let keys = std::mem::take(&mut first.keys);
        first.finish(self.get_all(keys, None).await?)
    }

    /// The items with these keys, at most 100, strongly consistent and in no particular order. Missing items are left out. With a
    /// projection, items only have its paths and their key.
    pub(super) async fn get_all(&self, keys: Vec<Key>, projection: Option<&[&str]>) -> Result<Vec<Item>> {
        let projection = projection.map(projected);
        // A hundred of the largest items are 10 MB, so an attempt may take as long as one of a transaction.
        let is_large = keys.len() > 10;
        let mut remaining: Vec<_> = keys.into_iter().map(Key::into_attributes).collect();
        let mut found = Vec::new();
        let mut backoff = Backoff::for_reads();
        for _ in 0..MAX_BATCH_ATTEMPTS {
            let keys = KeysAndAttributes::builder().set_keys(Some(remaining)).consistent_read(true);
            let keys = match &projection {
                None => keys,
                Some((expression, names)) => {
                    keys.projection_expression(expression).set_expression_attribute_names(Some(names.clone()))
                }
            };
            let keys = keys.build().map_err(Error::internal)?;
            let request = self.client.batch_get_item().request_items(&*self.table, keys);
            let request = request.return_consumed_capacity(ReturnConsumedCapacity::Total);
            let sent = if is_large {
                self.in_time(request.customize().config_override(transaction_timeouts()).send().boxed_local()).await?
            } else {
                self.in_time(request.send().boxed_local()).await?
            };
            let output = sent.map_err(|error| store_error(&error))?;
            self.usage.count_read(output.consumed_capacity());
            found.extend(output.responses.and_then(|mut tables| tables.remove(&*self.table)).unwrap_or_default());
            // A response has at most 16 MB, and fewer items if the table throttles. The remaining keys are requested again.
            let unprocessed = output.unprocessed_keys.and_then(|mut tables| tables.remove(&*self.table));
            remaining = unprocessed.map(|rest| rest.keys).unwrap_or_default();
            if remaining.is_empty() {
                return Ok(found);
            }
            backoff.wait(self.time_left()).await?;
        }
        Err(Error::unavailable("the store left keys of a batch unprocessed"))
    }

    /// Rows of a partition. Reads of the table are strongly consistent; the index is usually less than a second behind.
    async fn query(&self, partition: &Partition, range: QueryRange<'_>) -> Result<Rows> {
        let (pk, sk) = partition.attributes();
        let mut request = self
            .client
            .query()
            .table_name(&*self.table)
            .set_index_name(partition.index.map(str::to_owned))
            .consistent_read(partition.index.is_none())
            .scan_index_forward(!range.descending)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
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
        let output = self.in_time(request.send().boxed_local()).await?.map_err(|error| store_error(&error))?;
        self.usage.count_read(output.consumed_capacity());
        Ok(Rows { items: output.items.unwrap_or_default(), has_more: output.last_evaluated_key.is_some() })
    }
}

/// A projection expression of these paths and the key. All names are placeholders, because they may be reserved words.
fn projected(paths: &[&str]) -> (String, HashMap<String, String>) {
    let mut expression = "pk, sk".to_owned();
    let mut names = HashMap::new();
    for path in paths {
        for (at, name) in path.split('.').enumerate() {
            expression.push_str(if at == 0 { ", #" } else { ".#" });
            expression.push_str(name);
            names.insert(format!("#{name}"), name.to_owned());
        }
    }
    (expression, names)
}
