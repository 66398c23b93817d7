//! Conversations of a user, and what they take from the request, the user, the role and the tenant when they begin (contract
//! section 6.4).

use super::attachment::TenantWithAttachments;
use super::lease::{Lease, Leases};
use super::precondition::IfMatch;
use super::role::Role;
use super::tenant::{Metadata, TenantSettings};
use super::user::User;
use super::{
    Change, ConversationId, Error, Fields, Member, RepositoryId, Result, RoleId, TenantId, Timestamp, UserId, text,
};
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
        changed.lease = match changed.status {
            ConversationStatus::Archived => None,
            ConversationStatus::Active => self.changed_lease(&patch.runtime, settings, leases, now)?,
        };
        Ok(Change::To(changed))
    }

    /// The lease after a change of the runtime.
    fn changed_lease(
        &self,
        runtime: &RuntimePatch,
        settings: &TenantSettings,
        leases: &Leases,
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
            (_, ttl_seconds) => {
                let lease = settings.lease(ttl_seconds, now)?;
                leases.with(self.id, lease, settings.max_concurrent_sticky, now)?;
                Ok(Some(lease))
            }
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

impl TenantSettings {
    /// A lease from `now` of the requested duration, or of the longest.
    fn lease(&self, ttl_seconds: Option<u32>, now: Timestamp) -> Result<Lease> {
        let longest = self.max_sticky_ttl_seconds;
        if ttl_seconds.is_some_and(|seconds| seconds > longest) {
            let message = format!("must be at most {longest}, as the tenant's settings say");
            return Err(Error::invalid("/runtime/sticky_ttl_seconds", message));
        }
        Ok(Lease::new(now, ttl_seconds.unwrap_or(longest)))
    }
}

/// The runtime of a new conversation, or the change of one. Absent members do not change.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuntimePatch {
    /// 1 to 64 characters.
    pub agent_type: Option<String>,
    /// Whether it leases a sandbox.
    pub mode: Option<Mode>,
    /// 60 to 86,400 seconds.
    pub sticky_ttl_seconds: Option<u32>,
}

impl RuntimePatch {
    /// Reads the member. A duration needs the mode `sticky`; in a patch it may also be left out.
    fn read(fields: &mut Fields, is_patch: bool) -> Option<Self> {
        let agent_type = fields.optional("agent_type", |member| text::text(member, 1, 64));
        let mode = fields.optional("mode", mode);
        let (given, allowed) = (mode.flatten(), is_patch || mode.is_none());
        let sticky_ttl_seconds = fields.nullable("sticky_ttl_seconds", |member| {
            let seconds = member.integer(60, 86_400)?;
            if given == Some(Mode::Pooled) || given.is_none() && !allowed {
                member.refuse("needs the mode sticky");
                return None;
            }
            Some(Some(seconds))
        });
        Some(Self { agent_type: agent_type?, mode: mode?, sticky_ttl_seconds: sticky_ttl_seconds?.flatten() })
    }
}

/// The body of createConversation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewConversation {
    /// The user. An end user may leave it out.
    pub user_id: Option<UserId>,
    /// One of the user's roles. Absent: the only one.
    pub role_id: Option<RoleId>,
    /// Must be attached when the write is committed. Absent: that of the user, the role or the tenant.
    pub repository_id: Option<RepositoryId>,
    /// At most 255 characters.
    pub title: Option<String>,
    /// The agent, and whether it leases a sandbox.
    pub runtime: RuntimePatch,
    /// Absent: as the tenant's settings say.
    pub filler_enabled: Option<bool>,
    /// At most 50 pairs.
    pub metadata: Metadata,
}

impl NewConversation {
    /// Reads the body. An integration must name the user.
    pub fn read(fields: &mut Fields, needs_user: bool) -> Option<Self> {
        let user_id = if needs_user {
            fields.required("user_id", user_id).map(Some)
        } else {
            fields.optional("user_id", user_id)
        };
        let role_id = fields.nullable("role_id", role_id);
        let repository_id = fields.nullable("repository_id", repository_id);
        let title = fields.nullable("title", |member| text::nullable_text(member, 255));
        let runtime = fields.optional("runtime", |member| member.object(|fields| RuntimePatch::read(fields, false)));
        let filler = fields.nullable("filler", |member| member.object(filler));
        let metadata = fields.optional("metadata", text::metadata);
        Some(Self {
            user_id: user_id?,
            role_id: role_id?.flatten(),
            repository_id: repository_id?.flatten(),
            title: title?.flatten(),
            runtime: runtime?.unwrap_or_default(),
            filler_enabled: filler?.flatten(),
            metadata: metadata?.unwrap_or_default(),
        })
    }

    /// The role: the one that is given, or the user's only one.
    pub fn role_of(&self, user: &User) -> Result<Option<RoleId>> {
        match self.role_id {
            Some(role) if user.role_ids.contains(&role) => Ok(Some(role)),
            Some(_) => Err(Error::invalid("/role_id", "is not a role that the user holds")),
            None if user.role_ids.len() > 1 => {
                let many = user.role_ids.len();
                Err(Error::RoleRequired(format!("The user holds {many} roles: send the role_id of one of them.")))
            }
            None => Ok(user.role_ids.first().copied()),
        }
    }

    /// Whether it takes a lease.
    pub fn takes_lease(&self) -> bool {
        self.runtime.mode == Some(Mode::Sticky)
    }

    /// The new conversation of a user. `role` is that of [`NewConversation::role_of`].
    pub fn begin(
        self,
        id: ConversationId,
        (user, role, tenant): (&User, Option<&Role>, &TenantWithAttachments),
        leases: &Leases,
        now: Timestamp,
    ) -> Result<Conversation> {
        if self.repository_id.is_some_and(|repository| !tenant.attachments.contains_key(&repository)) {
            return Err(Error::invalid("/repository_id", "is not attached to the user's tenant"));
        }
        let repository_id = self
            .repository_id
            .or(user.default_repository_id)
            .or(role.and_then(|role| role.repository_id))
            .or(tenant.tenant.default_repository_id);
        let settings = &tenant.tenant.settings;
        let lease = match self.takes_lease() {
            true => {
                let lease = settings.lease(self.runtime.sticky_ttl_seconds, now)?;
                leases.with(id, lease, settings.max_concurrent_sticky, now)?;
                Some(lease)
            }
            false => None,
        };
        Ok(Conversation {
            id,
            tenant_id: tenant.tenant.id,
            user_id: user.id,
            title: self.title,
            status: ConversationStatus::Active,
            context: Context { role_id: role.map(|role| role.id), repository_id },
            agent_type: self.runtime.agent_type.unwrap_or_else(|| settings.default_agent_type.clone()),
            lease,
            filler: Filler { enabled: self.filler_enabled.unwrap_or(settings.filler_enabled) },
            metadata: self.metadata,
            message_count: 0,
            last_message_at: None,
            created_at: id.created_at(),
            updated_at: id.created_at(),
            version: id.first_version(),
        })
    }
}

/// The body of updateConversation. Absent members do not change; `Some(None)` clears.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConversationPatch {
    /// At most 255 characters.
    pub title: Option<Option<String>>,
    /// Whether it takes messages.
    pub status: Option<ConversationStatus>,
    /// Whether it leases a sandbox. Its members are merged.
    pub runtime: RuntimePatch,
    /// Whether agents may send fillers.
    pub filler_enabled: Option<bool>,
    /// Replaces all metadata.
    pub metadata: Option<Metadata>,
    /// Whether the body has a member.
    has_members: bool,
}

impl ConversationPatch {
    /// Reads the body.
    pub fn read(fields: &mut Fields) -> Option<Self> {
        let title = fields.nullable("title", |member| text::nullable_text(member, 255));
        let status = fields.optional("status", status);
        let runtime = fields.optional("runtime", |member| member.object(|fields| RuntimePatch::read(fields, true)));
        let filler = fields.nullable("filler", |member| member.object(filler));
        let metadata = fields.optional("metadata", text::metadata);
        let (title, status, runtime, filler, metadata) = (title?, status?, runtime?, filler?, metadata?);
        let has_members =
            title.is_some() || status.is_some() || runtime.is_some() || filler.is_some() || metadata.is_some();
        let runtime = runtime.unwrap_or_default();
        Some(Self { title, status, runtime, filler_enabled: filler.flatten(), metadata, has_members })
    }

    /// Whether no member is given.
    pub fn is_empty(&self) -> bool {
        !self.has_members
    }

    /// Whether it may take or renew a lease.
    pub fn takes_lease(&self) -> bool {
        self.runtime.mode == Some(Mode::Sticky) || self.runtime.sticky_ttl_seconds.is_some()
    }
}

fn mode(member: Member) -> Option<Mode> {
    match member.string()? {
        "pooled" => Some(Mode::Pooled),
        "sticky" => Some(Mode::Sticky),
        _ => {
            member.refuse("must be pooled or sticky");
            None
        }
    }
}

fn status(member: Member) -> Option<ConversationStatus> {
    let status = ConversationStatus::parse(member.string()?);
    if status.is_none() {
        member.refuse("must be active or archived");
    }
    status
}

fn user_id(member: Member) -> Option<UserId> {
    let id = UserId::parse(member.string()?);
    if id.is_none() {
        member.refuse("must be a user's id, usr_ and 26 characters");
    }
    id
}

fn role_id(member: Member) -> Option<Option<RoleId>> {
    let id = RoleId::parse(member.string()?);
    if id.is_none() {
        member.refuse("must be a role's id, rol_ and 26 characters");
    }
    id.map(Some)
}

/// The id of a repository. `null` is as left out.
pub(super) fn repository_id(member: Member) -> Option<Option<RepositoryId>> {
    let id = RepositoryId::parse(member.string()?);
    if id.is_none() {
        member.refuse("must be a repository's id, rep_ and 26 characters");
    }
    id.map(Some)
}

/// Whether agents may send fillers. `null` and `{}` are as left out.
pub(super) fn filler(fields: &mut Fields) -> Option<Option<bool>> {
    fields.optional("enabled", |member| member.boolean())
}
