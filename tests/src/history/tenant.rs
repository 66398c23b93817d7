//! What one tenant may do, one operation after the other: the specification that histories are held against.

use super::Event;
use super::order::{Step, order};
use serde::{Deserialize, Serialize};
use stateright::semantics::SequentialSpec;
use std::collections::BTreeSet;

/// An operation on the tenant of one external id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Op {
    /// GET by the external id.
    Read,
    /// POST with the external id.
    Create { name: String },
    /// PUT by the external id; no name: nothing to change.
    Upsert { name: Option<String> },
    /// The part of an upsert that shows the tenant, which may be later than the part that writes: one whose
    /// answer was lost finds itself done, and perhaps others after it, and shows what is there.
    Show { name: Option<String> },
    /// PATCH of the tenant with this id.
    Rename { id: String, name: String, if_match: Option<u64> },
    /// PATCH of the default repository.
    SetDefault { id: String, repository: Option<usize> },
    /// PATCH of the status.
    SetStatus { id: String, suspended: bool },
    /// PUT of an attachment.
    Attach { id: String, repository: usize, is_default: Option<bool> },
    /// DELETE of an attachment.
    Detach { id: String, repository: usize },
    /// DELETE by the id, guarded.
    Delete { id: String },
    /// DELETE by the external id.
    Deprovision,
}

/// What it came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Ret {
    /// A tenant was read.
    Found { id: String, version: u64, name: Option<String>, default: Option<usize>, suspended: bool },
    /// A tenant was made.
    Made { id: String },
    /// It was there, or was changed, and is at this version.
    Changed { id: String, version: u64 },
    /// The external id is this tenant's.
    Taken { id: String },
    /// Attached now, or changed as it was.
    Attached { is_new: bool },
    /// Done; there is nothing to show.
    Done,
    /// An upsert has written what it shows elsewhere.
    Written,
    /// 404.
    Missing,
    /// 409 `resource-in-use`.
    InUse,
    /// 412.
    Stale,
    /// 422: the default is not attached.
    NotAttached,
}

/// The tenant of an external id, if there is one now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Tenant(pub Option<Live>);

/// A tenant that is there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Live {
    /// `None`: made by an operation whose answer was lost.
    pub id: Option<String>,
    /// The version in its ETag.
    pub version: u64,
    /// Its name: each write of a name has its own.
    pub name: Option<String>,
    /// The repositories that are attached.
    pub repositories: BTreeSet<usize>,
    /// The default among them.
    pub default: Option<usize>,
    /// Whether it is suspended.
    pub suspended: bool,
}

impl Live {
    fn new(id: Option<String>, name: Option<String>) -> Self {
        Self { id, version: 1, name, repositories: BTreeSet::new(), default: None, suspended: false }
    }

    /// What a reading finds.
    pub fn found(&self) -> Ret {
        let Self { version, name, default, suspended, .. } = self.clone();
        Ret::Found { id: self.shown(), version, name, default, suspended }
    }

    fn shown(&self) -> String {
        self.id.clone().unwrap_or_default()
    }

    /// Whether it is the tenant of this id; one whose id is unknown becomes it.
    fn is(&mut self, id: &str, found: bool) -> bool {
        if self.id.is_none() && found {
            self.id = Some(id.to_owned());
        }
        self.id.as_deref() == Some(id)
    }
}

impl Tenant {
    /// The tenant of an operation by id.
    fn named(&mut self, id: &str, found: bool) -> Option<&mut Live> {
        self.0.as_mut().filter(|live| live.id.is_some() || found).and_then(|live| live.is(id, found).then_some(live))
    }

    /// Does the operation. `ret`, where it is known, has ids that the specification cannot foresee.
    fn act(&mut self, op: &Op, ret: Option<&Ret>) -> Ret {
        let found = ret.is_some_and(|ret| *ret != Ret::Missing);
        let known_id = match ret {
            Some(Ret::Made { id } | Ret::Found { id, .. } | Ret::Changed { id, .. } | Ret::Taken { id }) => {
                Some(id.clone())
            }
            _ => None,
        };
        if let (Some(live), Some(id)) = (&mut self.0, &known_id) {
            live.is(id, true);
        }
        match op {
            Op::Read => self.0.as_ref().map_or(Ret::Missing, Live::found),
            Op::Create { name } => match &self.0 {
                Some(live) => Ret::Taken { id: live.shown() },
                None => self.make(known_id, Some(name.clone())),
            },
            Op::Upsert { name } => match &mut self.0 {
                None => self.make(known_id, name.clone()),
                Some(live) => {
                    if name.is_some() {
                        live.name.clone_from(name);
                        live.version += 1;
                    }
                    Ret::Changed { id: live.shown(), version: live.version }
                }
            },
            Op::Show { name } => match &self.0 {
                Some(live) if name.is_none() || live.name == *name => {
                    Ret::Changed { id: live.shown(), version: live.version }
                }
                _ => Ret::Missing,
            },
            Op::Deprovision => self.0.take().map_or(Ret::Missing, |_| Ret::Done),
            Op::Delete { id } => match self.named(id, found) {
                None => Ret::Missing,
                Some(live) if !live.repositories.is_empty() => Ret::InUse,
                Some(_) => {
                    self.0 = None;
                    Ret::Done
                }
            },
            Op::Rename { id, .. }
            | Op::SetDefault { id, .. }
            | Op::SetStatus { id, .. }
            | Op::Attach { id, .. }
            | Op::Detach { id, .. } => self.named(id, found).map_or(Ret::Missing, |live| live.change(op)),
        }
    }

    fn make(&mut self, id: Option<String>, name: Option<String>) -> Ret {
        let live = self.0.insert(Live::new(id, name));
        Ret::Made { id: live.shown() }
    }
}

impl Live {
    fn change(&mut self, op: &Op) -> Ret {
        match op {
            Op::Rename { if_match: Some(version), .. } if *version != self.version => return Ret::Stale,
            Op::Rename { name, .. } => self.name = Some(name.clone()),
            Op::SetDefault { repository: Some(repository), .. } if !self.repositories.contains(repository) => {
                return Ret::NotAttached;
            }
            Op::SetDefault { repository, .. } => self.default = *repository,
            Op::SetStatus { suspended, .. } => self.suspended = *suspended,
            Op::Attach { repository, is_default, .. } => {
                let is_new = self.repositories.insert(*repository);
                let was_default = self.default == Some(*repository);
                match is_default {
                    Some(true) if !was_default => self.default = Some(*repository),
                    Some(false) if was_default => self.default = None,
                    _ => return Ret::Attached { is_new },
                }
                self.version += 1;
                return Ret::Attached { is_new };
            }
            Op::Detach { repository, .. } if !self.repositories.contains(repository) => return Ret::Missing,
            Op::Detach { repository, .. } if self.default == Some(*repository) => return Ret::InUse,
            Op::Detach { repository, .. } => {
                self.repositories.remove(repository);
                return Ret::Done;
            }
            _ => {}
        }
        self.version += 1;
        Ret::Changed { id: self.shown(), version: self.version }
    }
}

impl SequentialSpec for Tenant {
    type Op = Op;
    type Ret = Ret;

    fn invoke(&mut self, op: &Op) -> Ret {
        self.act(op, None)
    }

    fn is_valid_step(&mut self, op: &Op, ret: &Ret) -> bool {
        let done = self.act(op, Some(ret));
        done == *ret || *ret == Ret::Written && matches!(done, Ret::Changed { .. })
    }
}

/// The two parts of an upsert that found a tenant, at the same time as each other.
fn parts(event: &Event) -> Vec<Event> {
    match (&event.op, &event.end) {
        (Op::Upsert { name }, Some((end, Ret::Changed { .. }))) => {
            let show = Event { op: Op::Show { name: name.clone() }, ..event.clone() };
            vec![Event { end: Some((*end, Ret::Written)), ..event.clone() }, show]
        }
        _ => vec![event.clone()],
    }
}

/// Whether some order of the events of one tenant, each between its beginning and its end, explains them all.
pub fn check_order(initial: Tenant, events: &[Event]) -> Result<(), String> {
    order(&initial, events.iter().flat_map(parts).collect())
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

    /// A version that is past does not come back.
    fn is_too_late(&self, now: &Tenant) -> bool {
        match (&self.end, &now.0) {
            (Some((_, Ret::Found { id, version, .. } | Ret::Changed { id, version })), Some(live)) => {
                live.id.as_ref() == Some(id) && *version < live.version
            }
            _ => false,
        }
    }
}
