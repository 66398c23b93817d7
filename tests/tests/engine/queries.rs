//! Reads of many items. Page: "Query", but where another is named.

use crate::{Table, item, key, s};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use tests::{Value, json};

async fn rows(table: &Table, pk: &str, sort_keys: &[&str], attributes: Value) {
    for sk in sort_keys {
        let mut item = item(pk, attributes.clone());
        item["sk"] = s(sk);
        table.store.put(&table.name, item).await.unwrap();
    }
}

/// The sort keys that a Query gave, and whether more may follow.
async fn query(table: &Table, mut body: Value, values: Value) -> (Vec<String>, bool) {
    body["ExpressionAttributeValues"] = values;
    let sort = if body["IndexName"].is_null() { "sk" } else { "g1sk" };
    let answer = table.call("Query", body).await.unwrap();
    let keys = answer["Items"].as_array().expect("a Query answers with items").iter();
    let keys = keys.map(|item| item[sort]["S"].as_str().unwrap().to_owned()).collect();
    (keys, answer.get("LastEvaluatedKey").is_some())
}

/// Lists are in the order of ids or slugs, which are ASCII.
#[tokio::test]
async fn rows_come_in_the_order_of_their_bytes_both_ways() {
    let table = Table::new().await;
    rows(&table, "a", &["b", "Z", "a-b", "a", "10", "9", "a0"], json!({})).await;
    rows(&table, "other", &["c"], json!({})).await;
    let order = ["10", "9", "Z", "a", "a-b", "a0", "b"];
    let body = |forward: bool| json!({ "KeyConditionExpression": "pk = :p", "ScanIndexForward": forward, "ConsistentRead": true });
    assert_eq!(query(&table, body(true), json!({ ":p": s("a") })).await, (order.map(str::to_owned).to_vec(), false));
    let mut back = order.map(str::to_owned).to_vec();
    back.reverse();
    assert_eq!(query(&table, body(false), json!({ ":p": s("a") })).await, (back, false));
    assert_eq!(query(&table, body(true), json!({ ":p": s("empty") })).await, (Vec::new(), false));
}

/// A page begins past a position, whether the row at it is still there or not.
#[tokio::test]
async fn a_position_needs_no_row() {
    let table = Table::new().await;
    rows(&table, "a", &["1", "3", "5"], json!({})).await;
    let from = async |mark: &str, forward: bool, position: &str| {
        let condition = format!("pk = :p AND sk {mark} :after");
        let body = json!({ "KeyConditionExpression": condition, "ScanIndexForward": forward, "ConsistentRead": true });
        query(&table, body, json!({ ":p": s("a"), ":after": s(position) })).await.0
    };
    assert_eq!(from(">", true, "2").await, ["3", "5"]);
    assert_eq!(from(">", true, "3").await, ["5"]);
    assert_eq!(from("<", false, "4").await, ["3", "1"]);
    assert_eq!(from("<", false, "1").await, [] as [String; 0]);
}

/// So does the tests' own reading of whole tables. Page "Paginating table query results in DynamoDB"; measured.
#[tokio::test]
async fn a_start_key_needs_no_row() {
    let table = Table::new().await;
    rows(&table, "a", &["1", "3", "5"], json!({})).await;
    let mut body = json!({ "KeyConditionExpression": "pk = :p", "ConsistentRead": true });
    body["ExclusiveStartKey"] = json!({ "pk": s("a"), "sk": s("2") });
    assert_eq!(query(&table, body, json!({ ":p": s("a") })).await.0, ["3", "5"]);
}

/// Page "Paginating table query results in DynamoDB": without LastEvaluatedKey there is no more. A page asks for one row more
/// than it shows.
#[tokio::test]
async fn a_limit_cuts_and_says_so() {
    let table = Table::new().await;
    rows(&table, "a", &["1", "2", "3"], json!({})).await;
    let limited = async |limit: u32| {
        let body = json!({ "KeyConditionExpression": "pk = :p", "Limit": limit, "ConsistentRead": true });
        query(&table, body, json!({ ":p": s("a") })).await
    };
    assert_eq!(limited(2).await, (vec!["1".to_owned(), "2".to_owned()], true));
    assert!(!limited(4).await.1);
}

/// One call reads 1 MB: that is how a request's reading under a filter is bounded.
#[tokio::test]
async fn a_call_reads_no_more_than_a_megabyte() {
    let table = Table::new().await;
    rows(&table, "a", &["1", "2", "3", "4", "5"], json!({ "text": s(&"x".repeat(300_000)) })).await;
    let body = json!({ "KeyConditionExpression": "pk = :p", "ConsistentRead": true });
    let (keys, more) = query(&table, body, json!({ ":p": s("a") })).await;
    assert!(more && (3..=4).contains(&keys.len()), "{keys:?} {more}");
}

/// Page "Take advantage of sparse indexes". Suspended tenants, customers and jobs are in the index while they have its
/// attributes, whole, in the order of its sort key. It follows a little later.
#[tokio::test]
async fn the_index_holds_the_items_that_have_its_attributes() {
    let table = Table::new().await;
    let listed = async |expected: &[&str]| {
        let begun = Instant::now();
        loop {
            let body = json!({ "IndexName": "gs1", "KeyConditionExpression": "g1pk = :p", "ScanIndexForward": false });
            let (keys, more) = query(&table, body, json!({ ":p": s("J") })).await;
            if keys == expected && !more {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(10), "{keys:?}, not {expected:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    table.put("a", json!({ "g1pk": s("J"), "g1sk": s("1"), "text": s("a") })).await;
    table.put("b", json!({ "g1pk": s("J"), "g1sk": s("2") })).await;
    table.put("c", json!({ "g1pk": s("J") })).await;
    table.put("d", json!({})).await;
    listed(&["2", "1"]).await;
    table.update("b", json!({ "UpdateExpression": "REMOVE g1pk, g1sk" })).await.unwrap();
    listed(&["1"]).await;
    let body = json!({
        "IndexName": "gs1",
        "KeyConditionExpression": "g1pk = :p AND g1sk > :after",
        "ExpressionAttributeValues": { ":p": s("J"), ":after": s("0") },
    });
    let items = table.call("Query", body).await.unwrap()["Items"].take();
    assert_eq!(items, json!([{ "pk": s("a"), "sk": s("#"), "g1pk": s("J"), "g1sk": s("1"), "text": s("a") }]));
    let join = json!({
        "UpdateExpression": "SET g1pk = :p, g1sk = :s",
        "ExpressionAttributeValues": { ":p": s("J"), ":s": s("3") },
    });
    table.update("d", join).await.unwrap();
    listed(&["3", "1"]).await;
}

/// Conversations are in two indexes with one sort key, in the order of their last activity. An item without the partition keys is in
/// neither of them, with one of them in one; a changed sort key moves it in both; keys are all that an index shows.
#[tokio::test]
async fn two_indexes_of_keys_share_a_sort_key() {
    let table = Table::new().await;
    let listed = async |index: &str, name: &str, expected: &[&str]| {
        let begun = Instant::now();
        loop {
            let body = json!({
                "IndexName": index, "KeyConditionExpression": format!("{name} = :p"), "ScanIndexForward": false,
                "ExpressionAttributeValues": { ":p": s("V") },
            });
            let items = table.call("Query", body).await.unwrap()["Items"].take();
            let items = items.as_array().unwrap();
            let keys: Vec<_> = items.iter().map(|item| item["pk"]["S"].as_str().unwrap()).collect();
            if keys == expected {
                for item in items {
                    let names: BTreeSet<_> = item.as_object().unwrap().keys().map(String::as_str).collect();
                    assert_eq!(names, BTreeSet::from(["pk", "sk", name, "g2sk"]));
                }
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(10), "{index}: {keys:?}, not {expected:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let both = async |expected: &[&str]| {
        listed("gs2", "g2pk", expected).await;
        listed("gs3", "g3pk", expected).await;
    };
    for (pk, at) in [("a", "1"), ("b", "2"), ("c", "3")] {
        table.put(pk, json!({ "g2pk": s("V"), "g3pk": s("V"), "g2sk": s(at), "text": s("x") })).await;
    }
    table.put("d", json!({ "g2sk": s("9"), "text": s("x") })).await;
    table.put("e", json!({ "g2pk": s("V"), "g3pk": s("V") })).await;
    both(&["c", "b", "a"]).await;
    let move_to =
        |at: &str| json!({ "UpdateExpression": "SET g2sk = :s", "ExpressionAttributeValues": { ":s": s(at) } });
    table.update("a", move_to("4")).await.unwrap();
    both(&["a", "c", "b"]).await;
    let update = json!({
        "TableName": table.name, "Key": key("b"), "UpdateExpression": "SET g2sk = :s",
        "ExpressionAttributeValues": { ":s": s("5") },
    });
    table.store.call("TransactWriteItems", json!({ "TransactItems": [{ "Update": update }] })).await.unwrap();
    both(&["b", "a", "c"]).await;
    table.update("a", json!({ "UpdateExpression": "REMOVE g2pk" })).await.unwrap();
    listed("gs2", "g2pk", &["b", "c"]).await;
    listed("gs3", "g3pk", &["b", "a", "c"]).await;
    table.store.delete(&table.name, key("b")).await.unwrap();
    listed("gs2", "g2pk", &["c"]).await;
    listed("gs3", "g3pk", &["a", "c"]).await;
}

/// Page "BatchGetItem": what is absent is left out, what is not read yet comes back as a key. A page of attachments is one.
#[tokio::test]
async fn a_batch_gives_what_is_there() {
    let table = Table::new().await;
    for pk in 0..60 {
        table.put(&pk.to_string(), json!({ "x": s("y") })).await;
    }
    let keys: Vec<_> = (20..120).map(|pk| key(&pk.to_string())).collect();
    let request = json!({ &table.name: { "Keys": keys, "ConsistentRead": true } });
    let answer = table.store.call("BatchGetItem", json!({ "RequestItems": request })).await.unwrap();
    let found = answer["Responses"][&table.name].as_array().unwrap();
    let mut found: Vec<u32> = found.iter().map(|item| item["pk"]["S"].as_str().unwrap().parse().unwrap()).collect();
    found.sort_unstable();
    assert_eq!(found, (20..60).collect::<Vec<_>>());
    let rest = answer.get("UnprocessedKeys").and_then(Value::as_object).map(serde_json::Map::len);
    assert_eq!(rest.unwrap_or_default(), 0, "{answer}");
}
