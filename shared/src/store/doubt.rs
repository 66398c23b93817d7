//! What a lost answer leaves open, and how it is settled (reliability rules R1-R4, R10).
//!
//! A transaction has its token and a new item its key: the SDK may send them again. A single update has
//! neither, so one whose answer was lost is first looked for in the item, which remembers its last writes.
//! Where it is not there and cannot have been pushed out, it is sent again for exactly the state that was
//! read, and leaves a fence: its earlier attempts, wherever they are, can never be applied after that.

use super::client::random;
use super::item::{Item, get_text};
use super::write::{Outcome, Refusals};
use crate::domain::{Error, Result, WriteId};
use aws_sdk_dynamodb::config::interceptors::{FinalizerInterceptorContextRef, InterceptorContext};
use aws_sdk_dynamodb::config::retry::{ClassifyRetry, RetryAction};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::Duration;

/// The attributes with the write ids of an item's last writes, newest first.
pub(super) const REMEMBERED: [&str; 8] = ["w", "w1", "w2", "w3", "w4", "w5", "w6", "w7"];

/// What stands there where there was no such write.
pub(super) const NO_WRITE: &str = "-";

/// No attempt is under way longer than this: a function works for 10 s, and two functions' ideas of the store's time
/// ([`super::clock`]) differ by less than the rest.
const LONGEST_ATTEMPT: i64 = 30_000;

/// A fence is of no use any more after so long.
const FENCE_MILLISECONDS: i64 = 15 * 60 * 1000;

/// So many old fences go with one update: their names take 1,450 of the 4,096 bytes of its expression. Every update that is
/// sent again adds one and takes so many away, so that the rest goes with later ones.
const FENCES_AT_ONCE: usize = 50;

/// The attribute by which a write that was sent again keeps its earlier attempts out.
pub(super) fn fence(w: &str) -> String {
    format!("z{w}")
}

/// The oldest fences of an item that are of no use any more, as many as go at once.
pub(super) fn old_fences(item: &Item, now: WriteId) -> Vec<String> {
    let age = |name: &str| Some(milliseconds(now) - milliseconds(WriteId::parse_ulid(name.strip_prefix('z')?)?));
    let mut old: Vec<_> =
        item.keys().filter(|name| age(name).is_some_and(|age| age > FENCE_MILLISECONDS)).cloned().collect();
    old.sort_unstable();
    old.truncate(FENCES_AT_ONCE);
    old
}

fn milliseconds(w: WriteId) -> i64 {
    w.created_at().milliseconds()
}

/// Where a write stands in an item's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trace {
    /// It is the last one.
    Newest,
    /// Others came after it.
    Overtaken,
    /// It was not applied.
    Never,
    /// It was not applied, or so long ago that it is forgotten.
    Forgotten,
}

/// Looks for a write in an item.
pub(super) fn trace(item: &Item, w: WriteId) -> Trace {
    let remembered = REMEMBERED.map(|name| get_text(item, name));
    let place = remembered.iter().position(|known| *known == Some(&*w.ulid()));
    // The whole memory is of writes after this one only where even the oldest of them may be.
    let oldest = remembered.last().copied().flatten().and_then(WriteId::parse_ulid);
    match (place, oldest) {
        (Some(0), _) => Trace::Newest,
        (Some(_), _) => Trace::Overtaken,
        (None, Some(oldest)) if milliseconds(oldest) + LONGEST_ATTEMPT > milliseconds(w) => Trace::Forgotten,
        (None, _) => Trace::Never,
    }
}

/// What a refusal is worth where every attempt was the same request (rules R2-R4).
pub(super) fn settle(refusals: Refusals, w: WriteId, answers_lost: bool) -> Outcome {
    let traces = refusals.iter().filter_map(|(_, old)| Some(trace(old.as_ref()?, w)));
    let (mut applied, mut overtaken) = (false, false);
    for trace in traces {
        applied |= trace == Trace::Newest;
        overtaken |= trace == Trace::Overtaken;
    }
    match (applied, overtaken || answers_lost) {
        // Only a single write has an item to show.
        (true, _) => Outcome::Applied(refusals.into_iter().next().and_then(|(_, old)| old)),
        (false, true) => Outcome::Unknown(refusals),
        (false, false) => Outcome::Refused(refusals),
    }
}

/// What a client is told of an unknown outcome (rule R3): never a conflict that its own write may have caused.
pub(super) fn unknown() -> Error {
    Error::unavailable("an answer was lost, and whether the write was applied cannot be told")
}

/// Notes whether an attempt ended without an answer that can be relied on: time-out, broken connection,
/// 5xx, unreadable.
#[derive(Clone, Debug, Default)]
pub(super) struct LostAnswers(Arc<AtomicBool>);

impl LostAnswers {
    pub fn any(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// The same, and forgets it.
    pub fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

impl Intercept for LostAnswers {
    fn name(&self) -> &'static str {
        "LostAnswers"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> std::result::Result<(), BoxError> {
        let answered = match context.output_or_error() {
            Some(Ok(_)) => true,
            Some(Err(error)) if error.is_operation_error() => {
                context.response().is_some_and(|response| response.status().as_u16() < 500)
            }
            _ => false,
        };
        if !answered {
            self.0.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// Keeps the SDK from sending again what it does not know the end of.
#[derive(Debug)]
pub(super) struct NotWhenLost;

impl ClassifyRetry for NotWhenLost {
    fn name(&self) -> &'static str {
        "NotWhenLost"
    }

    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let answered = context.response().is_some_and(|response| response.status().as_u16() < 500)
            && context.output_or_error().is_some_and(|ended| match ended {
                Ok(_) => true,
                Err(error) => error.is_operation_error(),
            });
        if answered { RetryAction::NoActionIndicated } else { RetryAction::RetryForbidden }
    }
}

/// The pauses between tries while other writers are in the way: 10 ms, doubled up to 200 ms, with jitter.
#[derive(Debug)]
pub(super) struct Pauses(Duration);

impl Default for Pauses {
    fn default() -> Self {
        Self(Duration::from_millis(10))
    }
}

impl Pauses {
    /// Waits for the next one, if there is time for it.
    pub async fn wait(&mut self, time_left: Duration) -> Result<()> {
        let jitter: [u8; 1] = random()?;
        let pause = self.0.mul_f64(0.5 + f64::from(jitter[0]) / 255.0);
        if time_left <= pause {
            return Err(Error::unavailable("other writers were in the way until the time ran out"));
        }
        self.0 = (self.0 * 2).min(Duration::from_millis(200));
        tokio::time::sleep(pause).await;
        Ok(())
    }
}

/// How many requests a process may add for lost answers of updates, looks and repetitions alike, as the SDK's own
/// budget: so many at once, and one more for every five updates that succeed.
#[derive(Clone, Debug)]
pub(super) struct Resends(Arc<AtomicI32>);

impl Resends {
    const COST: i32 = 5;
    const MOST: i32 = 40 * Self::COST;

    pub fn new() -> Self {
        Self(Arc::new(AtomicI32::new(Self::MOST)))
    }

    /// Takes one, where there is one left.
    pub fn take(&self) -> bool {
        let taken = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            (left >= Self::COST).then_some(left - Self::COST)
        });
        taken.is_ok()
    }

    /// An update succeeded; what it took comes back.
    pub fn succeeded(&self, taken: i32) {
        let earned = (taken * Self::COST).max(1);
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| Some((left + earned).min(Self::MOST)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::store::item::text;

    fn at(milliseconds: i64) -> WriteId {
        WriteId::new(Timestamp::from_milliseconds(milliseconds), u128::from(milliseconds.unsigned_abs()))
    }

    /// An item after these writes, the newest first.
    fn item(writes: &[WriteId]) -> Item {
        let ulids = writes.iter().map(|w| text(w.ulid())).chain(std::iter::repeat(text(NO_WRITE)));
        REMEMBERED.into_iter().map(str::to_owned).zip(ulids).collect()
    }

    #[test]
    fn a_write_is_found_or_known_not_to_be_there() {
        let now = 1_795_403_655_123;
        let w = at(now);
        assert_eq!(trace(&item(&[w, at(now - 1)]), w), Trace::Newest);
        assert_eq!(trace(&item(&[at(now + 1), w]), w), Trace::Overtaken);
        assert_eq!(trace(&item(&[at(now + 2), at(now + 1)]), w), Trace::Never);
        assert_eq!(trace(&Item::from([("w".to_owned(), text(at(now - 9).ulid()))]), w), Trace::Never);
        let many = |oldest: i64| {
            item(&(0..8).map(|age| at(if age == 7 { oldest } else { now + 9 - age })).collect::<Vec<_>>())
        };
        assert_eq!(trace(&many(now + 1), w), Trace::Forgotten);
        assert_eq!(trace(&many(now - LONGEST_ATTEMPT + 1), w), Trace::Forgotten);
        assert_eq!(trace(&many(now - LONGEST_ATTEMPT), w), Trace::Never);
    }

    #[test]
    fn a_refusal_is_believed_only_where_nothing_else_can_be() {
        let (w, other) = (at(1_795_403_655_123), at(1_795_403_655_124));
        let settled = |writes: &[WriteId], lost| settle(vec![(1, Some(item(writes)))], w, lost);
        assert!(matches!(settled(&[w, other], true), Outcome::Applied(Some(_))));
        assert!(matches!(settled(&[other, w], false), Outcome::Unknown(_)));
        assert!(matches!(settled(&[other], true), Outcome::Unknown(_)));
        assert!(matches!(settled(&[other], false), Outcome::Refused(_)));
        assert!(matches!(settle(vec![(0, None)], w, false), Outcome::Refused(_)));
    }

    #[test]
    fn only_old_fences_go() {
        let now = at(1_795_403_655_123);
        let (old, young) = (at(1_795_403_655_123 - FENCE_MILLISECONDS - 1), at(1_795_403_655_122));
        let mut item = item(&[now]);
        for name in [fence(&old.ulid()), fence(&young.ulid()), "zone".to_owned()] {
            item.insert(name, text("x"));
        }
        assert_eq!(old_fences(&item, now), [fence(&old.ulid())]);
        let older = |n: i64| fence(&at(old.created_at().milliseconds() - 1 - n).ulid());
        item.extend((0..200).map(|n| (older(n), text("x"))));
        let oldest: Vec<String> = (150..200).rev().map(older).collect();
        assert_eq!(old_fences(&item, now), oldest);
    }

    #[test]
    fn resends_are_limited_and_earned() {
        let resends = Resends::new();
        assert_eq!((0..100).filter(|_| resends.take()).count(), 40);
        (0..5).for_each(|_| resends.succeeded(0));
        assert!(resends.take() && !resends.take());
        resends.succeeded(1);
        assert!(resends.take() && !resends.take());
    }
}
