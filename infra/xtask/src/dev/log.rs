//! The log of a dev stack: one aligned line per request, and other output of the functions.
//!
//! It goes to standard error, coloured on a terminal, and plain to `.local/dev.log`, where a request id can be searched.

use std::{
    fs::File,
    io::{IsTerminal, Write},
    os::unix::fs::OpenOptionsExt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use local::gateway::Exchange;
use serde_json::Value;

use crate::{Result, progress::note, tree};

/// The log. Clones share it.
#[derive(Clone)]
pub struct Log {
    file: Arc<Mutex<File>>,
    coloured: bool,
    /// False while the stack makes its own requests.
    started: Arc<AtomicBool>,
}

impl Log {
    /// Empties the file.
    pub fn open() -> Result<Self> {
        let path = tree::local()?.join("dev.log");
        let file = File::options().create(true).write(true).truncate(true).mode(0o600).open(&path);
        let file = file.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let coloured = std::io::stderr().is_terminal() && !plain;
        Ok(Self { file: Arc::new(Mutex::new(file)), coloured, started: Arc::default() })
    }

    /// Shows requests from now on; those before are the stack's own.
    pub fn start(&self) {
        self.started.store(true, Ordering::Relaxed);
    }

    /// A request that was answered, by a function or by the gateway itself.
    pub fn of_request(&self, exchange: &Exchange) {
        if self.started.load(Ordering::Relaxed) {
            self.write(&request_line(exchange), colour(exchange.status));
        }
    }

    /// A line that a function wrote, unless it repeats the request's own line.
    pub fn of_function(&self, function: &str, line: &str) {
        if let Some(line) = function_line(function, line) {
            self.write(&line, "31");
        }
    }

    fn write(&self, line: &str, colour: &str) {
        // Errors are ignored: the terminal shows the line as well.
        let _ = writeln!(self.file.lock().unwrap_or_else(PoisonError::into_inner), "{line}");
        match self.coloured {
            true => note(&format!("\x1b[{colour}m{line}\x1b[0m")),
            false => note(line),
        }
    }
}

/// Green, cyan, yellow and red by the status's class.
fn colour(status: u16) -> &'static str {
    match status {
        ..300 => "32",
        300..400 => "36",
        400..500 => "33",
        _ => "31",
    }
}

/// Method, path, status, time, the problem's slug, and the id by which the answer names the request.
fn request_line(exchange: &Exchange) -> String {
    let Exchange { method, target, status, .. } = exchange;
    let milliseconds = exchange.took.as_millis();
    let slug = slug(exchange).unwrap_or_default();
    let id = exchange.request_id.as_deref().unwrap_or("-");
    let caller = exchange.caller_request_id.as_deref().map(|id| format!("  x-request-id: {id}")).unwrap_or_default();
    format!("{method:<6} {target:<48} {status} {milliseconds:>6} ms  {slug:<20} {id}{caller}").trim_end().to_owned()
}

/// The problem's slug; of a gateway's own refusal, its message.
fn slug(exchange: &Exchange) -> Option<String> {
    if exchange.status < 400 {
        return None;
    }
    let body: Value = serde_json::from_slice(&exchange.body).ok()?;
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let last = |uri: &str| uri.rsplit('/').next().unwrap_or_default().to_owned();
    let message = || text("message").map(|message| format!("({message})"));
    text("slug").map(str::to_owned).or_else(|| text("type").map(last)).or_else(message)
}

/// None if the line repeats the request's own line.
fn function_line(function: &str, line: &str) -> Option<String> {
    let Ok(Value::Object(members)) = serde_json::from_str(line) else {
        return Some(format!("{function}: {line}"));
    };
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    let of_request = members.contains_key("milliseconds") && members.contains_key("status");
    match text("cause") {
        None if of_request => None,
        None => Some(format!("{function}: {line}")),
        Some(cause) => {
            let part = |before: &str, name: &str| text(name).map(|text| format!("{before}{text}")).unwrap_or_default();
            let (id, place, message) = (part(" ", "request_id"), part(" at ", "place"), part(": ", "message"));
            Some(format!("{function}{id}: {cause}{place}{message}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn exchange(status: u16, body: &str) -> Exchange {
        Exchange {
            method: "GET".to_owned(),
            target: "/v1/customers?page.page_size=1".to_owned(),
            caller_request_id: None,
            status,
            request_id: Some("req_1".to_owned()),
            body: body.to_owned().into(),
            took: Duration::from_millis(12),
            access: None,
        }
    }

    #[test]
    fn lines_are_aligned() {
        let good = request_line(&exchange(200, "{}"));
        let bad =
            request_line(&exchange(409, r#"{"type": "http://x/problems/name-conflict", "slug": "name-conflict"}"#));
        assert_eq!(
            good,
            "GET    /v1/customers?page.page_size=1                   200     12 ms                       req_1"
        );
        assert_eq!(
            bad,
            "GET    /v1/customers?page.page_size=1                   409     12 ms  name-conflict        req_1"
        );
    }

    #[test]
    fn the_slug_is_the_problems_own_or_the_end_of_its_type() {
        let slug = |status, body| slug(&exchange(status, body));
        assert_eq!(slug(404, r#"{"type": "http://x/problems/not-found"}"#).as_deref(), Some("not-found"));
        assert_eq!(slug(429, r#"{"message": "Too Many Requests"}"#).as_deref(), Some("(Too Many Requests)"));
        assert_eq!(slug(200, r#"{"slug": "acme"}"#), None);
        assert_eq!(slug(502, "no JSON"), None);
    }

    #[test]
    fn the_callers_own_id_is_there_to_be_found() {
        let exchange = Exchange { caller_request_id: Some("mine".to_owned()), ..exchange(200, "") };
        assert!(request_line(&exchange).ends_with("req_1  x-request-id: mine"));
    }

    #[test]
    fn what_a_function_says_is_shown_unless_it_is_the_request_again() {
        let plain = r#"{"route":"GET /health","status":200,"milliseconds":1,"request_id":"req_1"}"#;
        assert_eq!(function_line("get-health", plain), None);
        let failed = r#"{"status":500,"milliseconds":1,"request_id":"req_1","cause":"a bug"}"#;
        assert_eq!(function_line("get-tenant", failed).as_deref(), Some("get-tenant req_1: a bug"));
        let panic = r#"{"level":"error","cause":"a panic","place":"a.rs:1:2","message":"index out of bounds"}"#;
        let shown = "get-tenant: a panic at a.rs:1:2: index out of bounds";
        assert_eq!(function_line("get-tenant", panic).as_deref(), Some(shown));
        assert_eq!(function_line("get-tenant", "plain text").as_deref(), Some("get-tenant: plain text"));
    }
}
