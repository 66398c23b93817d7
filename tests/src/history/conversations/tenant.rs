//! What the conversations of one tenant may do, one operation after the other: the specification that histories are held against.

use stateright::semantics::SequentialSpec;
use std::collections::BTreeMap;

/// An operation on a tenant or one of its conversations.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// POST of a conversation; the number is the operation's own.
    Begin { number: usize, is_sticky: bool },
    /// POST of a message.
    Say { conversation: String },
    /// PATCH of the mode, or, without one, of the title.
    Change { conversation: String, is_sticky: Option<bool> },
    /// DELETE.
    Archive { conversation: String },
    /// PATCH of the status.
    Activate { conversation: String },
    /// GET.
    Read { conversation: String },
    /// PATCH of the tenant's `max_concurrent_sticky`.
    SetMost(usize),
    /// PATCH of the tenant's status.
    SetSuspended(bool),
    /// DELETE by the external id.
    Deprovision,
    /// Reading what is stored, when nothing is under way.
    Rest,
}

/// What it came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Ret {
    /// A conversation with this id.
    Made(String),
    /// Done; there is nothing to show.
    Done,
    /// The conversation as it was read, or is after the change.
    Shown(Conversation),
    /// 429: all leases are taken.
    Full,
    /// The same, while the settings changed.
    FullPerhaps,
    /// 403 `tenant-suspended`.
    Suspended,
    /// 409 `conversation-archived`.
    Archived,
    /// 404.
    Missing,
    /// All there is.
    AtRest(Tenant),
}

/// A conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Conversation {
    pub messages: u64,
    /// Whether it has a lease. None ends within a round.
    pub is_sticky: bool,
    pub is_archived: bool,
}

/// A tenant with its conversations.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tenant {
    pub is_gone: bool,
    pub is_suspended: bool,
    /// How many leases there may be.
    pub most: usize,
    /// By id; one whose answer was lost, by the number of its operation.
    pub conversations: BTreeMap<String, Conversation>,
}

impl Tenant {
    fn has_place(&self) -> bool {
        self.conversations.values().filter(|conversation| conversation.is_sticky).count() < self.most
    }

    /// Does the operation where it is allowed: what it came to.
    fn act(&mut self, op: &Op, id: Option<&str>) -> Ret {
        let has_place = self.has_place();
        let is_guarded = !matches!(op, Op::Read { .. } | Op::SetMost(_) | Op::SetSuspended(_) | Op::Deprovision);
        match op {
            Op::Rest => return Ret::AtRest(self.clone()),
            _ if self.is_gone => return Ret::Missing,
            _ if is_guarded && self.is_suspended => return Ret::Suspended,
            _ => {}
        }
        match op {
            Op::Begin { is_sticky: true, .. } if !has_place => Ret::Full,
            Op::Begin { number, is_sticky } => {
                let id = id.map_or_else(|| format!("?{number}"), str::to_owned);
                let begun = Conversation { is_sticky: *is_sticky, ..Conversation::default() };
                self.conversations.insert(id.clone(), begun);
                Ret::Made(id)
            }
            Op::Say { conversation }
            | Op::Change { conversation, .. }
            | Op::Archive { conversation }
            | Op::Activate { conversation }
            | Op::Read { conversation } => match self.conversations.get_mut(conversation) {
                Some(conversation) => conversation.act(op, has_place),
                None => Ret::Missing,
            },
            Op::SetMost(most) => {
                self.most = *most;
                Ret::Done
            }
            Op::SetSuspended(is_suspended) => {
                self.is_suspended = *is_suspended;
                Ret::Done
            }
            Op::Deprovision => {
                self.is_gone = true;
                Ret::Done
            }
            Op::Rest => Ret::AtRest(self.clone()),
        }
    }

    /// Whether this is what `stored` shows. Conversations whose answers were lost are called otherwise there.
    fn is_stored_as(&self, stored: &Self) -> bool {
        if self.is_gone || stored.is_gone {
            return self.is_gone == stored.is_gone;
        }
        let is_named = |(id, _): &(&String, &Conversation)| !id.starts_with('?');
        let named = self.conversations.iter().filter(is_named);
        if named.clone().any(|(id, conversation)| stored.conversations.get(id) != Some(conversation)) {
            return false;
        }
        let mut others: Vec<_> =
            self.conversations.iter().filter(|entry| !is_named(entry)).map(|(_, other)| other).collect();
        let is_known = |id: &String| self.conversations.contains_key(id);
        let mut stored_others: Vec<_> =
            stored.conversations.iter().filter(|(id, _)| !is_known(id)).map(|(_, other)| other).collect();
        others.sort_unstable();
        stored_others.sort_unstable();
        (self.is_suspended, self.most, others) == (stored.is_suspended, stored.most, stored_others)
    }
}

impl Conversation {
    fn act(&mut self, op: &Op, has_place: bool) -> Ret {
        match op {
            Op::Read { .. } => return Ret::Shown(self.clone()),
            Op::Archive { .. } => {
                (self.is_archived, self.is_sticky) = (true, false);
                return Ret::Done;
            }
            Op::Activate { .. } => {
                self.is_archived = false;
                return Ret::Shown(self.clone());
            }
            _ if self.is_archived => return Ret::Archived,
            Op::Change { is_sticky: Some(true), .. } if !self.is_sticky && !has_place => return Ret::Full,
            Op::Change { is_sticky, .. } => self.is_sticky = is_sticky.unwrap_or(self.is_sticky),
            _ => {
                self.messages += 1;
                return Ret::Done;
            }
        }
        Ret::Shown(self.clone())
    }
}

impl SequentialSpec for Tenant {
    type Op = Op;
    type Ret = Ret;

    fn invoke(&mut self, op: &Op) -> Ret {
        self.act(op, None)
    }

    fn is_valid_step(&mut self, op: &Op, ret: &Ret) -> bool {
        let id = if let Ret::Made(id) = ret { Some(&**id) } else { None };
        let now = self.clone();
        match (op, ret) {
            (_, Ret::FullPerhaps) => return true,
            (_, Ret::AtRest(stored)) => return self.is_stored_as(stored),
            // What is refused or writes nothing is decided from items that are read beside each other or one after the other.
            (_, Ret::Full) => return !self.has_place(),
            (Op::Archive { conversation }, Ret::Done) if self.is_archived(conversation) => return !self.is_gone,
            (Op::Say { conversation } | Op::Change { conversation, .. }, Ret::Archived) => {
                return !self.is_gone && self.is_archived(conversation);
            }
            _ => {}
        }
        let is_valid = self.act(op, id) == *ret;
        if !is_valid {
            *self = now;
        }
        is_valid
    }
}

impl Tenant {
    fn is_archived(&self, conversation: &str) -> bool {
        self.conversations.get(conversation).is_some_and(|conversation| conversation.is_archived)
    }
}
