//! Pauses between tries, so that writers on one item, or readers of a store in trouble, do not meet again at once.

use super::client::random;
use crate::domain::{Error, Result};
use std::time::Duration;

/// Exponential back-off with jitter: a random part of a range that doubles.
#[derive(Debug)]
pub(super) struct Backoff {
    min: Duration,
    jitter_range: Duration,
    max: Duration,
}

impl Backoff {
    /// Where other writers are in the way: 5 to 15 ms, doubled up to 200 ms.
    pub fn for_writes() -> Self {
        Self { min: Duration::from_millis(5), jitter_range: Duration::from_millis(10), max: Duration::from_millis(200) }
    }

    /// Where the store leaves a part of a batch unread: 12 to 37 ms, doubled up to 400 ms, as between the SDK's own retries.
    pub fn for_reads() -> Self {
        Self {
            min: Duration::from_millis(12),
            jitter_range: Duration::from_millis(25),
            max: Duration::from_millis(400),
        }
    }

    /// Waits for the next try, if there is time for it.
    pub async fn wait(&mut self, time_left: Duration) -> Result<()> {
        let jitter: [u8; 1] = random()?;
        let pause = self.min + self.jitter_range.mul_f64(f64::from(jitter[0]) / 255.0);
        if time_left <= pause {
            return Err(Error::unavailable("the store was contended or throttled until the time ran out"));
        }
        self.min = (self.min * 2).min(self.max / 2);
        self.jitter_range = (self.jitter_range * 2).min(self.max);
        tokio::time::sleep(pause).await;
        Ok(())
    }
}
