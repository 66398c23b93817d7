//! The list of an operator's keys as a person reads it: a header, aligned columns, ages, and which keys are due for replacement.

use super::common::aligned;
use tenancy::domain::Timestamp;
use tenancy::store::OperatorKey;

/// A live key that is older than so many days is marked.
pub const OLD: i64 = 90;

const DAY: i64 = 24 * 60 * 60 * 1000;

/// How many days ago the key was made.
fn age(key: &OperatorKey, now: Timestamp) -> i64 {
    (now.milliseconds() - key.key_id.created_at().milliseconds()).max(0) / DAY
}

/// Whether the key still opens something after more than [`OLD`] days.
pub fn is_old(key: &OperatorKey, now: Timestamp) -> bool {
    key.revoked_at.is_none() && age(key, now) > OLD
}

/// The header, then a line per key. The name comes last: it may have spaces in it.
pub fn lines(keys: &[OperatorKey], now: Timestamp) -> Vec<String> {
    let header = ["KEY", "CREATED", "AGE", "STATE", "SCOPES", "NAME"].map(str::to_owned);
    let rows: Vec<[String; 6]> = std::iter::once(header).chain(keys.iter().map(|key| row(key, now))).collect();
    aligned(&rows)
}

fn row(key: &OperatorKey, now: Timestamp) -> [String; 6] {
    let state = match key.revoked_at {
        Some(time) => format!("revoked {time}"),
        None if is_old(key, now) => format!("live, over {OLD} days old"),
        None => "live".to_owned(),
    };
    let scopes = Some(key.scopes.names().join(",")).filter(|names| !names.is_empty());
    let none = || "-".to_owned();
    [
        key.key_id.to_string(),
        key.key_id.created_at().to_string(),
        format!("{} d", age(key, now)),
        state,
        scopes.unwrap_or_else(none),
        key.name.clone().unwrap_or_else(none),
    ]
}
