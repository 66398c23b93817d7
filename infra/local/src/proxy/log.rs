//! The log of the proxy: every request, its action, and its cost.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use serde_json::Value;

use super::{
    request::{Part, parts},
    rule::Action,
};

/// One request.
#[derive(Clone, Debug)]
pub struct LogEntry {
    /// Its place in the order of arrival, from 0.
    pub number: usize,
    /// When its last byte had arrived.
    pub started: Instant,
    /// When it was over: answered, dropped, or forwarded late. None while it is under way.
    pub finished: Option<Instant>,
    /// The access key id it was signed with: a function's logical id.
    pub function: String,
    /// The session token it was signed with: the process's own, where our Lambda started it.
    pub session: String,
    /// Such as `PutItem`.
    pub operation: String,
    /// The first table it names.
    pub table: Option<String>,
    /// Its body, as it came.
    pub body: Arc<Value>,
    /// What was done to it.
    pub action: Action,
    /// The engine's status; that of the proxy itself where it answered alone; None where there was none.
    pub status: Option<u16>,
    /// Whether the engine got it.
    pub forwarded: bool,
    /// The error that was answered, whole.
    pub error: Option<Arc<Value>>,
    /// The limit of DynamoDB that the request, or an item that it made or read, is over; the request was refused for that.
    pub over_limit: Option<String>,
    /// `ConsumedCapacity` of the engine's answer.
    pub capacity: Value,
}

impl LogEntry {
    /// The items and queries it is about.
    pub fn parts(&self) -> Vec<Part> {
        parts(&self.operation, &self.body)
    }

    /// The type of the answered error, such as `ConditionalCheckFailedException`.
    pub fn error_type(&self) -> Option<&str> {
        self.error.as_ref()?.get("__type")?.as_str()?.rsplit('#').next()
    }

    /// The parts that conflicted with other writes.
    pub fn conflicts(&self) -> Vec<Part> {
        let reasons = || self.error.as_ref()?.get("CancellationReasons")?.as_array();
        match (self.error_type(), reasons()) {
            (Some("TransactionConflictException"), _) => self.parts(),
            (_, Some(reasons)) => {
                let conflicts =
                    reasons.iter().map(|reason| reason.get("Code").is_some_and(|code| code == "TransactionConflict"));
                self.parts()
                    .into_iter()
                    .zip(conflicts)
                    .filter_map(|(part, conflicts)| conflicts.then_some(part))
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether it writes.
    pub fn is_write(&self) -> bool {
        ["PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem"]
            .contains(&self.operation.as_str())
    }

    /// Whether both were under way at some moment.
    pub fn overlaps(&self, other: &Self) -> bool {
        let ends_after = |entry: &Self, start| entry.finished.is_none_or(|end| end > start);
        ends_after(self, other.started) && ends_after(other, self.started)
    }

    /// Write units, as DynamoDB charges them.
    pub fn write_units(&self) -> f64 {
        if self.is_write() { self.units() } else { 0.0 }
    }

    /// Read units, as DynamoDB charges them.
    pub fn read_units(&self) -> f64 {
        if self.is_write() { 0.0 } else { self.units() }
    }

    /// The units that the engine's answer names; none in an error.
    pub fn reported_units(&self) -> f64 {
        let units = |capacity: &Value| capacity.get("CapacityUnits").and_then(Value::as_f64).unwrap_or_default();
        match &self.capacity {
            Value::Array(tables) => tables.iter().map(units).sum(),
            one => units(one),
        }
    }

    /// What the engine reports, but: a transaction costs at least two units per item (DynamoDB Local reports less where no
    /// item is in an index), and a failed condition, for which nothing is reported, is charged like the write of an item up to
    /// 1 KB.
    fn units(&self) -> f64 {
        if !self.forwarded {
            return 0.0;
        }
        let reported = self.reported_units();
        let items = self.parts().len() as f64;
        match (self.operation.as_str(), self.status, self.error_type()) {
            ("TransactWriteItems" | "TransactGetItems", Some(200), _) => reported.max(2.0 * items),
            ("TransactWriteItems" | "TransactGetItems", _, Some("TransactionCanceledException")) => 2.0 * items,
            (_, _, Some("ConditionalCheckFailedException")) => 1.0,
            _ => reported,
        }
    }
}

/// How often items conflicted, by [`Part::kind`].
pub fn conflicts(log: &[LogEntry]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for part in log.iter().flat_map(LogEntry::conflicts) {
        *counts.entry(part.kind()).or_default() += 1;
    }
    counts
}
