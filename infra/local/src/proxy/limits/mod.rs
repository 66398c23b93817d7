//! DynamoDB's limits. Engines on one machine do not enforce all of them, so the proxy refuses a request that is over one as
//! AWS does.
//!
//! The numbers are from "Constraints in Amazon DynamoDB" and "DynamoDB item sizes and formats" (Amazon DynamoDB Developer Guide),
//! those of tokens and of keys in a batch from "TransactWriteItems" and "BatchGetItem" (Amazon DynamoDB API Reference).
//! Not here: how large an item becomes that a transaction updates. Only the engine knows; it is measured when it is read next.

mod expression;
mod size;

use std::{collections::HashSet, fmt};

use serde_json::{Map, Value, json};

use super::request::Part;

/// The bytes of one expression, before placeholders are replaced.
const EXPRESSION_BYTES: usize = 4096;
/// The operators and functions of one expression.
const OPERATORS: usize = 300;
/// The operands of one `IN`.
const IN_OPERANDS: usize = 100;
/// The bytes of a placeholder: `#name` has 5.
const PLACEHOLDER_BYTES: usize = 255;
/// The bytes of the names and values of all placeholders of one request.
const SUBSTITUTION_BYTES: usize = 2 << 20;
/// The levels of a document; a value that is no list and no map is one.
const LEVELS: usize = 32;
/// The bytes of an item.
const ITEM_BYTES: usize = 400 << 10;
/// The parts of a transaction.
const TRANSACTION_PARTS: usize = 100;
/// The bytes of a transaction.
const TRANSACTION_BYTES: usize = 4 << 20;
/// The characters of a ClientRequestToken.
const TOKEN_CHARACTERS: usize = 36;
/// The keys of a BatchGetItem.
const BATCH_KEYS: usize = 100;
/// The bytes of the items that a BatchGetItem answers.
const BATCH_BYTES: usize = 16 << 20;
/// The requests of a BatchWriteItem.
const BATCH_WRITES: usize = 25;
/// The bytes of the value of a partition key.
const PARTITION_KEY_BYTES: usize = 2048;
/// The bytes of the value of a sort key.
const SORT_KEY_BYTES: usize = 1024;
/// The key attributes of the table and of its index (template.yaml), and the bytes of their values.
const KEYS: [(&str, usize); 4] =
    [("pk", PARTITION_KEY_BYTES), ("sk", SORT_KEY_BYTES), ("g1pk", PARTITION_KEY_BYTES), ("g1sk", SORT_KEY_BYTES)];

/// The members of a request that are expressions.
const EXPRESSIONS: [&str; 5] =
    ["ConditionExpression", "UpdateExpression", "KeyConditionExpression", "FilterExpression", "ProjectionExpression"];

/// Which limit was broken, and by what.
pub(super) type Checked = Result<(), String>;

/// Whether a request is within all limits that it shows itself; `parts` are its own.
pub(super) fn check_request(operation: &str, body: &Value, parts: &[Part]) -> Checked {
    if operation.starts_with("Transact") {
        check_transaction(body, parts)?;
    }
    if operation.starts_with("Batch") {
        let most = if operation == "BatchGetItem" { BATCH_KEYS } else { BATCH_WRITES };
        at_most(format_args!("items in a {operation}"), parts.len(), most)?;
        let tables = body.get("RequestItems").and_then(Value::as_object);
        tables.into_iter().flat_map(Map::values).try_for_each(check_expressions)?;
        check_places(parts, "Provided list of item keys contains duplicates")?;
    }
    parts.iter().try_for_each(check_part)
}

/// Whether every item of an answer is one that DynamoDB can hold, and all of a batch fit into one.
pub(super) fn check_answer(answer: &Value) -> Checked {
    let of = |member| answer.get(member).and_then(Value::as_object);
    if let Some(item) = of("Attributes") {
        check_item(item, "Item size to update has exceeded the maximum allowed size")?;
    }
    let many = answer.get("Items").and_then(Value::as_array).into_iter().flatten();
    let one = of("Item").into_iter();
    one.chain(many.filter_map(Value::as_object)).try_for_each(|item| check_item(item, ITEM_SIZE))?;
    let batch = of("Responses").into_iter().flat_map(Map::values).filter_map(Value::as_array).flatten();
    let mut bytes = 0;
    for item in batch.filter_map(Value::as_object) {
        check_item(item, ITEM_SIZE)?;
        bytes += size::item(item);
    }
    at_most("bytes of all items in the answer of a BatchGetItem", bytes, BATCH_BYTES)
}

/// The answer to a request that is over a limit: its status and body.
pub(super) fn refusal(message: &str) -> (u16, String) {
    let body = json!({"__type": "com.amazon.coral.validate#ValidationException", "message": message});
    (400, body.to_string())
}

/// What DynamoDB says of an item that is too large.
const ITEM_SIZE: &str = "Item size has exceeded the maximum allowed size";

fn at_most(what: impl fmt::Display, found: usize, most: usize) -> Checked {
    if found <= most { Ok(()) } else { Err(format!("{what}: {found} are over the limit of {most}")) }
}

fn check_transaction(body: &Value, parts: &[Part]) -> Checked {
    at_most(
        "Member must have length less than or equal to 100: parts of a transaction",
        parts.len(),
        TRANSACTION_PARTS,
    )?;
    if let Some(token) = body.get("ClientRequestToken").and_then(Value::as_str) {
        at_most("characters of ClientRequestToken", token.chars().count(), TOKEN_CHARACTERS)?;
        if token.is_empty() {
            return Err("ClientRequestToken: Member must have length greater than or equal to 1".to_owned());
        }
    }
    check_places(parts, "Transaction request cannot include multiple operations on one item")?;
    // What a part changes of an item counts as the item does; of what is not put the request shows the key and the values.
    let bytes = |part: &Part| match object(&part.body, "Item") {
        Some(item) => size::item(item),
        None => [object(&part.body, "Key"), object(&part.body, VALUES)].into_iter().flatten().map(size::item).sum(),
    };
    at_most(
        "Collection size of items exceeded: bytes of a transaction",
        parts.iter().map(bytes).sum(),
        TRANSACTION_BYTES,
    )
}

/// Whether no two parts are about the same item.
fn check_places(parts: &[Part], otherwise: &str) -> Checked {
    let mut places = HashSet::new();
    let mut named = parts.iter().filter(|part| part.partition.is_some());
    let again = named.find(|part| !places.insert((&part.table, &part.partition, &part.sort)));
    again.map_or(Ok(()), |part| Err(format!("{otherwise}: {}", part.key())))
}

fn check_part(part: &Part) -> Checked {
    check_expressions(&part.body)?;
    if let Some(item) = object(&part.body, "Item") {
        check_item(item, ITEM_SIZE)?;
    }
    if let Some(key) = object(&part.body, "Key") {
        check_keys(key)?;
    }
    // The index's keys that an update sets, and the keys that a query asks for.
    let (names, values) = (object(&part.body, NAMES), object(&part.body, VALUES));
    if let Some(text) = text(&part.body, "UpdateExpression") {
        for (path, value) in expression::assignments(&expression::tokens(text)) {
            let name = names.and_then(|names| names.get(path)?.as_str()).unwrap_or(path);
            let value = values.and_then(|values| values.get(value));
            KEYS.iter().filter(|(key, _)| *key == name).try_for_each(|(key, most)| check_key(key, value, *most))?;
        }
    }
    if let Some(text) = text(&part.body, "KeyConditionExpression") {
        for token in expression::tokens(text) {
            let Some(value) = values.and_then(|values| values.get(token)) else { continue };
            let is_partition = part.partition.as_deref() == value.get("S").and_then(Value::as_str);
            check_key(token, Some(value), if is_partition { PARTITION_KEY_BYTES } else { SORT_KEY_BYTES })?;
        }
    }
    Ok(())
}

fn check_item(item: &Map<String, Value>, too_large: &str) -> Checked {
    check_keys(item)?;
    item.iter().try_for_each(|(name, value)| check_levels(name, value))?;
    at_most(format_args!("{too_large}: bytes"), size::item(item), ITEM_BYTES)
}

fn check_keys(item: &Map<String, Value>) -> Checked {
    KEYS.iter().try_for_each(|(name, most)| check_key(name, item.get(*name), *most))
}

fn check_key(name: &str, value: Option<&Value>, most: usize) -> Checked {
    let Some(value) = value else { return Ok(()) };
    let bytes = size::value(value);
    if bytes == 0 {
        return Err(format!(
            "The AttributeValue for a key attribute cannot contain an empty string value. Key: {name}"
        ));
    }
    at_most(format_args!("Size of key has exceeded the maximum size limit: bytes of {name}"), bytes, most)
}

fn check_levels(name: &str, value: &Value) -> Checked {
    at_most(
        format_args!("Nesting Levels have exceeded supported limits: levels of {name}"),
        size::levels(value),
        LEVELS,
    )
}

/// The placeholders of a request, with their names and values.
const NAMES: &str = "ExpressionAttributeNames";
const VALUES: &str = "ExpressionAttributeValues";

fn check_expressions(body: &Value) -> Checked {
    for member in EXPRESSIONS {
        let Some(text) = text(body, member) else { continue };
        at_most(
            format_args!("Invalid {member}: Expression size has exceeded the maximum allowed size; expression size"),
            text.len(),
            EXPRESSION_BYTES,
        )?;
        let tokens = expression::tokens(text);
        let operators = expression::operators(&tokens, member == "UpdateExpression");
        at_most(
            format_args!("Invalid {member}: The expression contains too many operators; operator count"),
            operators,
            OPERATORS,
        )?;
        at_most(format_args!("Invalid {member}: operands of IN"), expression::operands_of_in(&tokens), IN_OPERANDS)?;
    }
    let (names, values) = (object(body, NAMES), object(body, VALUES));
    for placeholder in names.into_iter().chain(values).flat_map(Map::keys) {
        at_most(format_args!("bytes of the placeholder {placeholder}"), placeholder.len(), PLACEHOLDER_BYTES)?;
    }
    values.into_iter().flatten().try_for_each(|(name, value)| check_levels(name, value))?;
    let of_names = names.into_iter().flatten().map(|(name, value)| name.len() + value.as_str().map_or(0, str::len));
    let bytes = of_names.sum::<usize>() + values.map_or(0, size::item);
    at_most(format_args!("bytes of {NAMES} and {VALUES}"), bytes, SUBSTITUTION_BYTES)
}

fn object<'a>(body: &'a Value, member: &str) -> Option<&'a Map<String, Value>> {
    body.get(member)?.as_object()
}

fn text<'a>(body: &'a Value, member: &str) -> Option<&'a str> {
    body.get(member)?.as_str()
}

#[cfg(test)]
mod tests;
