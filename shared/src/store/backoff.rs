//! Delays between attempts, so that concurrent writers of an item do not conflict again at once, and reads do not overload a store that
//! throttles.

use super::client::random;
use crate::domain::{Error, Result};
use std::time::Duration;

/// Exponential backoff with jitter: a minimum and a random part of a range, which both double.
#[derive(Debug)]
pub(super) struct Backoff {
    min: Duration,
    jitter_range: Duration,
    max: Duration,
}

impl Backoff {
    /// For conflicts with other writers: 5 to 15 ms, doubling up to 200 ms.
    pub fn for_writes() -> Self {
        Self { min: Duration::from_millis(5), jitter_range: Duration::from_millis(10), max: Duration::from_millis(200) }
    }

    /// For conflicts of a transaction with many items, such as all gates of a tenant: 5 to 15 ms at every attempt. It needs an instant at
    /// which none of them is in use; a longer wait does not make that likelier.
    pub fn for_many_items() -> Self {
        Self { max: Duration::from_millis(10), ..Self::for_writes() }
    }

    /// For unprocessed keys of a batch: 12 to 37 ms, doubling up to 400 ms, as between the retries of the SDK.
    pub fn for_reads() -> Self {
        Self {
            min: Duration::from_millis(12),
            jitter_range: Duration::from_millis(25),
            max: Duration::from_millis(400),
        }
    }

    /// Waits before the next attempt. Fails if not enough time is left.
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
