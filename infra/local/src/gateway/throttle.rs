//! The throttle of an HTTP API: a token bucket for each route, as `DefaultRouteSettings` of a stage sets it.
//!
//! Not here: the account's own limit, and the response to a refused request.

use std::{collections::HashMap, sync::Mutex, time::Instant};

use crate::error::lock;

/// The limit of a route, over all callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttle {
    /// The steady rate in requests per second (`ThrottlingRateLimit`). 0 refuses all that exceeds the burst.
    pub rate: u32,
    /// How many requests may come at once (`ThrottlingBurstLimit`). 0 refuses every request.
    pub burst: u32,
}

/// The bucket of each route that was asked for.
pub(super) struct Buckets {
    throttle: Throttle,
    of_routes: Mutex<HashMap<String, Bucket>>,
}

struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl Buckets {
    pub fn new(throttle: Throttle) -> Self {
        Self { throttle, of_routes: Mutex::default() }
    }

    /// Takes a token of a route's bucket; false where there is none.
    pub fn take(&self, route: &str, now: Instant) -> bool {
        let (rate, burst) = (f64::from(self.throttle.rate), f64::from(self.throttle.burst));
        let mut buckets = lock(&self.of_routes);
        let bucket = buckets.entry(route.to_owned()).or_insert(Bucket { tokens: burst, filled: now });
        let since = now.saturating_duration_since(bucket.filled).as_secs_f64();
        bucket.tokens = (bucket.tokens + since * rate).min(burst);
        bucket.filled = now;
        let has_one = bucket.tokens >= 1.0;
        if has_one {
            bucket.tokens -= 1.0;
        }
        has_one
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// How many of so many requests at one moment a route lets through.
    fn passes(buckets: &Buckets, route: &str, now: Instant, requests: usize) -> usize {
        (0..requests).filter(|_| buckets.take(route, now)).count()
    }

    #[test]
    fn a_bucket_lets_a_burst_through_and_then_the_rate() {
        let (start, buckets) = (Instant::now(), Buckets::new(Throttle { rate: 2, burst: 5 }));
        let at = |ms| start + Duration::from_millis(ms);
        assert_eq!(passes(&buckets, "GET /a", at(0), 9), 5);
        assert_eq!(passes(&buckets, "GET /a", at(499), 9), 0);
        assert_eq!(passes(&buckets, "GET /a", at(500), 9), 1);
        assert_eq!(passes(&buckets, "GET /a", at(2_000), 9), 3);
        // Never more than the burst, however long the pause.
        assert_eq!(passes(&buckets, "GET /a", at(3_600_000), 9), 5);
    }

    #[test]
    fn every_route_has_its_own_bucket() {
        let (now, buckets) = (Instant::now(), Buckets::new(Throttle { rate: 1, burst: 1 }));
        assert_eq!([passes(&buckets, "GET /a", now, 2), passes(&buckets, "PUT /a", now, 2)], [1, 1]);
        assert_eq!([passes(&buckets, "GET /a", now, 1), passes(&buckets, "PUT /a", now, 1)], [0, 0]);
    }

    #[test]
    fn a_burst_of_zero_refuses_everything() {
        let (now, buckets) = (Instant::now(), Buckets::new(Throttle { rate: 9, burst: 0 }));
        assert_eq!(passes(&buckets, "GET /a", now + Duration::from_secs(9), 9), 0);
    }
}
