//! Maps the errors of the SDK to those of the domain.

use crate::domain::Error;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// The error of a failed request: `internal` if a retry cannot succeed, otherwise `unavailable`.
pub(super) fn store_error<E>(error: &SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    if is_permanent(error) { Error::internal(describe(error)) } else { Error::unavailable(describe(error)) }
}

/// The error of a write with an unknown outcome. It is never a conflict, which the client's own write may have caused.
pub(super) fn unknown_outcome() -> Error {
    Error::unavailable("an answer was lost, and whether the write was applied is not known")
}

/// An error for the log, with the messages of all its sources. `Debug` is not used, because it would show data of the response.
fn describe<E>(error: &SdkError<E>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let mut text = error.to_string();
    if let Some(error) = error.as_service_error() {
        let parts = [error.code(), error.message()].into_iter().flatten();
        parts.for_each(|part| text.push_str(&format!(": {part}")));
        return text;
    }
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

/// Whether the request or the configuration is wrong, so that a retry cannot succeed: the request is invalid, the function has no access
/// to the table, or the endpoint does not support the operation. A missing table is not such an error: it may be restored from a backup.
fn is_permanent<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    const PERMANENT: [&str; 7] = [
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
        SdkError::ServiceError(error) => error.err().code().is_some_and(|code| PERMANENT.contains(&code)),
        _ => false,
    }
}
