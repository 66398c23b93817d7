//! Conversion between items and Rust types, and the attributes of every item.

use crate::domain::{Error, Result};
use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Serialize, de::DeserializeOwned};
use std::collections::HashMap;

/// An item of the SDK.
pub type Item = HashMap<String, AttributeValue>;

/// The version of the layout of items: `v`.
const SCHEMA: u32 = 1;

/// A string attribute.
pub fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// A number attribute.
pub fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A serializable value as an attribute.
pub fn value(value: &impl Serialize) -> Result<AttributeValue> {
    serde_dynamo::to_attribute_value(value).map_err(Error::internal)
}

/// A row as an item.
pub fn row(row: &impl Serialize) -> Result<Item> {
    serde_dynamo::to_item(row).map_err(Error::internal)
}

/// A new item: a row with its type and layout version.
pub fn new_item(entity: &'static str, row: &impl Serialize) -> Result<Item> {
    let mut item = self::row(row)?;
    item.insert("type".to_owned(), text(entity));
    item.insert("v".to_owned(), number(SCHEMA));
    Ok(item)
}

/// Reads a row from an item.
pub fn read_row<T: DeserializeOwned>(item: Item) -> Result<T> {
    serde_dynamo::from_item(item).map_err(Error::internal)
}

/// The id of the resource that an item belongs to, for an error; empty if there is none.
pub fn holder(old: Option<&Item>) -> &str {
    old.and_then(|old| get_text(old, "id")).unwrap_or_default()
}

/// A string attribute of an item.
pub fn get_text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}
