//! What comes with a refusal: it shows whether the refused write was an earlier attempt of the same one, and who holds a name.

use crate::{Table, item, key, n, reasons, refusal, s};
use tests::{Value, json};

/// Pages "PutItem" and "UpdateItem", ReturnValuesOnConditionCheckFailure.
#[tokio::test]
async fn the_old_item_comes_beside_the_refusal_of_a_single_write() {
    let table = Table::new().await;
    table.put("a", json!({ "w": s("1") })).await;
    let failed = "ConditionalCheckFailedException".to_owned();
    let put = json!({
        "Item": item("a", json!({ "w": s("2") })),
        "ConditionExpression": "attribute_not_exists(pk)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    });
    assert_eq!(refusal(table.call("PutItem", put).await), (failed.clone(), json!({ "w": s("1") })));
    let update = || {
        json!({
            "UpdateExpression": "SET w = :w",
            "ConditionExpression": "attribute_exists(pk) AND w <> :old",
            "ExpressionAttributeValues": { ":w": s("2"), ":old": s("1") },
        })
    };
    assert_eq!(refusal(table.update("a", update()).await), (failed.clone(), json!({ "w": s("1") })));
    assert_eq!(refusal(table.update("b", update()).await), (failed, Value::Null), "where there is none, none comes");
    assert_eq!(table.get("a").await, Some(json!({ "w": s("1") })));
}

/// Pages "TransactWriteItems" and "CancellationReason": a reason for every part in their order, `None` for those that held.
#[tokio::test]
async fn each_part_of_a_canceled_transaction_has_its_reason_and_its_old_item() {
    let table = Table::new().await;
    for pk in ["put", "update", "delete", "held"] {
        table.put(pk, json!({ "of": s(pk), "ver": n(1) })).await;
    }
    let set = "SET ver = ver + :one";
    let wrong = json!({ ":one": n(1), ":two": n(2) });
    let parts = [
        table.part("Put", "put", json!({ "Item": {}, "ConditionExpression": "attribute_not_exists(pk)" })),
        table.part("Put", "new", json!({ "Item": {}, "ConditionExpression": "attribute_not_exists(pk)" })),
        table.part(
            "Update",
            "update",
            json!({ "UpdateExpression": set, "ConditionExpression": "ver = :two", "ExpressionAttributeValues": wrong }),
        ),
        table.part(
            "Update",
            "held",
            json!({ "UpdateExpression": set, "ConditionExpression": "ver <> :two", "ExpressionAttributeValues": wrong }),
        ),
        table.part(
            "Delete",
            "delete",
            json!({ "ConditionExpression": "ver = :two", "ExpressionAttributeValues": { ":two": n(2) } }),
        ),
        table.part("Delete", "absent", json!({ "ConditionExpression": "attribute_exists(pk)" })),
    ];
    let failed = |old: Value| ("ConditionalCheckFailed".to_owned(), old);
    let held = || ("None".to_owned(), Value::Null);
    let old = |of: &str| failed(json!({ "of": s(of), "ver": n(1) }));
    let expected = [old("put"), held(), old("update"), held(), old("delete"), failed(Value::Null)];
    assert_eq!(reasons(table.transact("token", &parts).await), expected);
    assert_eq!(table.get("new").await, None, "nothing of it was applied");
    assert_eq!(table.get("held").await.unwrap()["ver"], n(1));
}

/// Page "Error handling with DynamoDB". A table that is missing or a call that an engine does not have is a fault of the set-up;
/// so is a request that is not well-formed.
#[tokio::test]
async fn a_fault_of_the_set_up_has_its_own_code() {
    let table = Table::new().await;
    let code = async |operation: &str, body: Value| {
        let error = table.store.call(operation, body).await.unwrap_err();
        (error.status, error.type_)
    };
    let get = |table: &str, key: Value| json!({ "TableName": table, "Key": key });
    let missing = code("GetItem", get("no-such-table", key("a"))).await;
    assert_eq!(missing, (400, "ResourceNotFoundException".to_owned()));
    let malformed = code("GetItem", get(&table.name, json!({ "pk": s("a") }))).await;
    assert_eq!(malformed, (400, "ValidationException".to_owned()));
    let unknown = code("NoSuchOperation", json!({})).await;
    assert_eq!(unknown, (400, "UnknownOperationException".to_owned()));
}
