//! One request and its answer. The answer is checked against the contract's machine-readable form.

use crate::openapi;
use local::http::Client;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Mutex;
use tenancy::domain::TenantId;

/// A request that is being put together.
#[derive(Clone)]
pub struct Call<'a> {
    client: &'a Client,
    base_url: String,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl<'a> Call<'a> {
    pub(crate) fn new(client: &'a Client, base_url: String, method: &str, path: &str) -> Self {
        let (method, path) = (method.to_owned(), path.to_owned());
        Self { client, base_url, method, path, headers: Vec::new(), body: Vec::new() }
    }

    /// One more header; a name given twice is sent twice.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A JSON body, as `application/json`.
    pub fn json(self, body: Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// A body of any kind.
    pub fn body(mut self, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("content-type", media_type)
    }

    /// A body without a media type.
    pub fn bare_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// An idempotency key.
    pub fn once(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    /// Sends it, and checks the answer against infra/openapi.yaml.
    pub async fn send(self) -> Exchange {
        let exchange = self.send_unchecked().await;
        openapi::check(&exchange);
        exchange
    }

    /// Sends what the document does not describe: another path or method, or a gateway's own refusal.
    pub async fn send_unchecked(self) -> Exchange {
        let url = format!("{}{}", self.base_url, self.path);
        let headers: Vec<(&str, &str)> = self.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
        let secrets = secrets(&headers);
        let sent_metadata = metadata(&self.body);
        note(&self.base_url, |all| {
            all.secrets.extend(secrets.iter().cloned());
            all.metadata.extend(sent_metadata.iter().cloned());
        });
        let response = self.client.request(&self.method, &url, &headers, self.body).await.expect("the gateway answers");
        let exchange = Exchange {
            method: self.method,
            path: self.path,
            status: response.status,
            headers: response.headers.clone(),
            body: response.text(),
        };
        if exchange.status >= 400 {
            // What this request itself says may be repeated.
            let stored = note(&self.base_url, |all| all.metadata.clone());
            let stored = stored.iter().filter(|text| !sent_metadata.contains(text));
            let shown = secrets.iter().chain(stored).find(|text| shows(&exchange.body, text));
            assert_eq!(shown, None, "a problem shows what others sent: {exchange}");
        }
        if exchange.header("content-type") == Some("application/problem+json") && !exchange.body.is_empty() {
            assert_eq!(exchange.json()["request_id"].as_str(), exchange.header("x-request-id"), "{exchange}");
        }
        note(&self.base_url, |all| all.answers.extend(exchange.header("x-request-id").map(str::to_owned)));
        exchange
    }
}

/// What one API was sent and answered.
#[derive(Clone, Default)]
pub(crate) struct Exchanged {
    /// Credentials and idempotency keys.
    pub secrets: BTreeSet<String>,
    /// Values of metadata.
    pub metadata: BTreeSet<String>,
    /// Request ids, as the functions gave them.
    pub answers: Vec<String>,
}

/// By base URL.
static EXCHANGED: Mutex<BTreeMap<String, Exchanged>> = Mutex::new(BTreeMap::new());

/// What was exchanged with this base URL, at its end.
pub(crate) fn exchanged_with(base_url: &str) -> Exchanged {
    EXCHANGED.lock().expect("no holder panics").remove(base_url).unwrap_or_default()
}

fn note<T>(base_url: &str, note: impl FnOnce(&mut Exchanged) -> T) -> T {
    note(EXCHANGED.lock().expect("no holder panics").entry(base_url.to_owned()).or_default())
}

/// The credentials and idempotency keys of these headers.
fn secrets(headers: &[(&str, &str)]) -> Vec<String> {
    let secret = |(name, value): &(&str, &str)| match name.to_ascii_lowercase().as_str() {
        "authorization" => value.split(' ').next_back().map(str::to_owned),
        "idempotency-key" => Some((*value).to_owned()),
        _ => None,
    };
    headers.iter().filter_map(secret).collect()
}

/// The values of a body's metadata.
fn metadata(body: &[u8]) -> Vec<String> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let values = body["metadata"].as_object().into_iter().flatten();
    values.filter_map(|(_, value)| value.as_str().map(str::to_owned)).collect()
}

/// Whether a text shows another one: a long one anywhere, a short one as a word. A shorter one would be found in anything.
pub fn shows(text: &str, secret: &str) -> bool {
    let is_inside = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(byte));
    let bytes = text.as_bytes();
    match secret.len() {
        0..3 => false,
        3..8 => text.match_indices(secret).any(|(at, _)| {
            !is_inside(at.checked_sub(1).and_then(|before| bytes.get(before)))
                && !is_inside(bytes.get(at + secret.len()))
        }),
        _ => text.contains(secret),
    }
}

/// A request and its answer.
#[derive(Clone)]
pub struct Exchange {
    /// As it was sent.
    pub method: String,
    /// As it was sent, with the query.
    pub path: String,
    /// The answer's status.
    pub status: u16,
    /// The answer's headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The answer's body.
    pub body: String,
}

impl Exchange {
    /// An answer's header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The answer's body as JSON; `null` where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The answer, if it has this status.
    #[track_caller]
    pub fn expect_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self}");
        self
    }

    /// The answer, if it is this problem.
    #[track_caller]
    pub fn expect_problem(self, status: u16, slug: &str) -> Self {
        let body = self.json();
        let right = self.status == status
            && self.header("content-type") == Some("application/problem+json")
            && body["slug"] == slug
            && body["type"].as_str().is_some_and(|kind| kind.ends_with(&format!("/problems/{slug}")));
        assert!(right, "not {status} {slug}: {self}");
        self
    }

    /// The pointers of a 422, sorted.
    #[track_caller]
    pub fn pointers(&self) -> Vec<String> {
        assert_eq!(self.status, 422, "{self}");
        let body = self.json();
        let faults = body["errors"].as_array().unwrap_or_else(|| panic!("no errors: {self}"));
        let mut pointers: Vec<String> =
            faults.iter().map(|fault| fault["pointer"].as_str().expect("a pointer").to_owned()).collect();
        pointers.sort_unstable();
        pointers
    }

    /// The entity tag.
    #[track_caller]
    pub fn etag(&self) -> String {
        self.header("etag").unwrap_or_else(|| panic!("no ETag: {self}")).to_owned()
    }

    /// Which version of its resource the answer's entity tag is, counted from 1.
    pub fn version(&self) -> u64 {
        tagged(&self.etag()) % VERSIONS
    }

    /// The entity tag of the resource after so many more writes.
    pub fn etag_after(&self, writes: u64) -> String {
        format!("\"{}\"", tagged(&self.etag()) + writes)
    }
}

impl fmt::Display for Exchange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} -> {} {:?} {}", self.method, self.path, self.status, self.headers, self.body)
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// A tenant's versions begin past a multiple of this that its id gives, everything else's at 1.
const VERSIONS: u64 = 1_000_000;

fn tagged(tag: &str) -> u64 {
    tag.trim_matches('"').parse().expect("a tag is a version")
}

/// The entity tag of a tenant's version, counted from 1.
pub fn tenant_tag(id: &str, version: u64) -> String {
    let id = TenantId::parse(id).expect("a tenant's id");
    format!("\"{}\"", id.first_version() + version - 1)
}
