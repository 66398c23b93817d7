//! Records lost responses: the SDK retries requests, and its caller only sees the last response.

use aws_sdk_dynamodb::config::interceptors::FinalizerInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether an attempt may have been applied without a usable response: timeout, broken connection, 5xx, unreadable response.
#[derive(Clone, Debug, Default)]
pub(super) struct LostResponses(Arc<AtomicBool>);

impl LostResponses {
    pub fn any(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Intercept for LostResponses {
    fn name(&self) -> &'static str {
        "LostResponses"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let is_answered = match context.output_or_error() {
            Some(Ok(_)) => true,
            Some(Err(error)) if error.is_operation_error() => {
                context.response().is_some_and(|response| response.status().as_u16() < 500)
            }
            _ => false,
        };
        if !is_answered {
            self.0.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}
