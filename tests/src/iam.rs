//! A small IAM: whether a function's policy statements allow a request to the table.
//!
//! It knows what template.yaml uses, and takes no other condition in silence. Invariant: what no statement
//! allows is denied.

use local::proxy::Part;
use local::template::Function;
use serde_json::Value;
use std::collections::BTreeSet;

/// One thing that a request does to the table, as IAM sees it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Access {
    /// `dynamodb:GetItem`.
    pub action: String,
    /// The index, of a query.
    pub index: Option<String>,
    /// The partition keys: `dynamodb:LeadingKeys`. A batch has many, and one statement must allow all of them.
    pub keys: Vec<String>,
    /// The top-level attributes that an update names: `dynamodb:Attributes`. Of other accesses none are known, and no statement that
    /// depends on them allows one.
    pub attributes: BTreeSet<String>,
}

impl Access {
    /// What a request is to IAM: a batch one access to all its items, anything else one to each of its parts.
    pub fn of(operation: &str, parts: &[Part]) -> Vec<Self> {
        let access = |action: &str, parts: &[Part]| Self {
            action: format!("dynamodb:{action}"),
            index: parts.first().and_then(|part| part.index.clone()),
            keys: parts.iter().filter_map(|part| part.partition.clone()).collect(),
            attributes: match parts {
                [part] if action == "UpdateItem" => part.attributes(),
                _ => BTreeSet::new(),
            },
        };
        match operation {
            "BatchGetItem" => vec![access(operation, parts)],
            _ => parts.iter().map(|part| access(&part.action, std::slice::from_ref(part))).collect(),
        }
    }

    fn resource(&self) -> String {
        let index = self.index.as_ref().map(|index| format!("/index/{index}")).unwrap_or_default();
        format!("{TABLE}{index}")
    }
}

/// The table's name as `local::template` renders it.
const TABLE: &str = "arn:aws:dynamodb:local:000000000000:table/TABLE";

/// One grant: an action on a resource for keys like this.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// `dynamodb:GetItem`.
    pub action: String,
    /// The table, or an index of it.
    pub resource: String,
    /// The pattern of the keys.
    pub key: String,
    /// The patterns of those that are left out of it.
    pub except: Vec<String>,
    /// The only attributes that an update may name; empty for all.
    pub attributes: Vec<String>,
}

impl Grant {
    /// Whether this is a grant that an access needs.
    pub fn serves(&self, access: &Access) -> bool {
        self.action == access.action
            && self.resource == access.resource()
            && (self.attributes.is_empty() || access.attributes.iter().all(|name| self.attributes.contains(name)))
            && access.keys.iter().any(|key| like(&self.key, key) && !self.except.iter().any(|not| like(not, key)))
    }
}

/// A member that holds one text or many.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

/// The statements of a function about DynamoDB.
fn statements(function: &Function) -> impl Iterator<Item = &Value> {
    let is_dynamodb =
        |statement: &&Value| texts(&statement["Action"]).iter().any(|action| action.starts_with("dynamodb:"));
    function.statements.iter().filter(is_dynamodb)
}

/// Everything that a function is granted on the table.
pub fn grants(function: &Function) -> Vec<Grant> {
    let mut grants = Vec::new();
    for statement in statements(function) {
        let keys = &statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"];
        let except = texts(&statement["Condition"]["ForAllValues:StringNotLike"]["dynamodb:LeadingKeys"]);
        let attributes = texts(&statement["Condition"]["ForAllValues:StringEquals"]["dynamodb:Attributes"]);
        for action in texts(&statement["Action"]) {
            for resource in texts(&statement["Resource"]) {
                for key in texts(keys) {
                    let [action, resource, key] = [action, resource, key].map(str::to_owned);
                    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
                    let (except, attributes) = (owned(&except), owned(&attributes));
                    grants.push(Grant { action, resource, key, except, attributes });
                }
            }
        }
    }
    grants
}

/// Whether a function's policy allows an access; an error names what is not understood.
pub fn allows(function: &Function, access: &Access) -> Result<bool, String> {
    for statement in statements(function) {
        if statement["Effect"] != "Allow" {
            return Err(format!("not an Allow: {statement}"));
        }
        let is_about = texts(&statement["Action"]).contains(&&*access.action)
            && texts(&statement["Resource"]).contains(&&*access.resource());
        if is_about && holds(&statement["Condition"], access)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn holds(conditions: &Value, access: &Access) -> Result<bool, String> {
    for (operator, condition) in conditions.as_object().into_iter().flatten() {
        for (name, values) in condition.as_object().into_iter().flatten() {
            let is_like = |key: &String| texts(values).iter().any(|pattern| like(pattern, key));
            let right = match (operator.as_str(), name.as_str()) {
                ("Null", "dynamodb:LeadingKeys") => access.keys.is_empty() == (texts(values) == ["true"]),
                ("Null", "dynamodb:Attributes") => access.attributes.is_empty() == (texts(values) == ["true"]),
                // For all of no keys at all: true.
                ("ForAllValues:StringLike", "dynamodb:LeadingKeys") => access.keys.iter().all(is_like),
                ("ForAllValues:StringNotLike", "dynamodb:LeadingKeys") => !access.keys.iter().any(is_like),
                ("ForAllValues:StringEquals", "dynamodb:Attributes") => {
                    access.attributes.iter().all(|attribute| texts(values).contains(&&**attribute))
                }
                // Functions that count ask for no values, which is NONE (`suite/requests.rs`).
                ("StringEqualsIfExists", "dynamodb:ReturnValues") => texts(values) == ["NONE"],
                _ => return Err(format!("the condition {operator} of {name} is not understood")),
            };
            if !right {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// IAM's patterns: `*` is any text, `?` one character.
pub fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut star) = ((0, 0), None);
    while at.1 < text.len() {
        match pattern.get(at.0) {
            Some('*') => {
                star = Some(at);
                at.0 += 1;
            }
            Some(wanted) if *wanted == '?' || *wanted == text[at.1] => at = (at.0 + 1, at.1 + 1),
            _ => match star {
                Some((position, taken)) => {
                    star = Some((position, taken + 1));
                    at = (position + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at.0..].iter().all(|rest| *rest == '*')
}
