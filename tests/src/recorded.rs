//! What the suite recorded: per table the requests of its functions to the store, each with whose it was, and what
//! they logged.

use crate::exchange::Exchanged;
use crate::world::{log_folder, record};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use local::lambda::{Lambda, Taken};
use local::proxy::{FaultProxy, LogEntry, Part, parts};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

/// One request to the store.
#[derive(Clone, Debug)]
pub struct Request {
    /// The logical id of the function that sent it.
    pub function: String,
    /// `TransactWriteItems`.
    pub operation: String,
    /// As it was sent.
    pub body: Value,
    /// The root that the bearer token of the event at hand names (`O#acme`, `I#<ulid>`), be it good or not.
    pub caller: Option<String>,
    /// The path of the event at hand.
    pub path: Option<String>,
    /// Which of DynamoDB's limits it was over.
    pub over_limit: Option<String>,
}

impl Request {
    /// The items and queries that it is about.
    pub fn parts(&self) -> Vec<Part> {
        parts(&self.operation, &self.body)
    }
}

/// What one test's API recorded.
#[derive(Debug)]
pub struct Recording {
    /// The table's name.
    pub table: String,
    /// In the order of arrival.
    pub requests: Vec<Request>,
    /// What the functions wrote.
    pub log: String,
    /// What the gateway wrote.
    pub access: String,
    /// Idempotency keys and bearer tokens that were sent.
    pub secrets: BTreeSet<String>,
    /// The `x-request-id` of every answer that a test saw.
    pub answers: Vec<String>,
}

/// Keeps what an API did.
pub(crate) fn keep(table: &str, proxy: &FaultProxy, lambda: &Lambda, access: &[String], exchanged: &Exchanged) {
    let events = events(lambda.taken());
    let line = |entry: LogEntry| {
        // A process works on the event that it took last.
        let of_process = events.get(&entry.session).map(Vec::as_slice).unwrap_or_default();
        let event = of_process.iter().rfind(|event| event.at <= entry.started);
        let line = json!({
            "function": entry.function, "operation": entry.operation, "body": *entry.body,
            "action": entry.action, "status": entry.status, "capacity": entry.capacity,
            "over_limit": entry.over_limit,
            "caller": event.map(|event| &event.caller), "path": event.map(|event| &event.path),
        });
        format!("{line}\n")
    };
    record(&format!("{table}.requests.jsonl"), &proxy.log().into_iter().map(line).collect::<String>());
    let lines = |texts: &mut dyn Iterator<Item = &String>| texts.map(|text| format!("{text}\n")).collect::<String>();
    record(&format!("{table}.secrets"), &lines(&mut exchanged.secrets.iter()));
    record(&format!("{table}.answers"), &lines(&mut exchanged.answers.iter()));
    record(&format!("{table}.access"), &lines(&mut access.iter()));
    record(&format!("{table}.log"), &log_with(lambda, &exchanged.answers));
}

/// What matters of an event.
struct Event {
    at: Instant,
    caller: Option<String>,
    path: Option<String>,
}

/// The events that each process took, in that order.
fn events(taken: Vec<Taken>) -> BTreeMap<String, Vec<Event>> {
    let mut events: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    for Taken { session, at, event } in taken {
        let event: Value = serde_json::from_slice(&event).unwrap_or_default();
        let caller = event["headers"]["authorization"].as_str().and_then(claimed_root);
        let path = event["rawPath"].as_str().map(str::to_owned);
        events.entry(session).or_default().push(Event { at, caller, path });
    }
    events
}

/// The root that an `Authorization` header names. Whether its token is a good one is the functions' business.
fn claimed_root(header: &str) -> Option<String> {
    let (_, token) = header.rsplit_once(' ')?;
    if let Some(rest) = token.strip_prefix("sk_int_") {
        return Some(format!("I#{}", rest.get(..26)?));
    }
    if let Some(rest) = token.strip_prefix("sk_ops_") {
        return Some(format!("O#{}", rest.split_once('_')?.0));
    }
    // A JWT names the customer in a claim.
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?).ok()?;
    Some(format!("I#{}", claims["root_tenant_id"].as_str()?.strip_prefix("tnt_")?))
}

/// The log as soon as it has a line of each of these answers. A line is written before its answer, and read a moment later.
fn log_with(lambda: &Lambda, answers: &[String]) -> String {
    let started = Instant::now();
    loop {
        let log = lambda.log_text();
        let logged = request_ids(&log);
        // What is missing after all is found by the checks over the whole suite.
        let patience = !thread::panicking() && started.elapsed() < Duration::from_secs(5);
        if !patience || answers.iter().all(|answer| logged.contains(&**answer)) {
            return log;
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// The request ids of a log's lines.
pub fn request_ids(log: &str) -> BTreeSet<&str> {
    let id = |line: &'_ str| -> Option<(usize, usize)> {
        let start = line.find(MEMBER)? + MEMBER.len();
        Some((start, start + line.get(start..)?.find('"')?))
    };
    log.lines().filter_map(|line| id(line).map(|(start, end)| &line[start..end])).collect()
}

const MEMBER: &str = r#""request_id":""#;

/// Every recording's files; panics where there are none.
pub fn recordings() -> impl Iterator<Item = Recording> {
    let folder = log_folder();
    let files = fs::read_dir(&folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    let mut files: Vec<PathBuf> = files.filter(|file| file.to_string_lossy().ends_with(".requests.jsonl")).collect();
    files.sort();
    assert!(
        !files.is_empty(),
        "nothing is recorded in {}: these checks are about what the other tests did, so run those first \
         (`cargo test --package tests`), or everything by `cargo xtask test`",
        folder.display()
    );
    files.into_iter().map(read)
}

fn read(file: PathBuf) -> Recording {
    let text = |ending: &str| {
        let path = file.to_string_lossy().replace(".requests.jsonl", ending);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    let request = |line: &str| {
        let mut line: Value = serde_json::from_str(line).expect("a recorded request is JSON");
        let optional = |name: &str| line[name].as_str().map(str::to_owned);
        let text = |name: &str| optional(name).unwrap_or_default();
        let (function, operation, caller, path, over_limit) =
            (text("function"), text("operation"), optional("caller"), optional("path"), optional("over_limit"));
        Request { function, operation, body: line["body"].take(), caller, path, over_limit }
    };
    let requests = text(".requests.jsonl").lines().map(request).collect();
    let secrets = text(".secrets").lines().map(str::to_owned).collect();
    let answers = text(".answers").lines().map(str::to_owned).collect();
    let table = file.file_name().unwrap_or_default().to_string_lossy().replace(".requests.jsonl", "");
    Recording { table, requests, log: text(".log"), access: text(".access"), secrets, answers }
}
