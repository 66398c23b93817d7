//! Keys of a BatchGetItem that are left unprocessed, as DynamoDB does when a partition throttles. Here all keys of a request may be left;
//! DynamoDB answers that with ProvisionedThroughputExceededException.

use super::{request::item_key, rule::like};
use hyper::body::Bytes;
use serde_json::{Map, Value, json};

/// What is left of a request: `UnprocessedKeys`.
#[derive(Default)]
pub(super) struct Left {
    tables: Map<String, Value>,
    /// Whether no key remains to be read.
    pub is_all: bool,
}

/// Takes the keys that match out of a request.
pub(super) fn leave(body: &mut Bytes, pattern: &str) -> Left {
    let mut request: Value = serde_json::from_slice(body).unwrap_or_default();
    let Some(tables) = request.get_mut("RequestItems").and_then(Value::as_object_mut) else { return Left::default() };
    let mut left = Map::new();
    for (table, wanted) in tables.iter_mut() {
        let Some(wanted) = wanted.as_object_mut() else { continue };
        let Some(Value::Array(keys)) = wanted.remove("Keys") else { continue };
        let (taken, rest): (Vec<Value>, Vec<Value>) = keys.into_iter().partition(|key| like(pattern, &item_key(key)));
        if !taken.is_empty() {
            let mut of_table = wanted.clone();
            of_table.insert("Keys".to_owned(), taken.into());
            left.insert(table.clone(), of_table.into());
        }
        wanted.insert("Keys".to_owned(), rest.into());
    }
    tables.retain(|_, wanted| wanted.pointer("/Keys/0").is_some());
    let is_all = tables.is_empty();
    *body = request.to_string().into();
    Left { tables: left, is_all }
}

/// The answer to a request of which all is left.
pub(super) fn nothing(left: Left) -> String {
    json!({ "Responses": {}, "UnprocessedKeys": left.tables }).to_string()
}

/// The answer to the others, and what is left.
pub(super) fn add(answer: Bytes, left: Left) -> Bytes {
    match serde_json::from_slice(&answer) {
        Ok(Value::Object(mut members)) if !left.tables.is_empty() && members.contains_key("Responses") => {
            members.insert("UnprocessedKeys".to_owned(), left.tables.into());
            Value::Object(members).to_string().into()
        }
        _ => answer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(keys: &[&str]) -> Bytes {
        let keys: Vec<Value> = keys.iter().map(|pk| json!({ "pk": { "S": pk }, "sk": { "S": "#" } })).collect();
        json!({ "RequestItems": { "t": { "Keys": keys, "ConsistentRead": true } } }).to_string().into()
    }

    #[test]
    fn the_keys_that_match_are_left_and_the_others_read() {
        let mut request = body(&["I#1", "I#1#T"]);
        let left = leave(&mut request, "#T");
        assert_eq!(request, body(&["I#1"]));
        assert!(!left.is_all);
        let answer = add(Bytes::from(r#"{"Responses":{"t":[]},"UnprocessedKeys":{}}"#), left);
        let rest: Value = serde_json::from_slice(&body(&["I#1#T"])).unwrap();
        let expected = json!({ "Responses": { "t": [] }, "UnprocessedKeys": rest["RequestItems"] });
        assert_eq!(serde_json::from_slice::<Value>(&answer).unwrap(), expected);
    }

    #[test]
    fn all_may_be_left_and_none() {
        let mut request = body(&["I#1"]);
        let left = leave(&mut request, "I#*");
        assert!(left.is_all && nothing(left).contains("I#1"));
        let mut request = body(&["I#1"]);
        let left = leave(&mut request, "#T");
        assert_eq!((request, left.is_all), (body(&["I#1"]), false));
        let answer = Bytes::from(r#"{"Responses":{}}"#);
        assert_eq!(add(answer.clone(), left), answer);
    }
}
