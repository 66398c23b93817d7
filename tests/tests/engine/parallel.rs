//! Writers at the same time. Page: "Working with items and attributes in DynamoDB", conditional writes: a condition and its write
//! are one step.

use crate::{Table, item, n, s};
use futures_util::future::join_all;
use tests::json;

const WRITERS: u32 = 16;

/// Of many who make the same item, one does: slugs, names and external ids are unique by that.
#[tokio::test]
async fn one_of_many_makes_an_item() {
    let table = Table::new().await;
    for round in 0..10 {
        let make = |writer: u32| {
            let body = json!({
                "Item": item(&format!("a{round}"), json!({ "by": n(writer) })),
                "ConditionExpression": "attribute_not_exists(pk)",
            });
            table.call("PutItem", body)
        };
        let made = join_all((0..WRITERS).map(make)).await;
        assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 1, "round {round}");
    }
}

/// None of many updates of one item is lost, and each sees the one before it.
#[tokio::test]
async fn no_update_is_lost() {
    let table = Table::new().await;
    table.put("a", json!({ "ver": n(0) })).await;
    let up = |writer: u32| {
        let body = json!({
            "UpdateExpression": "SET ver = ver + :one, #by = :by",
            "ExpressionAttributeNames": { "#by": format!("by{writer}") },
            "ExpressionAttributeValues": { ":one": n(1), ":by": s("here") },
        });
        table.update("a", body)
    };
    for round in 1..=10 {
        let answers = join_all((0..WRITERS).map(up)).await;
        let mut seen: Vec<u32> = answers
            .into_iter()
            .map(|answer| answer.unwrap()["Attributes"]["ver"]["N"].as_str().unwrap().parse().unwrap())
            .collect();
        seen.sort_unstable();
        assert_eq!(seen, ((round - 1) * WRITERS + 1..=round * WRITERS).collect::<Vec<_>>());
    }
    assert_eq!(table.get("a").await.unwrap().as_object().unwrap().len(), 1 + WRITERS as usize);
}

/// Page "Amazon DynamoDB Transactions: How it works": transactions on one item come one after the other, or meet, and the one that
/// is canceled for it has done nothing.
#[tokio::test]
async fn transactions_on_one_item_come_one_after_the_other() {
    let table = Table::new().await;
    for pk in ["a", "b"] {
        table.put(pk, json!({ "ver": n(0) })).await;
    }
    let up = |writer: u32| {
        let table = &table;
        async move {
            let body =
                || json!({ "UpdateExpression": "SET ver = ver + :one", "ExpressionAttributeValues": { ":one": n(1) } });
            let parts = [table.part("Update", "a", body()), table.part("Update", "b", body())];
            let mut tries = 0;
            while let Err(error) = table.transact(&format!("token-{writer}"), &parts).await {
                let reasons = error.body["CancellationReasons"].to_string();
                let met = error.type_ == "TransactionInProgressException" || reasons.contains("TransactionConflict");
                tries += 1;
                assert!(met && tries < 1000, "{error}");
            }
        }
    };
    join_all((0..WRITERS).map(up)).await;
    for pk in ["a", "b"] {
        assert_eq!(table.get(pk).await, Some(json!({ "ver": n(WRITERS) })));
    }
}
