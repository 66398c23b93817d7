//! The one write path: the outcome of every write is decided here (reliability rules R1-R10).
//!
//! Each logical write has a write id `w`, stamped on what it puts or updates; an item remembers those of its
//! last writes. A failed condition returns the old item:
//! - its `w` is ours: an earlier attempt of this very write was applied: success;
//! - another's, and an attempt's answer was lost: not known, `unavailable`, never a conflict;
//! - another's, at the first attempt: authoritative, and the write's own `otherwise` tells the meaning.
//!
//! Transactions carry `w` as their token, and are tried again here where other writers are in the way. An
//! update whose answer was lost is tried again here too ([`super::doubt`] says how that is safe).

mod update;

use super::Store;
use super::client::transaction_timeouts;
use super::doubt::{LostAnswers, NO_WRITE, Pauses, REMEMBERED, settle};
use super::item::{Item, get_number, number, text};
use super::keys::Key;
use super::read::{is_our_fault, told};
use crate::domain::precondition::IfMatch;
use crate::domain::{Error, Result, WriteId};
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use std::collections::HashMap;

/// What a failed condition means, told by the old item.
type Otherwise<'a> = Box<dyn Fn(Option<&Item>) -> Error + Send + Sync + 'a>;

enum Effect {
    Put(Item),
    Update,
    Delete,
}

/// One conditional write on one item.
pub(super) struct Write<'a> {
    key: Key,
    effect: Effect,
    sets: Vec<String>,
    removes: Vec<String>,
    conditions: Vec<String>,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
    otherwise: Otherwise<'a>,
    /// Whether the condition names one version, which the write itself ends: it can be applied once only.
    names_its_version: bool,
}

impl<'a> Write<'a> {
    fn new(key: Key, effect: Effect) -> Self {
        Self {
            key,
            effect,
            sets: Vec::new(),
            removes: Vec::new(),
            conditions: Vec::new(),
            names: HashMap::new(),
            values: HashMap::new(),
            otherwise: Box::new(|_| Error::internal("a condition failed that cannot fail")),
            names_its_version: false,
        }
    }

    /// Makes an item that is not there yet.
    pub fn put(key: Key, item: Item) -> Self {
        Self::put_over(key, item).when("attribute_not_exists({pk})", [])
    }

    /// Makes or replaces an item, in its version 1 unless it says otherwise; the caller adds the condition.
    pub fn put_over(key: Key, mut item: Item) -> Self {
        item.extend(key.clone().into_attributes());
        item.entry("ver".to_owned()).or_insert_with(|| number(1));
        Self::new(key, Effect::Put(item))
    }

    /// Changes an item that is there.
    pub fn update(key: Key) -> Self {
        Self::update_or_put(key).when("attribute_exists({pk})", [])
    }

    /// Changes an item or makes it; the caller adds the condition.
    pub fn update_or_put(key: Key) -> Self {
        Self::new(key, Effect::Update)
    }

    /// Removes an item; the caller adds the condition.
    pub fn delete(key: Key) -> Self {
        Self::new(key, Effect::Delete)
    }

    /// The placeholder of a document path such as `keys.ID.x`.
    fn path(&mut self, path: &str) -> String {
        let mut placeholders = Vec::new();
        for name in path.split('.') {
            let placeholder = format!("#{name}");
            self.names.insert(placeholder.clone(), name.to_owned());
            placeholders.push(placeholder);
        }
        placeholders.join(".")
    }

    fn value(&mut self, value: AttributeValue) -> String {
        let placeholder = format!(":v{}", self.values.len());
        self.values.insert(placeholder.clone(), value);
        placeholder
    }

    /// Sets the attribute at a path.
    pub fn set(mut self, path: &str, value: AttributeValue) -> Self {
        let assignment = format!("{} = {}", self.path(path), self.value(value));
        self.sets.push(assignment);
        self
    }

    /// Sets several attributes.
    pub fn set_all(self, attributes: impl IntoIterator<Item = (&'static str, AttributeValue)>) -> Self {
        attributes.into_iter().fold(self, |write, (path, value)| write.set(path, value))
    }

    /// Sets the attribute unless it is there.
    pub fn set_if_absent(mut self, path: &str, value: AttributeValue) -> Self {
        let path = self.path(path);
        let assignment = format!("{path} = if_not_exists({path}, {})", self.value(value));
        self.sets.push(assignment);
        self
    }

    /// Adds to a number, under this write's own condition (never `ADD`).
    pub fn increase(mut self, path: &str, by: i32) -> Self {
        let path = self.path(path);
        let assignment = format!("{path} = {path} + {}", self.value(number(by)));
        self.sets.push(assignment);
        self
    }

    /// Makes a new version: another ETag.
    pub fn new_version(self) -> Self {
        self.increase("ver", 1)
    }

    /// Removes the attribute at a path.
    pub fn remove(mut self, path: &str) -> Self {
        let path = self.path(path);
        self.removes.push(path);
        self
    }

    /// Sets the attribute, or removes it where there is no value.
    pub fn set_or_remove(self, path: &str, value: Option<AttributeValue>) -> Self {
        match value {
            Some(value) => self.set(path, value),
            None => self.remove(path),
        }
    }

    /// Adds a condition: `{path}` stands for an attribute, `?` for the next of `values`.
    pub fn when(mut self, condition: &str, values: impl IntoIterator<Item = AttributeValue>) -> Self {
        let mut values = values.into_iter();
        let mut expression = String::new();
        let mut rest = condition;
        while let Some(at) = rest.find(['{', '?']) {
            let (before, from) = rest.split_at(at);
            expression.push_str(before);
            rest = if let Some((path, after)) = from.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
                expression.push_str(&self.path(path));
                after
            } else {
                let value = values.next().unwrap_or(AttributeValue::Null(true));
                expression.push_str(&self.value(value));
                from.strip_prefix('?').unwrap_or_default()
            };
        }
        expression.push_str(rest);
        self.conditions.push(format!("({expression})"));
        self
    }

    /// Only where the item's version is one of these; `None`: any.
    pub fn when_version(mut self, versions: Option<&[u64]>) -> Self {
        self.names_its_version = versions.is_some_and(|versions| versions.len() == 1);
        match versions {
            None => self,
            Some([]) => self.when("{ver} < ?", [number(0)]),
            Some(versions) => {
                let marks = vec!["?"; versions.len()].join(", ");
                self.when(&format!("{{ver}} IN ({marks})"), versions.iter().map(number))
            }
        }
    }

    /// What a failed condition means.
    pub fn otherwise(mut self, error: impl Fn(Option<&Item>) -> Error + Send + Sync + 'a) -> Self {
        self.otherwise = Box::new(error);
        self
    }

    /// Stamps the write id.
    fn stamp(&mut self, w: &str) {
        match &mut self.effect {
            Effect::Put(item) => drop(item.insert("w".to_owned(), text(w))),
            Effect::Delete => {}
            Effect::Update => {
                self.values.insert(":w".to_owned(), text(w));
                self.values.insert(":none".to_owned(), text(NO_WRITE));
                self.conditions.push(REMEMBERED.map(|name| format!("{name} <> :w")).join(" AND "));
                self.sets.push("w = :w".to_owned());
                for pair in REMEMBERED.windows(2) {
                    if let [newer, older] = pair {
                        self.sets.push(format!("{older} = if_not_exists({newer}, :none)"));
                    }
                }
            }
        }
    }

    fn condition(&self) -> String {
        self.conditions.join(" AND ")
    }

    fn update_expression(&self) -> String {
        let mut expression = format!("SET {}", self.sets.join(", "));
        if !self.removes.is_empty() {
            expression.push_str(" REMOVE ");
            expression.push_str(&self.removes.join(", "));
        }
        expression
    }

    fn names(&self) -> Option<HashMap<String, String>> {
        Some(self.names.clone()).filter(|names| !names.is_empty())
    }

    fn values(&self) -> Option<HashMap<String, AttributeValue>> {
        Some(self.values.clone()).filter(|values| !values.is_empty())
    }

    fn transact_item(&self, table: &str) -> Result<TransactWriteItem> {
        let old = ReturnValuesOnConditionCheckFailure::AllOld;
        let (names, values, condition) = (self.names(), self.values(), self.condition());
        let item = TransactWriteItem::builder();
        Ok(match &self.effect {
            Effect::Put(put) => item.put(
                Put::builder()
                    .table_name(table)
                    .set_item(Some(put.clone()))
                    .condition_expression(condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(old)
                    .build()
                    .map_err(Error::internal)?,
            ),
            Effect::Update => item.update(
                Update::builder()
                    .table_name(table)
                    .set_key(Some(self.key.clone().into_attributes()))
                    .update_expression(self.update_expression())
                    .condition_expression(condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(old)
                    .build()
                    .map_err(Error::internal)?,
            ),
            Effect::Delete => item.delete(
                Delete::builder()
                    .table_name(table)
                    .set_key(Some(self.key.clone().into_attributes()))
                    .condition_expression(condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(old)
                    .build()
                    .map_err(Error::internal)?,
            ),
        }
        .build())
    }
}

/// What became of a set of writes.
pub(super) enum Outcome {
    /// They were applied. The new item, where it was a single update.
    Applied(Option<Item>),
    /// A condition failed, and nothing was applied: the place of each such write and its old item.
    Refused(Refusals),
    /// A condition failed after an attempt whose answer was lost, or after other writers had overtaken this
    /// write: whether it was applied cannot be told from the old items alone.
    Unknown(Refusals),
}

/// The places of writes whose conditions failed, each with its old item.
pub(super) type Refusals = Vec<(usize, Option<Item>)>;

/// How often an update is sent again after its answer was lost, as often as the SDK does it.
const MOST_RESENDS: i32 = 3;

/// What the store made of a write.
enum Met {
    Applied(Option<Item>),
    Refused(Refusals),
    Failed(Error),
}

/// What one try of a write came to.
enum Tried {
    Done(Met),
    /// Others are in the way: the same again, soon.
    Contended,
    /// The store is over its throughput, and says why: the same again, a few times.
    Throttled(String),
}

impl Store {
    /// Applies all writes or none. A failed condition becomes the error of its own `otherwise`.
    pub(super) async fn apply(&self, mut writes: Vec<Write<'_>>) -> Result<Option<Item>> {
        match self.attempt(&mut writes).await? {
            Outcome::Applied(item) => Ok(item),
            Outcome::Refused(refusals) => Err(first_meaning(&writes, &refusals)),
            Outcome::Unknown(_) => Err(super::doubt::unknown()),
        }
    }

    /// Does `work` under what `If-Match` asks. Where that is more than a condition can hold: under what it asks of the
    /// version that the item at `key` has, again and again while others move it on.
    pub(super) async fn under<T>(
        &self,
        if_match: &IfMatch,
        key: Key,
        work: impl AsyncFn(&IfMatch) -> Result<T>,
    ) -> Result<T> {
        if !if_match.is_long() {
            return work(if_match).await;
        }
        loop {
            let item = self.get(key.clone()).await?.ok_or(Error::NotFound)?;
            let version = get_number(&item, "ver").unwrap_or_default();
            match work(&if_match.only(version)).await {
                Err(Error::PreconditionFailed) if if_match.accepts(version) => {}
                done => return done,
            }
        }
    }

    /// Applies all writes or none, and leaves it to the caller what a refusal means.
    pub(super) async fn attempt(&self, writes: &mut [Write<'_>]) -> Result<Outcome> {
        let w = self.new_write_id()?;
        writes.iter_mut().for_each(|write| write.stamp(&w.ulid()));
        match writes {
            [write] if matches!(write.effect, Effect::Update) => self.update(write, w).await,
            writes => {
                let lost = LostAnswers::default();
                match self.try_until_met(writes, w, &lost).await? {
                    Met::Refused(refusals) => Ok(settle(refusals, w, lost.any())),
                    Met::Applied(item) => Ok(Outcome::Applied(item)),
                    Met::Failed(error) => Err(error),
                }
            }
        }
    }

    /// Tries until neither other writers nor throttling are in the way.
    async fn try_until_met(&self, writes: &[Write<'_>], w: WriteId, lost: &LostAnswers) -> Result<Met> {
        let mut pauses = Pauses::default();
        let mut throttled = 0;
        loop {
            match self.in_time(self.try_once(writes, &w.ulid(), lost)).await? {
                Tried::Done(met) => return Ok(met),
                Tried::Throttled(why) if throttled == 3 => return Err(Error::unavailable(why)),
                Tried::Throttled(_) => throttled += 1,
                Tried::Contended => {}
            }
            pauses.wait(self.time_left()).await?;
        }
    }

    async fn try_once(&self, writes: &[Write<'_>], w: &str, lost: &LostAnswers) -> Tried {
        if let [write] = writes
            && let Effect::Put(item) = &write.effect
        {
            return self.try_put(write, item, lost).await;
        }
        // A removal is always a transaction: only its token tells a lost answer from somebody else's removal.
        self.try_transaction(writes, w, lost).await
    }

    async fn try_put(&self, write: &Write<'_>, item: &Item, lost: &LostAnswers) -> Tried {
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
        tried(sent.map(|_| None), |error| match error {
            PutItemError::ConditionalCheckFailedException(failed) => Some(failed.item.clone()),
            _ => None,
        })
    }

    async fn try_transaction(&self, writes: &[Write<'_>], w: &str, lost: &LostAnswers) -> Tried {
        let items: Result<Vec<_>> = writes.iter().map(|write| write.transact_item(&self.table)).collect();
        let items = match items {
            Ok(items) => items,
            Err(error) => return Tried::Done(Met::Failed(error)),
        };
        let request = self.client.transact_write_items().set_transact_items(Some(items)).client_request_token(w);
        let sent = request.customize().config_override(transaction_timeouts()).interceptor(lost.clone()).send().await;
        let Err(error) = sent else { return Tried::Done(Met::Applied(None)) };
        if let Some(reasons) = canceled(&error) {
            return from_reasons(reasons);
        }
        classify(error)
    }
}

/// What a single write came to; `refused` finds a refusal with its old item.
fn tried<E>(sent: std::result::Result<Option<Item>, SdkError<E>>, refused: impl Fn(&E) -> Option<Option<Item>>) -> Tried
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match sent {
        Ok(item) => Tried::Done(Met::Applied(item)),
        Err(error) => match error.as_service_error().and_then(refused) {
            Some(old) => Tried::Done(Met::Refused(vec![(0, old)])),
            None => classify(error),
        },
    }
}

fn canceled(
    error: &SdkError<aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError>,
) -> Option<&[CancellationReason]> {
    use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError as Refusal;
    match error.as_service_error()? {
        Refusal::TransactionCanceledException(canceled) => Some(canceled.cancellation_reasons()),
        _ => None,
    }
}

/// Contention outranks failed conditions: only a try that met nobody tells the truth about all of them.
fn from_reasons(reasons: &[CancellationReason]) -> Tried {
    if reasons.iter().any(|reason| reason.code() == Some("TransactionConflict")) {
        return Tried::Contended;
    }
    let throttled = |reason: &&CancellationReason| {
        matches!(reason.code(), Some("ThrottlingError" | "ProvisionedThroughputExceeded"))
    };
    if let Some(reason) = reasons.iter().find(throttled) {
        let words = [reason.code(), reason.message()].into_iter().flatten().collect::<Vec<_>>();
        return Tried::Throttled(words.join(": "));
    }
    let refused = |(at, reason): (usize, &CancellationReason)| {
        (reason.code() == Some("ConditionalCheckFailed")).then(|| (at, reason.item.clone()))
    };
    let refusals: Vec<_> = reasons.iter().enumerate().filter_map(refused).collect();
    if refusals.is_empty() {
        let codes: Vec<_> = reasons.iter().filter_map(CancellationReason::code).collect();
        return Tried::Done(Met::Failed(Error::internal(format!("a transaction was canceled for {codes:?}"))));
    }
    Tried::Done(Met::Refused(refusals))
}

fn classify<E>(error: SdkError<E>) -> Tried
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match error.as_service_error().and_then(ProvideErrorMetadata::code) {
        Some("TransactionConflictException" | "TransactionInProgressException") => Tried::Contended,
        _ if is_our_fault(&error) => Tried::Done(Met::Failed(Error::internal(told(&error)))),
        _ => Tried::Done(Met::Failed(Error::unavailable(told(&error)))),
    }
}

/// The meaning of the first refusal.
pub(super) fn first_meaning(writes: &[Write<'_>], refusals: &[(usize, Option<Item>)]) -> Error {
    refusals
        .first()
        .and_then(|(at, old)| writes.get(*at).map(|write| (write.otherwise)(old.as_ref())))
        .unwrap_or_else(|| Error::internal("a refusal names no write"))
}
