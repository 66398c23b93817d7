//! One request of the gateway.

use super::event::{self, Event, Labels, Origin};
use super::problem::ProblemContext;
use super::{query, uri};
use crate::domain::precondition::EntityTags;
use crate::domain::{Error, RequestId, Result};
use lambda_http::RequestExt;
use lambda_http::http::header::{AsHeaderName, IF_MATCH};
use std::borrow::Cow;

/// An unauthenticated request. It has no `Debug`, which would show credentials.
pub struct Request {
    event: Event,
    pub(super) context: ProblemContext,
}

impl Request {
    /// Reads an event. The error is what is known of an unreadable event.
    pub(super) fn read(
        event: &str,
        id: RequestId,
        public_url: Option<&str>,
    ) -> std::result::Result<Self, Box<(ProblemContext, Labels)>> {
        let context = |base_url: String, path: &str| ProblemContext {
            base_url: public_url.map_or(base_url, |url| url.trim_end_matches('/').to_owned()),
            instance: uri::reference(path),
            request_id: id.to_string(),
            has_weak_if_match: false,
        };
        let Some(event) = event::read(event) else {
            let Origin { base_url, path, labels } = event::origin(event);
            return Err(Box::new((context(base_url, &path), labels)));
        };
        let context = context(event.base_url.clone(), event.http.raw_http_path());
        let mut request = Self { event, context };
        let if_match = request.header(IF_MATCH).and_then(EntityTags::parse);
        request.context.has_weak_if_match = if_match.is_some_and(|tags| tags.has_weak());
        Ok(request)
    }

    /// Takes what the gateway calls the request.
    pub(super) fn take_labels(&mut self) -> Labels {
        std::mem::take(&mut self.event.labels)
    }

    /// The base URL of the deployment, without a trailing slash.
    pub fn base_url(&self) -> &str {
        &self.context.base_url
    }

    /// The path of the base URL, with which the paths of clients begin. Usually empty.
    pub fn base_path(&self) -> &str {
        uri::base_path(&self.context.base_url)
    }

    /// The path without the base path. Behind the API mapping of a custom domain the path begins with the mapping; if the gateway is
    /// called by its own domain name it does not.
    pub fn route_path(&self) -> &str {
        uri::below(self.event.http.raw_http_path(), self.base_path())
    }

    /// The value of a header. The gateway joins repeated headers with commas. Values may contain characters outside ASCII (RFC 9110,
    /// section 5.5), for which `to_str` fails.
    pub fn header(&self, name: impl AsHeaderName) -> Option<&str> {
        std::str::from_utf8(self.event.http.headers().get(name)?.as_bytes()).ok()
    }

    fn raw_path(&self, name: &str) -> Option<&str> {
        self.event.http.path_parameters_ref()?.first(name)
    }

    /// Whether the route has a path parameter of this name.
    pub fn has_path(&self, name: &str) -> bool {
        self.raw_path(name).is_some()
    }

    /// A path parameter, percent-decoded exactly once, by the gateway or here.
    pub fn path_text(&self, name: &str) -> Option<Cow<'_, str>> {
        let raw = self.raw_path(name)?;
        if self.event.is_decoded { Some(Cow::Borrowed(raw)) } else { query::decode(raw).map(Cow::Owned) }
    }

    /// A parsed path parameter. A malformed one is answered with 404, like one that does not exist.
    pub fn path<T>(&self, name: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T> {
        self.path_text(name).and_then(|text| parse(&text)).ok_or(Error::NotFound)
    }

    /// A parsed path parameter of a POST. A malformed one is replaced by `nil`, which is never assigned, and looked up like any other,
    /// because an idempotency conflict takes precedence over 404.
    pub fn path_or<T>(&self, name: &str, parse: impl FnOnce(&str) -> Option<T>, nil: T) -> T {
        self.path(name, parse).unwrap_or(nil)
    }

    /// The unmodified query string.
    pub(super) fn query(&self) -> &str {
        &self.event.query
    }

    /// The body, or `None` if it is empty.
    pub(super) fn body(&self) -> Result<Option<&[u8]>> {
        if self.event.has_broken_body {
            return Err(Error::Malformed("The body cannot be read.".to_owned()));
        }
        Ok(Some(&**self.event.http.body()).filter(|bytes| !bytes.is_empty()))
    }
}
