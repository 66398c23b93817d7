//! What Lambda itself logs of an invocation that failed, in the JSON format of its system log. The level WARN, which template.yaml sets, leaves
//! out the same events of a success.

use std::time::Instant;

use serde_json::json;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::InvokeError;

/// The lines of a failed invocation; none if the function was not run.
pub(super) fn lines(id: &str, error: &InvokeError, started: Instant) -> Vec<String> {
    let (status, error_type) = match error {
        InvokeError::TimedOut => ("timeout", None),
        InvokeError::Exited(_) => ("error", Some("Runtime.ExitError")),
        InvokeError::Function(_) => ("error", Some("Runtime.Unknown")),
        InvokeError::TooLarge | InvokeError::Failed(_) => return Vec::new(),
    };
    let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let metrics = json!({ "durationMs": milliseconds, "billedDurationMs": milliseconds, "memorySizeMB": 128 });
    let time = OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default();
    let line = |kind: &str| {
        let mut record = json!({ "requestId": id, "status": status, "metrics": metrics });
        if let (Some(error_type), Some(members)) = (error_type, record.as_object_mut()) {
            members.insert("errorType".to_owned(), error_type.into());
        }
        format!("{}\n", json!({ "time": time, "type": kind, "record": record }))
    };
    ["platform.runtimeDone", "platform.report"].map(line).into()
}
