//! Limits of requests (contract section 2.12): a token bucket for each API key of a customer, and one for all tokens of its users.
//!
//! A bucket is stored as one number, the time at which it is full again: the generic cell rate algorithm (ITU-T I.371, annex A). An idle
//! bucket fills without a write.

use super::{Fields, Member, Timestamp};
use serde::{Deserialize, Serialize};

/// The limits that an operator sets for a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimit {
    /// The tokens that a bucket gets in a second: 1 to 10,000.
    pub requests_per_second: u32,
    /// The tokens of a full bucket: 1 to 100,000.
    pub burst: u32,
}

impl RateLimit {
    /// Reads the member `limits`. Without a `burst`, a second's requests may come at once.
    pub fn read(member: &Member) -> Option<Self> {
        member.object(|fields: &mut Fields| {
            let requests_per_second = fields.required("requests_per_second", |member| member.integer(1, 10_000));
            let burst = fields.optional("burst", |member| member.integer(1, 100_000));
            let (requests_per_second, burst) = requests_per_second.zip(burst)?;
            Some(Self { requests_per_second, burst: burst.unwrap_or(requests_per_second) })
        })
    }

    /// The microseconds in which a bucket gets one token.
    fn interval(self) -> i64 {
        1_000_000 / i64::from(self.requests_per_second.max(1))
    }

    /// The number of admitted requests for which one is counted, with this weight: each count costs a write. A bucket is written at most 20
    /// times a second, unless its burst is small: one count takes at most a quarter of it. Up to 19 requests a second all are counted.
    pub fn requests_per_write(self) -> u32 {
        (self.requests_per_second / 10).min(self.burst / 4).max(1)
    }
}

/// A bucket as it was read.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    limit: RateLimit,
    /// In microseconds since 1970.
    now: i64,
    /// When it is full, in microseconds since 1970. In the past, it is full now.
    full_at: i64,
}

impl Bucket {
    /// A bucket at `now`. One that is not stored is full.
    pub fn new(limit: RateLimit, full_at: Option<i64>, now: Timestamp) -> Self {
        let now = now.milliseconds().saturating_mul(1000);
        Self { limit, now, full_at: now }.with_full_at(full_at)
    }

    /// The same bucket as it is stored by now.
    #[must_use]
    pub fn with_full_at(self, full_at: Option<i64>) -> Self {
        Self { full_at: full_at.unwrap_or(0).max(self.now), ..self }
    }

    /// In microseconds since 1970.
    pub fn now(&self) -> i64 {
        self.now
    }

    /// Whether it lacks no token.
    pub fn is_full(&self) -> bool {
        self.full_at == self.now
    }

    /// Whether a request is admitted.
    pub fn has_token(&self) -> bool {
        self.full_at <= self.latest_with_token()
    }

    /// A bucket that is full at this time has one token now; one that is full later has none.
    pub fn latest_with_token(&self) -> i64 {
        self.now + self.duration_of(self.limit.burst.max(1) - 1)
    }

    /// The microseconds in which it gets this many tokens.
    pub fn duration_of(&self, tokens: u32) -> i64 {
        i64::from(tokens) * self.limit.interval()
    }

    /// The tokens that are left after this request.
    pub fn status(&self) -> RateLimitStatus {
        let missing = (self.full_at - self.now) / self.limit.interval() + 1;
        let remaining = i64::from(self.limit.burst) - missing;
        let seconds =
            |microseconds: i64| u32::try_from((microseconds.max(0) + 999_999) / 1_000_000).unwrap_or(u32::MAX);
        RateLimitStatus {
            burst: self.limit.burst,
            remaining: u32::try_from(remaining).unwrap_or(0),
            full_after_seconds: seconds(self.full_at - self.now).max(1),
            token_after_seconds: seconds(self.full_at - self.latest_with_token()).max(1),
        }
    }
}

/// What a client learns of its bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimitStatus {
    /// The tokens of a full bucket.
    pub burst: u32,
    /// The tokens that are left.
    pub remaining: u32,
    /// The time until the bucket is full; at least 1.
    pub full_after_seconds: u32,
    /// The time until there is a token, if there is none now; at least 1.
    pub token_after_seconds: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_403_655_123;

    fn bucket(limit: RateLimit, full_at: Option<i64>, milliseconds_later: i64) -> Bucket {
        Bucket::new(limit, full_at, Timestamp::from_milliseconds(NOW + milliseconds_later))
    }

    fn limit(requests_per_second: u32, burst: u32) -> RateLimit {
        RateLimit { requests_per_second, burst }
    }

    /// The requests that a bucket admits at once, each of which is counted.
    fn admitted_at_once(limit: RateLimit, mut full_at: Option<i64>, milliseconds_later: i64) -> u32 {
        for admitted in 0.. {
            let bucket = bucket(limit, full_at, milliseconds_later);
            if !bucket.has_token() {
                return admitted;
            }
            full_at = Some(bucket.full_at + bucket.duration_of(1));
        }
        unreachable!()
    }

    #[test]
    fn a_full_bucket_admits_a_burst_and_fills_again() {
        for (rate, burst) in [(1, 1), (1, 5), (3, 2), (10, 10), (10_000, 100_000)] {
            let limit = limit(rate, burst);
            assert_eq!(admitted_at_once(limit, None, 0), burst, "{limit:?}");
            let empty = Some(bucket(limit, None, 0).now() + i64::from(burst) * limit.interval());
            assert_eq!(admitted_at_once(limit, empty, 0), 0, "{limit:?}");
            assert_eq!(admitted_at_once(limit, empty, 1000), rate.min(burst), "{limit:?}");
            assert_eq!(admitted_at_once(limit, empty, 1_000_000), burst, "{limit:?}");
        }
    }

    #[test]
    fn the_status_counts_this_request() {
        let limit = limit(2, 4);
        let status = |full_after: i64| {
            let bucket = bucket(limit, Some((NOW + full_after) * 1000), 0);
            let RateLimitStatus { burst, remaining, full_after_seconds, token_after_seconds } = bucket.status();
            assert_eq!(burst, 4);
            (bucket.has_token(), remaining, full_after_seconds, token_after_seconds)
        };
        assert_eq!(status(-5000), (true, 3, 1, 1));
        assert_eq!(status(500), (true, 2, 1, 1));
        assert_eq!(status(1500), (true, 0, 2, 1));
        assert_eq!(status(1501), (false, 0, 2, 1));
        assert_eq!(status(5000), (false, 0, 5, 4));
    }

    #[test]
    fn few_requests_of_a_large_limit_are_counted() {
        for (rate, burst, expected) in [(1, 1, 1), (19, 100, 1), (20, 100, 2), (1000, 1000, 100), (1000, 8, 2)] {
            assert_eq!(limit(rate, burst).requests_per_write(), expected, "{rate} {burst}");
        }
    }
}
