//! Updates. Page: "Using update expressions in DynamoDB".

use crate::{Table, n, refusal, s};
use tests::json;

/// An item's memory of its last writes moves on by one place, in the update that replaces the last one: what `w` was is appended to
/// `ws`, by an index past its end, and the oldest is removed.
#[tokio::test]
async fn a_list_of_fixed_length_moves_on_by_what_another_attribute_was() {
    let table = Table::new().await;
    table.put("a", json!({ "w": s("4"), "ws": { "L": [s("1"), s("2"), s("3")] } })).await;
    let body = || {
        json!({
            "UpdateExpression": "SET w = :w, ws[3] = w REMOVE ws[0]",
            "ConditionExpression": "contains(ws, :read) AND w <> :w AND NOT contains(ws, :w)",
            "ExpressionAttributeValues": { ":w": s("5"), ":read": s("2") },
        })
    };
    table.update("a", body()).await.unwrap();
    let expected = json!({ "w": s("5"), "ws": { "L": [s("2"), s("3"), s("4")] } });
    assert_eq!(table.get("a").await, Some(expected.clone()));
    let (type_, item) = refusal(table.update("a", body()).await);
    assert_eq!((type_.as_str(), item), ("ConditionalCheckFailedException", expected));
}

/// An update's answer is what the operation answers, made of no second read. Page "UpdateItem", ReturnValues.
#[tokio::test]
async fn the_whole_new_item_comes_back() {
    let table = Table::new().await;
    table.put("a", json!({ "kept": s("k"), "gone": s("g"), "ver": n(1) })).await;
    let body = json!({
        "UpdateExpression": "SET ver = ver + :one REMOVE gone, never_there",
        "ExpressionAttributeValues": { ":one": n(1) },
    });
    let answer = table.update("a", body).await.unwrap();
    assert_eq!(answer["Attributes"], json!({ "pk": s("a"), "sk": s("#"), "kept": s("k"), "ver": n(2) }));
}

/// Entries of maps are made, replaced and removed one by one; the others are left alone.
#[tokio::test]
async fn an_entry_of_a_map_is_set_and_removed_alone() {
    let table = Table::new().await;
    table.put("a", json!({ "keys": { "M": { "one": s("1"), "two": s("2") } } })).await;
    let body = json!({
        "UpdateExpression": "SET #k.#3 = :v REMOVE #k.#1, #k.#4",
        "ExpressionAttributeNames": { "#k": "keys", "#1": "one", "#3": "three", "#4": "four" },
        "ExpressionAttributeValues": { ":v": s("3") },
    });
    table.update("a", body).await.unwrap();
    assert_eq!(table.get("a").await, Some(json!({ "keys": { "M": { "two": s("2"), "three": s("3") } } })));
}

/// Page "UpdateItem": an item that is not there is made. A customer's first key makes the item of key details.
#[tokio::test]
async fn an_update_whose_condition_holds_makes_the_item() {
    let table = Table::new().await;
    let body = json!({
        "UpdateExpression": "SET #t = if_not_exists(#t, :t), k1 = :k",
        "ConditionExpression": "attribute_not_exists(k1) AND w <> :k",
        "ExpressionAttributeNames": { "#t": "type" },
        "ExpressionAttributeValues": { ":t": s("key_details"), ":k": s("key") },
    });
    table.update("a", body).await.unwrap();
    assert_eq!(table.get("a").await, Some(json!({ "type": s("key_details"), "k1": s("key") })));
}

/// Page "Supported data types and naming rules in Amazon DynamoDB": 38 digits. A version has up to 16.
#[tokio::test]
async fn a_number_is_increased_exactly() {
    let table = Table::new().await;
    table.put("a", json!({ "ver": n(u64::MAX - 1) })).await;
    let body = || json!({ "UpdateExpression": "SET ver = ver + :one", "ExpressionAttributeValues": { ":one": n(1) } });
    table.update("a", body()).await.unwrap();
    assert!(table.holds("a", "ver = :v", json!({ ":v": n(u64::MAX) })).await);
    assert!(!table.holds("a", "ver = :v", json!({ ":v": n(u64::MAX - 1) })).await);
    assert_eq!(table.get("a").await.unwrap()["ver"], n(u64::MAX));
}
