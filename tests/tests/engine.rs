//! What the store relies on, asserted on whatever engine is behind: a rule per test, with its source. Sources are pages of the
//! DynamoDB Developer Guide and the DynamoDB API Reference by their titles; "measured" is what a public conformance suite found on
//! AWS where no page says it. docs/engines.md names the engines that do otherwise.

mod engine {
    mod conditions;
    mod items;
    mod parallel;
    mod queries;
    mod refusals;
    mod set_up;
    mod transactions;
    mod updates;
}

use local::store::{DynamoError, Endpoint};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;
use tests::{Value, json, template};

/// A table of its own, made as the template says.
struct Table {
    store: Endpoint,
    name: String,
    stamp: String,
}

impl Table {
    async fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis();
        let stamp = format!("{now}-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let name = format!("engine-{stamp}");
        let store = tests::endpoint();
        store.create_table(template(), &name).await.unwrap();
        Self { store, name, stamp }
    }

    /// A call on this table.
    async fn call(&self, operation: &str, mut body: Value) -> Result<Value, DynamoError> {
        body["TableName"] = json!(self.name);
        self.store.call(operation, body).await
    }

    /// Stores an item under a key, whatever was there.
    async fn put(&self, pk: &str, attributes: Value) {
        self.store.put(&self.name, item(pk, attributes)).await.unwrap();
    }

    /// The item under a key, without the key.
    async fn get(&self, pk: &str) -> Option<Value> {
        let mut item = self.store.get(&self.name, key(pk)).await.unwrap()?;
        let attributes = item.as_object_mut().unwrap();
        attributes.remove("pk");
        attributes.remove("sk");
        Some(item)
    }

    /// An update of one item, with the old item beside a refusal and the new one as answer.
    async fn update(&self, pk: &str, mut body: Value) -> Result<Value, DynamoError> {
        body["Key"] = key(pk);
        body["ReturnValues"] = json!("ALL_NEW");
        body["ReturnValuesOnConditionCheckFailure"] = json!("ALL_OLD");
        self.call("UpdateItem", body).await
    }

    /// Whether a condition holds on the item under a key, by an update of it.
    async fn holds(&self, pk: &str, condition: &str, values: Value) -> bool {
        let mut body = json!({ "UpdateExpression": "SET touched = :t", "ConditionExpression": condition });
        body["ExpressionAttributeValues"] = values;
        body["ExpressionAttributeValues"][":t"] = s("t");
        match self.update(pk, body).await {
            Ok(_) => true,
            Err(error) if error.type_ == "ConditionalCheckFailedException" => false,
            Err(error) => panic!("{condition}: {error}"),
        }
    }

    /// A part of a transaction on the item under a key.
    fn part(&self, kind: &str, pk: &str, mut body: Value) -> Value {
        body["TableName"] = json!(self.name);
        body["ReturnValuesOnConditionCheckFailure"] = json!("ALL_OLD");
        match kind {
            "Put" => body["Item"] = item(pk, body["Item"].take()),
            _ => body["Key"] = key(pk),
        }
        json!({ kind: body })
    }

    /// A transaction of these parts. A token is the table's own: an engine remembers it for ten minutes, for all tables.
    async fn transact(&self, token: &str, parts: &[Value]) -> Result<Value, DynamoError> {
        let token = format!("{token}-{}", self.stamp);
        let body = json!({ "TransactItems": parts, "ClientRequestToken": token, "ReturnConsumedCapacity": "TOTAL" });
        self.store.call("TransactWriteItems", body).await
    }
}

fn s(text: &str) -> Value {
    json!({ "S": text })
}

fn n(number: impl ToString) -> Value {
    json!({ "N": number.to_string() })
}

/// The key of an item that is alone in its partition.
fn key(pk: &str) -> Value {
    json!({ "pk": s(pk), "sk": s("#") })
}

/// Such an item.
fn item(pk: &str, attributes: Value) -> Value {
    let mut item = key(pk);
    if let Value::Object(attributes) = attributes {
        item.as_object_mut().unwrap().extend(attributes);
    }
    item
}

/// What a refused call of a single item says: its type, and the old item without its key.
fn refusal(answer: Result<Value, DynamoError>) -> (String, Value) {
    let error = answer.expect_err("a refusal");
    let mut old = error.body["Item"].clone();
    if let Some(old) = old.as_object_mut() {
        old.remove("pk");
        old.remove("sk");
    }
    (error.type_, old)
}

/// What a canceled transaction says of each part: its code, and the old item without its key.
fn reasons(answer: Result<Value, DynamoError>) -> Vec<(String, Value)> {
    let error = answer.expect_err("a canceled transaction");
    assert_eq!(error.type_, "TransactionCanceledException", "{error}");
    let reason = |reason: &Value| {
        let mut old = reason["Item"].clone();
        if let Some(old) = old.as_object_mut() {
            old.remove("pk");
            old.remove("sk");
        }
        (reason["Code"].as_str().unwrap_or_default().to_owned(), old)
    };
    error.body["CancellationReasons"].as_array().expect("reasons").iter().map(reason).collect()
}
