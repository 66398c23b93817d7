//! The errors of an operation, without HTTP: `http::problem` maps each to a status and a slug.

use std::borrow::Cow;
use std::fmt;

/// The result of an operation.
pub type Result<T> = std::result::Result<T, Error>;

/// One invalid field of a request: its place, as a JSON pointer (RFC 6901, contract section 2.10), and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// `/member`, `/query/NAME`, `/header/NAME`, `/path/NAME`, or `""` for the whole body.
    pub pointer: String,
    /// For humans. Clients rely on the pointer only.
    pub message: String,
}

impl FieldError {
    /// An error at `pointer`.
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }
}

/// The JSON pointer of a member: `~` and `/` in its name are escaped (RFC 6901, section 3).
pub fn member_pointer(base: &str, name: &str) -> String {
    format!("{base}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// Why a credential is refused. Unknown, revoked, expired, and of an archived customer are one case: the answer does not reveal
/// whether the key ever existed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialError {
    /// No credential was sent.
    Missing,
    /// It does not have the form of a key of this API.
    Malformed,
    /// It has the form of a key but is not valid now.
    NotLive,
}

/// The resource that a request conflicts with.
#[derive(Debug)]
pub struct Conflict {
    /// The id of the conflicting resource.
    pub resource_id: String,
    /// What conflicts and how to resolve it. It contains what the caller sent, and no other stored data.
    pub detail: Cow<'static, str>,
}

impl Conflict {
    /// A conflict with `resource_id`.
    pub fn new(resource_id: impl Into<String>, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { resource_id: resource_id.into(), detail: detail.into() }
    }
}

/// Why an operation failed. Each variant carries what the answer contains, and no more.
/// The cause of the last two is only logged.
#[derive(Debug)]
pub enum Error {
    /// The request is not readable as HTTP or JSON.
    Malformed(String),
    /// There is no valid credential.
    Unauthorized(CredentialError),
    /// The credential is valid, but of the wrong kind or without the required scope.
    Forbidden(Cow<'static, str>),
    /// The tenant is suspended.
    TenantSuspended,
    /// The resource does not exist, is deleted, or belongs to another customer.
    NotFound,
    /// This API has no such path. The detail of the answer.
    UnknownPath(String),
    /// The path does not support the method. The value of `Allow`.
    MethodNotAllowed(String),
    /// Another tenant has the external id.
    ExternalIdConflict(Conflict),
    /// Another resource has the name.
    NameConflict(Conflict),
    /// Another resource depends on this one. One dependent.
    ResourceInUse(Conflict),
    /// The key was used for another request within the last 24 hours.
    IdempotencyKeyConflict,
    /// The request refers to a resource of another tenant. The detail of the answer.
    CrossTenant(&'static str),
    /// The conversation is archived.
    ConversationArchived,
    /// `If-Match` or `If-None-Match` does not hold.
    PreconditionFailed,
    /// The body is over 256 KiB.
    PayloadTooLarge,
    /// The headers do not declare the body as JSON. The detail of the answer.
    UnsupportedMediaType(&'static str),
    /// The request is readable but invalid: all errors that were found.
    Invalid(Vec<FieldError>),
    /// The user has several roles, and the request names none. The detail of the answer.
    RoleRequired(String),
    /// The tenant has as many leases as its settings allow.
    CapacityExhausted {
        /// The time until one of them ends; at least 1.
        retry_after_seconds: u32,
    },
    /// The caller has sent more requests than the limits of its customer allow.
    RateLimited {
        /// The time until the next request is admitted; at least 1.
        retry_after_seconds: u32,
    },
    /// The store throttles, is slow or is down, or the outcome of a write is unknown. The client may retry.
    Unavailable(Cause),
    /// A bug.
    Internal(Cause),
}

impl Error {
    /// One invalid field.
    pub fn invalid(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(pointer, message)])
    }

    /// A bug with this cause.
    pub fn internal(cause: impl fmt::Display) -> Self {
        Self::Internal(Cause::new(cause))
    }

    /// A temporary failure with this cause.
    pub fn unavailable(cause: impl fmt::Display) -> Self {
        Self::Unavailable(Cause::new(cause))
    }
}

/// Internal text for the log. It has no `Display`, so that it cannot be written into an answer by accident.
pub struct Cause(String);

impl Cause {
    fn new(cause: impl fmt::Display) -> Self {
        Self(cause.to_string())
    }

    /// The text for the log.
    pub fn for_log(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Cause(…)")
    }
}
