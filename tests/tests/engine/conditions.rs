//! Conditions. Page: "Condition and filter expressions, operators, and functions in DynamoDB", but where another is named.

use crate::{Table, item, n, refusal, s};
use tests::json;

/// Measured. An upsert is refused where each attribute that it gives is as it is given, and one of them may be absent.
#[tokio::test]
async fn unequal_holds_on_an_absent_attribute() {
    let table = Table::new().await;
    table.put("a", json!({ "w": s("1") })).await;
    assert!(table.holds("a", "absent <> :w AND w <> :w", json!({ ":w": s("2") })).await);
    assert!(!table.holds("a", "absent <> :w AND w <> :w", json!({ ":w": s("1") })).await);
}

/// Measured. A missing state is no state, a missing version no version, a missing lease not a short one.
#[tokio::test]
async fn every_other_comparison_fails_on_an_absent_attribute() {
    let table = Table::new().await;
    table.put("a", json!({})).await;
    for condition in ["b = :v", "b < :v", "b <= :v", "b > :v", "b >= :v", "b IN (:v)", "size(b) < :v"] {
        for value in [n(1), s("x")] {
            let is_size_of_text = condition.starts_with("size") && value == s("x");
            assert!(is_size_of_text || !table.holds("a", condition, json!({ ":v": value })).await, "{condition}");
        }
    }
}

/// `If-Match` takes up to 100 tags.
#[tokio::test]
async fn in_takes_100_operands() {
    let table = Table::new().await;
    table.put("a", json!({ "ver": n(100) })).await;
    let marks: Vec<_> = (1..=100).map(|number| format!(":v{number}")).collect();
    let values = |from: usize| {
        let values = (1..=100).map(|number| (format!(":v{number}"), n(number + from)));
        tests::Value::Object(values.collect())
    };
    let condition = format!("ver IN ({})", marks.join(", "));
    assert!(table.holds("a", &condition, values(0)).await);
    assert!(!table.holds("a", &condition, values(100)).await);
}

/// Creations are conditioned on the absence of their own key, changes on its presence, whatever kind of write it is.
#[tokio::test]
async fn the_presence_of_a_key_is_the_presence_of_the_item() {
    let table = Table::new().await;
    let put = async |condition: &str| {
        let body = json!({ "Item": item("a", json!({})), "ConditionExpression": condition });
        table.call("PutItem", body).await.map(drop).map_err(|error| error.type_)
    };
    let failed = Err("ConditionalCheckFailedException".to_owned());
    assert_eq!(put("attribute_exists(pk)").await, failed);
    assert_eq!(put("attribute_not_exists(pk)").await, Ok(()));
    assert_eq!(put("attribute_not_exists(pk)").await, failed);
    assert!(table.holds("a", "attribute_exists(pk)", json!({})).await);
    assert!(!table.holds("b", "attribute_exists(pk)", json!({})).await);
    assert_eq!(table.get("b").await, None, "a refused update makes no item");
}

/// A key of a customer is one entry of a map: it is there or not, revoked or not.
#[tokio::test]
async fn a_path_into_a_map_is_present_as_far_as_it_goes() {
    let table = Table::new().await;
    let entry = json!({ "M": { "h": s("hash"), "r": s("time") } });
    table.put("a", json!({ "keys": { "M": { "one": entry, "two": { "M": {} } } } })).await;
    for (condition, holds) in [
        ("attribute_exists(#k.one)", true),
        ("attribute_exists(#k.one.r)", true),
        ("attribute_not_exists(#k.two.r)", true),
        ("attribute_exists(#k.three)", false),
        ("attribute_not_exists(#k.three.r)", true),
        ("attribute_not_exists(absent.three.r)", true),
        ("attribute_exists(#k.one) AND (attribute_not_exists(#k.one.r) OR #k.one.r > :z)", false),
        ("attribute_exists(#k.one) AND (attribute_not_exists(#k.one.r) OR #k.one.r < :z)", true),
    ] {
        let mut body = json!({ "UpdateExpression": "SET touched = :z", "ConditionExpression": condition });
        body["ExpressionAttributeValues"] = json!({ ":z": s("zzz") });
        // A name that no expression uses is refused, so the placeholder is given only where it is used.
        if condition.contains("#k") {
            body["ExpressionAttributeNames"] = json!({ "#k": "keys" });
        }
        let answer = table.update("a", body).await.map(drop).map_err(|error| error.type_);
        let expected = if holds { Ok(()) } else { Err("ConditionalCheckFailedException".to_owned()) };
        assert_eq!(answer, expected, "{condition}");
    }
}

/// A tenant has at most 100 attachments, a customer 50 keys.
#[tokio::test]
async fn the_size_of_a_map_is_the_number_of_its_entries() {
    let table = Table::new().await;
    table.put("a", json!({ "repos": { "M": { "one": s(""), "two": s("") } }, "no_entries": { "M": {} } })).await;
    for (condition, holds) in [("size(repos) < :n", false), ("size(repos) = :n", true), ("size(no_entries) < :n", true)]
    {
        assert_eq!(table.holds("a", condition, json!({ ":n": n(2) })).await, holds, "{condition}");
    }
}

/// Times are compared as text, versions and counts as numbers.
#[tokio::test]
async fn text_is_compared_by_its_bytes_and_numbers_by_their_value() {
    let table = Table::new().await;
    table.put("a", json!({ "t": s("2026-11-25T07:47:22.123Z"), "n": n(9) })).await;
    for (condition, value, holds) in [
        ("t <= :v", s("2026-11-25T07:47:22.123Z"), true),
        ("t <= :v", s("2026-11-25T07:47:22.122Z"), false),
        ("t <= :v", s("2026-11-25T07:47:23.000Z"), true),
        ("n < :v", n(10), true),
        ("n > :v", n(0), true),
        ("n = :v", n("9.0"), true),
        // A value of another type is never equal, and never greater.
        ("n = :v", s("9"), false),
        ("n > :v", s("0"), false),
    ] {
        assert_eq!(table.holds("a", condition, json!({ ":v": value })).await, holds, "{condition} {value}");
    }
}

/// Page "Working with items and attributes in DynamoDB", conditional writes; measured: a path that leads nowhere is found
/// only when the update is made. A revoked key that was never there is 404, not a fault.
#[tokio::test]
async fn a_condition_outranks_a_path_that_leads_nowhere() {
    let table = Table::new().await;
    table.put("a", json!({ "keys": { "M": {} }, "ver": n(1) })).await;
    let body = || {
        json!({
            "UpdateExpression": "SET #k.#01one.r = if_not_exists(#k.#01one.r, :r), ver = ver + :one",
            "ConditionExpression": "attribute_exists(#k.#01one)",
            // A placeholder may begin with a digit, as ids do.
            "ExpressionAttributeNames": { "#k": "keys", "#01one": "01one" },
            "ExpressionAttributeValues": { ":r": s("now"), ":one": n(1) },
        })
    };
    for pk in ["a", "b"] {
        let (type_, _) = refusal(table.update(pk, body()).await);
        assert_eq!(type_, "ConditionalCheckFailedException", "{pk}");
        let error = table.transact(&format!("token-{pk}"), &[table.part("Update", pk, body())]).await.unwrap_err();
        assert_eq!(error.type_, "TransactionCanceledException", "{pk}: {error}");
        assert_eq!(error.body["CancellationReasons"][0]["Code"], "ConditionalCheckFailed", "{pk}");
    }
}
