//! A request with its response, for a request log.

use std::time::{Duration, Instant};

use http_body_util::BodyExt;
use hyper::{Request, body::Bytes};

use super::Answer;

/// A request with its response, of a function or of the gateway itself.
// No `Debug`: a body may hold a secret.
#[derive(Clone)]
pub struct Exchange {
    /// The method.
    pub method: String,
    /// Path and query as they were sent.
    pub target: String,
    /// The caller's own `x-request-id`.
    pub caller_request_id: Option<String>,
    /// The answer's status.
    pub status: u16,
    /// The answer's `x-request-id`.
    pub request_id: Option<String>,
    /// The answer's body.
    pub body: Bytes,
    /// From the request's head to the answer.
    pub took: Duration,
    /// The line of the access log; `None` if the template has no format for it.
    pub access: Option<String>,
}

/// What is known of a request before it is answered.
pub(super) struct Asked {
    method: String,
    target: String,
    caller_request_id: Option<String>,
    at: Instant,
}

impl Asked {
    pub fn new<B>(request: &Request<B>) -> Self {
        Self {
            method: request.method().to_string(),
            target: request.uri().path_and_query().map_or_else(String::new, ToString::to_string),
            caller_request_id: request_id(request.headers()),
            at: Instant::now(),
        }
    }

    pub async fn answered(self, answer: &Answer, access: Option<String>) -> Exchange {
        let Ok(body) = answer.body().clone().collect().await;
        Exchange {
            method: self.method,
            target: self.target,
            caller_request_id: self.caller_request_id,
            status: answer.status().as_u16(),
            request_id: request_id(answer.headers()),
            body: body.to_bytes(),
            took: self.at.elapsed(),
            access,
        }
    }
}

/// Without control characters: it is written to a terminal.
fn request_id(headers: &hyper::HeaderMap) -> Option<String> {
    let id = headers.get("x-request-id")?.to_str().ok()?;
    Some(id.chars().filter(|character| !character.is_control()).take(128).collect())
}
