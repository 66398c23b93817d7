//! The access log: one line for each request, in the format of the template.
//!
//! As in the logs of an HTTP API, a variable without a value is `-`. A variable that is not known here is an error at the start.
//! Not here: what AWS does to quotation marks in a value; no variable here has one.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::{Answer, event};
use crate::{Error, Result};
use hyper::body::Body;

/// What is known of a request, in the order in which it becomes known.
pub(super) struct Access {
    /// The gateway's id of the request, which the answer has as `apigw-requestid`.
    pub id: String,
    pub source_ip: String,
    started: Instant,
    time_epoch: u128,
    pub route: Option<String>,
    /// The function's answer, also a failure: its request id, and the time.
    pub integration: Option<(String, Duration)>,
}

/// The parts of a format: a text, and the variable after it.
#[derive(Clone, Debug)]
pub(super) struct Format(Vec<(String, Option<String>)>);

const VARIABLES: [&str; 11] = [
    "requestTimeEpoch",
    "requestId",
    "identity.sourceIp",
    "routeKey",
    "status",
    "responseLength",
    "responseLatency",
    "integrationLatency",
    "integration.requestId",
    "integration.integrationStatus",
    "error.responseType",
];

impl Format {
    pub fn parse(format: &str) -> Result<Self> {
        let mut parts = format.split("$context.");
        let mut read = vec![(parts.next().unwrap_or_default().to_owned(), None)];
        for part in parts {
            let end = part.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '.').unwrap_or(part.len());
            let (name, text) = part.split_at(end);
            if !VARIABLES.contains(&name) {
                return Err(Error::new(format!("the access log has the unknown variable $context.{name}")));
            }
            if let Some(last) = read.last_mut() {
                last.1 = Some(name.to_owned());
            }
            read.push((text.to_owned(), None));
        }
        Ok(Self(read))
    }

    /// The line of an answered request.
    pub fn line(&self, access: &Access, answer: &Answer) -> String {
        let value = |name: &String| access.value(name, answer).unwrap_or_else(|| "-".to_owned());
        self.0.iter().map(|(text, name)| format!("{text}{}", name.as_ref().map_or_else(String::new, value))).collect()
    }
}

impl Access {
    pub fn new(source_ip: String) -> Self {
        let time_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let (id, started) = (event::request_id(), Instant::now());
        Self { id, source_ip, started, time_epoch, route: None, integration: None }
    }

    fn value(&self, name: &str, answer: &Answer) -> Option<String> {
        let integration = self.integration.as_ref();
        let status = answer.status().as_u16();
        Some(match name {
            "requestTimeEpoch" => self.time_epoch.to_string(),
            "requestId" => self.id.clone(),
            "identity.sourceIp" => self.source_ip.clone(),
            "routeKey" => self.route.clone()?,
            "status" => status.to_string(),
            "responseLength" => answer.body().size_hint().lower().to_string(),
            "responseLatency" => self.started.elapsed().as_millis().to_string(),
            "integrationLatency" => integration?.1.as_millis().to_string(),
            "integration.requestId" => integration?.0.clone(),
            // Lambda answers 200 for a function that fails, too.
            "integration.integrationStatus" => integration.map(|_| "200".to_owned())?,
            "error.responseType" => answer.extensions().get::<Refused>().map(|_| response_type(status).to_owned())?,
            _ => return None,
        })
    }
}

/// Marks an answer of the gateway itself.
#[derive(Clone, Copy)]
pub(super) struct Refused;

fn response_type(status: u16) -> &'static str {
    match status {
        413 => "REQUEST_TOO_LARGE",
        429 => "THROTTLED",
        500 => "INTEGRATION_FAILURE",
        503 => "INTEGRATION_TIMEOUT",
        _ => "DEFAULT_4XX",
    }
}
