//! One request: what the gateway said, read on demand.

use super::event::Event;
use super::input::Input;
use super::problem::Place;
use super::{query, uri};
use crate::domain::precondition::EntityTags;
use crate::domain::{Error, RequestId, Result};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::borrow::Cow;

/// A request at the function's door. Nothing in it is believed yet. It has no `Debug`, which would show credentials.
pub struct Request {
    pub(super) event: Event,
    pub(super) place: Place,
    /// Whether the gateway decodes path parameters, as an HTTP API does and cargo-lambda does not.
    decoded: bool,
}

impl Request {
    pub(super) fn new(event: Event, id: RequestId, public_url: Option<&str>) -> Self {
        let base_url = match public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => base_url(&event),
        };
        let if_match = event.headers.get("if-match").and_then(|value| EntityTags::parse(value));
        let weak_tag = if_match.is_some_and(|tags| tags.has_weak());
        let instance = uri::reference(&event.raw_path);
        let place = Place { base_url, instance, request_id: id.to_string(), weak_tag };
        let decoded = event.route_key != "$default";
        Self { event, place, decoded }
    }

    /// The base URL of this deployment, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.place.base_url
    }

    /// The path of the base URL: the beginning of each path where clients call this API. Mostly empty.
    pub fn base_path(&self) -> &str {
        uri::base_path(&self.place.base_url)
    }

    /// The method, in upper case as it was sent.
    pub fn method(&self) -> &str {
        &self.event.request_context.http.method
    }

    /// The path as routes know it. Behind a custom domain's API mapping the gateway's path may have the mapping in front
    /// of it; where the gateway is called by its own name it does not.
    pub fn route_path(&self) -> &str {
        uri::below(&self.event.raw_path, self.base_path())
    }

    /// A header; repeated ones are joined with commas.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.event.headers.get(name).map(String::as_str)
    }

    /// Whether the route has a path parameter of this name.
    pub fn has_path(&self, name: &str) -> bool {
        self.event.path_parameters.contains_key(name)
    }

    /// A path parameter as text, percent-decoded exactly once, by the gateway or here.
    pub fn path_text(&self, name: &str) -> Option<Cow<'_, str>> {
        let raw = self.event.path_parameters.get(name)?;
        if self.decoded { Some(Cow::Borrowed(raw)) } else { query::decode(raw).map(Cow::Owned) }
    }

    /// A path parameter, parsed. An ill-formed one is answered as an absent one would be: 404.
    pub fn path<T>(&self, name: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T> {
        self.path_text(name).and_then(|text| parse(&text)).ok_or(Error::NotFound)
    }

    /// A path id of a POST, where an idempotency conflict outranks 404: an ill-formed one is `never`, the id of
    /// nothing, and looked up like any other.
    pub fn path_or<T>(&self, name: &str, parse: impl FnOnce(&str) -> Option<T>, never: T) -> T {
        self.path(name, parse).unwrap_or(never)
    }

    /// Reads query, headers and body, with every fault at once.
    pub fn parse<T>(&self, read: impl FnOnce(&Input) -> Option<T>) -> Result<T> {
        Input::read(self, read)
    }

    /// The body's bytes; `None`: none were sent.
    pub(super) fn body(&self) -> Result<Option<Cow<'_, [u8]>>> {
        let bytes = match &self.event.body {
            None => return Ok(None),
            Some(text) if self.event.is_base64_encoded => {
                Cow::Owned(STANDARD.decode(text).map_err(|_| Error::Malformed("The body cannot be read.".to_owned()))?)
            }
            Some(text) => Cow::Borrowed(text.as_bytes()),
        };
        Ok(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }
}

/// From the gateway's own name, never from a header that the caller can forge.
fn base_url(event: &Event) -> String {
    let domain = event.request_context.domain_name.as_deref().unwrap_or("localhost");
    match event.request_context.stage.as_deref() {
        None | Some("$default" | "") => format!("https://{domain}"),
        Some(stage) => format!("https://{domain}/{stage}"),
    }
}
