//! What the functions and the gateway logged: one short line of JSON per event, nothing of what callers keep to themselves, and every
//! answer's own line (K1, K2, K3).

use std::collections::{BTreeMap, BTreeSet};
use tests::recorded::{Recording, Request, recordings, request_ids};
use tests::{Value, json, shows};

/// The largest size of a line in bytes, and of one without [`RARE`].
const MAX_BYTES: usize = 9_000;
const MAX_USUAL_BYTES: usize = 300;
/// Members that only failures, cold starts and callers with a request id of their own add.
const RARE: [&str; 4] = ["level", "cause", "cold", "caller_request_id"];

/// What keys and tokens look like: how one begins, and how many letters and digits follow at least. `eyJ` begins a JWT.
const CREDENTIALS: [(&str, usize); 7] = [
    ("sk_int_", 10),
    ("sk_ops_", 10),
    ("eyJ", 10),
    ("Bearer ", 0),
    ("bearer ", 0),
    ("Authorization", 0),
    ("authorization", 0),
];

/// What is wrong with a line.
fn fault(line: &str) -> Option<String> {
    let Ok(mut event) = serde_json::from_str::<Value>(line) else { return Some("it is not JSON".to_owned()) };
    let Some(members) = event.as_object_mut() else { return Some("it is not an object".to_owned()) };
    // The caller's own request id is logged, whatever it is.
    members.remove("caller_request_id");
    let text = Value::from(members.clone()).to_string();
    members.retain(|name, _| !RARE.contains(&name.as_str()));
    let usual = event.to_string().len();
    // Lambda's own lines are as long as they are.
    if line.len() > MAX_BYTES || usual > MAX_USUAL_BYTES && !event["type"].is_string() {
        return Some(format!("it has {} bytes, {usual} without what is rare", line.len()));
    }
    let shown = |(start, rest): &(&str, usize)| {
        text.match_indices(start).any(|(at, _)| {
            text[at + start.len()..].bytes().take(*rest).filter(u8::is_ascii_alphanumeric).count() == *rest
        })
    };
    CREDENTIALS.iter().find(|credential| shown(credential)).map(|(start, _)| format!("it shows a credential: {start}"))
}

/// The values of every `metadata` that the functions stored or tried to.
fn metadata(recording: &Recording) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for request in recording.requests.iter().filter(|request| request.body.to_string().contains("metadata")) {
        stored(request).iter().for_each(|value| texts(value, &mut found));
    }
    found
}

/// The `metadata` that a request stores: of the item that it puts, and what its update expression sets.
fn stored(request: &Request) -> Vec<Value> {
    let mut stored = Vec::new();
    for part in request.parts() {
        stored.push(part.body["Item"]["metadata"].clone());
        let assignments = part.body["UpdateExpression"].as_str().unwrap_or_default().split([',', ' ']);
        let mut words = assignments.filter(|word| !word.is_empty());
        while let Some(word) = words.next() {
            let name = part.body["ExpressionAttributeNames"][word].as_str().unwrap_or(word);
            if name == "metadata" && words.next() == Some("=") {
                let placeholder = words.next().unwrap_or_default();
                stored.push(part.body["ExpressionAttributeValues"][placeholder].clone());
            }
        }
    }
    stored
}

/// Every text in a value.
fn texts(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => members.values().for_each(|value| texts(value, found)),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::String(text) => drop(found.insert(text.clone())),
        _ => {}
    }
}

/// A line of which the caller's own request id is left out where it says just this.
fn without_own(line: &str, secret: &str) -> String {
    match serde_json::from_str::<Value>(line) {
        Ok(mut event) if event["caller_request_id"] == secret => {
            event["caller_request_id"] = Value::Null;
            event.to_string()
        }
        _ => line.to_owned(),
    }
}

/// The line of a log that shows a text.
fn shown<'a>(log: &'a str, secret: &str) -> Option<&'a str> {
    log.lines().find(|line| shows(line, secret) && shows(&without_own(line, secret), secret))
}

#[test]
fn every_log_line_is_one_short_event() {
    let mut lines = 0;
    for recording in recordings() {
        for line in recording.log.lines() {
            if let Some(fault) = fault(line) {
                panic!("{}: {fault}: {line}", recording.table);
            }
            lines += 1;
        }
    }
    assert!(lines > 0, "not one line is recorded");
}

#[test]
fn no_log_shows_what_callers_keep_to_themselves() {
    let (mut secrets, mut values) = (0, 0);
    for recording in recordings() {
        let metadata = metadata(&recording);
        for secret in recording.secrets.iter().chain(&metadata) {
            if let Some(line) = shown(&recording.log, secret) {
                panic!("{}: {secret:?} is in the log: {line}", recording.table);
            }
        }
        (secrets, values) = (secrets + recording.secrets.len(), values + metadata.len());
    }
    assert!(secrets > 0 && values > 0, "{secrets} secrets and {values} values of metadata are recorded");
}

#[test]
fn every_answer_has_its_line() {
    let mut answers = 0;
    for recording in recordings() {
        let logged = request_ids(&recording.log);
        for answer in &recording.answers {
            assert!(logged.contains(&**answer), "{}: the log has no line of {answer}", recording.table);
        }
        answers += recording.answers.len();
    }
    assert!(answers > 0, "not one answer is recorded");
}

/// A function's line and that of the gateway are about the same request if they have the gateway's id.
#[test]
fn the_line_of_every_answer_agrees_with_the_gateways() {
    let mut joined = 0;
    for recording in recordings() {
        let answers: BTreeSet<&str> = recording.answers.iter().map(String::as_str).collect();
        let parsed = |line: &str| serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        let access: BTreeMap<String, Value> =
            recording.access.lines().map(parsed).map(|line| (line["id"].as_str().unwrap().to_owned(), line)).collect();
        for line in recording.log.lines().map(parsed) {
            if !line["request_id"].as_str().is_some_and(|id| answers.contains(id)) {
                continue;
            }
            let id = line["gateway"].as_str().unwrap_or_else(|| panic!("it has no id of the gateway: {line}"));
            let own =
                access.get(id).unwrap_or_else(|| panic!("{}: the gateway has no line of {line}", recording.table));
            assert_eq!((&own["route"], own["status"].as_str()), (&line["route"], Some(&*line["status"].to_string())));
            assert!(own["function"].as_str().is_some_and(|id| id.len() == 36) && line["lambda"].is_null(), "{own}");
            joined += 1;
        }
    }
    assert!(joined > 0, "not one answer is recorded");
}

#[test]
fn every_member_of_a_line_is_recorded() {
    let mut missing = BTreeSet::from([
        "level",
        "route",
        "status",
        "milliseconds",
        "request_id",
        "gateway",
        "lambda",
        "customer",
        "key",
        "user",
        "read",
        "write",
        "cold",
        "caller_request_id",
        "cause",
        "jobs",
        "oldest_job_seconds",
    ]);
    for line in recordings().flat_map(|recording| recording.log.lines().map(str::to_owned).collect::<Vec<_>>()) {
        let line: Value = serde_json::from_str(&line).unwrap_or_default();
        missing.retain(|name| line[*name].is_null());
    }
    assert_eq!(missing, BTreeSet::new());
}

#[test]
fn a_line_that_says_too_much_is_found() {
    assert_eq!(fault(r#"{"status":200,"route":"GET /tenants"}"#), None);
    assert_eq!(fault("thread 'main' panicked"), Some("it is not JSON".to_owned()));
    let long = format!(r#"{{"status":503,"route":"{}"}}"#, "x".repeat(300));
    assert!(fault(&long).unwrap().contains("bytes"));
    assert_eq!(fault(&long.replace("route", "cause")), None);
    assert!(fault(&long.replace("route", "cause").replace('x', &"x".repeat(30))).is_some());
    for credential in ["sk_int_0123456789", "sk_ops_abcdefghij", "eyJhbGciOiJIUzI1NiJ9", "Bearer x", "Authorization"] {
        let line = json!({ "status": 401, "cause": credential }).to_string();
        assert!(fault(&line).is_some_and(|fault| fault.contains("a credential")), "{line}");
        assert_eq!(fault(&line.replace("cause", "caller_request_id")), None, "{line}");
    }
    assert_eq!(fault(r#"{"status":401,"cause":"sk_int_ and eyJ"}"#), None);
}

#[test]
fn a_secret_is_found_unless_it_is_the_callers_own_request_id() {
    let line = |member: &str, text: &str| json!({ "status": 503, member: text }).to_string();
    assert!(shown(&line("cause", "it was my-secret-7"), "my-secret-7").is_some());
    assert!(shown(&line("caller_request_id", "my-secret-7 again"), "my-secret-7").is_some());
    assert_eq!(shown(&line("caller_request_id", "my-secret-7"), "my-secret-7"), None);
    // A short one as a word.
    assert!(shown(&line("cause", "the value red is"), "red").is_some());
    assert_eq!(shown(&line("cause", "redirected"), "red"), None);
}

#[test]
fn metadata_is_found_in_puts_and_updates() {
    let update = json!({
        "TableName": "t", "UpdateExpression": "SET #name = :v0, #metadata = :v1 REMOVE #x",
        "ExpressionAttributeNames": { "#name": "name", "#metadata": "metadata", "#x": "x" },
        "ExpressionAttributeValues": { ":v0": { "S": "n" }, ":v1": { "M": { "a": { "S": "red" } } } },
    });
    let put =
        json!({ "TableName": "t", "Item": { "pk": { "S": "p" }, "metadata": { "M": { "b": { "S": "blue" } } } } });
    let request = |operation: &str, body: &Value| {
        let (function, operation) = ("F".to_owned(), operation.to_owned());
        Request { function, operation, body: body.clone(), caller: None, path: None, over_limit: None }
    };
    let both = json!({ "TransactItems": [{ "Update": update }, { "Put": put }] });
    for (request, expected) in [
        (request("UpdateItem", &update), &["red"][..]),
        (request("PutItem", &put), &["blue"]),
        (request("TransactWriteItems", &both), &["blue", "red"]),
    ] {
        let mut found = BTreeSet::new();
        stored(&request).iter().for_each(|value| texts(value, &mut found));
        assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    }
}
