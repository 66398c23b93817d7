//! Reads query, headers and body of a request and reports all errors together, in the order of the contract: media type 415, size
//! 413, syntax 400, then all 422.

use super::query;
use super::request::Request;
use crate::domain::idempotency::{Fingerprint, IdempotencyKey};
use crate::domain::json::{Json, Object};
use crate::domain::precondition::{EntityTags, IfMatch};
use crate::domain::{Error, FieldError, Fields, Result, member_pointer};
use crate::store::IdempotentRequest;
use lambda_http::http::header::{CONTENT_ENCODING, CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH};
use std::cell::RefCell;

/// The maximum size of a body: 256 KiB.
const MAX_BODY_BYTES: usize = 256 * 1024;

/// The input of a request other than its path and credential. Readers return `None` after they report an error.
pub struct Input<'r> {
    request: &'r Request,
    query: Vec<(String, String)>,
    known_parameters: RefCell<Vec<&'static str>>,
    field_errors: RefCell<Vec<FieldError>>,
    refusal: RefCell<Option<Error>>,
    body: RefCell<Option<Json>>,
}

impl Request {
    /// Reads query, headers and body, and returns all errors together.
    pub fn parse<T>(&self, read: impl FnOnce(&Input) -> Option<T>) -> Result<T> {
        let query = query::parse(self.query());
        let is_query_malformed = query.is_none();
        let input = Input {
            request: self,
            query: query.unwrap_or_default(),
            known_parameters: RefCell::default(),
            field_errors: RefCell::default(),
            refusal: RefCell::default(),
            body: RefCell::default(),
        };
        if is_query_malformed {
            input.refuse(Error::Malformed("The query's percent-encoding is broken or not UTF-8.".to_owned()));
        }
        let value = read(&input);
        if let Some(error) = input.refusal.take() {
            return Err(error);
        }
        input.refuse_unknown_parameters();
        let field_errors = input.field_errors.take();
        if !field_errors.is_empty() {
            return Err(Error::Invalid(field_errors));
        }
        value.ok_or_else(|| Error::internal("a reader returned neither a value nor an error"))
    }
}

impl Request {
    /// Whether a query parameter is given, read before the other parameters are checked.
    pub fn has_query(&self, name: &str) -> bool {
        query::parse(self.query()).unwrap_or_default().iter().any(|(known, _)| known == name)
    }
}

impl Input<'_> {
    /// Refuses the request as a whole. Of several errors, the first in the order of the contract is answered.
    pub fn refuse(&self, error: Error) {
        let rank = |error: &Error| match error {
            Error::UnsupportedMediaType(_) => 0,
            Error::PayloadTooLarge => 1,
            _ => 2,
        };
        let mut refusal = self.refusal.borrow_mut();
        if refusal.as_ref().is_none_or(|first| rank(&error) < rank(first)) {
            *refusal = Some(error);
        }
    }

    /// Reports one invalid field.
    pub fn field_error<T>(&self, pointer: impl Into<String>, message: impl Into<String>) -> Option<T> {
        self.field_errors.borrow_mut().push(FieldError::new(pointer, message));
        None
    }

    fn refuse_unknown_parameters(&self) {
        let known_parameters = self.known_parameters.borrow();
        let known = if known_parameters.is_empty() { "none".to_owned() } else { known_parameters.join(", ") };
        for (name, _) in self.query.iter().filter(|(name, _)| !known_parameters.contains(&name.as_str())) {
            self.field_error::<()>(
                member_pointer("/query", name),
                format!("is not a parameter of this operation, which takes {known}"),
            );
        }
    }

    /// A query parameter: absent (`Some(None)`), or parsed. A repeated or empty parameter is an error.
    pub fn query<T>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&str) -> std::result::Result<T, String>,
    ) -> Option<Option<T>> {
        self.parameter(name, false, parse)
    }

    /// A query parameter that is also absent if it is empty.
    pub fn query_or_empty<T>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&str) -> std::result::Result<T, String>,
    ) -> Option<Option<T>> {
        self.parameter(name, true, parse)
    }

    fn parameter<T>(
        &self,
        name: &'static str,
        empty_is_absent: bool,
        parse: impl FnOnce(&str) -> std::result::Result<T, String>,
    ) -> Option<Option<T>> {
        self.known_parameters.borrow_mut().push(name);
        let mut values = self.query.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let Some(value) = values.next() else { return Some(None) };
        let pointer = format!("/query/{name}");
        if values.next().is_some() {
            return self.field_error(pointer, "is given twice");
        }
        match value {
            "" if empty_is_absent => Some(None),
            "" => self.field_error(pointer, "is empty"),
            value => match parse(value) {
                Ok(value) => Some(Some(value)),
                Err(message) => self.field_error(pointer, message),
            },
        }
    }

    /// Whether a query parameter is given and not empty.
    pub fn has_value(&self, name: &str) -> bool {
        self.query.iter().any(|(known, value)| known == name && !value.is_empty())
    }

    /// A query parameter that is an integer, digits only.
    pub fn query_integer(&self, name: &'static str, min: usize, max: usize) -> Option<Option<usize>> {
        self.query(name, |text| {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            let number = text.parse().ok().filter(|number| digits && (min..=max).contains(number));
            number.ok_or_else(|| format!("must be an integer from {min} to {max}"))
        })
    }

    /// A query parameter that is `true` or `false`.
    pub fn query_boolean(&self, name: &'static str) -> Option<Option<bool>> {
        self.query(name, |text| text.parse().map_err(|_| "must be true or false".to_owned()))
    }

    /// `If-Match`. Without the header, any version satisfies it.
    pub fn if_match(&self) -> Option<IfMatch> {
        let Some(value) = self.request.header(IF_MATCH) else { return Some(IfMatch::default()) };
        match EntityTags::parse(value) {
            Some(tags) => Some(IfMatch::from_tags(&tags)),
            None => self.field_error("/header/If-Match", "must be * or a list of entity tags such as \"1\""),
        }
    }

    /// `If-None-Match` of a GET.
    pub fn if_none_match(&self) -> Option<Option<EntityTags>> {
        let Some(value) = self.request.header(IF_NONE_MATCH) else { return Some(None) };
        match EntityTags::parse(value) {
            Some(tags) => Some(Some(tags)),
            None => self.field_error("/header/If-None-Match", "must be * or a list of entity tags such as \"1\""),
        }
    }

    /// Whether the tenant must not exist: `If-None-Match` of the upsert, where only `*` is allowed.
    pub fn must_be_new(&self) -> Option<bool> {
        match self.request.header(IF_NONE_MATCH).map(EntityTags::parse) {
            None => Some(false),
            Some(Some(EntityTags::Any)) => Some(true),
            Some(_) => self.field_error("/header/If-None-Match", "must be *"),
        }
    }

    /// `Idempotency-Key` with the fingerprint of the body, which must be read before. `operation` is the name of the binary.
    pub fn idempotent_request(&self, operation: &str) -> Option<Option<IdempotentRequest>> {
        let Some(value) = self.request.header("idempotency-key") else { return Some(None) };
        let Some(key) = IdempotencyKey::parse(value) else {
            return self.field_error(
                "/header/Idempotency-Key",
                "must be given once, with 1 to 255 printable ASCII characters and no comma",
            );
        };
        let fingerprint = Fingerprint::new(self.body.borrow().as_ref());
        Some(Some(IdempotentRequest::new(&key, operation, fingerprint)))
    }

    /// A required JSON body.
    pub fn body<T>(&self, read: impl FnOnce(&mut Fields) -> Option<T>) -> Option<T> {
        self.json_body(true, false, read)
    }

    /// A JSON body that may be absent or `null`, which both mean `{}`.
    pub fn optional_body<T>(&self, read: impl FnOnce(&mut Fields) -> Option<T>) -> Option<T> {
        self.json_body(false, false, read)
    }

    /// The body of a PATCH: JSON or a JSON merge patch.
    pub fn merge_patch<T>(&self, read: impl FnOnce(&mut Fields) -> Option<T>) -> Option<T> {
        self.json_body(true, true, read)
    }

    /// No body, `null` or `{}`.
    pub fn no_members(&self) -> Option<()> {
        self.optional_body(|_| Some(()))
    }

    fn json_body<T>(&self, required: bool, patch: bool, read: impl FnOnce(&mut Fields) -> Option<T>) -> Option<T> {
        let object = match self.json_object(required, patch) {
            Ok(Some(object)) => object,
            Ok(None) if required => {
                self.refuse(Error::Malformed("A JSON object is needed as the body.".to_owned()));
                return None;
            }
            Ok(None) => Object::new(),
            Err(error) => {
                self.refuse(error);
                return None;
            }
        };
        let value = Fields::read(&object, "", &self.field_errors, read);
        *self.body.borrow_mut() = Some(Json::Object(object));
        value
    }

    fn json_object(&self, required: bool, patch: bool) -> Result<Option<Object>> {
        let Some(bytes) = self.request.body()? else { return Ok(None) };
        self.check_media_type(patch)?;
        if bytes.len() > MAX_BODY_BYTES {
            return Err(Error::PayloadTooLarge);
        }
        match Json::parse(bytes) {
            Ok(Json::Object(object)) => Ok(Some(object)),
            // Generated clients send `null` for an absent body.
            Ok(Json::Null) if !required => Ok(None),
            Ok(_) => Err(Error::Malformed("The body must be a JSON object.".to_owned())),
            Err(error) => Err(Error::Malformed(format!(
                "The body is not the JSON that this API takes (line {}, column {}).",
                error.line(),
                error.column()
            ))),
        }
    }

    fn check_media_type(&self, patch: bool) -> Result<()> {
        let media_type = self.request.header(CONTENT_TYPE).map(|value| {
            let essence = value.split_once(';').map_or(value, |(essence, _)| essence);
            essence.trim().to_ascii_lowercase()
        });
        let known = match media_type.as_deref() {
            Some("application/json") => true,
            Some("application/merge-patch+json") => patch,
            _ => false,
        };
        let coding = self.request.header(CONTENT_ENCODING).map_or("identity", str::trim);
        if known && (coding.is_empty() || coding.eq_ignore_ascii_case("identity")) {
            return Ok(());
        }
        Err(Error::UnsupportedMediaType(if patch {
            "Send application/json or application/merge-patch+json without a content coding."
        } else {
            "Send application/json without a content coding."
        }))
    }
}
