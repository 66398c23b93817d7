//! How requests are counted. What passes and what is refused at each edge: `tests/tests/faults/store_limits.rs`, on a real engine.

use serde_json::{Value, json};

use super::{check_answer, check_request, expression, size};
use crate::proxy::parts;

fn check(operation: &str, body: Value) -> Result<(), String> {
    check_request(operation, &body, &parts(operation, &body))
}

#[test]
fn items_are_sized_as_aws_does_it() {
    // The example of "Constraints in Amazon DynamoDB".
    let example = json!({"shirt-color": {"S": "R"}, "shirt-size": {"S": "M"}});
    assert_eq!(size::item(example.as_object().unwrap()), 23);
    for (value, bytes) in [
        (json!({"S": "\u{1f642}é"}), 6),
        (json!({"S": ""}), 0),
        (json!({"N": "0"}), 1),
        (json!({"N": "7"}), 2),
        (json!({"N": "-42"}), 3),
        (json!({"N": "1700000000"}), 2),
        (json!({"N": "0.00012345"}), 4),
        (json!({"N": "12e3"}), 2),
        (json!({"B": "AAEC"}), 3),
        (json!({"B": "AAE="}), 2),
        (json!({"BOOL": true}), 1),
        (json!({"NULL": true}), 1),
        (json!({"SS": ["a", "bc"]}), 3),
        (json!({"NS": ["1", "100"]}), 4),
        (json!({"BS": ["AAEC"]}), 3),
        (json!({"L": []}), 3),
        (json!({"L": [{"S": "ab"}, {"N": "1"}]}), 9),
        (json!({"M": {}}), 3),
        (json!({"M": {"name": {"S": "ab"}}}), 10),
    ] {
        assert_eq!(size::value(&value), bytes, "{value}");
    }
}

#[test]
fn levels_are_counted_from_the_attribute_itself() {
    assert_eq!(size::levels(&json!({"S": "a"})), 1);
    assert_eq!(size::levels(&json!({"L": []})), 1);
    assert_eq!(size::levels(&json!({"M": {"a": {"L": [{"S": "a"}, {"M": {"b": {"N": "1"}}}]}, "b": {"S": ""}}})), 4);
}

#[test]
fn operators_functions_and_operands_are_counted() {
    let operators = |text, is_update| expression::operators(&expression::tokens(text), is_update);
    // The example of "Constraints in Amazon DynamoDB".
    assert_eq!(operators("SET a = :val1 + :val2 + :val3", true), 2);
    assert_eq!(operators("SET a = if_not_exists(a, :b), c = list_append (c, :d) REMOVE e ADD f :g", true), 2);
    for (text, count) in [
        ("a=b", 1),
        ("#a<>:b AND(c<=d or NOT e >= f)", 6),
        ("attribute_exists(a) AND size (b.c[1]) > :d", 4),
        ("a BETWEEN :b AND :c", 1),
        ("a between (:b) and :c", 1),
        ("a IN (:b, :c) AND begins_with(d, :e)", 3),
    ] {
        assert_eq!(operators(text, false), count, "{text}");
    }
    let operands = |text| expression::operands_of_in(&expression::tokens(text));
    assert_eq!(operands("a = :b"), 0);
    assert_eq!(operands("a IN (:b)"), 1);
    assert_eq!(operands("f(a, b, c, d) AND a in (:b, size(c, d), :e) AND x IN (:f)"), 3);
}

#[test]
fn the_keys_that_an_update_sets_and_a_query_names_are_checked() {
    let update = |expression: &str, bytes: usize| {
        check(
            "UpdateItem",
            json!({
                "TableName": "t", "Key": {"pk": {"S": "p"}, "sk": {"S": "s"}}, "UpdateExpression": expression,
                "ExpressionAttributeNames": {"#g": "g1sk"}, "ExpressionAttributeValues": {":v": {"S": "x".repeat(bytes)}},
            }),
        )
    };
    for expression in ["SET #g = :v", "set a = b, g1sk = :v REMOVE c"] {
        assert_eq!(update(expression, 1024), Ok(()));
        assert!(update(expression, 1025).unwrap_err().contains("bytes of g1sk: 1025 are over the limit of 1024"));
        assert!(update(expression, 0).unwrap_err().contains("empty string value"));
    }
    assert_eq!(update("SET g1pk = :v", 2048), Ok(()));
    assert!(update("SET g1pk = :v", 2049).is_err());
    // No key: an attribute inside a document, a value that is computed.
    assert_eq!(update("SET a.g1sk = :v, b = :v", 5000), Ok(()));
    let query = |pk: usize, sk: usize| {
        check(
            "Query",
            json!({
                "TableName": "t", "KeyConditionExpression": "sk > :s AND pk = :p",
                "ExpressionAttributeValues": {":p": {"S": "p".repeat(pk)}, ":s": {"S": "s".repeat(sk)}},
            }),
        )
    };
    assert_eq!(query(2048, 1024), Ok(()));
    assert!(query(2049, 1).unwrap_err().contains("bytes of :p: 2049"));
    assert!(query(1, 1025).unwrap_err().contains("bytes of :s: 1025"));
}

#[test]
fn what_an_engine_answers_is_what_dynamodb_can_hold() {
    let item = |bytes: usize| json!({"pk": {"S": "p"}, "sk": {"S": "s"}, "x": {"S": "x".repeat(bytes - 7)}});
    for wrap in [
        |item| json!({ "Attributes": item }),
        |item| json!({ "Item": item }),
        |item| json!({ "Items": [{}, item] }),
        |item| json!({ "Responses": {"t": [item]} }),
    ] {
        assert_eq!(check_answer(&wrap(item(400 << 10))), Ok(()));
        let over = check_answer(&wrap(item((400 << 10) + 1))).unwrap_err();
        assert!(over.contains("409601 are over the limit of 409600"), "{over}");
    }
    let batch = |last: usize| {
        let items: Vec<Value> = (0..40).map(|_| item(400 << 10)).chain([item(last)]).collect();
        check_answer(&json!({"Responses": {"t": items}}))
    };
    let left = (16 << 20) - 40 * (400 << 10);
    assert_eq!(batch(left), Ok(()));
    assert!(batch(left + 1).unwrap_err().contains("over the limit of 16777216"));
}
