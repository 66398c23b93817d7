//! Answers, as an HTTP API takes them.

use crate::domain::precondition::{EntityTags, entity_tag};
use lambda_http::Body;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_http::http::StatusCode;
use lambda_http::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IntoHeaderName, LOCATION};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

/// Status, headers and body. No `Debug`: it would show secrets.
pub struct Response {
    status: StatusCode,
    headers: HeaderMap,
    /// `Binary` goes as base64.
    body: Option<Body>,
}

/// Lambda takes answers of at most 6 MB. A body that is larger than this inside of one goes as base64, in which
/// the 4 MiB of the largest page (contract section 3.2) always fit.
const MAX_TEXT_BYTES: usize = 5 << 20;

/// Something with an entity tag.
pub trait Versioned {
    /// Which version of it this is.
    fn version(&self) -> u64;
}

impl Versioned for crate::domain::customer::Customer {
    fn version(&self) -> u64 {
        self.version
    }
}

impl Versioned for crate::domain::tenant::Tenant {
    fn version(&self) -> u64 {
        self.version
    }
}

impl Versioned for crate::domain::repository::Repository {
    fn version(&self) -> u64 {
        self.version
    }
}

/// `Cache-Control` of what no cache may store: secrets, and what is answered without a credential and is no document.
pub const NO_STORE: &str = "no-store";

/// `Cache-Control` of what was answered to a credential: its own cache may keep it, and asks again before each use.
pub const REVALIDATED: &str = "private, no-cache";

impl Response {
    pub(super) fn new(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: None }
    }

    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// The answer in the gateway's form. Its empty list of cookies is for cargo-lambda, which takes no answer without one.
    pub(super) fn into_api_gateway(self) -> ApiGatewayV2httpResponse {
        let mut answer = ApiGatewayV2httpResponse::default();
        answer.status_code = self.status.as_u16().into();
        answer.headers = self.headers;
        answer.is_base64_encoded = matches!(self.body, Some(Body::Binary(_)));
        answer.body = self.body;
        answer
    }

    /// The same answer with this header. What is no header's value, a line break say, is left out.
    #[must_use]
    pub fn with_header(mut self, name: impl IntoHeaderName, value: impl TryInto<HeaderValue>) -> Self {
        if let Ok(value) = value.try_into() {
            self.headers.insert(name, value);
        }
        self
    }

    /// The same answer with the path of what was made.
    #[must_use]
    pub fn with_location(self, location: String) -> Self {
        self.with_header(LOCATION, location)
    }

    /// The same answer, which shows a secret.
    #[must_use]
    pub fn no_store(self) -> Self {
        self.with_header(CACHE_CONTROL, NO_STORE)
    }

    /// The same answer, which is everybody's and may be kept for some minutes.
    #[must_use]
    pub fn public(self) -> Self {
        self.with_header(CACHE_CONTROL, "public, max-age=300")
    }

    /// The same answer; what caches may do with it is this, where nothing else was said.
    pub(super) fn with_default_cache_control(self, cache_control: &'static str) -> Self {
        if self.headers.contains_key(CACHE_CONTROL) { self } else { self.with_header(CACHE_CONTROL, cache_control) }
    }

    /// The same answer for clients that call this API under a base path: `Location` leads there. Replays are made from what
    /// was created, so theirs does too.
    pub(super) fn with_base_path(self, base_path: &str) -> Self {
        match self.headers.get(LOCATION).and_then(|location| location.to_str().ok()) {
            Some(location) if !base_path.is_empty() => {
                let location = format!("{base_path}{location}");
                self.with_location(location)
            }
            _ => self,
        }
    }

    /// The same answer, marked where it repeats an earlier one.
    #[must_use]
    pub fn with_replayed(self, replayed: bool) -> Self {
        if replayed { self.with_header("idempotency-replayed", "true") } else { self }
    }

    /// The same answer with its version.
    #[must_use]
    pub fn with_etag(self, resource: &impl Versioned) -> Self {
        self.with_header(ETAG, entity_tag(resource.version()))
    }

    /// The same answer with this text.
    #[must_use]
    pub fn with_text(mut self, media_type: &str, body: String) -> Self {
        // Inside Lambda's own JSON every quote and backslash is escaped once more, which may double the body.
        let escapes = || body.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
        let is_large = 2 * body.len() > MAX_TEXT_BYTES && body.len() + escapes() > MAX_TEXT_BYTES;
        self.body = Some(if is_large { Body::Binary(body.into_bytes()) } else { Body::Text(body) });
        self.with_header(CONTENT_TYPE, media_type)
    }

    /// The same answer with this value as JSON.
    pub(super) fn with_json(self, media_type: &str, value: &impl Serialize) -> Self {
        // Only a map with keys that are no strings cannot be written, and no answer has one.
        let body = serde_json::to_string(value).unwrap_or_default();
        self.with_text(media_type, body)
    }
}

const JSON: &str = "application/json";

/// 200 with a value that has no version.
pub fn document(value: &impl Serialize) -> Response {
    Response::new(StatusCode::OK).with_json(JSON, value)
}

/// 200 with a resource.
pub fn ok(resource: &(impl Serialize + Versioned)) -> Response {
    document(resource).with_etag(resource)
}

/// 200 with a resource, or 304 where the caller has it already.
pub fn found(resource: &(impl Serialize + Versioned), if_none_match: Option<&EntityTags>) -> Response {
    if if_none_match.is_some_and(|tags| tags.matches_weakly(resource.version())) {
        return Response::new(StatusCode::NOT_MODIFIED).with_etag(resource);
    }
    ok(resource)
}

/// 201 with what was made.
pub fn created(value: &impl Serialize) -> Response {
    Response::new(StatusCode::CREATED).with_json(JSON, value)
}

/// 204.
pub fn no_content() -> Response {
    Response::new(StatusCode::NO_CONTENT)
}

/// 200 with a page in AgentRouter's form: `{NAME: […], page: {next_page_token}}`.
pub fn page(name: &'static str, items: &[impl Serialize], next_page_token: Option<String>) -> Response {
    #[derive(Serialize)]
    struct Page {
        next_page_token: String,
    }
    struct Body<'a, T>(&'static str, &'a [T], Page);
    impl<T: Serialize> Serialize for Body<'_, T> {
        fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(Some(2))?;
            map.serialize_entry(self.0, self.1)?;
            map.serialize_entry("page", &self.2)?;
            map.end()
        }
    }
    document(&Body(name, items, Page { next_page_token: next_page_token.unwrap_or_default() }))
}

/// 200 with everything there is: `{NAME: […]}`.
pub fn list(name: &'static str, items: &[impl Serialize]) -> Response {
    document(&std::collections::BTreeMap::from([(name, items)]))
}

/// 200 with a text that is JSON already.
pub fn json_text(text: &str) -> Response {
    Response::new(StatusCode::OK).with_text(JSON, text.to_owned())
}
