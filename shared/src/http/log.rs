//! The log: one line of JSON per `tracing` event of this crate. Of a request's content, only its `x-request-id` is logged.
//!
//! The level is fixed and no environment variable changes it: at TRACE the Lambda runtime logs whole events with credentials.

use crate::domain::Error;
use serde::Serialize;
use std::fmt::Debug;
use std::io::Write;
use std::panic::PanicHookInfo;
use std::time::Duration;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{Interest, Subscriber};
use tracing::{Event, Level, Metadata};

/// The target of events after which the process exits.
const FATAL: &str = "tenancy::fatal";

/// The event that is logged when a request is answered.
pub struct RequestEvent<'a> {
    pub request_id: &'a str,
    pub operation: &'a str,
    pub status: u16,
    pub milliseconds: u64,
    /// The caller's `x-request-id`: at most 128 printable ASCII characters.
    pub caller_request_id: Option<&'a str>,
    /// The error with all its sources.
    pub cause: Option<&'a str>,
}

/// Logs an answered request.
pub fn request(event: &RequestEvent) {
    macro_rules! event {
        ($level:ident) => {
            tracing::$level!(
                request_id = event.request_id,
                operation = event.operation,
                status = event.status,
                milliseconds = event.milliseconds,
                caller_request_id = event.caller_request_id,
                cause = event.cause,
            )
        };
    }
    if event.status < 500 { event!(info) } else { event!(error) }
}

/// Logs failed work that is not a request.
pub fn failed(cause: &str) {
    tracing::error!(cause);
}

/// Logs why a process cannot start or continue.
pub fn fatal(cause: &str) {
    tracing::error!(target: FATAL, cause);
}

/// Logs a panic. The message may contain data of a request and is logged only for `cargo xtask dev`, never on AWS.
pub fn panicked(panic: &PanicHookInfo, shows_message: bool) {
    let place = panic.location().map(ToString::to_string);
    let message = panic.payload_as_str().filter(|_| shows_message);
    tracing::error!(cause = "a panic", place = place.as_deref(), message);
}

/// Installs the subscriber, once per process.
pub fn start() {
    // This fails only if a subscriber is already installed.
    let _ = tracing::subscriber::set_global_default(JsonLines(|line| {
        // Write errors are ignored: logging must not fail a request.
        let _ = std::io::stdout().lock().write_all(line);
    }));
}

/// A subscriber that passes lines to a writer. Spans are not recorded.
struct JsonLines(fn(&[u8]));

impl Subscriber for JsonLines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.level() <= &LevelFilter::INFO && metadata.target().starts_with("tenancy::")
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::INFO)
    }

    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.enabled(metadata) { Interest::always() } else { Interest::never() }
    }

    fn event(&self, event: &Event<'_>) {
        let mut members = Members(Vec::with_capacity(256));
        let metadata = event.metadata();
        if *metadata.level() == Level::ERROR {
            members.add("level", if metadata.target() == FATAL { "fatal" } else { "error" });
        }
        event.record(&mut members);
        (self.0)(&members.line());
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// The JSON members of a line.
struct Members(Vec<u8>);

impl Members {
    fn add(&mut self, name: &str, value: impl Serialize) {
        self.0.push(if self.0.is_empty() { b'{' } else { b',' });
        // Writing strings and numbers to memory cannot fail.
        let _ = serde_json::to_writer(&mut self.0, name);
        self.0.push(b':');
        let _ = serde_json::to_writer(&mut self.0, &value);
    }

    fn line(mut self) -> Vec<u8> {
        self.0.extend(if self.0.is_empty() { &b"{}\n"[..] } else { b"}\n" });
        self.0
    }
}

impl Visit for Members {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field.name(), value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add(field.name(), format!("{value:?}"));
    }
}

/// The maximum length of a logged cause. In JSON a character has at most six bytes.
const MAX_CAUSE_CHARACTERS: usize = 1400;

/// Replaces the control characters that JSON does not escape and terminals interpret.
fn shown(character: char) -> char {
    if matches!(character, '\u{7f}'..='\u{9f}') { char::REPLACEMENT_CHARACTER } else { character }
}

/// The cause of an error for the log. Clients never see it.
pub fn cause(error: &Error) -> Option<String> {
    match error {
        Error::Internal(cause) | Error::Unavailable(cause) => {
            Some(cause.for_log().chars().take(MAX_CAUSE_CHARACTERS).map(shown).collect())
        }
        _ => None,
    }
}

/// The caller's request id, if it may be logged.
pub fn caller_request_id(header: Option<&str>) -> Option<&str> {
    header.filter(|id| (1..=128).contains(&id.len()) && id.bytes().all(|byte| matches!(byte, b' '..=b'~')))
}

pub fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::panic;

    thread_local!(static LINES: RefCell<String> = RefCell::default());

    /// The lines that `work` logs.
    fn logged(work: impl FnOnce()) -> String {
        let lines = JsonLines(|line| LINES.with_borrow_mut(|lines| lines.push_str(str::from_utf8(line).unwrap())));
        tracing::subscriber::with_default(lines, work);
        LINES.take()
    }

    const EVENT: RequestEvent = RequestEvent {
        request_id: "req_1",
        operation: "get-tenant",
        status: 200,
        milliseconds: 7,
        caller_request_id: None,
        cause: None,
    };

    #[test]
    fn a_request_is_one_line_and_says_what_there_is() {
        assert_eq!(
            logged(|| request(&EVENT)),
            "{\"request_id\":\"req_1\",\"operation\":\"get-tenant\",\"status\":200,\"milliseconds\":7}\n"
        );
        let failed = RequestEvent { status: 503, caller_request_id: Some("a\"b"), cause: Some("x\ny"), ..EVENT };
        assert_eq!(
            logged(|| request(&failed)),
            "{\"level\":\"error\",\"request_id\":\"req_1\",\"operation\":\"get-tenant\",\"status\":503,\"milliseconds\":7,\
             \"caller_request_id\":\"a\\\"b\",\"cause\":\"x\\ny\"}\n"
        );
    }

    #[test]
    fn what_ends_a_process_is_fatal() {
        assert_eq!(logged(|| fatal("no table")), "{\"level\":\"fatal\",\"cause\":\"no table\"}\n");
        assert_eq!(logged(|| failed("late")), "{\"level\":\"error\",\"cause\":\"late\"}\n");
    }

    #[test]
    fn what_is_not_ours_or_below_info_is_not_logged() {
        let lines = logged(|| {
            tracing::error!(target: "lambda_runtime", "an event");
            tracing::error!(target: "tenancy_of_others", "an event");
            tracing::debug!("an event");
            tracing::trace!("an event");
            tracing::error_span!("a span", secret = "x").in_scope(|| ());
            tracing::info!(number = 1, text = ?"x");
        });
        assert_eq!(lines, "{\"number\":\"1\",\"text\":\"\\\"x\\\"\"}\n");
    }

    #[test]
    fn a_panics_message_is_in_the_log_only_where_it_is_asked_for() {
        for (shows_message, message) in [(false, ""), (true, ",\"message\":\"at index 3\"")] {
            let before = panic::take_hook();
            panic::set_hook(Box::new(move |panic| panicked(panic, shows_message)));
            let line = logged(|| drop(panic::catch_unwind(|| panic!("at index {}", 3))));
            panic::set_hook(before);
            let (start, end) =
                ("{\"level\":\"error\",\"cause\":\"a panic\",\"place\":\"shared/src/http/log.rs:", "}\n");
            let rest = line.strip_prefix(start).unwrap_or_else(|| panic!("{line}"));
            let (place, rest) = rest.split_at(rest.find('"').unwrap());
            assert!(place.split(':').all(|number| number.parse::<u32>().is_ok()), "{line}");
            assert_eq!(rest, format!("\"{message}{end}"), "{line}");
        }
    }
}
