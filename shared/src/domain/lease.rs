//! Sticky leases of a tenant's conversations (contract section 6.4). A lease ends by the clock alone. They are counted where one is taken, so
//! there are never more than the tenant's settings allow.

use super::{ConversationId, Error, Result, Timestamp};
use std::collections::BTreeMap;

/// The wait of a client if the settings allow no lease.
const NO_LEASE_RETRY_SECONDS: u32 = 60;

/// A lease of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The duration that it was taken for.
    pub ttl_seconds: u32,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl Lease {
    /// A lease from `now`.
    pub fn new(now: Timestamp, ttl_seconds: u32) -> Self {
        Self { ttl_seconds, expires_at: now.plus_milliseconds(i64::from(ttl_seconds) * 1000) }
    }

    /// Whether it has not ended.
    pub fn is_running(&self, now: Timestamp) -> bool {
        self.expires_at > now
    }
}

/// The leases of a tenant: when each ends. Some may have ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leases(BTreeMap<ConversationId, Timestamp>);

impl Leases {
    /// Leases as they are stored.
    pub fn new(leases: BTreeMap<ConversationId, Timestamp>) -> Self {
        Self(leases)
    }

    /// When each lease ends.
    pub fn ends(&self) -> &BTreeMap<ConversationId, Timestamp> {
        &self.0
    }

    /// The leases after a conversation took or renewed one, without those that have ended. A running lease of the conversation needs no
    /// second place. Fails if `most` other leases are running.
    pub fn with(&self, conversation: ConversationId, lease: Lease, most: u32, now: Timestamp) -> Result<Self> {
        let mut running = self.0.clone();
        running.retain(|_, end| *end > now);
        let is_new = running.insert(conversation, lease.expires_at).is_none();
        let others = || running.iter().filter(|(other, _)| **other != conversation).map(|(_, end)| *end);
        if is_new && others().count() >= most as usize {
            let first_end = others().min().filter(|_| most > 0);
            let seconds = |end: Timestamp| {
                let milliseconds = end.milliseconds() - now.milliseconds();
                u32::try_from((milliseconds + 999) / 1000).unwrap_or(u32::MAX).max(1)
            };
            return Err(Error::CapacityExhausted {
                retry_after_seconds: first_end.map_or(NO_LEASE_RETRY_SECONDS, seconds),
            });
        }
        Ok(Self(running))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_milliseconds(1_795_403_655_123 + seconds * 1000)
    }

    fn conversation(number: u128) -> ConversationId {
        ConversationId::new(at(0), number)
    }

    #[derive(Clone, Debug)]
    enum Step {
        Take { conversation: u128, ttl_seconds: u32 },
        Release { conversation: u128 },
        Cap(u32),
        Wait(i64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            6 => (0..8u128, 60..600u32).prop_map(|(conversation, ttl_seconds)| Step::Take { conversation, ttl_seconds }),
            1 => (0..8u128).prop_map(|conversation| Step::Release { conversation }),
            1 => (0..5u32).prop_map(Step::Cap),
            2 => (0..400i64).prop_map(Step::Wait),
        ]
    }

    proptest! {
        /// A lease is taken exactly if fewer than the cap of others run at that instant, whatever happened before. The model is a list of
        /// the leases that were ever taken.
        #[test]
        fn a_lease_is_taken_where_fewer_than_the_cap_run(steps in prop::collection::vec(step(), 1..60)) {
            let (mut leases, mut most, mut now) = (Leases::default(), 3, 0);
            let mut taken: Vec<(u128, i64)> = Vec::new();
            for step in steps {
                match step {
                    Step::Cap(cap) => most = cap,
                    Step::Wait(seconds) => now += seconds,
                    Step::Release { conversation: number } => {
                        leases.0.remove(&conversation(number));
                        taken.retain(|(known, _)| *known != number);
                    }
                    Step::Take { conversation: number, ttl_seconds } => {
                        let running = |(_, end): &&(u128, i64)| *end > now;
                        let own = taken.iter().filter(running).any(|(known, _)| *known == number);
                        let others = taken.iter().filter(running).filter(|(known, _)| *known != number);
                        let many = others.clone().count();
                        let with = leases.with(conversation(number), Lease::new(at(now), ttl_seconds), most, at(now));
                        match with {
                            Ok(after) => {
                                prop_assert!(own || many < most as usize);
                                leases = after;
                                taken.retain(|(known, _)| *known != number);
                                taken.push((number, now + i64::from(ttl_seconds)));
                                let running = taken.iter().filter(|(_, end)| *end > now);
                                let running: BTreeMap<_, _> =
                                    running.map(|(known, end)| (conversation(*known), at(*end))).collect();
                                prop_assert_eq!(leases.ends(), &running);
                                prop_assert!(own || running.len() <= most as usize);
                            }
                            Err(Error::CapacityExhausted { retry_after_seconds }) => {
                                prop_assert!(!own && many >= most as usize);
                                let first = others.map(|(_, end)| end - now).min();
                                let expected = first.filter(|_| most > 0).unwrap_or(60);
                                prop_assert_eq!(i64::from(retry_after_seconds), expected);
                            }
                            Err(other) => prop_assert!(false, "{:?}", other),
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_part_of_a_second_is_waited_for_too() {
        let now = at(0);
        let leases = Leases::new([(conversation(1), now.plus_milliseconds(1))].into());
        let refused = leases.with(conversation(2), Lease::new(now, 60), 1, now);
        assert!(matches!(refused, Err(Error::CapacityExhausted { retry_after_seconds: 1 })));
        let ended = now.plus_milliseconds(1);
        assert!(leases.with(conversation(2), Lease::new(ended, 60), 1, ended).is_ok());
    }
}
