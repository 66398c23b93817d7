//! The store's time, as its answers tell it. Write ids are made of it, not of the function's clock: which of two writes is older
//! decides whether a lost one may be sent again ([`super::doubt`]), and a function's clock may be an hour wrong.
//!
//! Deliberately not here: credentials, records and resources, which go by the function's clock (contract section 2).

use crate::domain::Timestamp;
use aws_sdk_dynamodb::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_types::{DateTime, date_time::Format};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// The `date` of the store's last answers, to the second.
#[derive(Clone, Debug, Default)]
pub(super) struct StoreClock(Arc<Mutex<Reading>>);

#[derive(Debug, Default)]
struct Reading {
    /// When an answer came, and what time it told.
    read: Option<(Instant, i64)>,
    is_fresh: bool,
}

impl StoreClock {
    /// Has the next answer read: the process may have been frozen, and its own counting with it.
    pub fn read_again(&self) {
        self.reading(|reading| reading.is_fresh = false);
    }

    /// The store's time; `None` where it never answered.
    pub fn now(&self) -> Option<Timestamp> {
        let (at, told) = self.reading(|reading| reading.read)?;
        let since = i64::try_from(at.elapsed().as_millis()).ok()?;
        Some(Timestamp::from_milliseconds(told).plus_milliseconds(since))
    }

    fn reading<T>(&self, work: impl FnOnce(&mut Reading) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn read(&self, date: &str) {
        let told = DateTime::from_str(date, Format::HttpDate).ok().and_then(|date| date.to_millis().ok());
        if let Some(told) = told {
            self.reading(|reading| *reading = Reading { read: Some((Instant::now(), told)), is_fresh: true });
        }
    }
}

impl Intercept for StoreClock {
    fn name(&self) -> &'static str {
        "StoreClock"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(date) = context.response().headers().get("date")
            && !self.reading(|reading| reading.is_fresh)
        {
            self.read(date);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn time_goes_on_from_what_the_store_told() {
        let clock = StoreClock::default();
        assert_eq!(clock.now(), None);
        for wrong in ["", "yesterday", "2026-11-25T07:47:22Z"] {
            clock.read(wrong);
            assert_eq!(clock.now(), None, "{wrong}");
        }
        clock.read("Wed, 25 Nov 2026 07:47:22 GMT");
        let told = Timestamp::parse("2026-11-25T07:47:22Z").unwrap();
        let now = clock.now().unwrap();
        assert!(now >= told && now < told.plus_milliseconds(60_000), "{now}");
        std::thread::sleep(Duration::from_millis(2));
        assert!(clock.now().unwrap() > now);
    }
}
