//! Every recorded write is conditional and stamped, every key is in somebody's root (A15, D12, R1, R5, R6).

use std::collections::BTreeSet;
use tests::recorded::{Recording, Request, recordings};
use tests::{Value, json};

/// 26 characters of a ULID in lower case.
fn is_ulid(text: &str) -> bool {
    text.len() == 26 && text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
}

/// What is wrong with a write, or with a part of one.
fn fault(action: &str, body: &Value) -> Option<&'static str> {
    let text = |name: &str| body[name].as_str().unwrap_or_default();
    let update = text("UpdateExpression");
    let stamped = match action {
        "PutItem" => body["Item"]["w"]["S"].as_str().is_some_and(is_ulid),
        "UpdateItem" => {
            body["ExpressionAttributeValues"][":w"]["S"].as_str().is_some_and(is_ulid) && update.contains("w = :w")
        }
        _ => true,
    };
    if text("ConditionExpression").is_empty() {
        Some("it is unconditional")
    } else if text("ReturnValuesOnConditionCheckFailure") != "ALL_OLD" {
        Some("its refusal would not show the old item")
    } else if !stamped {
        Some("it has no write id")
    } else if update.split_ascii_whitespace().any(|word| word == "ADD") {
        Some("it has an ADD")
    } else {
        None
    }
}

/// What is wrong with a request.
fn judge(request: &Request) -> Option<&'static str> {
    let known = ["GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "TransactWriteItems"];
    if !known.contains(&&*request.operation) {
        return Some("no function sends such a request");
    }
    let parts = request.parts();
    let is_write =
        request.operation != "GetItem" && request.operation != "BatchGetItem" && request.operation != "Query";
    if !is_write {
        return None;
    }
    let token = &request.body["ClientRequestToken"];
    let ids = parts.iter().filter_map(|part| match &*part.action {
        "PutItem" => Some(&part.body["Item"]["w"]["S"]),
        "UpdateItem" => Some(&part.body["ExpressionAttributeValues"][":w"]["S"]),
        _ => None,
    });
    if request.operation == "TransactWriteItems" && (!token.is_string() || ids.into_iter().any(|id| id != token)) {
        return Some("its token is not its write id");
    }
    parts.iter().find_map(|part| fault(&part.action, &part.body))
}

#[test]
fn every_recorded_write_is_conditional_and_has_its_write_id() {
    let mut writes = 0;
    for recording in recordings() {
        for request in &recording.requests {
            if let Some(fault) = judge(request) {
                panic!("{}: {fault}: {} {}", request.function, request.operation, request.body);
            }
            writes += usize::from(request.operation.ends_with("Item") && request.operation != "GetItem");
        }
    }
    assert!(writes > 0, "not one write is recorded");
}

#[test]
fn a_write_without_condition_or_id_is_told() {
    let put = |change: fn(&mut Value)| {
        let mut body = json!({
            "TableName": "t", "Item": { "pk": { "S": "p" }, "w": { "S": "01kaq7n0z2w4y6x8v0tqrstabc" } },
            "ConditionExpression": "c", "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        });
        change(&mut body);
        judge(&Request { function: "F".to_owned(), operation: "PutItem".to_owned(), body })
    };
    assert_eq!(put(|_| ()), None);
    assert_eq!(put(|body| body["ConditionExpression"] = Value::Null), Some("it is unconditional"));
    assert_eq!(put(|body| body["Item"]["w"] = Value::Null), Some("it has no write id"));
    assert_eq!(
        put(|body| body["ReturnValuesOnConditionCheckFailure"] = Value::Null),
        Some("its refusal would not show the old item")
    );
    assert_eq!(put(|body| body["UpdateExpression"] = json!("ADD n :one")), Some("it has an ADD"));
    let scan = Request { function: "F".to_owned(), operation: "Scan".to_owned(), body: json!({ "TableName": "t" }) };
    assert_eq!(judge(&scan), Some("no function sends such a request"));
}

/// The root of a key, where it is in one: `O#acme` of `O#acme#C`.
fn root(key: &str) -> Option<String> {
    let (kind, rest) = key.split_once('#')?;
    let name = rest.split('#').next()?;
    let right = match kind {
        "O" => !name.is_empty() && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')),
        "I" => is_ulid(name),
        _ => false,
    };
    right.then(|| format!("{kind}#{name}"))
}

/// Whether a key is in nobody's root, and may be: what opens connections, and the sweep's list of jobs.
fn is_documented(request: &Request, key: &str) -> bool {
    let query = request.operation == "Query" && request.body["IndexName"] == "gs1";
    match key {
        "prime" => request.operation == "GetItem",
        "J" => query && request.function == "SweepDeprovisionedTenantsFunction",
        _ => false,
    }
}

/// The roots of a table: its operators, and the customers that were made in it.
fn roots(recording: &Recording) -> BTreeSet<String> {
    let made = recording.requests.iter().filter(|request| request.function == "CreateCustomerFunction");
    let keys = made.flat_map(Request::parts).filter(|part| part.action == "PutItem").filter_map(|part| part.partition);
    keys.filter_map(|key| root(&key)).collect()
}

#[test]
fn every_recorded_key_is_in_a_root_and_every_write_in_one_that_exists() {
    for recording in recordings() {
        let roots = roots(&recording);
        for request in &recording.requests {
            let mut of_request = BTreeSet::new();
            for part in request.parts() {
                let key = part.partition.clone().unwrap_or_default();
                if is_documented(request, &key) {
                    continue;
                }
                let root =
                    root(&key).unwrap_or_else(|| panic!("{} asks for {key:?}: {}", request.function, request.body));
                if part.action != "GetItem" && part.action != "Query" {
                    assert!(roots.contains(&root), "{} writes {key:?}, and there is no such root", request.function);
                }
                of_request.insert(root);
            }
            // An operator's request also touches the root of one of its customers, no more.
            let customers = of_request.iter().filter(|root| root.starts_with("I#")).count();
            assert!(customers <= 1 && of_request.len() <= 2, "{} mixes {of_request:?}", request.function);
        }
    }
}
