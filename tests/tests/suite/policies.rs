//! Every recorded request is allowed by its function's policy, every grant is used by one, and no two
//! policies that differ can be swapped (L3, L4, L5).

use local::template::Function;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use tests::iam::{Access, allows, grants};
use tests::recorded::recordings;
use tests::{Value, json, template};

/// What each function was seen to do, by its logical id; one example of each kind of keys together.
fn accesses() -> &'static BTreeMap<String, BTreeSet<Access>> {
    static ACCESSES: OnceLock<BTreeMap<String, BTreeSet<Access>>> = OnceLock::new();
    ACCESSES.get_or_init(|| {
        let mut kinds = BTreeSet::new();
        let mut accesses: BTreeMap<String, BTreeSet<Access>> = BTreeMap::new();
        for request in recordings().flat_map(|recording| recording.requests) {
            for access in Access::of(&request.operation, &request.parts()) {
                let of_keys: BTreeSet<String> = access.keys.iter().map(|key| kind(key)).collect();
                let (action, attributes) = (access.action.clone(), access.attributes.clone());
                if kinds.insert((request.function.clone(), action, access.index.clone(), of_keys, attributes)) {
                    accesses.entry(request.function.clone()).or_default().insert(access);
                }
            }
        }
        accesses
    })
}

/// A key with what differs from item to item left out: its free text, and the names in it.
fn kind(key: &str) -> String {
    let words: Vec<&str> = key.splitn(4, '#').collect();
    match words[..] {
        ["S", kind, _] => format!("S#{kind}#"),
        [root, name, kind, _] => format!("{root}#{}#{kind}#", name.len() == 26),
        [root, name, kind] => format!("{root}#{}#{kind}", name.len() == 26),
        [root, name] => format!("{root}#{}", name.len() == 26),
        _ => key.to_owned(),
    }
}

fn function(logical_id: &str) -> &'static Function {
    let found = template().functions.iter().find(|function| function.logical_id == logical_id);
    found.unwrap_or_else(|| panic!("template.yaml has no {logical_id}, which sent requests to the store"))
}

#[test]
fn every_recorded_request_is_allowed_by_its_functions_policy() {
    let mut denied = Vec::new();
    for (logical_id, accesses) in accesses() {
        for access in accesses {
            if !allows(function(logical_id), access).unwrap() {
                denied.push(format!("{logical_id} may not {} on {:?} {:?}", access.action, access.keys, access.index));
            }
        }
    }
    assert!(denied.is_empty(), "template.yaml grants too little:\n{}", denied.join("\n"));
}

#[test]
fn every_grant_is_used_by_a_recorded_request() {
    let mut unused = Vec::new();
    for function in &template().functions {
        let none = BTreeSet::new();
        let used = accesses().get(&function.logical_id).unwrap_or(&none);
        for grant in grants(function) {
            if !used.iter().any(|access| grant.serves(access)) {
                unused
                    .push(format!("{}: {} on {} for {}", function.logical_id, grant.action, grant.resource, grant.key));
            }
        }
    }
    assert!(unused.is_empty(), "no recorded request needs these grants of template.yaml:\n{}", unused.join("\n"));
}

#[test]
fn no_two_functions_with_different_policies_can_be_swapped() {
    let touches = |function: &&Function| !grants(function).is_empty();
    let functions: Vec<&Function> = template().functions.iter().filter(touches).collect();
    let denies = |function: &Function, of: &Function| {
        let accesses = accesses().get(&of.logical_id).into_iter().flatten();
        accesses.into_iter().any(|access| !allows(function, access).unwrap())
    };
    for (at, one) in functions.iter().enumerate() {
        for other in &functions[..at] {
            let sorted = |function: &Function| grants(function).into_iter().collect::<BTreeSet<_>>();
            let differ = sorted(one) != sorted(other);
            let noticed = denies(one, other) || denies(other, one);
            assert_eq!(differ, noticed, "swapping {} and {}", one.logical_id, other.logical_id);
        }
    }
}

#[test]
fn the_evaluator_denies_what_is_not_granted() {
    let condition = json!({
        "Null": { "dynamodb:LeadingKeys": "false" },
        "ForAllValues:StringLike": { "dynamodb:LeadingKeys": ["prime", "O#*"] },
        "ForAllValues:StringNotLike": { "dynamodb:LeadingKeys": "O#*#*" },
    });
    let with = |condition: Value| Function {
        statements: vec![json!({
            "Effect": "Allow", "Action": "dynamodb:BatchGetItem", "Condition": condition,
            "Resource": "arn:aws:dynamodb:local:000000000000:table/TABLE",
        })],
        ..function("GetTenantFunction").clone()
    };
    let access = |action: &str, keys: &[&str]| Access {
        action: action.to_owned(),
        index: None,
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        attributes: BTreeSet::new(),
    };
    let granted = with(condition);
    for (action, keys, expected) in [
        ("dynamodb:BatchGetItem", vec!["O#acme"], true),
        ("dynamodb:BatchGetItem", vec!["prime"], true),
        ("dynamodb:BatchGetItem", vec!["O#acme", "prime"], true),
        ("dynamodb:BatchGetItem", vec!["O#acme#C"], false),
        ("dynamodb:BatchGetItem", vec!["O#acme", "O#acme#C"], false),
        ("dynamodb:BatchGetItem", vec!["I#acme", "O#acme"], false),
        ("dynamodb:BatchGetItem", vec![], false),
        ("dynamodb:PutItem", vec!["O#acme"], false),
    ] {
        assert_eq!(allows(&granted, &access(action, &keys)), Ok(expected), "{action} {keys:?}");
    }
    for (action, key) in [("dynamodb:ConditionCheckItem", "O#acme"), ("dynamodb:UpdateItem", "O#acme")] {
        let check = json!({
            "Null": { "dynamodb:LeadingKeys": "false" }, "ForAllValues:StringLike": { "dynamodb:LeadingKeys": "O#*" },
        });
        let mut checking = with(check);
        checking.statements[0]["Action"] = json!("dynamodb:ConditionCheckItem");
        let expected = action == "dynamodb:ConditionCheckItem";
        assert_eq!(allows(&checking, &access(action, &[key])), Ok(expected), "a check is no write: {action}");
    }
    let mut counting = with(json!({
        "Null": { "dynamodb:LeadingKeys": "false", "dynamodb:Attributes": "false" },
        "ForAllValues:StringLike": { "dynamodb:LeadingKeys": "I#*" },
        "ForAllValues:StringEquals": { "dynamodb:Attributes": ["pk", "buckets"] },
    }));
    counting.statements[0]["Action"] = json!("dynamodb:UpdateItem");
    for (attributes, expected) in [(&["pk", "buckets"][..], true), (&["pk", "keys"], false), (&[], false)] {
        let attributes = attributes.iter().map(|name| (*name).to_owned()).collect();
        let update = Access { attributes, ..access("dynamodb:UpdateItem", &["I#x"]) };
        assert_eq!(allows(&counting, &update), Ok(expected), "{update:?}");
    }
    let in_index = Access { index: Some("gs1".to_owned()), ..access("dynamodb:BatchGetItem", &["O#acme"]) };
    assert_eq!(allows(&granted, &in_index), Ok(false));
    let odd = with(json!({ "StringEquals": { "dynamodb:LeadingKeys": "x" } }));
    assert!(allows(&odd, &access("dynamodb:BatchGetItem", &["x"])).is_err());
}
