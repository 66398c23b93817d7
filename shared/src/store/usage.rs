//! What the store notes of one request, for its log line and its answer: the capacity units, the caller and its bucket (docs/operations.md,
//! contract section 2.12).

use crate::domain::principal::CustomerRoot;
use crate::domain::rate_limit::RateLimitStatus;
use crate::domain::{CustomerId, Error, KeyId, UserId};
use aws_sdk_dynamodb::types::ConsumedCapacity;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The caller of a request, once its credential was accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallerIds {
    /// The customer of an integration or of an end user.
    pub customer: Option<CustomerId>,
    /// The key of an operator or of an integration.
    pub key: Option<KeyId>,
    /// The end user.
    pub user: Option<UserId>,
}

impl CallerIds {
    pub(super) fn key(customer: Option<&CustomerRoot>, key: KeyId) -> Self {
        Self { customer: customer.map(CustomerRoot::customer_id), key: Some(key), user: None }
    }

    pub(super) fn user(root: &CustomerRoot, user: UserId) -> Self {
        Self { customer: Some(root.customer_id()), key: None, user: Some(user) }
    }
}

/// The capacity units that DynamoDB reported for a request, in halves: it charges no smaller part of a unit. It reports none for a request
/// that it refused, and of the attempts of one call only the last is counted.
#[derive(Debug, Default)]
pub(super) struct Usage {
    read: AtomicU64,
    written: AtomicU64,
    caller: OnceLock<CallerIds>,
    rate_limit: OnceLock<RateLimitStatus>,
    uncounted: OnceLock<Error>,
}

impl Usage {
    pub fn count_read<'a>(&self, capacity: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        self.read.fetch_add(halves(capacity), Ordering::Relaxed);
    }

    pub fn count_write<'a>(&self, capacity: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        self.written.fetch_add(halves(capacity), Ordering::Relaxed);
    }

    pub fn set_caller(&self, ids: CallerIds) {
        // A request has one credential.
        let _ = self.caller.set(ids);
    }

    pub fn caller(&self) -> CallerIds {
        self.caller.get().copied().unwrap_or_default()
    }

    pub fn set_rate_limit(&self, status: RateLimitStatus) {
        let _ = self.rate_limit.set(status);
    }

    /// Notes why a request was not counted at its limit.
    pub fn set_uncounted(&self, cause: Error) {
        let _ = self.uncounted.set(cause);
    }

    pub fn uncounted(&self) -> Option<&Error> {
        self.uncounted.get()
    }

    pub fn rate_limit(&self) -> Option<RateLimitStatus> {
        self.rate_limit.get().copied()
    }

    /// The units that were read and written.
    pub fn units(&self) -> (f64, f64) {
        let units = |halves: &AtomicU64| halves.load(Ordering::Relaxed) as f64 / 2.0;
        (units(&self.read), units(&self.written))
    }
}

fn halves<'a>(capacity: impl IntoIterator<Item = &'a ConsumedCapacity>) -> u64 {
    let units: f64 = capacity.into_iter().filter_map(ConsumedCapacity::capacity_units).sum();
    (units * 2.0).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_summed_and_the_first_caller_stays() {
        let usage = Usage::default();
        let units = |units: f64| ConsumedCapacity::builder().capacity_units(units).build();
        usage.count_read(&[units(2.0), units(0.5)]);
        usage.count_read(Some(&units(1.0)));
        usage.count_read(None);
        usage.count_write(&[units(6.0), ConsumedCapacity::builder().build()]);
        assert_eq!((usage.units(), usage.caller()), ((3.5, 6.0), CallerIds::default()));
        let root = CustomerRoot::new(CustomerId::NIL);
        usage.set_caller(CallerIds::key(Some(&root), KeyId::NIL));
        usage.set_caller(CallerIds::user(&root, UserId::NIL));
        assert_eq!(usage.caller(), CallerIds { customer: Some(CustomerId::NIL), key: Some(KeyId::NIL), user: None });
    }
}
