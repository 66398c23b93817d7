//! DynamoDB's limits at their edges: through the proxy a request at a limit passes to the real engine, and one over it is
//! refused by the proxy itself, whatever the engine would make of it.

use local::proxy::FaultProxy;
use local::store::Endpoint;
use tests::{App, Value, json};

/// An operation, and its body for a table.
type Request = (&'static str, Value);

/// A limit: its name, the largest number that is within it, and a request of so many.
type Limit = (&'static str, usize, fn(usize) -> Request);

const TABLE: &str = "TABLE";

fn key() -> Value {
    json!({ "pk": { "S": "p" }, "sk": { "S": "s" } })
}

/// The key, and these members beside it.
fn item(members: Value) -> Value {
    let mut item = key();
    item.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    item
}

fn text(bytes: usize) -> Value {
    json!({ "S": "x".repeat(bytes) })
}

fn put(item: Value) -> Request {
    ("PutItem", json!({ "TableName": TABLE, "Item": item }))
}

fn update(expression: String, names: Value, values: Value) -> Request {
    let mut body =
        json!({ "TableName": TABLE, "Key": key(), "UpdateExpression": expression, "ReturnValues": "ALL_NEW" });
    for (member, placeholders) in [("ExpressionAttributeNames", names), ("ExpressionAttributeValues", values)] {
        if placeholders != json!({}) {
            body[member] = placeholders;
        }
    }
    ("UpdateItem", body)
}

/// A query of the item's partition under a filter.
fn query(filter: String, values: Value) -> Request {
    let mut all = json!({ ":p": { "S": "p" } });
    all.as_object_mut().unwrap().extend(values.as_object().unwrap().clone());
    let body = json!({
        "TableName": TABLE, "KeyConditionExpression": "pk = :p", "FilterExpression": filter,
        "ExpressionAttributeValues": all,
    });
    ("Query", body)
}

fn transaction(items: Vec<Value>) -> Request {
    let puts: Vec<Value> = items.iter().map(|item| json!({ "Put": { "TableName": TABLE, "Item": item } })).collect();
    ("TransactWriteItems", json!({ "TransactItems": puts }))
}

/// The nth of many items, of so many bytes.
fn nth_item(n: usize, bytes: usize) -> Value {
    // Names and values of the key are 8 bytes, the name of the other member 1.
    json!({ "pk": { "S": "p" }, "sk": { "S": format!("{n:03}") }, "a": text(bytes - 9) })
}

/// Numbered placeholders, `:v0` and so on, with a value each.
fn numbered(values: impl IntoIterator<Item = Value>) -> (String, Value) {
    let values: Vec<(String, Value)> =
        values.into_iter().enumerate().map(|(n, value)| (format!(":v{n}"), value)).collect();
    let names: Vec<&str> = values.iter().map(|(name, _)| name.as_str()).collect();
    (names.join(","), Value::Object(values.iter().cloned().collect()))
}

const EXPRESSIONS: [Limit; 6] = [
    ("ConditionExpression", 4096, |n| {
        let condition = format!("{:<n$}", "attribute_not_exists(absent)");
        let (operation, mut body) = put(key());
        body["ConditionExpression"] = json!(condition);
        (operation, body)
    }),
    ("ConditionExpression of a transaction", 4096, |n| {
        let (operation, mut body) = transaction(vec![key()]);
        body["TransactItems"][0]["Put"]["ConditionExpression"] =
            json!(format!("{:<n$}", "attribute_not_exists(absent)"));
        (operation, body)
    }),
    ("UpdateExpression", 4096, |n| update(format!("{:<n$}", "REMOVE a"), json!({}), json!({}))),
    ("KeyConditionExpression", 4096, |n| {
        let condition = format!("{:<n$}", "pk = :p");
        let values = json!({ ":p": { "S": "p" } });
        (
            "Query",
            json!({ "TableName": TABLE, "KeyConditionExpression": condition, "ExpressionAttributeValues": values }),
        )
    }),
    ("FilterExpression", 4096, |n| query(format!("{:<n$}", "a = :f"), json!({ ":f": text(1) }))),
    ("ProjectionExpression", 4096, |n| {
        ("GetItem", json!({ "TableName": TABLE, "Key": key(), "ProjectionExpression": format!("{:<n$}", "a") }))
    }),
];

const PARTS_OF_EXPRESSIONS: [Limit; 8] = [
    ("operators of a condition", 300, |n| {
        // Of an even number one is a NOT.
        let not = if n % 2 == 0 { "NOT " } else { "" };
        query(format!("{not}{}", vec!["a=:f"; n.div_ceil(2)].join(" AND ")), json!({ ":f": text(1) }))
    }),
    ("functions of a condition", 100, |n| {
        // Each is a function, a comparison and an AND, but for the last one's: and a NOT.
        query(format!("NOT {}", vec!["size(a)<:f"; n].join(" AND ")), json!({ ":f": { "N": "1" } }))
    }),
    ("operators of an update", 300, |n| {
        let sums: Vec<String> = (0..n).map(|n| format!("a{n}=:n+:n")).collect();
        update(format!("SET {}", sums.join(",")), json!({}), json!({ ":n": { "N": "1" } }))
    }),
    ("functions of an update", 50, |n| {
        let sums = (0..250).map(|n| format!("a{n}=:n+:n"));
        let sets: Vec<String> = sums.chain((0..n).map(|n| format!("b{n}=if_not_exists(a,:n)"))).collect();
        update(format!("SET {}", sets.join(",")), json!({}), json!({ ":n": { "N": "1" } }))
    }),
    ("operands of IN", 100, |n| {
        let (names, values) = numbered(vec![text(1); n]);
        query(format!("a IN ({names})"), values)
    }),
    ("bytes of a name's placeholder", 255, |n| {
        let name = format!("#{}", "n".repeat(n - 1));
        update(format!("REMOVE {name}"), json!({ name: "a" }), json!({}))
    }),
    ("bytes of a value's placeholder", 255, |n| {
        let name = format!(":{}", "v".repeat(n - 1));
        query(format!("a = {name}"), json!({ name: text(1) }))
    }),
    ("bytes of all placeholders", 2 << 20, |n| {
        // Seven values, and the partition's: `:p` and "p".
        let bytes = n - 3 - 7 * 3;
        let (names, values) = numbered((0..7).map(|n| text(bytes / 7 + if n == 0 { bytes % 7 } else { 0 })));
        query(format!("a IN ({names})"), values)
    }),
];

const ITEMS: [Limit; 9] = [
    ("levels of an item", 32, |n| put(item(json!({ "a": nested(n) })))),
    ("levels of a value", 32, |n| query("a = :f".to_owned(), json!({ ":f": nested(n) }))),
    ("bytes of an item", 400 << 10, |n| put(nth_item(0, n))),
    ("bytes of an item of a transaction", 400 << 10, |n| transaction(vec![nth_item(0, n)])),
    ("bytes of a partition key", 2048, |n| put(json!({ "pk": text(n), "sk": { "S": "s" } }))),
    ("bytes of a partition key that is read", 2048, |n| {
        ("GetItem", json!({ "TableName": TABLE, "Key": { "pk": text(n), "sk": { "S": "s" } } }))
    }),
    ("bytes of a sort key", 1024, |n| put(json!({ "pk": { "S": "p" }, "sk": text(n) }))),
    ("bytes of the index's partition key", 2048, |n| put(item(json!({ "g1pk": text(n), "g1sk": { "S": "s" } })))),
    ("bytes of the index's sort key", 1024, |n| {
        let values = json!({ ":p": { "S": "p" }, ":s": text(n) });
        update("SET g1pk = :p, #s = :s".to_owned(), json!({ "#s": "g1sk" }), values)
    }),
];

const MANY: [Limit; 5] = [
    ("characters of a token", 36, |n| {
        let (operation, mut body) = transaction(vec![key()]);
        body["ClientRequestToken"] = json!("x".repeat(n));
        (operation, body)
    }),
    ("parts of a transaction", 100, |n| transaction((0..n).map(|n| nth_item(n, 20)).collect())),
    ("bytes of a transaction", 4 << 20, |n| {
        let bytes = |item: usize| n / 11 + if item == 0 { n % 11 } else { 0 };
        transaction((0..11).map(|item| nth_item(item, bytes(item))).collect())
    }),
    ("keys of a batch", 100, |n| {
        let keys: Vec<Value> = (0..n).map(|n| json!({ "pk": { "S": "p" }, "sk": { "S": n.to_string() } })).collect();
        ("BatchGetItem", json!({ "RequestItems": { TABLE: { "Keys": keys } } }))
    }),
    ("writes of a batch", 25, |n| {
        let puts: Vec<Value> = (0..n).map(|n| json!({ "PutRequest": { "Item": nth_item(n, 20) } })).collect();
        ("BatchWriteItem", json!({ "RequestItems": { TABLE: puts } }))
    }),
];

/// A value of so many levels: maps, and a text in the innermost.
fn nested(levels: usize) -> Value {
    (1..levels).fold(text(1), |inner, _| json!({ "M": { "m": inner } }))
}

/// A proxy of its own, so that what it refuses is not taken for a function's, and a table behind it.
struct Place {
    proxy: FaultProxy,
    table: String,
    _app: App,
}

impl Place {
    async fn new() -> Self {
        let app = App::start().await;
        let proxy = FaultProxy::start(app.store.url(), Vec::new()).await.unwrap();
        Self { proxy, table: app.table.clone(), _app: app }
    }

    /// Sends a request, whose table is here: `None`, or what it was refused for.
    async fn refused(&self, (operation, body): Request) -> Option<String> {
        let text = body.to_string().replace(&format!("\"{TABLE}\""), &format!("\"{}\"", self.table));
        let sent = Endpoint::new(self.proxy.url()).call(operation, serde_json::from_str(&text).unwrap()).await;
        let entry = self.proxy.log().pop().unwrap();
        let Err(error) = sent else {
            assert_eq!((entry.status, entry.over_limit), (Some(200), None));
            return None;
        };
        assert_eq!(
            (error.status, error.type_.as_str()),
            (400, "ValidationException"),
            "{operation}: {}",
            error.message
        );
        let message = entry.over_limit.clone().unwrap_or_else(|| panic!("the engine refused it: {}", error.message));
        assert_eq!(
            (&message, entry.forwarded, entry.error_type()),
            (&error.message, false, Some("ValidationException"))
        );
        Some(message)
    }
}

async fn check(limits: impl IntoIterator<Item = Limit>) {
    let place = Place::new().await;
    for (name, most, request) in limits {
        assert_eq!(place.refused(request(most)).await, None, "{name}: {most}");
        let Some(message) = place.refused(request(most + 1)).await else { panic!("{name}: one over {most} passes") };
        assert!(message.contains("over the limit of"), "{name}: {message}");
    }
}

#[tokio::test]
async fn an_expression_over_its_size_is_refused() {
    check(EXPRESSIONS).await;
}

#[tokio::test]
async fn an_expression_of_too_many_parts_is_refused() {
    check(PARTS_OF_EXPRESSIONS).await;
}

#[tokio::test]
async fn an_item_or_key_over_its_size_is_refused() {
    check(ITEMS).await;
}

#[tokio::test]
async fn a_transaction_or_batch_of_too_much_is_refused() {
    check(MANY).await;
}

#[tokio::test]
async fn an_empty_key_and_an_item_twice_are_refused() {
    let place = Place::new().await;
    let empty = |name: &str| {
        let mut item = item(json!({ "g1pk": { "S": "p" }, "g1sk": { "S": "s" } }));
        item[name] = text(0);
        put(item)
    };
    for name in ["pk", "sk", "g1pk", "g1sk"] {
        let message = place.refused(empty(name)).await.unwrap_or_else(|| panic!("{name} may be empty"));
        assert!(message.contains("empty string value") && message.ends_with(name), "{message}");
    }
    let message = place.refused(transaction(vec![nth_item(1, 20), nth_item(2, 20), nth_item(1, 30)])).await.unwrap();
    assert!(message.contains("multiple operations on one item: p 001"), "{message}");
    let keys = json!([key(), { "pk": { "S": "p" }, "sk": { "S": "other" } }, key()]);
    let batch = ("BatchGetItem", json!({ "RequestItems": { TABLE: { "Keys": keys } } }));
    let message = place.refused(batch).await.unwrap();
    assert!(message.contains("contains duplicates: p s"), "{message}");
    let (operation, mut body) = transaction(vec![key()]);
    body["ClientRequestToken"] = json!("");
    assert!(place.refused((operation, body)).await.unwrap().contains("ClientRequestToken"));
}
