//! The log: one line of JSON per `tracing` event of this crate. Of a request's content, only its `x-request-id` is logged.
//!
//! The level is fixed and no environment variable changes it: at TRACE the Lambda runtime logs whole events with credentials.

use super::event::Labels;
use crate::domain::Error;
use crate::store::{CallerIds, Swept};
use serde::Serialize;
use std::cell::RefCell;
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

thread_local! {
    /// The id of the invocation that this thread works on.
    static INVOCATION: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Notes the id of the invocation that begins. Only lines without an id of the gateway show it.
pub fn begin(invocation: &str) {
    INVOCATION.with_borrow_mut(|current| invocation.clone_into(current));
}

fn invocation() -> Option<String> {
    // A panic may end the thread.
    let id = INVOCATION.try_with(|current| current.try_borrow().map(|id| id.clone()).unwrap_or_default());
    id.ok().filter(|id| !id.is_empty())
}

/// What an invocation took.
#[derive(Clone, Copy, Default)]
pub struct Costs {
    pub milliseconds: u64,
    /// Capacity units of the table, as far as DynamoDB reports them.
    pub read: f64,
    pub written: f64,
    /// Whether it is the first of its process.
    pub is_cold: bool,
}

impl Costs {
    /// What was used, if there was anything.
    fn units(&self) -> (Option<f64>, Option<f64>) {
        let used = |units: f64| (units > 0.0).then_some(units);
        (used(self.read), used(self.written))
    }
}

/// The event that is logged when a request is answered.
pub struct RequestEvent<'a> {
    pub labels: &'a Labels,
    pub status: u16,
    pub request_id: &'a str,
    pub caller: CallerIds,
    pub costs: Costs,
    /// The caller's `x-request-id`: at most 128 printable ASCII characters.
    pub caller_request_id: Option<&'a str>,
    /// The error with all its sources.
    pub cause: Option<&'a str>,
}

/// Logs an answered request.
pub fn request(event: &RequestEvent) {
    let (read, written) = event.costs.units();
    let (route, gateway) = (event.labels.route.as_deref(), event.labels.gateway.as_deref());
    let lambda = if gateway.is_none() { invocation() } else { None };
    let (customer, key) = (event.caller.customer.map(|id| id.to_string()), event.caller.key.map(|id| id.to_string()));
    let user = event.caller.user.map(|id| id.to_string());
    macro_rules! event {
        ($level:ident) => {
            tracing::$level!(
                route,
                status = event.status,
                milliseconds = event.costs.milliseconds,
                request_id = event.request_id,
                gateway,
                lambda,
                customer,
                key,
                user,
                read,
                write = written,
                cold = event.costs.is_cold.then_some(true),
                caller_request_id = event.caller_request_id,
                cause = event.cause,
            )
        };
    }
    if event.status < 500 { event!(info) } else { event!(error) }
}

/// Logs a run of the sweep.
pub fn sweep(swept: &Swept, costs: &Costs, cause: Option<&str>) {
    let (read, written) = costs.units();
    macro_rules! event {
        ($level:ident) => {
            tracing::$level!(
                jobs = swept.jobs,
                oldest_job_seconds = swept.oldest_job_seconds,
                milliseconds = costs.milliseconds,
                lambda = invocation(),
                read,
                write = written,
                cold = costs.is_cold.then_some(true),
                cause,
            )
        };
    }
    if cause.is_none() { event!(info) } else { event!(error) }
}

/// Logs why a process cannot start or continue.
pub fn fatal(cause: &str) {
    tracing::error!(target: FATAL, cause);
}

/// Logs a panic. The message may contain data of a request and is logged only for `cargo xtask dev`, never on AWS.
pub fn panicked(panic: &PanicHookInfo, shows_message: bool) {
    let place = panic.location().map(ToString::to_string);
    let message = panic.payload_as_str().filter(|_| shows_message);
    tracing::error!(cause = "a panic", place = place.as_deref(), lambda = invocation(), message);
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

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field.name(), value);
    }

    /// Whole numbers are written without decimals.
    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.fract() == 0.0 { self.add(field.name(), value as i64) } else { self.add(field.name(), value) }
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
    use crate::domain::{CustomerId, KeyId, UserId};
    use std::panic;

    thread_local!(static LINES: RefCell<String> = RefCell::default());

    /// The lines that `work` logs.
    fn logged(work: impl FnOnce()) -> String {
        let lines = JsonLines(|line| LINES.with_borrow_mut(|lines| lines.push_str(str::from_utf8(line).unwrap())));
        tracing::subscriber::with_default(lines, work);
        LINES.take()
    }

    const COSTS: Costs = Costs { milliseconds: 7, read: 0.0, written: 0.0, is_cold: false };

    fn event(labels: &Labels) -> RequestEvent<'_> {
        let caller = CallerIds::default();
        RequestEvent {
            labels,
            status: 200,
            request_id: "req_1",
            caller,
            costs: COSTS,
            caller_request_id: None,
            cause: None,
        }
    }

    #[test]
    fn a_request_is_one_line_and_says_what_there_is() {
        let labels = Labels { route: Some("GET /tenants".to_owned()), gateway: Some("g=".to_owned()) };
        let plain = "{\"route\":\"GET /tenants\",\"status\":200,\"milliseconds\":7,\"request_id\":\"req_1\",\"gateway\":\"g=\"}\n";
        begin("i");
        assert_eq!(logged(|| request(&event(&labels))), plain);
        let (customer, key) = (Some(CustomerId::NIL), Some(KeyId::NIL));
        let full = RequestEvent {
            status: 503,
            caller: CallerIds { customer, key, user: None },
            costs: Costs { read: 2.5, written: 4.0, is_cold: true, ..COSTS },
            caller_request_id: Some("a\"b"),
            cause: Some("x\ny"),
            ..event(&labels)
        };
        let nil = "0".repeat(26);
        assert_eq!(
            logged(|| request(&full)),
            format!(
                "{{\"level\":\"error\",\"route\":\"GET /tenants\",\"status\":503,\"milliseconds\":7,\"request_id\":\"req_1\",\
                 \"gateway\":\"g=\",\"customer\":\"cust_{nil}\",\"key\":\"key_{nil}\",\"read\":2.5,\"write\":4,\"cold\":true,\
                 \"caller_request_id\":\"a\\\"b\",\"cause\":\"x\\ny\"}}\n"
            )
        );
    }

    #[test]
    fn the_invocation_is_shown_where_the_gateway_gave_no_id() {
        begin("i");
        let user = CallerIds { customer: None, key: None, user: Some(UserId::NIL) };
        let line = logged(|| request(&RequestEvent { caller: user, ..event(&Labels::default()) }));
        let nil = "0".repeat(26);
        let expected = "{\"status\":200,\"milliseconds\":7,\"request_id\":\"req_1\",\"lambda\":\"i\",\"user\":\"usr_";
        assert_eq!(line, format!("{expected}{nil}\"}}\n"));
    }

    #[test]
    fn a_sweep_says_what_it_found_also_if_it_fails() {
        begin("i");
        let swept = Swept { jobs: 3, oldest_job_seconds: Some(0) };
        assert_eq!(
            logged(|| sweep(&swept, &COSTS, None)),
            "{\"jobs\":3,\"oldest_job_seconds\":0,\"milliseconds\":7,\"lambda\":\"i\"}\n"
        );
        assert_eq!(
            logged(|| sweep(&Swept::default(), &COSTS, Some("x"))),
            "{\"level\":\"error\",\"jobs\":0,\"milliseconds\":7,\"lambda\":\"i\",\"cause\":\"x\"}\n"
        );
    }

    #[test]
    fn what_ends_a_process_is_fatal() {
        assert_eq!(logged(|| fatal("no table")), "{\"level\":\"fatal\",\"cause\":\"no table\"}\n");
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
            begin("i");
            let before = panic::take_hook();
            panic::set_hook(Box::new(move |panic| panicked(panic, shows_message)));
            let line = logged(|| drop(panic::catch_unwind(|| panic!("at index {}", 3))));
            panic::set_hook(before);
            let (start, end) =
                ("{\"level\":\"error\",\"cause\":\"a panic\",\"place\":\"shared/src/http/log.rs:", "}\n");
            let rest = line.strip_prefix(start).unwrap_or_else(|| panic!("{line}"));
            let (place, rest) = rest.split_at(rest.find('"').unwrap());
            assert!(place.split(':').all(|number| number.parse::<u32>().is_ok()), "{line}");
            assert_eq!(rest, format!("\",\"lambda\":\"i\"{message}{end}"), "{line}");
        }
    }
}
