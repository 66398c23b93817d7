//! Histories (docs/reliability.md, group M): clients work on the same few tenants at the same time while the proxy
//! makes the store fail; afterwards one order of their operations must explain every answer.
//!
//! Invariant: an operation whose answer says "not now" may or may not have happened, and nothing else may be
//! in doubt. A run is made of rounds, each with its own fault profile; at the end of a round everything is at rest
//! and is read. A seed says who wants what in which order and under which faults; which ids and versions that
//! means, and whom a fault meets, is the machine's. What happened is therefore recorded, and can be judged again.

mod chains;
mod client;
pub mod conversations;
mod invariants;
mod keyed;
mod order;
mod random;
mod recorded;
mod round;
mod tenant;

pub use chains::check_chains;
pub use invariants::{check_invariants, check_invariants_before_the_sweep, check_records};
pub use random::{percent, random};
pub use recorded::{Round, check_history, read_history, write_history};
pub use round::Run;
pub use tenant::{Live, Op, Ret, Tenant, check_order};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// An operation of a client on one tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Who did it. A client whose operation is still open goes on under another name.
    pub client: (usize, usize),
    /// Which tenant: the number in its external id.
    pub tenant: usize,
    /// What was asked for.
    pub op: Op,
    /// When it began, on the run's own clock, which only counts.
    pub began: u64,
    /// When it ended, and with what; `None`: whether it happened is unknown.
    pub end: Option<(u64, Ret)>,
    /// The tenant as it was answered.
    pub body: Option<Value>,
}

impl fmt::Display for Event {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { client, tenant, op, began, .. } = self;
        match &self.end {
            Some((end, ret)) => write!(formatter, "{began:>6}..{end:<6} t{tenant} {client:?} {op:?} -> {ret:?}"),
            None => write!(formatter, "{began:>6}..?      t{tenant} {client:?} {op:?} -> unknown"),
        }
    }
}
