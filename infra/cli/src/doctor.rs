//! `tare doctor`: what is wrong with the set-up, one line per check.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use clap::ArgMatches;

use crate::api;
use crate::client::{Answer, Client};
use crate::failure::{Failure, Result};
use crate::json::Json;
use crate::operation::Caller;
use crate::request::Request;
use crate::terminal::{clean, print};

/// A clock that is more wrong than this makes times in requests and expiries wrong.
const TOLERATED_SKEW: Duration = Duration::from_secs(5);

/// What was found, and how bad it is.
#[derive(Default)]
struct Report {
    lines: Vec<String>,
    /// The exit code: 1 where the API refuses, 2 where the set-up is wrong.
    worst: u8,
}

impl Report {
    fn good(&mut self, what: &str, text: &str) {
        self.lines.push(format!("ok    {what:<8} {}", clean(text)));
    }

    fn bad(&mut self, what: &str, text: &str, code: u8) {
        self.lines.push(format!("wrong {what:<8} {}", clean(text)));
        self.worst = self.worst.max(code);
    }
}

pub fn run(matches: &ArgMatches) -> Result<()> {
    let client = api::client(matches)?;
    let mut report = Report::default();
    check_url(&client, &mut report);
    let health = client.send(&get("/health"), Caller::Anyone);
    let answer = match health {
        Ok(answer) => answer,
        Err(failure) => {
            print(&report.lines.join("\n"))?;
            return Err(failure);
        }
    };
    check_api(&answer, &mut report);
    check_clock(&answer, &mut report);
    if client.settings.keys().is_empty() {
        report.bad("key", "there is none: only public operations work", 2);
    }
    for key in client.settings.keys() {
        check_key(&client, key, &mut report)?;
    }
    print(&report.lines.join("\n"))?;
    if report.worst == 0 { Ok(()) } else { Err(Failure::Silent(ExitCode::from(report.worst))) }
}

fn get(path: &str) -> Request {
    Request { method: "GET", path: path.to_owned(), query: Vec::new(), headers: Vec::new(), body: None }
}

fn check_url(client: &Client, report: &mut Report) {
    let settings = &client.settings;
    report.good("set-up", &format!("from {}", settings.source));
    let host = settings.base_url.split_once("://").map_or("", |(_, rest)| rest);
    let is_local = ["127.0.0.1", "localhost", "[::1]"].iter().any(|local| host.starts_with(local));
    match settings.base_url.starts_with("http:") && !is_local {
        true => report.bad("url", &format!("{}: keys are sent without encryption; use https", settings.base_url), 2),
        false => report.good("url", &settings.base_url),
    }
    if let Some(file) = &settings.file {
        let mode = fs::metadata(file).map_or(0, |metadata| metadata.permissions().mode() & 0o777);
        if mode & 0o077 != 0 {
            report.bad("profile", &format!("others may read the key: chmod 600 {}", file.display()), 2);
        }
    }
}

fn check_api(answer: &Answer, report: &mut Report) {
    let health = Json::parse(&answer.body).unwrap_or(Json::Null);
    let own = env!("CARGO_PKG_VERSION");
    match (answer.status, health.text_of("version")) {
        (200, Some(version)) if version.split('.').next() == own.split('.').next() => {
            report.good("version", &format!("API {version}, tare {own}"));
        }
        (200, Some(version)) => report.bad("version", &format!("API {version}, tare {own}: they may not fit"), 2),
        (status, _) => report.bad("url", &format!("/health answered {status}, and not as this API does"), 1),
    }
}

fn check_clock(answer: &Answer, report: &mut Report) {
    let Some(date) = answer.header("date").and_then(|date| httpdate::parse_http_date(date).ok()) else {
        return report.good("clock", "not compared: the answer has no Date");
    };
    let now = SystemTime::now();
    let (skew, direction) = match now.duration_since(date) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(behind) => (behind.duration(), "behind"),
    };
    // The header has whole seconds.
    match skew > TOLERATED_SKEW {
        true => report.bad("clock", &format!("{} s {direction} the server's", skew.as_secs()), 2),
        false => report.good("clock", "agrees with the server's"),
    }
}

/// What a key is, by asking the API.
fn check_key(client: &Client, key: &str, report: &mut Report) -> Result<()> {
    let (kind, path) = match key {
        _ if key.starts_with("sk_ops_") => ("an operator's", "/v1/customers"),
        _ if key.starts_with("sk_int_") => ("an integration's", "/integration/self"),
        _ => {
            report.good("key", "not checked: it is neither an operator's nor an integration's");
            return Ok(());
        }
    };
    let mut request = get(path);
    if path == "/v1/customers" {
        request.set_query("page.page_size", "1".to_owned());
    }
    let answer = client.attempt(&request, Some(key)).map_err(|error| client.unreachable(&error))?;
    let body = Json::parse(&answer.body).unwrap_or(Json::Null);
    let of = |name: &str| body.text_of(name).unwrap_or("?");
    match answer.status {
        200 if body.get("scopes").is_some() => {
            let scopes: Vec<&str> =
                body.get("scopes").map(Json::items).unwrap_or_default().iter().filter_map(Json::as_text).collect();
            let scopes = if scopes.is_empty() { "reads only".to_owned() } else { scopes.join(", ") };
            report.good("key", &format!("{kind}: {:?} of customer {}; {scopes}", of("name"), of("customer_id")));
        }
        200 => report.good("key", &format!("{kind}, and valid")),
        status => report.bad(
            "key",
            &format!("{kind}, refused ({status}): {}", body.text_of("detail").unwrap_or("no reason")),
            1,
        ),
    }
    Ok(())
}
