//! Responses in the format of an HTTP API.

use crate::domain::precondition::{EntityTags, entity_tag};
use crate::domain::rate_limit::RateLimitStatus;
use lambda_http::Body;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_http::http::StatusCode;
use lambda_http::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IntoHeaderName, LOCATION};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

/// Status, headers and body. It has no `Debug`, which would show secrets.
pub struct Response {
    status: StatusCode,
    headers: HeaderMap,
    /// `Binary` is encoded as base64.
    body: Option<Body>,
}

/// The maximum size of a body that is sent as text, after escaping. Lambda limits responses to 6 MB. Larger bodies are sent as base64,
/// in which the 4 MiB of the largest page (contract section 3.2) always fit.
const MAX_TEXT_BYTES: usize = 5 << 20;

/// A resource with an entity tag.
pub trait Versioned {
    /// The version of the resource.
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

impl Versioned for crate::domain::user::User {
    fn version(&self) -> u64 {
        self.version
    }
}

impl Versioned for crate::domain::role::Role {
    fn version(&self) -> u64 {
        self.version
    }
}

impl Versioned for crate::domain::conversation::ConversationView {
    fn version(&self) -> u64 {
        self.version
    }
}

/// `Cache-Control` of responses that no cache may store: those with secrets, and public ones that are not documents.
pub const NO_STORE: &str = "no-store";

/// `Cache-Control` of authenticated responses: a private cache may store them, but must revalidate them before each use.
pub const REVALIDATED: &str = "private, no-cache";

impl Response {
    pub(super) fn new(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: None }
    }

    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// The response in the gateway's format. The list of cookies is empty but present: cargo-lambda requires it.
    pub(super) fn into_api_gateway(self) -> ApiGatewayV2httpResponse {
        let mut answer = ApiGatewayV2httpResponse::default();
        answer.status_code = self.status.as_u16().into();
        answer.headers = self.headers;
        answer.is_base64_encoded = matches!(self.body, Some(Body::Binary(_)));
        answer.body = self.body;
        answer
    }

    /// Shows the caller its bucket.
    pub(super) fn with_rate_limit(self, status: &RateLimitStatus) -> Self {
        self.with_header("ratelimit-limit", status.burst.to_string())
            .with_header("ratelimit-remaining", status.remaining.to_string())
            .with_header("ratelimit-reset", status.full_after_seconds.to_string())
    }

    /// Sets a header. An invalid value, such as one with a line break, is ignored.
    #[must_use]
    pub fn with_header(mut self, name: impl IntoHeaderName, value: impl TryInto<HeaderValue>) -> Self {
        if let Ok(value) = value.try_into() {
            self.headers.insert(name, value);
        }
        self
    }

    /// Sets `Location` to the path of the created resource.
    #[must_use]
    pub fn with_location(self, location: String) -> Self {
        self.with_header(LOCATION, location)
    }

    /// Forbids caches to store the response, because it contains a secret.
    #[must_use]
    pub fn no_store(self) -> Self {
        self.with_header(CACHE_CONTROL, NO_STORE)
    }

    /// Allows shared caches to store the response for five minutes.
    #[must_use]
    pub fn public(self) -> Self {
        self.with_header(CACHE_CONTROL, "public, max-age=300")
    }

    /// Sets `Cache-Control` unless it is set.
    pub(super) fn with_default_cache_control(self, cache_control: &'static str) -> Self {
        if self.headers.contains_key(CACHE_CONTROL) { self } else { self.with_header(CACHE_CONTROL, cache_control) }
    }

    /// Prefixes `Location` with the base path under which clients call this API.
    pub(super) fn with_base_path(self, base_path: &str) -> Self {
        match self.headers.get(LOCATION).and_then(|location| location.to_str().ok()) {
            Some(location) if !base_path.is_empty() => {
                let location = format!("{base_path}{location}");
                self.with_location(location)
            }
            _ => self,
        }
    }

    /// Sets `Idempotency-Replayed` on a replay.
    #[must_use]
    pub fn with_replayed(self, replayed: bool) -> Self {
        if replayed { self.with_header("idempotency-replayed", "true") } else { self }
    }

    /// Sets the ETag of a resource.
    #[must_use]
    pub fn with_etag(self, resource: &impl Versioned) -> Self {
        self.with_header(ETAG, entity_tag(resource.version()))
    }

    /// Sets the body.
    #[must_use]
    pub fn with_text(mut self, media_type: &str, body: String) -> Self {
        // The body is a string in the JSON of the response: escaping quotes and backslashes may double its size.
        let escapes = || body.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
        let is_large = 2 * body.len() > MAX_TEXT_BYTES && body.len() + escapes() > MAX_TEXT_BYTES;
        self.body = Some(if is_large { Body::Binary(body.into_bytes()) } else { Body::Text(body) });
        self.with_header(CONTENT_TYPE, media_type)
    }

    /// Sets a JSON body.
    pub(super) fn with_json(self, media_type: &str, value: &impl Serialize) -> Self {
        // Serialization fails only for maps whose keys are not strings. No response has one.
        let body = serde_json::to_string(value).unwrap_or_default();
        self.with_text(media_type, body)
    }
}

const JSON: &str = "application/json";

/// 200 with a value without an entity tag.
pub fn document(value: &impl Serialize) -> Response {
    Response::new(StatusCode::OK).with_json(JSON, value)
}

/// 200 with a resource and its entity tag.
pub fn ok(resource: &(impl Serialize + Versioned)) -> Response {
    document(resource).with_etag(resource)
}

/// 200 with a resource, or 304 if `If-None-Match` matches its version.
pub fn found(resource: &(impl Serialize + Versioned), if_none_match: Option<&EntityTags>) -> Response {
    if if_none_match.is_some_and(|tags| tags.matches_weakly(resource.version())) {
        return Response::new(StatusCode::NOT_MODIFIED).with_etag(resource);
    }
    ok(resource)
}

/// 201 with the created resource.
pub fn created(value: &impl Serialize) -> Response {
    Response::new(StatusCode::CREATED).with_json(JSON, value)
}

/// 204.
pub fn no_content() -> Response {
    Response::new(StatusCode::NO_CONTENT)
}

/// 200 with a page of the Operator API: `{NAME: […], page: {next_page_token}}`.
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

/// 200 with a complete list: `{NAME: […]}`.
pub fn list(name: &'static str, items: &[impl Serialize]) -> Response {
    document(&std::collections::BTreeMap::from([(name, items)]))
}

/// 200 with a text that is already JSON.
pub fn json_text(text: &str) -> Response {
    Response::new(StatusCode::OK).with_text(JSON, text.to_owned())
}
