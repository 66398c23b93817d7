//! Items, one by one: what is written comes back at once and as it was.

use crate::{Table, item, key, n, s};
use std::time::{Duration, SystemTime};
use tests::{Value, json};

/// Page "Supported data types and naming rules in Amazon DynamoDB": hashes are binary, metadata text of any kind, empty too.
#[tokio::test]
async fn every_type_comes_back_as_it_was_written() {
    let table = Table::new().await;
    let attributes = json!({
        "text": s("Zoë \u{1F33C} \"quoted\" \\ \n"), "empty": s(""), "number": n("-12.5"), "yes": { "BOOL": true },
        "hash": { "B": "AAECAwQF/v8=" }, "map": { "M": { "a.b": s("y"), "deep": { "M": { "er": n(1) } } } },
        "no_entries": { "M": {} }, "list": { "L": [s("a"), n(1)] }, "no_items": { "L": [] }, "null": { "NULL": true },
    });
    table.put("a", attributes.clone()).await;
    assert_eq!(table.get("a").await, Some(attributes));
    assert_eq!(table.get("b").await, None);
}

/// Page "Constraints in Amazon DynamoDB": 2,048 bytes of a partition key, 1,024 of a sort key. An external id has 255 characters.
#[tokio::test]
async fn the_longest_keys_are_taken() {
    let table = Table::new().await;
    let longest = json!({ "pk": s(&"\u{1F33C}".repeat(512)), "sk": s(&"s".repeat(1024)) });
    table.store.put(&table.name, longest.clone()).await.unwrap();
    assert_eq!(table.store.get(&table.name, longest.clone()).await.unwrap(), Some(longest));
}

/// Page "DynamoDB read consistency": revocation, suspension and archiving hold on the next request.
#[tokio::test]
async fn a_consistent_read_sees_the_write_before_it() {
    let table = Table::new().await;
    for number in 0..50 {
        table.put("a", json!({ "n": n(number) })).await;
        assert_eq!(table.get("a").await, Some(json!({ "n": n(number) })));
        let body = json!({ "KeyConditionExpression": "pk = :p", "ConsistentRead": true });
        let mut body = body;
        body["ExpressionAttributeValues"] = json!({ ":p": s("a") });
        assert_eq!(table.call("Query", body).await.unwrap()["Items"][0]["n"], n(number));
    }
}

/// Page "Using time to live (TTL) in DynamoDB": by one number attribute, which idempotency records have and nothing else.
#[tokio::test]
async fn items_expire_by_the_attribute_of_the_template() {
    let table = Table::new().await;
    let described = table.call("DescribeTimeToLive", json!({})).await.unwrap()["TimeToLiveDescription"].take();
    assert_eq!(described["AttributeName"], "ttl", "{described}");
    assert!(["ENABLING", "ENABLED"].map(Value::from).contains(&described["TimeToLiveStatus"]), "{described}");
    // What is over may go at any time; what is not over, or has no number there, stays.
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    table.put("later", json!({ "ttl": n(now + 3600) })).await;
    table.put("never", json!({ "ttl": s("text") })).await;
    assert!(table.get("later").await.is_some() && table.get("never").await.is_some());
}

/// RFC 9110 section 6.6.1. Write ids are made of the store's time, so that a function's wrong clock orders nothing.
#[tokio::test]
async fn an_answer_tells_the_time() {
    let table = Table::new().await;
    let headers = [("x-amz-target", "DynamoDB_20120810.ListTables"), ("content-type", "application/x-amz-json-1.0")];
    let answer = local::http::request("POST", table.store.url(), &headers, "{}").await.unwrap();
    let date = answer.header("date").expect("a date").to_owned();
    let format = aws_sdk_dynamodb::primitives::DateTimeFormat::HttpDate;
    let parsed = aws_sdk_dynamodb::primitives::DateTime::from_str(&date, format).expect(&date);
    let time = SystemTime::try_from(parsed).unwrap();
    let apart = SystemTime::now().duration_since(time).unwrap_or_else(|error| error.duration());
    assert!(apart < Duration::from_secs(60), "{date}");
}

/// Page "CreateTable": a name is there once; a table of another name is another table. Page "DescribeTable": a table that is missing
/// is ResourceNotFoundException.
#[tokio::test]
async fn tables_are_apart() {
    let (one, other) = (Table::new().await, Table::new().await);
    one.put("a", json!({ "x": s("one") })).await;
    assert_eq!(other.get("a").await, None);
    assert_eq!(one.store.scan_all(&one.name).await.unwrap(), [item("a", json!({ "x": s("one") }))]);
    one.store.delete(&one.name, key("a")).await.unwrap();
    assert_eq!(one.store.scan_all(&one.name).await.unwrap(), [] as [Value; 0]);
    assert!(one.store.has_table(&one.name).await.unwrap());
    one.store.delete_table(&one.name).await.unwrap();
    assert!(!one.store.has_table(&one.name).await.unwrap());
    let error = one.store.create_table(tests::template(), &other.name).await.unwrap_err().to_string();
    assert!(error.contains("CreateTable") && error.contains("ResourceInUseException"), "{error}");
}
