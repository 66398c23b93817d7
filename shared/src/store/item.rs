//! Between items and Rust: attribute values, rows, and the attributes that every item carries.

use crate::domain::{Error, Result};
use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Serialize, de::DeserializeOwned};
use std::collections::HashMap;

/// An item as the SDK has it.
pub type Item = HashMap<String, AttributeValue>;

/// The version of the items' layout: `v`.
const SCHEMA: u32 = 1;

/// A string attribute.
pub fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// A number attribute.
pub fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// Any value that serde knows.
pub fn value(value: &impl Serialize) -> Result<AttributeValue> {
    serde_dynamo::to_attribute_value(value).map_err(Error::internal)
}

/// A row as attributes.
pub fn row(row: &impl Serialize) -> Result<Item> {
    serde_dynamo::to_item(row).map_err(Error::internal)
}

/// A new item: a row, and the type and layout version that every item carries.
pub fn new_item(entity: &'static str, row: &impl Serialize) -> Result<Item> {
    let mut item = self::row(row)?;
    item.insert("type".to_owned(), text(entity));
    item.insert("v".to_owned(), number(SCHEMA));
    Ok(item)
}

/// Reads a row back.
pub fn read_row<T: DeserializeOwned>(item: Item) -> Result<T> {
    serde_dynamo::from_item(item).map_err(Error::internal)
}

/// The id of the resource that an item belongs to, as a refusal names it; empty where there is none.
pub fn holder(old: Option<&Item>) -> &str {
    old.and_then(|old| get_text(old, "id")).unwrap_or_default()
}

/// A text attribute of an item.
pub fn get_text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}
