//! Attachments: repositories on tenants (contract section 5). A tenant and its attachments are one aggregate: what holds between
//! them is decided here.

use super::precondition::IfMatch;
use super::repository::Repository;
use super::tenant::{Tenant, TenantPatch};
use super::{Change, Conflict, Error, Fields, RepositoryId, Result, TenantId, Timestamp, text};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// At most this many repositories are attached to one tenant.
pub const MAX_ATTACHMENTS: usize = 100;

/// A repository attached to a tenant, in this order as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Attachment {
    /// Always `repository_attachment`.
    pub object: &'static str,
    /// The tenant.
    pub tenant_id: TenantId,
    /// The repository.
    pub repository_id: RepositoryId,
    /// Whether it is the tenant's default.
    pub is_default: bool,
    /// At most 255 characters.
    pub branch_override: Option<String>,
    /// The repository itself.
    pub repository: Repository,
    /// When it was attached.
    pub created_at: Timestamp,
    /// When its own PUT last changed something.
    pub updated_at: Timestamp,
}

/// The body of attachTenantRepository: what is absent stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AttachmentPatch {
    /// Makes it the default, or no longer.
    pub is_default: Option<bool>,
    /// At most 255 characters.
    pub branch_override: Option<Option<String>>,
}

impl AttachmentPatch {
    /// Reads the body.
    pub fn read(fields: &mut Fields) -> Option<Self> {
        let is_default = fields.optional("is_default", |member| member.boolean());
        let branch_override = fields.nullable("branch_override", |member| text::nullable_text(member, 255));
        Some(Self { is_default: is_default?, branch_override: branch_override? })
    }
}

/// What a tenant keeps of an attachment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttachedRepository {
    /// At most 255 characters.
    #[serde(rename = "b", skip_serializing_if = "Option::is_none", default)]
    pub branch_override: Option<String>,
    /// When it was attached.
    #[serde(rename = "c")]
    pub created_at: Timestamp,
    /// When its own PUT last changed something.
    #[serde(rename = "u")]
    pub updated_at: Timestamp,
}

/// A tenant with what is attached to it.
#[derive(Clone, Debug, PartialEq)]
pub struct TenantWithAttachments {
    /// The tenant. Its default is always one of `attachments`.
    pub tenant: Tenant,
    /// At most [`MAX_ATTACHMENTS`].
    pub attachments: BTreeMap<RepositoryId, AttachedRepository>,
}

impl TenantWithAttachments {
    /// The tenant after a patch.
    pub fn patched(&self, patch: &TenantPatch, if_match: &IfMatch, now: Timestamp) -> Result<Change<Tenant>> {
        if_match.check(self.tenant.version)?;
        if patch.is_empty() {
            return Ok(Change::Unchanged);
        }
        if patch.default_repository_id.flatten().is_some_and(|default| !self.attachments.contains_key(&default)) {
            return Err(not_attached());
        }
        Ok(Change::To(patch.applied_to(&self.tenant).next_version(now)))
    }

    /// The tenant after an upsert, which writes only where something is not as asked for.
    pub fn upserted(
        &self,
        patch: &TenantPatch,
        if_match: &IfMatch,
        must_be_new: bool,
        now: Timestamp,
    ) -> Result<Change<Tenant>> {
        if must_be_new {
            return Err(Error::PreconditionFailed);
        }
        if_match.check(self.tenant.version)?;
        if patch.applied_to(&self.tenant) == self.tenant {
            return Ok(Change::Unchanged);
        }
        self.patched(patch, if_match, now)
    }

    /// Refuses to delete a tenant on which something depends.
    pub fn check_deletable(&self, if_match: &IfMatch) -> Result<()> {
        if_match.check(self.tenant.version)?;
        match self.attachments.keys().next() {
            None => Ok(()),
            Some(repository) => {
                let detail = "A repository is attached to the tenant: detach it first.";
                Err(Error::ResourceInUse(Conflict::new(repository.to_string(), detail)))
            }
        }
    }

    /// The tenant once a repository is attached as asked for.
    pub fn attached(&self, repository: RepositoryId, patch: &AttachmentPatch, now: Timestamp) -> Result<Change<Self>> {
        let attached = match self.attachments.get(&repository) {
            None if self.attachments.len() >= MAX_ATTACHMENTS => {
                return Err(Error::invalid("", format!("the tenant has {MAX_ATTACHMENTS} attachments")));
            }
            None => AttachedRepository { branch_override: None, created_at: now, updated_at: now },
            Some(attached) => attached.clone(),
        };
        let branch_override = patch.branch_override.clone().unwrap_or_else(|| attached.branch_override.clone());
        let was_default = self.tenant.default_repository_id == Some(repository);
        let is_default = patch.is_default.unwrap_or(was_default);
        let is_as_asked = branch_override == attached.branch_override && is_default == was_default;
        if is_as_asked && self.attachments.contains_key(&repository) {
            return Ok(Change::Unchanged);
        }
        let mut changed = self.clone();
        changed.attachments.insert(repository, AttachedRepository { branch_override, updated_at: now, ..attached });
        if is_default != was_default {
            changed.tenant.default_repository_id = is_default.then_some(repository);
            changed.tenant = changed.tenant.next_version(now);
        }
        Ok(Change::To(changed))
    }

    /// Refuses to detach what is not attached, or is the default.
    pub fn check_detachable(&self, repository: RepositoryId) -> Result<()> {
        if !self.attachments.contains_key(&repository) {
            return Err(Error::NotFound);
        }
        if self.tenant.default_repository_id == Some(repository) {
            let detail = "The repository is the tenant's default: clear the tenant's default_repository_id first.";
            return Err(Error::ResourceInUse(Conflict::new(self.tenant.id.to_string(), detail)));
        }
        Ok(())
    }

    /// An attachment as it is shown.
    pub fn attachment(&self, repository: Repository) -> Option<Attachment> {
        let attached = self.attachments.get(&repository.id)?.clone();
        Some(Attachment {
            object: "repository_attachment",
            tenant_id: self.tenant.id,
            repository_id: repository.id,
            is_default: self.tenant.default_repository_id == Some(repository.id),
            branch_override: attached.branch_override,
            repository,
            created_at: attached.created_at,
            updated_at: attached.updated_at,
        })
    }
}

/// What a default is refused with that is not attached.
pub fn not_attached() -> Error {
    Error::invalid("/default_repository_id", "is not attached to this tenant")
}
