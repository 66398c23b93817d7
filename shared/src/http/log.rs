//! The log: one JSON line per request, and nothing of what a request says but its own request id.

use crate::domain::Error;
use serde::Serialize;
use std::io::Write;
use std::time::Duration;

/// What is known of a request when it was answered.
#[derive(Serialize)]
pub struct Line<'a> {
    pub request_id: &'a str,
    pub operation: &'a str,
    pub status: u16,
    pub milliseconds: u64,
    /// The caller's own `x-request-id`: at most 128 printable ASCII characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller_request_id: Option<&'a str>,
    /// The whole chain of what went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

/// Writes one line; a log that cannot be written is nobody's error.
pub fn write(line: &impl Serialize) {
    if let Ok(mut text) = serde_json::to_vec(line) {
        text.push(b'\n');
        let _ = std::io::stdout().lock().write_all(&text);
    }
}

/// The most of a cause that is logged: in JSON a character takes six bytes at most.
const MOST_CAUSE_CHARACTERS: usize = 1400;

/// JSON escapes the control characters before the blank; a terminal obeys the later ones as well.
fn shown(character: char) -> char {
    if matches!(character, '\u{7f}'..='\u{9f}') { char::REPLACEMENT_CHARACTER } else { character }
}

/// What the log, and nobody else, is told of an error.
pub fn cause(error: &Error) -> Option<String> {
    match error {
        Error::Internal(cause) | Error::Unavailable(cause) => {
            Some(cause.for_the_log().chars().take(MOST_CAUSE_CHARACTERS).map(shown).collect())
        }
        _ => None,
    }
}

/// The caller's own request id, where it is fit to be logged.
pub fn caller_request_id(header: Option<&str>) -> Option<&str> {
    header.filter(|id| (1..=128).contains(&id.len()) && id.bytes().all(|byte| matches!(byte, b' '..=b'~')))
}

pub fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
