//! Error responses: RFC 9457 problems of a closed set of types (contract section 2.10).

use super::response::{NO_STORE, Response};
use crate::domain::{CredentialError, Error, FieldError};
use lambda_http::http::StatusCode;
use lambda_http::http::header::{ALLOW, CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use serde::Serialize;

/// One entry of the registry.
#[derive(Debug)]
pub struct ProblemType {
    /// The last segment of `type`.
    pub slug: &'static str,
    /// The possible statuses, each with its title.
    pub statuses: &'static [(u16, &'static str)],
    /// When it is answered.
    pub when: &'static str,
    /// `never`: the same request fails again; `later`: it may succeed.
    pub retry: &'static str,
    /// What the client can do.
    pub action: &'static str,
}

/// All problem types of this API.
pub fn problem_types() -> &'static [ProblemType] {
    const NEVER: &str = "never";
    const LATER: &str = "later";
    macro_rules! registry {
        ($($slug:literal [$($status:literal $title:literal),+] $retry:ident, $when:literal, $action:literal;)*) => {
            &[$(ProblemType { slug: $slug, statuses: &[$(($status, $title)),+], when: $when, retry: $retry, action: $action }),*]
        };
    }
    registry! {
        "validation-error" [422 "Validation error"] NEVER,
            "Members, parameters or headers are readable but break a rule; errors[] names each with a JSON pointer.",
            "Correct every place that errors[] names, then send the request again.";
        "role-required" [422 "Role required"] NEVER,
            "The user has several roles and the request names none.",
            "Send role_id with one of these roles.";
        "malformed-request" [400 "Malformed request"] NEVER,
            "The body is not one JSON object, the query's escapes are broken, or parameters exclude each other.",
            "Correct the syntax of the request.";
        "insufficient-scope" [401 "Unauthorized", 403 "Forbidden"] NEVER,
            "401: there is no valid credential. 403: the credential is valid, but of another kind, without the scope, or its user is suspended.",
            "401: send a live API key or token as a bearer token. 403: use a credential of the right kind with the scope, or activate the user.";
        "tenant-suspended" [403 "Tenant suspended"] NEVER,
            "The tenant is suspended: its conversations take no writes, and its users get no tokens.",
            "Activate the tenant first.";
        "not-found" [404 "Not found"] NEVER,
            "The path is unknown, or what it names does not exist for this credential.",
            "Check the path and the id.";
        "method-not-allowed" [405 "Method not allowed"] NEVER,
            "The path exists, but not with this method.",
            "Use a method that the Allow header lists.";
        "external-id-conflict" [409 "External ID conflict"] NEVER,
            "Another tenant has the external id; conflicting_resource_id names it.",
            "Use that tenant, or upsert by the external id.";
        "name-conflict" [409 "Name conflict"] NEVER,
            "The name is taken; conflicting_resource_id names the holder.",
            "Choose another name, or use the holder.";
        "resource-in-use" [409 "Resource in use"] NEVER,
            "Something depends on the resource; conflicting_resource_id names one dependent.",
            "Remove the dependents first.";
        "idempotency-key-conflict" [409 "Idempotency key conflict"] NEVER,
            "The Idempotency-Key was used for another request within the last 24 hours.",
            "Use a new key for a new request.";
        "cross-tenant" [409 "Cross-tenant reference"] NEVER,
            "The request gives a user a role of another tenant, or takes one from it.",
            "Use a role of the tenant that the user belongs to.";
        "conversation-archived" [409 "Conversation archived"] NEVER,
            "The conversation is archived: it takes no messages, and only a change that sets its status to active.",
            "Set its status to active first, or create another conversation.";
        "precondition-failed" [412 "Precondition failed"] NEVER,
            "If-Match or If-None-Match does not hold for the current version.",
            "Read the resource again and decide anew.";
        "payload-too-large" [413 "Payload too large"] NEVER,
            "The body is over 256 KiB.",
            "Send less.";
        "unsupported-media-type" [415 "Unsupported media type"] NEVER,
            "The body is not declared as JSON, or has a content coding.",
            "Send application/json without a content coding; on PATCH also application/merge-patch+json.";
        "capacity-exhausted" [429 "Capacity exhausted"] LATER,
            "The tenant has as many sticky leases as its settings allow.",
            "Wait as long as Retry-After says, when the first lease ends; release one; or use the mode pooled.";
        "rate-limited" [429 "Rate limited"] LATER,
            "The key, or the tokens of the customer's users together, sent more requests than the customer's limits allow.",
            "Wait as long as Retry-After says, then try again.";
        "internal-error" [500 "Internal error"] LATER,
            "A fault of this service.",
            "Report the request_id. With an Idempotency-Key it is safe to try again.";
        "unavailable" [503 "Service unavailable"] LATER,
            "The store is slow, throttled or down, or the outcome of a write is not known.",
            "Wait as long as Retry-After says, then try again: with the same Idempotency-Key nothing happens twice.";
    }
}

/// The data of a request that its problem contains.
#[derive(Clone, Debug)]
pub struct ProblemContext {
    /// The base URL of the deployment.
    pub base_url: String,
    /// The path, percent-encoded again: a URI reference (RFC 9457, section 3.1.5).
    pub instance: String,
    /// The id of the request.
    pub request_id: String,
    /// Whether `If-Match` contains a weak tag.
    pub has_weak_if_match: bool,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    slug: &'a str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    instance: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    conflicting_resource_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<FieldErrorBody<'a>>>,
}

#[derive(Serialize)]
struct FieldErrorBody<'a> {
    pointer: &'a str,
    message: &'a str,
}

/// The `type` of a problem.
pub fn type_url(base_url: &str, slug: &str) -> String {
    format!("{base_url}/problems/{slug}")
}

/// The response for an error.
pub fn problem(error: &Error, context: &ProblemContext) -> Response {
    let (status, slug, detail) = describe(error, context);
    let title = problem_types()
        .iter()
        .find(|known| known.slug == slug)
        .and_then(|known| known.statuses.iter().find(|(code, _)| *code == status.as_u16()))
        .map_or("Internal error", |(_, title)| title);
    let body = Body {
        r#type: type_url(&context.base_url, slug),
        slug,
        title,
        status: status.as_u16(),
        detail,
        instance: &context.instance,
        request_id: &context.request_id,
        conflicting_resource_id: match error {
            Error::ExternalIdConflict(conflict) | Error::NameConflict(conflict) | Error::ResourceInUse(conflict) => {
                Some(&conflict.resource_id)
            }
            _ => None,
        },
        errors: match error {
            Error::Invalid(field_errors) => {
                Some(within_size_limit(field_errors).iter().map(field_error_body).collect())
            }
            _ => None,
        },
    };
    let response = Response::new(status).with_json("application/problem+json", &body);
    match error {
        Error::Unauthorized(_) => response.with_header(WWW_AUTHENTICATE, "Bearer").with_header(CACHE_CONTROL, NO_STORE),
        Error::MethodNotAllowed(allow) => response.with_header(ALLOW, allow.clone()),
        Error::Unavailable(_) => response.with_header(RETRY_AFTER, "1"),
        Error::CapacityExhausted { retry_after_seconds } | Error::RateLimited { retry_after_seconds } => {
            response.with_header(RETRY_AFTER, retry_after_seconds.to_string())
        }
        _ => response,
    }
}

/// The first errors, at most 1 MiB of them: a body of 256 KiB can have more errors than fit into Lambda's limit of 6 MB.
fn within_size_limit(field_errors: &[FieldError]) -> &[FieldError] {
    const MAX_BYTES: usize = 1 << 20;
    let mut bytes = 0;
    let fits = |field_error: &&FieldError| {
        bytes += field_error.pointer.len() + field_error.message.len();
        bytes <= MAX_BYTES
    };
    let many = field_errors.iter().take_while(fits).count();
    field_errors.get(..many).unwrap_or(field_errors)
}

fn field_error_body(field_error: &FieldError) -> FieldErrorBody<'_> {
    FieldErrorBody { pointer: &field_error.pointer, message: &field_error.message }
}

/// Status, slug and detail. The only stored data in a detail is that the customer of a taken slug is archived.
fn describe<'e>(error: &'e Error, context: &ProblemContext) -> (StatusCode, &'static str, &'e str) {
    match error {
        Error::Malformed(detail) => (StatusCode::BAD_REQUEST, "malformed-request", detail),
        Error::Unauthorized(credential) => (StatusCode::UNAUTHORIZED, "insufficient-scope", unauthorized(*credential)),
        Error::Forbidden(detail) => (StatusCode::FORBIDDEN, "insufficient-scope", detail),
        Error::TenantSuspended => (
            StatusCode::FORBIDDEN,
            "tenant-suspended",
            "The tenant is suspended: its conversations take no writes, and it gets no tokens.",
        ),
        Error::NotFound => (StatusCode::NOT_FOUND, "not-found", "There is nothing here for this credential."),
        Error::UnknownPath(detail) => (StatusCode::NOT_FOUND, "not-found", detail),
        Error::MethodNotAllowed(_) => {
            (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "This path does not take this method.")
        }
        Error::ExternalIdConflict(conflict) => (StatusCode::CONFLICT, "external-id-conflict", &conflict.detail),
        Error::NameConflict(conflict) => (StatusCode::CONFLICT, "name-conflict", &conflict.detail),
        Error::ResourceInUse(conflict) => (StatusCode::CONFLICT, "resource-in-use", &conflict.detail),
        Error::IdempotencyKeyConflict => (
            StatusCode::CONFLICT,
            "idempotency-key-conflict",
            "The Idempotency-Key was used for another request within the last 24 hours.",
        ),
        Error::CrossTenant(detail) => (StatusCode::CONFLICT, "cross-tenant", detail),
        Error::ConversationArchived => (
            StatusCode::CONFLICT,
            "conversation-archived",
            "The conversation is archived: it takes no messages, and only a change that sets its status to active.",
        ),
        Error::PreconditionFailed if context.has_weak_if_match => (
            StatusCode::PRECONDITION_FAILED,
            "precondition-failed",
            "The resource is not at the version that the request names. If-Match compares strongly: a weak tag, W/\"…\", never matches.",
        ),
        Error::PreconditionFailed => (
            StatusCode::PRECONDITION_FAILED,
            "precondition-failed",
            "The resource is not at the version that the request names.",
        ),
        Error::PayloadTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "payload-too-large", "The body is over 256 KiB."),
        Error::UnsupportedMediaType(detail) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail),
        Error::Invalid(_) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "validation-error",
            "The request breaks rules; errors[] names each place.",
        ),
        Error::RoleRequired(detail) => (StatusCode::UNPROCESSABLE_ENTITY, "role-required", detail),
        Error::CapacityExhausted { .. } => (
            StatusCode::TOO_MANY_REQUESTS,
            "capacity-exhausted",
            "The tenant has as many sticky leases as its settings allow.",
        ),
        Error::RateLimited { .. } => (
            StatusCode::TOO_MANY_REQUESTS,
            "rate-limited",
            "More requests were sent than the limits of the customer allow.",
        ),
        Error::Unavailable(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "The service cannot answer now; try again.")
        }
        Error::Internal(_) => {
            (StatusCode::INTERNAL_SERVER_ERROR, "internal-error", "Something went wrong in this service.")
        }
    }
}

/// The detail is the same for unknown, revoked and expired keys.
fn unauthorized(credential: CredentialError) -> &'static str {
    match credential {
        CredentialError::Missing => {
            "No credential was sent: send an API key as a bearer token in the Authorization header."
        }
        CredentialError::Malformed => {
            "The credential is neither a key nor a token of this API: it is mistyped or incomplete, given twice, or no bearer token."
        }
        CredentialError::NotLive => "The API key or token is unknown, revoked or expired.",
    }
}
