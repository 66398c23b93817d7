//! DynamoDB without the SDK: plain requests to an engine on this machine.
//!
//! Invariant: requests and responses are not changed, so that tests see whole items.
//! Not here: real credentials (local engines check none), retries, and the contents of items.

mod rules;

use std::{fmt, time::Duration};

use http_body_util::Full;
use hyper::{Method, Request, body::Bytes};
use serde_json::{Value, json};

use crate::{Error, Result, http::Client, template::Template};

/// An answer that is an error, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DynamoError {
    /// The operation: `PutItem`.
    pub operation: String,
    /// The HTTP status; 0 where there was no answer.
    pub status: u16,
    /// Such as `ConditionalCheckFailedException`.
    pub type_: String,
    /// The engine's words.
    pub message: String,
    /// The whole answer, with the old item or the reasons of a transaction; null where it is not JSON.
    pub body: Value,
}

impl fmt::Display for DynamoError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, status, type_, message, .. } = self;
        match status {
            0 => write!(out, "{operation} was not answered: {message}"),
            _ if message.is_empty() => write!(out, "{operation} was answered {status} {type_}"),
            _ => write!(out, "{operation} was answered {status} {type_}: {message}"),
        }
    }
}

impl std::error::Error for DynamoError {}

impl From<DynamoError> for Error {
    fn from(error: DynamoError) -> Self {
        Self::new(error.to_string())
    }
}

/// A DynamoDB-compatible endpoint.
#[derive(Clone)]
pub struct Endpoint {
    url: String,
    client: Client,
}

impl Endpoint {
    /// The one at this URL (`http://127.0.0.1:8000`).
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into().trim_end_matches('/').to_owned(), client: Client::new() }
    }

    /// Its URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// One call: `CreateTable` and a body give the answer's body.
    pub async fn call(&self, operation: &str, body: Value) -> Result<Value, DynamoError> {
        let error = |status, type_: String, message, body| {
            let operation = operation.to_owned();
            DynamoError { operation, status, type_, message, body }
        };
        let none = |message| error(0, "NoAnswer".to_owned(), message, Value::Null);
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("{}/", self.url))
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .header("x-amz-date", "20260101T000000Z")
            .header("authorization", AUTHORIZATION)
            .body(Full::new(Bytes::from(body.to_string())))
            .map_err(|fault| none(fault.to_string()))?;
        let (status, _, answer) = self.client.send(request).await.map_err(|fault| none(fault.to_string()))?;
        let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
        if status.is_success() {
            return Ok(answer);
        }
        let text = |names: &[&str]| {
            let found = names.iter().find_map(|name| answer.get(name)?.as_str());
            found.unwrap_or_default().to_owned()
        };
        let type_ = text(&["__type"]).rsplit('#').next().unwrap_or_default().to_owned();
        Err(error(status.as_u16(), type_, text(&["message", "Message"]), answer))
    }

    /// Creates the template's table under this name, with its time to live, and waits until it is there.
    pub async fn create_table(&self, template: &Template, name: &str) -> Result<()> {
        self.call("CreateTable", template.create_table(name)?).await?;
        self.finish_table(template, name).await
    }

    /// The same, as far as it is not done yet: an interrupted start may have left a table without its time to live.
    pub async fn ensure_table(&self, template: &Template, name: &str) -> Result<()> {
        let done = match self.has_table(name).await? {
            true => self.finish_table(template, name).await,
            false => self.create_table(template, name).await,
        };
        done.map_err(|error| Error::new(format!("the engine at {} does not make the table: {error}", self.url)))
    }

    async fn finish_table(&self, template: &Template, name: &str) -> Result<()> {
        loop {
            let table = self.call("DescribeTable", json!({"TableName": name})).await?;
            if table.pointer("/Table/TableStatus").and_then(Value::as_str) == Some("ACTIVE") {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let Some(attribute) = template.time_to_live_attribute() else { return Ok(()) };
        // Engines refuse to enable it twice.
        let described = self.call("DescribeTimeToLive", json!({"TableName": name})).await?;
        let status = described.pointer("/TimeToLiveDescription/TimeToLiveStatus").and_then(Value::as_str);
        if !matches!(status, Some("ENABLED" | "ENABLING")) {
            let specification = json!({"AttributeName": attribute, "Enabled": true});
            let body = json!({"TableName": name, "TimeToLiveSpecification": specification});
            self.call("UpdateTimeToLive", body).await?;
        }
        Ok(())
    }

    /// Whether a table of this name exists.
    pub async fn has_table(&self, name: &str) -> Result<bool> {
        match self.call("DescribeTable", json!({"TableName": name})).await {
            Ok(_) => Ok(true),
            Err(error) if error.type_ == "ResourceNotFoundException" => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes a table.
    pub async fn delete_table(&self, name: &str) -> Result<(), DynamoError> {
        self.call("DeleteTable", json!({"TableName": name})).await.map(drop)
    }

    /// All items of a table, in DynamoDB's own form (`{"pk": {"S": "…"}}`), strongly consistent.
    pub async fn scan_all(&self, table: &str) -> Result<Vec<Value>, DynamoError> {
        let mut items = Vec::new();
        let mut body = json!({"TableName": table, "ConsistentRead": true});
        loop {
            let mut page = self.call("Scan", body.clone()).await?;
            if let Some(Value::Array(page)) = page.get_mut("Items").map(Value::take) {
                items.extend(page);
            }
            match (page.get_mut("LastEvaluatedKey").map(Value::take), body.as_object_mut()) {
                (Some(last), Some(body)) => body.insert("ExclusiveStartKey".to_owned(), last),
                _ => return Ok(items),
            };
        }
    }

    /// The item under a key (`{"pk": {"S": "…"}, …}`), if there is one.
    pub async fn get(&self, table: &str, key: Value) -> Result<Option<Value>, DynamoError> {
        let body = json!({"TableName": table, "Key": key, "ConsistentRead": true});
        let mut answer = self.call("GetItem", body).await?;
        Ok(answer.get_mut("Item").map(Value::take))
    }

    /// Stores an item, whatever was there.
    pub async fn put(&self, table: &str, item: Value) -> Result<(), DynamoError> {
        self.call("PutItem", json!({"TableName": table, "Item": item})).await.map(drop)
    }

    /// Removes an item.
    pub async fn delete(&self, table: &str, key: Value) -> Result<(), DynamoError> {
        self.call("DeleteItem", json!({"TableName": table, "Key": key})).await.map(drop)
    }

    /// Changes an item by an update expression; `names` and `values` are its placeholders, or empty objects. Gives the
    /// item as it is then.
    pub async fn update(
        &self,
        table: &str,
        key: Value,
        expression: &str,
        names: Value,
        values: Value,
    ) -> Result<Value, DynamoError> {
        let mut body =
            json!({"TableName": table, "Key": key, "UpdateExpression": expression, "ReturnValues": "ALL_NEW"});
        let placeholders = [("ExpressionAttributeNames", names), ("ExpressionAttributeValues", values)];
        for (member, value) in placeholders {
            if let (Some(body), Some(false)) = (body.as_object_mut(), value.as_object().map(serde_json::Map::is_empty))
            {
                body.insert(member.to_owned(), value);
            }
        }
        let mut answer = self.call("UpdateItem", body).await?;
        Ok(answer.get_mut("Attributes").map(Value::take).unwrap_or_default())
    }
}

/// Of the right form; no local engine checks the signature. The key id shows in the fault proxy's log.
const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=local/20260101/eu-central-1/dynamodb/aws4_request, \
                             SignedHeaders=host;x-amz-date;x-amz-target, \
                             Signature=0000000000000000000000000000000000000000000000000000000000000000";
