//! A probe of the rules that the API relies on in an engine: a dozen calls about one item.
//!
//! Not here: all other assumptions about an engine, which the black-box tests assert (tests/tests/engine/).

use std::time::SystemTime;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{DynamoError, Endpoint};
use crate::{Error, Result};

/// How many updates are sent at once.
const PARALLEL: u64 = 8;

/// The item of the probe; no key of the product has this prefix.
const PARTITION: &str = "probe";

/// One call of the probe went wrong, or was answered otherwise than the rule says.
enum Broken {
    Call(DynamoError),
    Rule,
}

impl From<DynamoError> for Broken {
    fn from(error: DynamoError) -> Self {
        Self::Call(error)
    }
}

impl Endpoint {
    /// Refuses an engine that breaks a rule, by a sentence that names the rule.
    pub async fn check_rules(&self, table: &str) -> Result<()> {
        // New tokens for each probe: an engine remembers a token for ten minutes.
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let probe = Probe { endpoint: self, table, stamp: since.as_nanos() };
        let outcome = probe.run().await;
        let cleared = self.delete(table, key()).await;
        outcome.and_then(|()| Ok(cleared?))
    }
}

struct Probe<'a> {
    endpoint: &'a Endpoint,
    table: &'a str,
    stamp: u128,
}

impl Probe<'_> {
    async fn run(&self) -> Result<()> {
        self.judge("a transaction is applied", self.transaction().await)?;
        self.judge("an update sees the item as it was, an index past the end of a list appends, and <> holds on an absent attribute", self.update().await)?;
        self.judge("the old item comes beside a refusal", self.refusal().await)?;
        self.judge("a canceled transaction has a reason for each part", self.reasons().await)?;
        self.judge("a condition outranks a document path that leads nowhere", self.path().await)?;
        self.judge("a token that comes again is applied once", self.token().await)?;
        self.judge("no parallel update is lost", self.parallel().await)
    }

    fn judge(&self, rule: &str, outcome: Result<(), Broken>) -> Result<()> {
        let why = match outcome {
            Ok(()) => return Ok(()),
            Err(Broken::Rule) => "it is answered otherwise".to_owned(),
            Err(Broken::Call(error)) => error.to_string(),
        };
        let url = self.endpoint.url();
        Err(Error::new(format!(
            "the engine at {url} breaks a rule that the API relies on, \"{rule}\" ({why}); see docs/engines.md"
        )))
    }

    async fn transaction(&self) -> Result<(), Broken> {
        let first = json!({"w": {"S": "1"}, "ws": {"L": [{"S": "-"}]}, "n": {"N": "0"}, "keys": {"M": {}}});
        self.endpoint.delete(self.table, key()).await?;
        let put =
            json!({"TableName": self.table, "Item": item(first), "ConditionExpression": "attribute_not_exists(pk)"});
        self.transact("probe-put", json!([{"Put": put}])).await?;
        check(self.get().await?.pointer("/w/S") == Some(&json!("1")))
    }

    async fn update(&self) -> Result<(), Broken> {
        let answer = self.call("UpdateItem", json!({
            "UpdateExpression": "SET w = :w, ws[1] = w, #k.#1 = :e REMOVE ws[0]",
            "ConditionExpression": "attribute_exists(pk) AND absent <> :w AND NOT contains(ws, :w) AND size(#k) < :one",
            "ExpressionAttributeNames": {"#k": "keys", "#1": "1"},
            "ExpressionAttributeValues": {":w": {"S": "2"}, ":e": {"M": {}}, ":one": {"N": "1"}},
            "ReturnValues": "ALL_NEW",
        }));
        let item = answer.await?.get("Attributes").cloned().unwrap_or_default();
        let written = ["/w/S", "/ws/L/0/S", "/ws/L/1/S"].map(|path| item.pointer(path).and_then(Value::as_str));
        check(written == [Some("2"), Some("1"), None] && item.pointer("/keys/M/1/M").is_some())
    }

    async fn refusal(&self) -> Result<(), Broken> {
        let put = json!({
            "Item": item(json!({})),
            "ConditionExpression": "attribute_not_exists(pk)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        });
        let error = refused(self.call("PutItem", put).await, "ConditionalCheckFailedException")?;
        check(error.body.pointer("/Item/w/S") == Some(&json!("2")))
    }

    async fn reasons(&self) -> Result<(), Broken> {
        let held = json!({"TableName": self.table, "Key": other(), "ConditionExpression": "attribute_not_exists(pk)"});
        let failed = json!({
            "TableName": self.table,
            "Item": item(json!({})),
            "ConditionExpression": "attribute_not_exists(pk)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        });
        let parts = json!([{"Delete": held}, {"Put": failed}]);
        let error = refused(self.transact("probe-reasons", parts).await, "TransactionCanceledException")?;
        let text = |path: &str| error.body.pointer(path).and_then(Value::as_str);
        let codes = [text("/CancellationReasons/0/Code"), text("/CancellationReasons/1/Code")];
        let old = text("/CancellationReasons/1/Item/w/S");
        check(codes == [Some("None"), Some("ConditionalCheckFailed")] && old == Some("2"))
    }

    async fn path(&self) -> Result<(), Broken> {
        let update = json!({
            "UpdateExpression": "SET #k.#2.r = :r",
            "ConditionExpression": "attribute_exists(#k.#2)",
            "ExpressionAttributeNames": {"#k": "keys", "#2": "2"},
            "ExpressionAttributeValues": {":r": {"S": "r"}},
        });
        refused(self.call("UpdateItem", update).await, "ConditionalCheckFailedException").map(drop)
    }

    async fn token(&self) -> Result<(), Broken> {
        for _ in 0..2 {
            let update = json!({
                "TableName": self.table,
                "Key": key(),
                "UpdateExpression": "SET n = n + :one",
                "ConditionExpression": "n = :zero",
                "ExpressionAttributeValues": {":one": {"N": "1"}, ":zero": {"N": "0"}},
            });
            self.transact("probe-token", json!([{"Update": update}])).await?;
        }
        self.counts(1).await
    }

    async fn parallel(&self) -> Result<(), Broken> {
        let mut updates = JoinSet::new();
        for _ in 0..PARALLEL {
            let (endpoint, table) = (self.endpoint.clone(), self.table.to_owned());
            updates.spawn(async move {
                endpoint.update(&table, key(), "SET n = n + :one", json!({}), json!({":one": {"N": "1"}})).await
            });
        }
        while let Some(done) = updates.join_next().await {
            done.map_err(|_| Broken::Rule)??;
        }
        self.counts(1 + PARALLEL).await
    }

    async fn counts(&self, expected: u64) -> Result<(), Broken> {
        check(self.get().await?.pointer("/n/N").and_then(Value::as_str) == Some(&expected.to_string()))
    }

    async fn get(&self) -> Result<Value, Broken> {
        Ok(self.endpoint.get(self.table, key()).await?.unwrap_or_default())
    }

    /// A call about the item.
    async fn call(&self, operation: &str, mut body: Value) -> Result<Value, DynamoError> {
        if let Some(body) = body.as_object_mut() {
            body.insert("TableName".to_owned(), json!(self.table));
            if operation != "PutItem" {
                body.insert("Key".to_owned(), key());
            }
        }
        self.endpoint.call(operation, body).await
    }

    async fn transact(&self, token: &str, parts: Value) -> Result<Value, DynamoError> {
        let token = format!("{token}-{}", self.stamp);
        self.endpoint.call("TransactWriteItems", json!({"TransactItems": parts, "ClientRequestToken": token})).await
    }
}

fn check(holds: bool) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(Broken::Rule) }
}

/// The refusal that a rule asks for.
fn refused(answer: Result<Value, DynamoError>, type_: &str) -> Result<DynamoError, Broken> {
    match answer {
        Err(error) if error.type_ == type_ => Ok(error),
        Err(error) => Err(Broken::Call(error)),
        Ok(_) => Err(Broken::Rule),
    }
}

fn key() -> Value {
    json!({"pk": {"S": PARTITION}, "sk": {"S": "#"}})
}

/// An item that is never there.
fn other() -> Value {
    json!({"pk": {"S": PARTITION}, "sk": {"S": "absent"}})
}

fn item(attributes: Value) -> Value {
    let mut item = key();
    if let (Some(item), Value::Object(attributes)) = (item.as_object_mut(), attributes) {
        item.extend(attributes);
    }
    item
}
