//! What goes wrong between this service and the store, as the domain's errors.

use crate::domain::Error;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// A failed request as this service's error: `internal` where no later attempt can succeed, else `unavailable`.
pub(super) fn store_error<E>(error: &SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    if is_our_fault(error) { Error::internal(described(error)) } else { Error::unavailable(described(error)) }
}

/// An outcome that is not known: never a conflict, which the client's own write may have caused.
pub(super) fn unknown_outcome() -> Error {
    Error::unavailable("an answer was lost, and whether the write was applied is not known")
}

/// An error for the log: every cause in its own words, and nothing of what was read or written, which the `Debug` of an answer would
/// show.
fn described<E>(error: &SdkError<E>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let mut text = error.to_string();
    if let Some(refusal) = error.as_service_error() {
        let words = [refusal.code(), refusal.message()].into_iter().flatten();
        words.for_each(|words| text.push_str(&format!(": {words}")));
        return text;
    }
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

/// Whether the request or the set-up is at fault, so that no later attempt can succeed: the store understood and refused it, the
/// function may not use the table, or what answers there does not have the operation. A table that is missing may come back: it is
/// being restored, say.
fn is_our_fault<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    const OURS: [&str; 7] = [
        "ValidationException",
        "SerializationException",
        "AccessDeniedException",
        "IdempotentParameterMismatchException",
        "UnknownOperationException",
        "UnrecognizedClientException",
        "MissingAuthenticationTokenException",
    ];
    match error {
        SdkError::ConstructionFailure(_) => true,
        SdkError::ServiceError(refusal) => refusal.err().code().is_some_and(|code| OURS.contains(&code)),
        _ => false,
    }
}
