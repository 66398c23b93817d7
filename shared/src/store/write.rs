//! A conditional write of one item: its expressions, and the error of its failed condition. [`super::commit`] sends writes and determines
//! their outcome.

use super::history::{self, MAX_EARLIER_WRITES};
use super::item::{Item, number, text};
use super::keys::Key;
use super::snapshot::Snapshot;
use crate::domain::{Error, Result};
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use std::collections::HashMap;

/// The error of a failed condition, by the item at that time.
type ConditionFailedError<'a> = Box<dyn Fn(Option<&Item>) -> Option<Error> + 'a>;

/// The operation of a write.
pub(super) enum Effect {
    Put(Item),
    Update,
    Delete,
    /// Nothing changes; the transaction is only applied if the condition holds.
    Check,
}

/// A conditional write of one item.
pub(super) struct Write<'a> {
    pub key: Key,
    pub effect: Effect,
    /// The id of the write after which the item was read.
    pub bound_to: Option<String>,
    /// Whether other writes may come between, as long as the item still has the id of the write that was read.
    pub is_overwrite: bool,
    /// Whether the item has the ids of its earlier writes.
    has_history: bool,
    pub on_condition_failed: Option<ConditionFailedError<'a>>,
    sets: Vec<String>,
    removes: Vec<String>,
    conditions: Vec<String>,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
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
            on_condition_failed: None,
            bound_to: None,
            is_overwrite: false,
            has_history: true,
        }
    }

    /// Puts an item that does not exist.
    pub fn put_new(key: Key, item: Item) -> Self {
        Self::put_item(key, item).with_condition("attribute_not_exists({pk})", [])
    }

    /// Puts an item, with version 1 if the item has none. The caller adds the condition.
    pub fn put_item(key: Key, mut item: Item) -> Self {
        item.extend(key.clone().into_attributes());
        item.entry("ver".to_owned()).or_insert_with(|| number(1));
        Self::new(key, Effect::Put(item))
    }

    /// Adds the list of earlier writes, which items need that are updated.
    pub fn with_history(mut self) -> Self {
        if let Effect::Put(item) = &mut self.effect {
            item.insert(history::EARLIER_WRITES.to_owned(), history::empty());
        }
        self
    }

    /// Updates an item that exists.
    pub fn update_existing(key: Key) -> Self {
        Self::update_item(key).with_condition("attribute_exists({pk})", [])
    }

    /// Updates an item. The caller adds the condition.
    pub fn update_item(key: Key) -> Self {
        Self::new(key, Effect::Update)
    }

    /// Updates or creates an item, which has no list of earlier writes. The caller adds the condition.
    pub fn upsert_item(key: Key) -> Self {
        Self { has_history: false, ..Self::new(key, Effect::Update) }
    }

    /// Deletes an item. The caller adds the condition.
    pub fn delete_item(key: Key) -> Self {
        Self::new(key, Effect::Delete)
    }

    /// Checks an item without changing it. The caller adds the condition.
    pub fn check_item(key: Key) -> Self {
        Self::new(key, Effect::Check)
    }

    /// Updates the attributes that differ between two rows, if the item did not change since it was read.
    pub fn change<E>(read: &Snapshot<E>, before: &Item, after: &Item) -> Self {
        let mut write = Self::update_item(read.key.clone()).unchanged_since(read);
        let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
        names.sort_unstable();
        names.dedup();
        for name in names.into_iter().filter(|name| before.get(*name) != after.get(*name)) {
            write = write.set_or_remove(name, after.get(name).cloned());
        }
        write
    }

    /// Sets the `given` attributes as in `after` and increments the version, if at most 32 other writes came between. For changes that do
    /// not depend on these writes, so that many writers of an item do not wait for each other. It is applied at most once: an item that
    /// has the id of the write that was read has those of all later writes, including this one.
    pub fn overwrite<E>(read: &Snapshot<E>, after: &Item, given: &[&str]) -> Self {
        let mut write = Self::update_item(read.key.clone());
        write.bound_to = Some(read.w.clone());
        write.is_overwrite = true;
        write.values.insert(":read".to_owned(), text(&*read.w));
        write.conditions.push("(w = :read OR contains(ws, :read))".to_owned());
        for name in given {
            write = write.set_or_remove(name, after.get(*name).cloned());
        }
        write.new_version()
    }

    /// Adds the condition that one of the `given` attributes differs from `after`.
    pub fn where_different(self, after: &Item, given: &[&str]) -> Self {
        let differs = |name: &&str| match after.get(*name) {
            Some(_) => format!("attribute_not_exists({{{name}}}) OR {{{name}}} <> ?"),
            None => format!("attribute_exists({{{name}}})"),
        };
        let condition = given.iter().map(differs).collect::<Vec<_>>().join(" OR ");
        self.with_condition(&condition, given.iter().filter_map(|name| after.get(*name).cloned()))
    }

    /// The placeholders of a document path such as `keys.ID.x`.
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

    /// Sets the attribute if it does not exist.
    pub fn set_if_absent(mut self, path: &str, value: AttributeValue) -> Self {
        let path = self.path(path);
        let assignment = format!("{path} = if_not_exists({path}, {})", self.value(value));
        self.sets.push(assignment);
        self
    }

    /// Adds to a number. `ADD` is not used, because it would create a missing attribute.
    pub fn increase(mut self, path: &str, by: i32) -> Self {
        let path = self.path(path);
        let assignment = format!("{path} = {path} + {}", self.value(number(by)));
        self.sets.push(assignment);
        self
    }

    /// The same for a number that is absent as long as it is zero.
    pub fn increase_from_zero(mut self, path: &str, by: i32) -> Self {
        let path = self.path(path);
        let (zero, by) = (self.value(number(0)), self.value(number(by)));
        self.sets.push(format!("{path} = if_not_exists({path}, {zero}) + {by}"));
        self
    }

    /// Increments the version, and so changes the ETag.
    pub fn new_version(self) -> Self {
        self.increase("ver", 1)
    }

    /// Removes the attribute at a path.
    pub fn remove(mut self, path: &str) -> Self {
        let path = self.path(path);
        self.removes.push(path);
        self
    }

    /// Sets the attribute, or removes it if there is no value.
    pub fn set_or_remove(self, path: &str, value: Option<AttributeValue>) -> Self {
        match value {
            Some(value) => self.set(path, value),
            None => self.remove(path),
        }
    }

    /// Adds a condition. `{path}` is replaced by the placeholders of a path, `?` by that of the next of `values`.
    pub fn with_condition(mut self, condition: &str, values: impl IntoIterator<Item = AttributeValue>) -> Self {
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

    /// Adds the condition that the item did not change since it was read.
    pub fn unchanged_since<E>(mut self, read: &Snapshot<E>) -> Self {
        self.bound_to = Some(read.w.clone());
        self.with_condition("{w} = ?", [text(&*read.w)])
    }

    /// Sets the error of a failed condition. Without it, a failed condition means that another write came between.
    pub fn on_condition_failed(self, meaning: impl Fn(Option<&Item>) -> Error + 'a) -> Self {
        self.on_condition_failed_if(move |item| Some(meaning(item)))
    }

    /// Sets the error of a failed condition by the item at that time. `None` means that another write came between.
    pub fn on_condition_failed_if(mut self, meaning: impl Fn(Option<&Item>) -> Option<Error> + 'a) -> Self {
        self.on_condition_failed = Some(Box::new(meaning));
        self
    }

    /// Sets the write id. An update moves the previous id to the list of earlier writes and removes the oldest.
    pub fn stamp(&mut self, w: &str) {
        match &mut self.effect {
            Effect::Put(item) => drop(item.insert("w".to_owned(), text(w))),
            Effect::Delete | Effect::Check => {}
            Effect::Update => {
                self.values.insert(":w".to_owned(), text(w));
                self.sets.push("w = :w".to_owned());
                if self.is_overwrite {
                    self.conditions.push("w <> :w AND NOT contains(ws, :w)".to_owned());
                }
                if self.has_history {
                    // SET with an index after the end of a list appends.
                    self.sets.push(format!("ws[{MAX_EARLIER_WRITES}] = w"));
                    self.removes.push("ws[0]".to_owned());
                }
            }
        }
    }

    pub fn condition(&self) -> String {
        self.conditions.join(" AND ")
    }

    pub fn update_expression(&self) -> String {
        let mut expression = format!("SET {}", self.sets.join(", "));
        if !self.removes.is_empty() {
            expression.push_str(" REMOVE ");
            expression.push_str(&self.removes.join(", "));
        }
        expression
    }

    pub fn names(&self) -> Option<HashMap<String, String>> {
        Some(self.names.clone()).filter(|names| !names.is_empty())
    }

    pub fn values(&self) -> Option<HashMap<String, AttributeValue>> {
        Some(self.values.clone()).filter(|values| !values.is_empty())
    }

    pub fn transact_item(&self, table: &str) -> Result<TransactWriteItem> {
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
            Effect::Check => item.condition_check(
                ConditionCheck::builder()
                    .table_name(table)
                    .set_key(Some(self.key.clone().into_attributes()))
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
