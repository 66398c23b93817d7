//! The HTTP request that a command line asks for. What no request can carry is refused here, before anything is sent.

use std::fmt;
use std::io::Read;

use clap::ArgMatches;
use clap::parser::ValueSource;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::commands::{BODY, UNSET};
use crate::failure::{Failure, Result};
use crate::json::Json;
use crate::operation::{Argument, Kind, Operation, Place};

/// What RFC 3986 calls unreserved is sent as it is.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The body must fit in memory, and the API takes 256 KiB.
const LONGEST_BODY: u64 = 1 << 20;

/// A request without its key and its host.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: &'static str,
    /// Percent-encoded.
    pub path: String,
    pub query: Vec<(&'static str, String)>,
    pub headers: Vec<(&'static str, String)>,
    pub body: Option<Json>,
}

impl Request {
    pub fn new(operation: &'static Operation, matches: &ArgMatches) -> Result<Self> {
        let mut path = operation.path.to_owned();
        for argument in operation.arguments_in(Place::Path) {
            let value = matches.get_one::<String>(argument.flag).map(String::as_str).unwrap_or_default();
            check_segment(argument, value)?;
            path = path.replace(&format!("{{{}}}", argument.dotted()), &encoded(value));
        }
        let plain = |place| {
            let given = operation.arguments_in(place).filter_map(|argument| Some((argument.name.first()?, argument)));
            given.filter_map(|(name, argument)| Some((*name, one(argument, matches)?))).collect::<Vec<_>>()
        };
        let mut headers = plain(Place::Header);
        if operation.method == "POST" && !headers.iter().any(|(name, _)| *name == "Idempotency-Key") {
            headers.push(("Idempotency-Key", idempotency_key()?));
        }
        if let Some((name, _)) = headers.iter().find(|(_, value)| value.chars().any(char::is_control)) {
            return Err(Failure::usage(format!("{name} has a control character")));
        }
        let body = body(operation, matches)?;
        Ok(Self { method: operation.method, path, query: plain(Place::Query), headers, body })
    }

    /// The path with the query.
    pub fn target(&self) -> String {
        let pairs = self.query.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
        let query = pairs.collect::<Vec<_>>().join("&");
        if query.is_empty() { self.path.clone() } else { format!("{}?{query}", self.path) }
    }

    /// Sets a parameter of the query.
    pub fn set_query(&mut self, name: &'static str, value: String) {
        self.query.retain(|(known, _)| *known != name);
        self.query.push((name, value));
    }
}

/// As `--dry-run` shows it, after the line `Host`.
impl fmt::Display for Request {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.headers.iter().try_for_each(|(name, value)| writeln!(out, "{name}: {value}"))?;
        match &self.body {
            Some(body) => write!(out, "Content-Type: application/json\n\n{}", body.pretty()),
            None => Ok(()),
        }
    }
}

pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// 128 random bits, so that no two commands share a key.
fn idempotency_key() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| Failure::usage(format!("no random numbers: {error}")))?;
    Ok(format!("tare-{:032x}", u128::from_be_bytes(bytes)))
}

/// A value that would lead to another resource, or to none, is not sent.
fn check_segment(argument: &Argument, value: &str) -> Result<()> {
    let fault = match argument.prefix {
        Some(prefix) if !is_id(value, prefix) => format!("no id: it is {prefix}_ and 26 lower-case letters and digits"),
        None if argument.name == ["external_id"] => match value.trim() {
            "" => "empty".to_owned(),
            "." | ".." => "a relative path segment, which is no external id".to_owned(),
            text if text.contains('?') => "no external id: it has a question mark".to_owned(),
            text if text.chars().any(char::is_control) => "no external id: it has a control character".to_owned(),
            text if text.chars().count() > 255 => "no external id: it has more than 255 characters".to_owned(),
            _ => return Ok(()),
        },
        None if value.is_empty() => "empty".to_owned(),
        None if !value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) => {
            "no id: it has characters other than letters, digits, hyphens and underscores".to_owned()
        }
        _ => return Ok(()),
    };
    Err(Failure::usage(format!("--{}: {value:?} is {fault}", argument.flag)))
}

fn is_id(value: &str, prefix: &str) -> bool {
    let ulid = value.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_'));
    ulid.is_some_and(|ulid| {
        ulid.len() == 26 && ulid.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
    })
}

/// The value of a parameter as text, where it is given.
fn one(argument: &Argument, matches: &ArgMatches) -> Option<String> {
    match argument.kind {
        Kind::Integer => matches.get_one::<i64>(argument.flag).map(ToString::to_string),
        Kind::Boolean => matches.get_one::<bool>(argument.flag).map(ToString::to_string),
        _ => matches.get_one::<String>(argument.flag).cloned(),
    }
}

/// The body: `--body`, changed by the flags of its members.
fn body(operation: &'static Operation, matches: &ArgMatches) -> Result<Option<Json>> {
    if let Some((member, value)) = operation.fixed {
        return Ok(Some(Json::Object(vec![(member.to_owned(), Json::text(value))])));
    }
    if !operation.takes_body {
        return Ok(None);
    }
    let mut body = match matches.get_one::<String>(BODY) {
        Some(text) => read_body(text)?,
        None => Json::Object(Vec::new()),
    };
    for argument in operation.arguments_in(Place::Body) {
        if let Some(value) = member(argument, matches)? {
            body.set(argument.name, value);
        }
    }
    if operation.arguments_in(Place::Body).any(|argument| argument.nullable) {
        for flag in matches.get_many::<String>(UNSET).into_iter().flatten() {
            let argument = operation.argument(flag).filter(|argument| !is_given(argument, matches));
            let argument =
                argument.ok_or_else(|| Failure::usage(format!("--{flag} and --unset {flag} exclude each other")))?;
            body.set(argument.name, Json::Null);
        }
    }
    Ok(Some(body))
}

fn is_given(argument: &Argument, matches: &ArgMatches) -> bool {
    matches.value_source(argument.flag) == Some(ValueSource::CommandLine)
}

fn member(argument: &Argument, matches: &ArgMatches) -> Result<Option<Json>> {
    if !is_given(argument, matches) {
        return Ok(None);
    }
    let texts = || matches.get_many::<String>(argument.flag).into_iter().flatten();
    Ok(match argument.kind {
        Kind::Text => matches.get_one::<String>(argument.flag).map(Json::text),
        Kind::Integer => matches.get_one::<i64>(argument.flag).map(|value| Json::Number((*value).into())),
        Kind::Boolean => matches.get_one::<bool>(argument.flag).map(|value| Json::Boolean(*value)),
        // `--scopes ''` is the empty list.
        Kind::Texts => Some(Json::Array(texts().filter(|text| !text.is_empty()).map(Json::text).collect())),
        Kind::Map => {
            let mut members = Vec::<(String, Json)>::new();
            for pair in texts() {
                let (name, value) = pair
                    .split_once('=')
                    .ok_or_else(|| Failure::usage(format!("--{}: {pair:?} is not KEY=VALUE", argument.flag)))?;
                members.retain(|(known, _)| known != name);
                members.push((name.to_owned(), Json::text(value)));
            }
            Some(Json::Object(members))
        }
    })
}

/// JSON, `@FILE`, or `-` for standard input. Whether it fits is for the API to say, but for a body that is no object.
fn read_body(text: &str) -> Result<Json> {
    let failed = |error: std::io::Error| Failure::usage(format!("--body: cannot read {text}: {error}"));
    let mut bytes = Vec::new();
    match text.strip_prefix('@') {
        Some(file) => {
            let file = std::fs::File::open(file).map_err(failed)?;
            file.take(LONGEST_BODY).read_to_end(&mut bytes).map_err(failed)?;
        }
        None if text == "-" => {
            std::io::stdin().take(LONGEST_BODY).read_to_end(&mut bytes).map_err(failed)?;
        }
        None => bytes = text.as_bytes().to_vec(),
    }
    let body = Json::parse(&bytes).map_err(|error| Failure::usage(format!("--body is no JSON: {error}")))?;
    match body {
        Json::Object(_) => Ok(body),
        _ => Err(Failure::usage("--body is no JSON object")),
    }
}
