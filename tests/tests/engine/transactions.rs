//! Transactions. Page: "Amazon DynamoDB Transactions: How it works"; tokens: "TransactWriteItems", ClientRequestToken.

use crate::{Table, n, reasons, s};
use tests::{Counting, Value, json};

/// Counts up, once under a version.
fn up(version: u32) -> Value {
    json!({
        "UpdateExpression": "SET ver = ver + :one",
        "ConditionExpression": "ver = :v",
        "ExpressionAttributeValues": { ":one": n(1), ":v": n(version) },
    })
}

/// An attempt whose answer was lost is sent again, by the SDK or here, and must not be refused for what it did itself.
#[tokio::test]
async fn a_token_that_comes_again_is_applied_once() {
    let table = Table::new().await;
    table.put("a", json!({ "ver": n(1) })).await;
    let parts = [table.part("Update", "a", up(1))];
    for attempt in 1..=3 {
        table.transact("token", &parts).await.unwrap_or_else(|error| panic!("attempt {attempt}: {error}"));
    }
    assert_eq!(table.get("a").await.unwrap()["ver"], n(2));
    reasons(table.transact("another", &parts).await);
}

/// That is why a token is made of the write, never of a client's key.
#[tokio::test]
async fn a_token_with_another_content_is_refused() {
    let table = Table::new().await;
    table.put("a", json!({ "ver": n(1) })).await;
    table.transact("token", &[table.part("Update", "a", up(1))]).await.unwrap();
    let error = table.transact("token", &[table.part("Update", "a", up(2))]).await.unwrap_err();
    assert_eq!((error.status, error.type_.as_str()), (400, "IdempotentParameterMismatchException"));
}

/// Measured. A transaction that met another one is sent again as it is.
#[tokio::test]
async fn the_token_of_a_canceled_transaction_is_free_again() {
    let table = Table::new().await;
    table.put("a", json!({ "ver": n(1) })).await;
    let parts = [table.part("Update", "a", up(2))];
    reasons(table.transact("token", &parts).await);
    table.put("a", json!({ "ver": n(2) })).await;
    table.transact("token", &parts).await.unwrap();
    assert_eq!(table.get("a").await.unwrap()["ver"], n(3));
}

/// All parts, and each kind of them.
#[tokio::test]
async fn a_transaction_puts_updates_and_deletes_together() {
    let table = Table::new().await;
    for pk in ["a", "b"] {
        table.put(pk, json!({ "ver": n(1) })).await;
    }
    let put = json!({ "Item": { "x": s("y") }, "ConditionExpression": "attribute_not_exists(pk)" });
    let delete = json!({ "ConditionExpression": "ver = :v", "ExpressionAttributeValues": { ":v": n(1) } });
    let parts = [table.part("Update", "a", up(1)), table.part("Delete", "b", delete), table.part("Put", "c", put)];
    table.transact("token", &parts).await.unwrap();
    assert_eq!(table.get("a").await, Some(json!({ "ver": n(2) })));
    assert_eq!(table.get("b").await, None);
    assert_eq!(table.get("c").await, Some(json!({ "x": s("y") })));
}

/// Measured, on a table without provisioned throughput; the budgets of docs/access-patterns.md are made of it. DynamoDB Local
/// counts an index write twice, too.
#[tokio::test]
async fn a_part_costs_2_units_and_its_index_write_1() {
    let table = Table::new().await;
    let index =
        json!({ "Item": { "g1pk": s("a"), "g1sk": s("b") }, "ConditionExpression": "attribute_not_exists(pk)" });
    let plain = json!({ "Item": {}, "ConditionExpression": "attribute_not_exists(pk)" });
    let parts = [table.part("Put", "a", index), table.part("Put", "b", plain)];
    let answer = table.transact("token", &parts).await.unwrap();
    let counting = Counting::of(&table.store, &table.name).await;
    assert_eq!(answer["ConsumedCapacity"][0]["CapacityUnits"].as_f64(), Some(counting.pick(5.0, 6.0)));
}
