//! Tenants of a customer (contract section 4).

use super::{Fields, Member, RepositoryId, TenantId, Timestamp, text};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// At most 50 pairs; key 1 to 40 characters, value at most 500.
pub type Metadata = BTreeMap<String, String>;

/// The id that the integration gave a tenant: opaque, compared byte by byte, immutable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct ExternalId(String);

impl ExternalId {
    /// Parses 1 to 255 characters after trimming, without control characters. `?` is refused because an HTTP API cuts the path there,
    /// `.` and `..` because clients resolve them when they build the URL (RFC 3986, section 5.2.4).
    pub fn parse(text: &str) -> Option<Self> {
        let trimmed = text.trim();
        let right = (1..=255).contains(&trimmed.chars().count())
            && !matches!(trimmed, "." | "..")
            && !trimmed.chars().any(|character| character.is_control() || character == '?');
        right.then(|| Self(trimmed.to_owned()))
    }

    /// The trimmed text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ExternalId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).filter(|id| id.0 == text).ok_or("not an external id")
    }
}

/// The rule of [`ExternalId::parse`] for error messages.
pub const EXTERNAL_ID_RULE: &str =
    "must have 1 to 255 characters besides white space around them, no control characters and no ?, and not be . or ..";

/// Whether a tenant is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantStatus {
    /// In use.
    Active,
    /// Conversations, messages and token exchange are refused.
    Suspended,
}

impl TenantStatus {
    /// The text of the status.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
        }
    }

    /// Parses the text of a status.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Suspended].into_iter().find(|status| status.as_str() == text)
    }
}

/// The settings of a tenant's agents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TenantSettings {
    /// Whether agents may send fillers.
    pub filler_enabled: bool,
    /// 1 to 64 characters. Any value is allowed.
    pub default_agent_type: String,
    /// 60 to 86,400 seconds.
    pub max_sticky_ttl_seconds: u32,
    /// 0 to 1,000 leases.
    pub max_concurrent_sticky: u32,
}

impl Default for TenantSettings {
    fn default() -> Self {
        Self {
            filler_enabled: true,
            default_agent_type: "claude-agent-sdk".to_owned(),
            max_sticky_ttl_seconds: 3600,
            max_concurrent_sticky: 5,
        }
    }
}

impl TenantSettings {
    /// Reads all settings. Absent members have their defaults.
    fn read(fields: &mut Fields) -> Option<Self> {
        let default = Self::default();
        let filler_enabled = fields.optional("filler_enabled", |member| member.boolean());
        let default_agent_type = fields.optional("default_agent_type", |member| text::text(member, 1, 64));
        let max_sticky_ttl_seconds = fields.optional("max_sticky_ttl_seconds", |member| member.integer(60, 86_400));
        let max_concurrent_sticky = fields.optional("max_concurrent_sticky", |member| member.integer(0, 1000));
        Some(Self {
            filler_enabled: filler_enabled?.unwrap_or(default.filler_enabled),
            default_agent_type: default_agent_type?.unwrap_or(default.default_agent_type),
            max_sticky_ttl_seconds: max_sticky_ttl_seconds?.unwrap_or(default.max_sticky_ttl_seconds),
            max_concurrent_sticky: max_concurrent_sticky?.unwrap_or(default.max_concurrent_sticky),
        })
    }
}

/// A tenant. The fields are in the order of the representation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tenant {
    /// Always `tenant`.
    pub object: &'static str,
    /// The id that this service assigned.
    pub id: TenantId,
    /// The id that the integration gave it, unique within the customer.
    pub external_id: Option<ExternalId>,
    /// At most 255 characters.
    pub name: Option<String>,
    /// Whether it is in use.
    pub status: TenantStatus,
    /// Always one of the attached repositories.
    pub default_repository_id: Option<RepositoryId>,
    /// The settings of its agents.
    pub settings: TenantSettings,
    /// At most 50 pairs.
    pub metadata: Metadata,
    /// When it was created: the time in `id`.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
    /// The version, from which the ETag is made.
    #[serde(skip)]
    pub version: u64,
}

impl Tenant {
    /// The tenant with the next version, and so another ETag.
    #[must_use]
    pub fn next_version(self, now: Timestamp) -> Self {
        Self { updated_at: now, version: self.version + 1, ..self }
    }
}

/// The body of createTenant, or the new tenant of an upsert.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewTenant {
    /// At most 255 characters.
    pub name: Option<String>,
    /// Unique within the customer.
    pub external_id: Option<ExternalId>,
    /// Absent members have their defaults.
    pub settings: TenantSettings,
    /// At most 50 pairs.
    pub metadata: Metadata,
}

impl NewTenant {
    /// Reads the body.
    pub fn read(fields: &mut Fields) -> Option<Self> {
        let name = fields.nullable("name", name);
        let external_id = fields.nullable("external_id", |member| external_id(member).map(Some));
        let settings = fields.optional("settings", |member| member.object(TenantSettings::read));
        let metadata = fields.optional("metadata", text::metadata);
        Some(Self {
            name: name?.flatten(),
            external_id: external_id?.flatten(),
            settings: settings?.unwrap_or_default(),
            metadata: metadata?.unwrap_or_default(),
        })
    }

    /// The new tenant.
    pub fn into_tenant(self, id: TenantId) -> Tenant {
        Tenant {
            object: "tenant",
            id,
            external_id: self.external_id,
            name: self.name,
            status: TenantStatus::Active,
            default_repository_id: None,
            settings: self.settings,
            metadata: self.metadata,
            created_at: id.created_at(),
            updated_at: id.created_at(),
            version: id.first_version(),
        }
    }
}

/// The body of updateTenant and of the upsert. Absent members do not change; `Some(None)` clears.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TenantPatch {
    /// At most 255 characters.
    pub name: Option<Option<String>>,
    /// Not a member of an upsert.
    pub status: Option<TenantStatus>,
    /// Must be attached when the write is committed.
    pub default_repository_id: Option<Option<RepositoryId>>,
    /// Replaces all settings. Absent members have their defaults.
    pub settings: Option<TenantSettings>,
    /// Replaces all metadata.
    pub metadata: Option<Metadata>,
}

impl TenantPatch {
    /// Reads the body of updateTenant.
    pub fn read(fields: &mut Fields) -> Option<Self> {
        let status = fields.optional("status", status);
        let rest = Self::read_upsert(fields);
        Some(Self { status: status?, ..rest? })
    }

    /// Reads the body of the upsert, which cannot change the status.
    pub fn read_upsert(fields: &mut Fields) -> Option<Self> {
        let name = fields.nullable("name", name);
        let default_repository_id = fields.nullable("default_repository_id", |member| member.nullable_id());
        let settings = fields.optional("settings", |member| member.object(TenantSettings::read));
        let metadata = fields.optional("metadata", text::metadata);
        Some(Self {
            name: name?,
            status: None,
            default_repository_id: default_repository_id?,
            settings: settings?,
            metadata: metadata?,
        })
    }

    /// Whether no member is given.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The tenant with the members that are given.
    #[must_use]
    pub fn applied_to(&self, tenant: &Tenant) -> Tenant {
        let mut changed = tenant.clone();
        let Self { name, status, default_repository_id, settings, metadata } = self.clone();
        changed.name = name.unwrap_or(changed.name);
        changed.status = status.unwrap_or(changed.status);
        changed.default_repository_id = default_repository_id.unwrap_or(changed.default_repository_id);
        changed.settings = settings.unwrap_or(changed.settings);
        changed.metadata = metadata.unwrap_or(changed.metadata);
        changed
    }

    /// The new tenant of an upsert. It has no attachments, so `default_repository_id` does not apply.
    pub fn into_new(self, external_id: ExternalId) -> NewTenant {
        NewTenant {
            name: self.name.flatten(),
            external_id: Some(external_id),
            settings: self.settings.unwrap_or_default(),
            metadata: self.metadata.unwrap_or_default(),
        }
    }
}

fn name(member: Member) -> Option<Option<String>> {
    text::nullable_text(member, 255)
}

/// Reads an external id.
pub(super) fn external_id(member: Member) -> Option<ExternalId> {
    let external_id = ExternalId::parse(member.string()?);
    if external_id.is_none() {
        member.refuse(EXTERNAL_ID_RULE);
    }
    external_id
}

fn status(member: Member) -> Option<TenantStatus> {
    let status = TenantStatus::parse(member.string()?);
    if status.is_none() {
        member.refuse("must be active or suspended");
    }
    status
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_external_id_is_checked() {
        let id: ExternalId = serde_json::from_str("\"a b\"").unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"a b\"");
        for text in ["\"\"", "\" a\"", "\"a?\"", "\"..\"", "1"] {
            assert!(serde_json::from_str::<ExternalId>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn external_ids_are_trimmed_and_otherwise_opaque() {
        let text = |input: &str| ExternalId::parse(input).map(|id| id.as_str().to_owned());
        for same in
            ["acme:tenant:1", "a/b", "a b", "%41", "100%", "#", "😀", "e\u{301}", "é", "...", "../a", "a/..", ".a"]
        {
            assert_eq!(text(same).as_deref(), Some(same));
        }
        assert_eq!(text("\u{2003} x \n").as_deref(), Some("x"));
        assert!(text(&"😀".repeat(255)).is_some());
        for wrong in ["", " ", "\u{a0}", "a?b", "a\u{0}", "a\tb", ".", "..", " . ", "\u{2003}..\n", &"x".repeat(256)] {
            assert_eq!(text(wrong), None, "{wrong:?}");
        }
    }
}
