//! Sends requests, and repeats those whose outcome is not known.
//!
//! Every request may be repeated: a POST has an Idempotency-Key, which its repeats keep; token exchange changes nothing; PUT, PATCH and
//! DELETE have the same effect twice.

use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use ureq::http::{self, HeaderMap};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, SendBody};

use crate::failure::{Failure, Result};
use crate::operation::Caller;
use crate::request::Request;
use crate::settings::Settings;
use crate::terminal::{clean, note};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A server that asks for more patience than this is not waited for.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(30);

const USER_AGENT: &str = concat!("tare/", env!("CARGO_PKG_VERSION"));

pub struct Client {
    pub settings: Settings,
    agent: Agent,
    retries: u32,
    /// Whether the head of each answer is shown.
    shows_headers: bool,
}

/// An answer, whatever its status.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    /// Whether an earlier attempt may have been applied though its answer was not a success.
    pub repeated: bool,
}

impl Answer {
    /// A header that is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    fn retry_after(&self) -> Option<Duration> {
        self.header("retry-after")?.trim().parse().ok().map(Duration::from_secs)
    }
}

impl Client {
    /// `timeout` is for one attempt.
    pub fn new(settings: Settings, timeout: Duration, retries: u32, shows_headers: bool) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = TlsConfig::builder().unversioned_rustls_crypto_provider(provider);
        // The certificates are some hundred files or one large one: read only where they are needed.
        let tls = if settings.base_url.starts_with("https:") { tls.root_certs(native_roots()) } else { tls };
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(timeout))
            .user_agent(USER_AGENT)
            .tls_config(tls.build());
        Self { settings, agent: config.build().into(), retries, shows_headers }
    }

    /// The answer to a request, and to its repeats while there is none, or one that asks for them.
    pub fn send(&self, request: &Request, caller: Caller) -> Result<Answer> {
        let key = self.settings.key(caller)?;
        let mut repeated = false;
        for attempt in 0.. {
            let outcome = self.attempt(request, key);
            let is_last = attempt >= self.retries;
            let (why, wait) = match outcome {
                Ok(answer) if is_last || !matches!(answer.status, 429 | 503 | 504) => {
                    return Ok(Answer { repeated, ..answer });
                }
                Ok(answer) => {
                    let wait = answer.retry_after();
                    if wait.is_some_and(|wait| wait > LONGEST_RETRY_AFTER) {
                        return Ok(Answer { repeated, ..answer });
                    }
                    repeated |= answer.status != 429;
                    (format!("answered {}", answer.status), wait)
                }
                Err(error) if is_last || !may_pass(&error) => return Err(self.unreachable(&error)),
                Err(error) => {
                    repeated = true;
                    (reason(&error), None)
                }
            };
            let pause = wait.unwrap_or_else(|| jittered(attempt));
            note(&format!("{why}; trying again in {:.2} s", pause.as_secs_f64()));
            sleep(pause);
        }
        Err(Failure::usage("more attempts than can be counted"))
    }

    /// One attempt; any answer is a success.
    pub fn attempt(&self, request: &Request, key: Option<&str>) -> Result<Answer, ureq::Error> {
        let uri = format!("{}{}", self.settings.base_url, request.target());
        let mut built = http::Request::builder().method(request.method).uri(uri).header("Accept", "application/json");
        for (name, value) in &request.headers {
            built = built.header(*name, value);
        }
        if let Some(key) = key {
            built = built.header("Authorization", format!("Bearer {key}"));
        }
        let mut answer = match &request.body {
            None => self.agent.run(built.body(SendBody::none())?)?,
            Some(body) => self.agent.run(built.header("Content-Type", "application/json").body(body.compact())?)?,
        };
        if self.shows_headers {
            show_head(&answer);
        }
        let body = answer.body_mut().read_to_vec()?;
        Ok(Answer { status: answer.status().as_u16(), headers: answer.headers().clone(), body, repeated: false })
    }

    pub fn unreachable(&self, error: &ureq::Error) -> Failure {
        let Settings { base_url, source, .. } = &self.settings;
        Failure::Unreachable(format!(
            "no answer from {base_url}, the URL of {source}: {}\n  what to do: tare doctor",
            reason(error)
        ))
    }
}

fn show_head<T>(answer: &http::Response<T>) {
    note(&format!("{:?} {}", answer.version(), answer.status()));
    for (name, value) in answer.headers() {
        note(&clean(&format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))));
    }
}

/// An error without the name of its kind.
fn reason(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}

/// Whether another attempt may have another outcome.
fn may_pass(error: &ureq::Error) -> bool {
    matches!(
        error,
        ureq::Error::Io(_) | ureq::Error::Timeout(_) | ureq::Error::ConnectionFailed | ureq::Error::Protocol(_)
    )
}

/// Exponential, with full jitter: clients that failed together do not return together.
fn jittered(attempt: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(attempt)).min(LONGEST_PAUSE).mul_f64(fastrand::f64())
}

/// The certificate authorities that this machine trusts.
fn native_roots() -> RootCerts {
    let found = rustls_native_certs::load_native_certs().certs;
    RootCerts::from(found.iter().map(|root| Certificate::from_der(root).to_owned()).collect::<Vec<_>>())
}
