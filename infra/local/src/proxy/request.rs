//! A DynamoDB request taken apart: which items of which table by which key.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// The attributes of the primary key (template.yaml).
const PARTITION: &str = "pk";
const SORT: &str = "sk";

/// The words of update and condition expressions, and their functions, that are used here.
const RESERVED: [&str; 10] = [
    "SET",
    "REMOVE",
    "AND",
    "OR",
    "NOT",
    "attribute_exists",
    "attribute_not_exists",
    "if_not_exists",
    "contains",
    "ADD",
];

/// One item or query that a request is about; a transaction has many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// `GetItem`, `PutItem`, `UpdateItem`, `DeleteItem`, `ConditionCheckItem`, `Query`, `Scan`: as IAM names actions.
    pub action: String,
    /// The table.
    pub table: String,
    /// The index, of a query.
    pub index: Option<String>,
    /// The partition key's value: IAM's leading key.
    pub partition: Option<String>,
    /// The sort key's value, where the request names one item.
    pub sort: Option<String>,
    /// The part's own JSON.
    pub body: Value,
}

impl Part {
    /// The kind of item, by the letters of its partition key: `I#G` of `I#<customer>#G#<tag>#<number>`.
    pub fn kind(&self) -> String {
        let words = self.partition.iter().flat_map(|partition| partition.split('#').take(3));
        let is_letter = |word: &&str| word.len() == 1 && word.chars().all(|letter| letter.is_ascii_uppercase());
        words.filter(is_letter).collect::<Vec<_>>().join("#")
    }

    /// The top-level attributes that an update names, its key included: IAM's `dynamodb:Attributes`.
    pub fn attributes(&self) -> BTreeSet<String> {
        let text = |name: &str| self.body.get(name).and_then(Value::as_str).unwrap_or_default();
        let names = self.body.get("ExpressionAttributeNames");
        let is_name = |name: &&str| {
            !name.is_empty() && !name.starts_with([':', '[']) && !name.starts_with(|first: char| first.is_ascii_digit())
        };
        let attribute = |path: &str| {
            let name = path.split(['.', '[']).next().unwrap_or_default();
            let given = names.and_then(|names| names.get(name)).and_then(Value::as_str);
            given.unwrap_or(name).to_owned()
        };
        let expressions = format!("{} {}", text("UpdateExpression"), text("ConditionExpression"));
        let words = expressions.split(|end: char| end.is_whitespace() || "(),=<>+-".contains(end));
        let keys = [PARTITION, SORT].map(str::to_owned);
        words.filter(is_name).filter(|word| !RESERVED.contains(word)).map(attribute).chain(keys).collect()
    }

    /// What a rule's `key` is compared with.
    pub(super) fn key(&self) -> String {
        let part = |value: &Option<String>| value.clone().unwrap_or_default();
        format!("{} {}", part(&self.partition), part(&self.sort)).trim_end().to_owned()
    }
}

/// The parts of a request: its operation and its body.
pub fn parts(operation: &str, body: &Value) -> Vec<Part> {
    let items = body.get("TransactItems").and_then(Value::as_array);
    let requests = body.get("RequestItems").and_then(Value::as_object);
    match (operation, items, requests) {
        ("TransactWriteItems" | "TransactGetItems", Some(items), _) => {
            let parts = items.iter().filter_map(Value::as_object).flatten();
            parts.map(|(kind, body)| part(&action(kind), body)).collect()
        }
        ("BatchGetItem", _, Some(tables)) => {
            let keys = |(table, body): (&String, &Value)| {
                let keys = body.get("Keys").and_then(Value::as_array).cloned().unwrap_or_default();
                keys.into_iter().map(|key| in_table(table, "GetItem", "Key", key)).collect::<Vec<_>>()
            };
            tables.iter().flat_map(keys).collect()
        }
        ("BatchWriteItem", _, Some(tables)) => {
            let writes = |(table, writes): (&String, &Value)| {
                let put = |write: &Value| {
                    Some(in_table(table, "PutItem", "Item", write.pointer("/PutRequest/Item")?.clone()))
                };
                let delete = |write: &Value| {
                    Some(in_table(table, "DeleteItem", "Key", write.pointer("/DeleteRequest/Key")?.clone()))
                };
                let writes = writes.as_array().into_iter().flatten();
                writes.filter_map(|write| put(write).or_else(|| delete(write))).collect::<Vec<_>>()
            };
            tables.iter().flat_map(writes).collect()
        }
        _ if body.get("TableName").is_some() => vec![part(operation, body)],
        _ => Vec::new(),
    }
}

/// The key of one item, as [`Part::key`] shows it.
pub(super) fn item_key(key: &Value) -> String {
    in_table("", "GetItem", "Key", key.clone()).key()
}

/// IAM's name for a part of a transaction.
fn action(kind: &str) -> String {
    match kind {
        "ConditionCheck" => "ConditionCheckItem".to_owned(),
        kind => format!("{kind}Item"),
    }
}

fn in_table(table: &str, action: &str, member: &str, value: Value) -> Part {
    let body = Map::from_iter([("TableName".to_owned(), Value::from(table)), (member.to_owned(), value)]);
    part(action, &Value::Object(body))
}

fn part(action: &str, body: &Value) -> Part {
    let key = body.get("Key").or_else(|| body.get("Item"));
    let of_item = |name: &str| scalar(key?.get(name)?);
    Part {
        action: action.to_owned(),
        table: body.get("TableName").and_then(Value::as_str).unwrap_or_default().to_owned(),
        index: body.get("IndexName").and_then(Value::as_str).map(str::to_owned),
        partition: of_item(PARTITION).or_else(|| queried(body)),
        sort: of_item(SORT),
        body: body.clone(),
    }
}

/// The partition that a query reads: the value of the first `name = :value` of its key condition. A query's sort condition
/// is never an equality here, and the partition's always is.
fn queried(body: &Value) -> Option<String> {
    let condition = body.get("KeyConditionExpression")?.as_str()?;
    let equality = |(at, _): &(usize, &str)| !condition.get(..*at).is_some_and(|text| text.ends_with(['<', '>']));
    let (at, _) = condition.match_indices('=').find(equality)?;
    let after = condition.get(at + 1..)?;
    let value = after.trim_start().split(|end: char| !end.is_alphanumeric() && !":_-".contains(end)).next()?;
    scalar(body.get("ExpressionAttributeValues")?.get(value)?)
}

/// The text of `{"S": "text"}`.
fn scalar(value: &Value) -> Option<String> {
    value.as_object()?.values().next()?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn keys(operation: &str, body: Value) -> Vec<String> {
        let parts = parts(operation, &body).into_iter();
        parts.map(|part| format!("{} {} {}", part.action, part.table, part.key())).collect()
    }

    #[test]
    fn an_update_shows_its_attributes() {
        let body = json!({
            "TableName": "t", "Key": {"pk": {"S": "p"}, "sk": {"S": "s"}},
            "UpdateExpression": "SET #a.#b = if_not_exists(#a.#b, :v0), ws[32] = w, n = n - :v1 REMOVE ws[0]",
            "ConditionExpression": "(attribute_exists(#c) AND #c.x<=:v2) AND NOT contains(list, :v3)",
            "ExpressionAttributeNames": {"#a": "keys", "#b": "01", "#c": "state"},
        });
        let attributes = part("UpdateItem", &body).attributes();
        assert_eq!(attributes.into_iter().collect::<Vec<_>>(), ["keys", "list", "n", "pk", "sk", "state", "w", "ws"]);
    }

    #[test]
    fn every_operation_shows_its_keys() {
        let key = || json!({"pk": {"S": "p"}, "sk": {"S": "s"}});
        assert_eq!(keys("GetItem", json!({"TableName": "t", "Key": key()})), ["GetItem t p s"]);
        assert_eq!(keys("PutItem", json!({"TableName": "t", "Item": key()})), ["PutItem t p s"]);
        let items =
            json!([{"Put": {"TableName": "t", "Item": key()}}, {"ConditionCheck": {"TableName": "t", "Key": key()}}]);
        assert_eq!(
            keys("TransactWriteItems", json!({"TransactItems": items})),
            ["PutItem t p s", "ConditionCheckItem t p s"]
        );
        assert_eq!(keys("BatchGetItem", json!({"RequestItems": {"t": {"Keys": [key()]}}})), ["GetItem t p s"]);
        let query = json!({"TableName": "t", "KeyConditionExpression": "#s >= :s AND #p = :p", "ExpressionAttributeValues": {":p": {"S": "p"}, ":s": {"S": "s"}}});
        assert_eq!(keys("Query", query), ["Query t p"]);
        assert_eq!(keys("ListTables", json!({})), [""; 0]);
    }
}
