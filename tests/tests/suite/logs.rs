//! What the functions logged: one line of JSON per event, short where all went well, and nothing of what
//! callers keep to themselves (K1, K2).

use std::collections::BTreeSet;
use tests::Value;
use tests::recorded::{Recording, recordings};

/// The most bytes of a line about a request that went well.
const MOST_BYTES: usize = 300;

/// Shorter texts are found in anything.
const TELLING: usize = 8;

/// What is wrong with a line.
fn fault(line: &str) -> Option<String> {
    let Ok(event) = serde_json::from_str::<Value>(line) else { return Some("it is not JSON".to_owned()) };
    if !event.is_object() {
        return Some("it is not an object".to_owned());
    }
    let went_well = event["status"].as_u64().is_some_and(|status| (200..300).contains(&status));
    if went_well && line.len() > MOST_BYTES {
        return Some(format!("it has {} bytes", line.len()));
    }
    for secret in ["sk_int_", "sk_ops_"] {
        let long = |(at, _)| line[at + secret.len()..].bytes().take(10).filter(u8::is_ascii_alphanumeric).count() == 10;
        if line.match_indices(secret).any(long) {
            return Some("it shows a key".to_owned());
        }
    }
    None
}

/// The values of every `metadata` that the functions stored.
fn metadata(recording: &Recording) -> BTreeSet<String> {
    fn collect(value: &Value, inside: bool, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(name, value)| collect(value, inside || name == "metadata", found));
            }
            Value::Array(items) => items.iter().for_each(|item| collect(item, inside, found)),
            Value::String(text) if inside && text.len() >= TELLING => drop(found.insert(text.clone())),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    for request in recording.requests.iter().filter(|request| request.body.to_string().contains("metadata")) {
        request.parts().iter().for_each(|part| collect(&part.body["Item"], false, &mut found));
    }
    found
}

#[test]
fn every_log_line_is_one_event_and_short_where_all_went_well() {
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
    for recording in recordings() {
        for secret in recording.secrets.iter().chain(&metadata(&recording)).filter(|secret| secret.len() >= TELLING) {
            // A caller's own request id is logged, whatever it is.
            let shows = |line: &&str| line.contains(secret.as_str()) && !line.contains("caller_request_id");
            if let Some(line) = recording.log.lines().find(shows) {
                panic!("{}: {secret:?} is in the log: {line}", recording.table);
            }
        }
    }
}

#[test]
fn a_line_that_says_too_much_is_told() {
    assert_eq!(fault(r#"{"status":200,"operation":"get-tenant"}"#), None);
    assert_eq!(fault("thread 'main' panicked"), Some("it is not JSON".to_owned()));
    assert_eq!(fault(r#"{"status":401,"cause":"sk_int_0123456789"}"#), Some("it shows a key".to_owned()));
    let long = format!(r#"{{"status":200,"operation":"{}"}}"#, "x".repeat(300));
    assert!(fault(&long).unwrap().contains("bytes"));
    assert_eq!(fault(&long.replace("200", "503")), None);
}
