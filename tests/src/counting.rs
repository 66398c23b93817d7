//! How the engine at hand counts capacity units: as AWS does, or as DynamoDB Local does. Budgets are asserted on both, and
//! differ in two places:
//! - an index write inside a transaction costs 1 unit on AWS, 2 on DynamoDB Local; with an item more that is in no index,
//!   DynamoDB Local counts less than 2 units for that one;
//! - a Query that finds nothing in an index costs 0.5 units on AWS, none on DynamoDB Local.

use local::store::Endpoint;
use serde_json::{Value, json};

/// Whose way of counting an engine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counting {
    /// AWS's own, and that of the embedded engine.
    Aws,
    /// DynamoDB Local's.
    DynamoDbLocal,
}

impl Counting {
    /// By a transaction that writes one item, in no index, to a table of the tests: 2 units on AWS, less on DynamoDB Local.
    pub async fn of(store: &Endpoint, table: &str) -> Self {
        let key = json!({ "pk": { "S": "counting" }, "sk": { "S": "#" } });
        let put = json!({ "Put": { "TableName": table, "Item": key } });
        let body = json!({ "TransactItems": [put], "ReturnConsumedCapacity": "TOTAL" });
        let answer = store.call("TransactWriteItems", body).await.expect("a transaction of one item");
        store.delete(table, key).await.expect("the item can be removed");
        match answer.pointer("/ConsumedCapacity/0/CapacityUnits").and_then(Value::as_f64) {
            Some(2.0) => Self::Aws,
            Some(units) if units < 2.0 => Self::DynamoDbLocal,
            units => panic!("the engine counts {units:?} units for a transaction of one item"),
        }
    }

    /// The figure of this engine.
    pub fn pick<T>(self, aws: T, dynamodb_local: T) -> T {
        match self {
            Self::Aws => aws,
            Self::DynamoDbLocal => dynamodb_local,
        }
    }
}
