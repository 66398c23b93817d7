//! Everything that can go wrong, free of HTTP: `http::problem` gives each its status and slug.

use std::borrow::Cow;
use std::fmt;

/// The result of an operation.
pub type Result<T> = std::result::Result<T, Error>;

/// One thing that is wrong with a request: where (RFC 6901, contract section 2.10) and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// `/member`, `/query/NAME`, `/header/NAME`, `/path/NAME`, or `""` for the whole.
    pub pointer: String,
    /// For people; clients rely on the pointer alone.
    pub message: String,
}

impl FieldError {
    /// A fault at `pointer`.
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }
}

/// Why a credential does not count. Unknown, revoked, expired and of an archived customer are one: what a key once was stays
/// unsaid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialError {
    /// None was sent.
    Missing,
    /// By its form alone it is no key of this API.
    Malformed,
    /// It has the form of a key, and is not good now.
    NotLive,
}

/// What a request collides with.
#[derive(Debug)]
pub struct Conflict {
    /// The id of what is in the way.
    pub resource_id: String,
    /// What it is and what helps. It repeats what the caller sent, and of what is stored nothing else.
    pub detail: Cow<'static, str>,
}

impl Conflict {
    /// A conflict with `resource_id`.
    pub fn new(resource_id: impl Into<String>, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { resource_id: resource_id.into(), detail: detail.into() }
    }
}

/// Why an operation did not happen. Each variant carries what the client is told, and no more;
/// the cause of the last two is for the log alone.
#[derive(Debug)]
pub enum Error {
    /// The request is no HTTP or JSON that can be read.
    Malformed(String),
    /// No credential, or one that is not valid now.
    Unauthorized(CredentialError),
    /// A valid credential of the wrong kind or without the scope.
    Forbidden(Cow<'static, str>),
    /// Absent, deleted and foreign alike.
    NotFound,
    /// The path is none of this API's; what is said of it.
    UnknownPath(String),
    /// The path exists, the method does not; the value of `Allow`.
    MethodNotAllowed(String),
    /// The external id has an owner already.
    ExternalIdConflict(Conflict),
    /// The name has an owner already.
    NameConflict(Conflict),
    /// Something still depends on the resource: one dependent.
    ResourceInUse(Conflict),
    /// The key was used for another request within the last 24 hours.
    IdempotencyKeyConflict,
    /// `If-Match` or `If-None-Match` does not hold.
    PreconditionFailed,
    /// The body is over 256 KiB.
    PayloadTooLarge,
    /// The body is not JSON by its headers; what is taken.
    UnsupportedMediaType(&'static str),
    /// Readable but wrong: every fault that was found.
    Invalid(Vec<FieldError>),
    /// The store throttles, is slow or down, or an outcome is not known: try again.
    Unavailable(Cause),
    /// A bug.
    Internal(Cause),
}

impl Error {
    /// A single fault.
    pub fn invalid(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(pointer, message)])
    }

    /// A bug, told by `cause`.
    pub fn internal(cause: impl fmt::Display) -> Self {
        Self::Internal(Cause::new(cause))
    }

    /// Not now, because of `cause`.
    pub fn unavailable(cause: impl fmt::Display) -> Self {
        Self::Unavailable(Cause::new(cause))
    }
}

/// Internal text. It has no `Display`, so that it cannot slip into an answer: only the log reads it.
pub struct Cause(String);

impl Cause {
    fn new(cause: impl fmt::Display) -> Self {
        Self(cause.to_string())
    }

    /// The text, for the log.
    pub fn for_log(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Cause(…)")
    }
}
