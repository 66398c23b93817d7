//! The bodies of createConversation and updateConversation.

use super::{ConversationStatus, Mode};
use crate::domain::tenant::Metadata;
use crate::domain::{Fields, Member, RepositoryId, RoleId, UserId, text};

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
            fields.required("user_id", |member| member.id()).map(Some)
        } else {
            fields.optional("user_id", |member| member.id())
        };
        let role_id = fields.nullable("role_id", |member| member.id().map(Some));
        let repository_id = fields.nullable("repository_id", |member| member.id().map(Some));
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

/// Whether agents may send fillers. `null` and `{}` are as left out.
pub(in crate::domain) fn filler(fields: &mut Fields) -> Option<Option<bool>> {
    fields.optional("enabled", |member| member.boolean())
}
