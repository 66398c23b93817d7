//! Conversations of a user, and what they take from the request, the user, the role and the tenant when they begin (contract
//! section 6.4).

mod begin;
mod body;
#[cfg(test)]
mod tests;

use super::lease::{Lease, Leases};
use super::precondition::IfMatch;
use super::tenant::{Metadata, TenantSettings};
use super::{Change, ConversationId, Error, RepositoryId, Result, RoleId, TenantId, Timestamp, UserId};
pub(super) use body::filler;
pub use body::{ConversationPatch, NewConversation, RuntimePatch};
use serde::{Deserialize, Serialize};

/// Whether a conversation takes messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConversationStatus {
    /// It takes messages.
    Active,
    /// It takes none, and changes only to become active again.
    Archived,
}

impl ConversationStatus {
    /// The text of the status.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Archived => "archived",
        }
    }

    /// Parses the text of a status.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Archived].into_iter().find(|status| status.as_str() == text)
    }
}

/// The role and the repository of a conversation, chosen when it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// One of the roles that the user held.
    pub role_id: Option<RoleId>,
    /// A repository that was attached to the tenant.
    pub repository_id: Option<RepositoryId>,
}

/// Whether agents may send fillers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filler {
    /// Whether they may.
    pub enabled: bool,
}

/// Whether a conversation leases a sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It leases none.
    Pooled,
    /// It leases one until a certain time.
    Sticky,
}

/// A conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversation {
    /// The id that this service assigned.
    pub id: ConversationId,
    /// The tenant of the user.
    pub tenant_id: TenantId,
    /// The user.
    pub user_id: UserId,
    /// At most 255 characters.
    pub title: Option<String>,
    /// Whether it takes messages.
    pub status: ConversationStatus,
    /// The role and the repository.
    pub context: Context,
    /// 1 to 64 characters.
    pub agent_type: String,
    /// The last lease, which may have ended.
    pub lease: Option<Lease>,
    /// Whether agents may send fillers.
    pub filler: Filler,
    /// At most 50 pairs.
    pub metadata: Metadata,
    /// The number of its messages.
    pub message_count: u64,
    /// When its last message was created.
    pub last_message_at: Option<Timestamp>,
    /// When it was created: the time in `id`.
    pub created_at: Timestamp,
    /// When it was last changed. Messages do not change it.
    pub updated_at: Timestamp,
    /// The version. Messages change it, too.
    pub version: u64,
}

/// The representation of a conversation at a time. The fields are in order.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConversationView {
    object: &'static str,
    id: ConversationId,
    tenant_id: TenantId,
    user_id: UserId,
    title: Option<String>,
    status: ConversationStatus,
    context: Context,
    runtime: Runtime,
    filler: Filler,
    metadata: Metadata,
    message_count: u64,
    last_message_at: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// The version, from which the ETag is made.
    #[serde(skip)]
    pub version: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Runtime {
    agent_type: String,
    mode: Mode,
    sticky_ttl_seconds: Option<u32>,
    lease_expires_at: Option<Timestamp>,
}

/// Added to the version of a conversation whose lease has ended: the end of a lease changes the representation without a write.
const LEASE_HAS_ENDED: u64 = 1 << 63;

impl Conversation {
    /// The lease, unless it has ended.
    pub fn running_lease(&self, now: Timestamp) -> Option<Lease> {
        self.lease.filter(|lease| lease.is_running(now))
    }

    /// The version of the representation at `now`.
    pub fn version_at(&self, now: Timestamp) -> u64 {
        let has_ended = self.lease.is_some() && self.running_lease(now).is_none();
        if has_ended { self.version | LEASE_HAS_ENDED } else { self.version }
    }

    /// When it was last used, by which lists are sorted.
    pub fn last_activity(&self) -> Timestamp {
        self.last_message_at.unwrap_or(self.created_at)
    }

    /// The representation at `now`. A lease that has ended is not shown.
    pub fn into_view(self, now: Timestamp) -> ConversationView {
        let (lease, version) = (self.running_lease(now), self.version_at(now));
        ConversationView {
            object: "conversation",
            id: self.id,
            tenant_id: self.tenant_id,
            user_id: self.user_id,
            title: self.title,
            status: self.status,
            context: self.context,
            runtime: Runtime {
                agent_type: self.agent_type,
                mode: if lease.is_some() { Mode::Sticky } else { Mode::Pooled },
                sticky_ttl_seconds: lease.map(|lease| lease.ttl_seconds),
                lease_expires_at: lease.map(|lease| lease.expires_at),
            },
            filler: self.filler,
            metadata: self.metadata,
            message_count: self.message_count,
            last_message_at: self.last_message_at,
            created_at: self.created_at,
            updated_at: self.updated_at,
            version,
        }
    }

    /// Fails if it takes no messages.
    pub fn check_active(&self) -> Result<()> {
        match self.status {
            ConversationStatus::Active => Ok(()),
            ConversationStatus::Archived => Err(Error::ConversationArchived),
        }
    }

    /// The conversation after a patch. `settings` and `leases` are those of the tenant; they are only used by a patch that takes or renews a
    /// lease ([`ConversationPatch::takes_lease`]).
    pub fn patched(
        &self,
        patch: &ConversationPatch,
        if_match: &IfMatch,
        (settings, leases): (&TenantSettings, &Leases),
        now: Timestamp,
    ) -> Result<Change<Self>> {
        if_match.check(self.version_at(now))?;
        if self.status == ConversationStatus::Archived && patch.status != Some(ConversationStatus::Active) {
            return Err(Error::ConversationArchived);
        }
        if patch.is_empty() {
            return Ok(Change::Unchanged);
        }
        if patch.runtime.agent_type.as_ref().is_some_and(|agent_type| *agent_type != self.agent_type) {
            return Err(Error::invalid("/runtime/agent_type", "is fixed when the conversation begins"));
        }
        let mut changed = Self { updated_at: now, version: self.version + 1, ..self.clone() };
        let ConversationPatch { title, status, filler_enabled, metadata, .. } = patch.clone();
        changed.title = title.unwrap_or(changed.title);
        changed.status = status.unwrap_or(changed.status);
        changed.filler.enabled = filler_enabled.unwrap_or(changed.filler.enabled);
        changed.metadata = metadata.unwrap_or(changed.metadata);
        let lease = self.changed_lease(&patch.runtime, settings, now)?;
        changed.lease = lease.filter(|_| changed.status == ConversationStatus::Active);
        if let Some(lease) = changed.lease.filter(|lease| self.lease != Some(*lease)) {
            leases.with(self.id, lease, settings.max_concurrent_sticky, now)?;
        }
        Ok(Change::To(changed))
    }

    /// The lease that a change of the runtime asks for. It is not counted yet.
    fn changed_lease(
        &self,
        runtime: &RuntimePatch,
        settings: &TenantSettings,
        now: Timestamp,
    ) -> Result<Option<Lease>> {
        let running = self.running_lease(now);
        match (runtime.mode, runtime.sticky_ttl_seconds) {
            (Some(Mode::Pooled), _) => Ok(None),
            (None, None) => Ok(self.lease),
            (None, Some(_)) if running.is_none() => Err(Error::invalid(
                "/runtime/sticky_ttl_seconds",
                "needs the mode sticky: the conversation has no lease",
            )),
            (Some(Mode::Sticky), None) if running.is_some() => Ok(running),
            (_, ttl_seconds) => settings.lease(ttl_seconds, now).map(Some),
        }
    }

    /// The archived conversation, which has no lease. An archived one does not change.
    pub fn archived(&self, if_match: &IfMatch, now: Timestamp) -> Result<Change<Self>> {
        if_match.check(self.version_at(now))?;
        Ok(match self.status {
            ConversationStatus::Archived => Change::Unchanged,
            ConversationStatus::Active => Change::To(Self {
                status: ConversationStatus::Archived,
                lease: None,
                updated_at: now,
                version: self.version + 1,
                ..self.clone()
            }),
        })
    }
}
