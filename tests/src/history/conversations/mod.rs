//! Histories of conversations: clients of one tenant begin conversations, write messages, take and give up leases, archive and activate, while
//! others change the settings, suspend and deprovision. One order of all that must explain every answer. So a lease is only taken where the
//! settings of that moment have a place, nothing is written to a suspended tenant, and each message counts once.
//!
//! A write with an idempotency key is repeated with its key after a 503: both are one event. A write that was applied began when the request to
//! the store that applied it arrived there: what was decided earlier, and from what, is no excuse.

mod client;
mod invariants;
mod run;
mod tenant;

pub use invariants::check_conversations;
pub use run::Run;
pub use tenant::{Conversation, Op, Ret, Tenant};

use super::order::{Step, order};
use std::fmt;

/// An operation of a client on a tenant's conversations.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// What was asked for.
    pub op: Op,
    /// A text that is written, and by this operation alone.
    pub marker: String,
    /// When it began, in nanoseconds of the run.
    pub began: u64,
    /// When it ended, and with what; `None`: whether it happened is unknown.
    pub end: Option<(u64, Ret)>,
}

impl fmt::Display for Event {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { op, began, end, .. } = self;
        match end {
            Some((end, ret)) => write!(formatter, "{began:>12}..{end:<12} {op:?} -> {ret:?}"),
            None => write!(formatter, "{began:>12}..?            {op:?} -> unknown"),
        }
    }
}

impl Step for Event {
    type State = Tenant;

    fn began(&self) -> u64 {
        self.began
    }

    fn op(&self) -> &Op {
        &self.op
    }

    fn end(&self) -> Option<(u64, &Ret)> {
        self.end.as_ref().map(|(end, ret)| (*end, ret))
    }

    /// Messages are not taken back.
    fn is_too_late(&self, now: &Tenant) -> bool {
        match (&self.op, &self.end) {
            (Op::Read { conversation } | Op::Change { conversation, .. }, Some((_, Ret::Shown(shown)))) => {
                now.conversations.get(conversation).is_some_and(|now| now.messages > shown.messages)
            }
            _ => false,
        }
    }
}

/// Whether some order of the events, each between its beginning and its end, explains them all.
pub fn check_order(initial: &Tenant, events: &[Event]) -> Result<(), String> {
    // The settings and the leases are read one after the other: a refusal while the settings change may be of neither moment.
    let changes: Vec<&Event> = events.iter().filter(|event| matches!(event.op, Op::SetMost(_))).collect();
    let is_beside = |event: &Event, other: &Event| {
        let ends_after = |one: &Event, moment| one.end.as_ref().is_none_or(|(end, _)| *end > moment);
        ends_after(event, other.began) && ends_after(other, event.began)
    };
    let judged = |event: &Event| match &event.end {
        Some((end, Ret::Full)) if changes.iter().any(|change| is_beside(event, change)) => {
            Event { end: Some((*end, Ret::FullPerhaps)), ..event.clone() }
        }
        _ => event.clone(),
    };
    order(initial, events.iter().map(judged).collect())
}
