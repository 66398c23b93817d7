//! Attachments of repositories to tenants (contract section 5.2). A tenant and its attachments are one aggregate; its invariants are
//! enforced here.

use super::precondition::IfMatch;
use super::repository::Repository;
use super::tenant::{Tenant, TenantPatch};
use super::{Change, Conflict, Error, Fields, RepositoryId, Result, TenantId, TenantTag, Timestamp, text};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The maximum number of repositories that are attached to a tenant.
pub const MAX_ATTACHMENTS: usize = 100;

/// A repository that is attached to a tenant. The fields are in the order of the representation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Attachment {
    /// Always `repository_attachment`.
    pub object: &'static str,
    /// The tenant.
    pub tenant_id: TenantId,
    /// The repository.
    pub repository_id: RepositoryId,
    /// Whether it is the default of the tenant.
    pub is_default: bool,
    /// At most 255 characters.
    pub branch_override: Option<String>,
    /// The repository itself.
    pub repository: Repository,
    /// When it was attached.
    pub created_at: Timestamp,
    /// When a PUT last changed the attachment.
    pub updated_at: Timestamp,
}

/// The body of attachTenantRepository. Absent members do not change.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AttachmentPatch {
    /// Whether it becomes the default, or stops being it.
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

/// An attachment as it is stored in its tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttachedRepository {
    /// At most 255 characters.
    #[serde(rename = "b", skip_serializing_if = "Option::is_none", default)]
    pub branch_override: Option<String>,
    /// When it was attached.
    #[serde(rename = "c")]
    pub created_at: Timestamp,
    /// When a PUT last changed the attachment.
    #[serde(rename = "u")]
    pub updated_at: Timestamp,
    /// The number of users and roles of the tenant that name the repository.
    #[serde(rename = "n", skip_serializing_if = "is_zero", default)]
    pub named_by: u32,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A tenant with its attachments.
#[derive(Clone, Debug, PartialEq)]
pub struct TenantWithAttachments {
    /// The tenant. Its default repository is always one of `attachments`.
    pub tenant: Tenant,
    /// At most [`MAX_ATTACHMENTS`].
    pub attachments: BTreeMap<RepositoryId, AttachedRepository>,
    /// The tag in the ids of its users, roles and conversations. `None` before its first user or role.
    pub tag: Option<TenantTag>,
    /// The number of its users and roles.
    pub members: u32,
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

    /// The tenant after an upsert. It does not change if every given member already has the given value.
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

    /// Fails if the tenant is at another version, or a repository is attached to it.
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

    /// The tenant after a repository is attached as the patch says.
    pub fn attached(&self, repository: RepositoryId, patch: &AttachmentPatch, now: Timestamp) -> Result<Change<Self>> {
        let attached = match self.attachments.get(&repository) {
            None if self.attachments.len() >= MAX_ATTACHMENTS => {
                return Err(Error::invalid("", format!("the tenant has {MAX_ATTACHMENTS} attachments")));
            }
            None => AttachedRepository { branch_override: None, created_at: now, updated_at: now, named_by: 0 },
            Some(attached) => attached.clone(),
        };
        let branch_override = patch.branch_override.clone().unwrap_or_else(|| attached.branch_override.clone());
        let was_default = self.tenant.default_repository_id == Some(repository);
        let is_default = patch.is_default.unwrap_or(was_default);
        let is_unchanged = branch_override == attached.branch_override && is_default == was_default;
        if is_unchanged && self.attachments.contains_key(&repository) {
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

    /// Fails if the repository is not attached, or is the default.
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

    /// The representation of an attachment.
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

/// The error for a default repository that is not attached.
pub fn not_attached() -> Error {
    Error::invalid("/default_repository_id", "is not attached to this tenant")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tenant::{NewTenant, TenantStatus};

    fn now() -> Timestamp {
        Timestamp::from_milliseconds(1_795_403_655_123)
    }

    fn repository(random: u128) -> RepositoryId {
        RepositoryId::new(now(), random)
    }

    /// A tenant with these attachments. The first is its default.
    fn tenant(attached: &[RepositoryId]) -> TenantWithAttachments {
        let id = TenantId::new(now(), 7);
        let entry = AttachedRepository { branch_override: None, created_at: now(), updated_at: now(), named_by: 0 };
        TenantWithAttachments {
            tenant: Tenant { default_repository_id: attached.first().copied(), ..NewTenant::default().into_tenant(id) },
            attachments: attached.iter().map(|id| (*id, entry.clone())).collect(),
            tag: None,
            members: 0,
        }
    }

    fn later() -> Timestamp {
        now().plus_milliseconds(5)
    }

    fn only(version: u64) -> IfMatch {
        IfMatch::version(version)
    }

    #[test]
    fn a_patch_makes_a_new_version_with_what_was_given() {
        let before = tenant(&[repository(1)]);
        let patch = TenantPatch {
            name: Some(Some("n".to_owned())),
            status: Some(TenantStatus::Suspended),
            default_repository_id: Some(None),
            ..TenantPatch::default()
        };
        let expected = Tenant {
            name: Some("n".to_owned()),
            status: TenantStatus::Suspended,
            default_repository_id: None,
            updated_at: later(),
            version: before.tenant.version + 1,
            ..before.tenant.clone()
        };
        let patched = |if_match: &IfMatch| before.patched(&patch, if_match, later());
        assert_eq!(patched(&IfMatch::default()).unwrap(), Change::To(expected.clone()));
        assert_eq!(patched(&only(before.tenant.version)).unwrap(), Change::To(expected));
        assert!(matches!(patched(&only(before.tenant.version + 1)), Err(Error::PreconditionFailed)));
        let nothing = before.patched(&TenantPatch::default(), &IfMatch::default(), later());
        assert_eq!(nothing.unwrap(), Change::Unchanged);
    }

    #[test]
    fn a_default_must_be_attached() {
        let before = tenant(&[repository(1)]);
        let to = |id| TenantPatch { default_repository_id: Some(Some(id)), ..TenantPatch::default() };
        assert!(before.patched(&to(repository(1)), &IfMatch::default(), later()).is_ok());
        let refused = before.patched(&to(repository(2)), &IfMatch::default(), later());
        assert!(
            matches!(refused, Err(Error::Invalid(field_errors)) if field_errors[0].pointer == "/default_repository_id")
        );
        // The version is checked first.
        assert!(matches!(before.patched(&to(repository(2)), &only(0), later()), Err(Error::PreconditionFailed)));
    }

    #[test]
    fn an_upsert_writes_only_a_difference() {
        let before = tenant(&[repository(1)]);
        let upserted =
            |patch: TenantPatch, must_be_new| before.upserted(&patch, &IfMatch::default(), must_be_new, later());
        let same = TenantPatch {
            name: Some(None),
            default_repository_id: Some(Some(repository(1))),
            settings: Some(before.tenant.settings.clone()),
            ..TenantPatch::default()
        };
        assert_eq!(upserted(same.clone(), false).unwrap(), Change::Unchanged);
        let named = TenantPatch { name: Some(Some("n".to_owned())), ..same.clone() };
        assert!(matches!(upserted(named, false).unwrap(), Change::To(tenant) if tenant.name.as_deref() == Some("n")));
        assert!(matches!(upserted(same, true), Err(Error::PreconditionFailed)));
    }

    #[test]
    fn attaching_changes_the_version_only_with_the_default() {
        let before = tenant(&[repository(1)]);
        let attached = |id, is_default, branch: Option<Option<&str>>| {
            let branch_override = branch.map(|branch| branch.map(str::to_owned));
            before.attached(id, &AttachmentPatch { is_default, branch_override }, later()).unwrap()
        };
        let to = |change| match change {
            Change::To(tenant) => tenant,
            Change::Unchanged => panic!("nothing changes"),
        };
        let new: TenantWithAttachments = to(attached(repository(2), None, Some(Some("dev"))));
        assert_eq!(new.tenant, before.tenant);
        assert_eq!(new.attachments[&repository(2)].branch_override.as_deref(), Some("dev"));
        let new = to(attached(repository(2), Some(true), None));
        assert_eq!(
            (new.tenant.default_repository_id, new.tenant.version),
            (Some(repository(2)), before.tenant.version + 1)
        );
        for (is_default, branch) in [(None, None), (Some(true), None), (None, Some(None)), (Some(true), Some(None))] {
            assert_eq!(attached(repository(1), is_default, branch), Change::Unchanged, "{is_default:?} {branch:?}");
        }
        let cleared = to(attached(repository(1), Some(false), None));
        assert_eq!((cleared.tenant.default_repository_id, cleared.tenant.version), (None, before.tenant.version + 1));
        assert_eq!(cleared.attachments[&repository(1)].created_at, now());
        let branched = to(attached(repository(1), None, Some(Some("b"))));
        assert_eq!(
            (branched.tenant, branched.attachments[&repository(1)].updated_at),
            (before.tenant.clone(), later())
        );
    }

    #[test]
    fn a_hundred_are_attached_at_most() {
        let ids: Vec<RepositoryId> = (0..100).map(repository).collect();
        let (full, patch) = (tenant(&ids), AttachmentPatch::default());
        assert!(matches!(full.attached(repository(100), &patch, later()), Err(Error::Invalid(_))));
        assert_eq!(full.attached(repository(99), &patch, later()).unwrap(), Change::Unchanged);
        assert!(tenant(&ids[1..]).attached(repository(100), &patch, later()).is_ok());
    }

    #[test]
    fn what_depends_on_a_tenant_keeps_it() {
        let (empty, used) = (tenant(&[]), tenant(&[repository(1), repository(2)]));
        assert!(empty.check_deletable(&IfMatch::default()).is_ok());
        assert!(matches!(empty.check_deletable(&only(0)), Err(Error::PreconditionFailed)));
        assert!(matches!(used.check_deletable(&IfMatch::default()), Err(Error::ResourceInUse(_))));
        assert!(used.check_detachable(repository(2)).is_ok());
        assert!(matches!(used.check_detachable(repository(1)), Err(Error::ResourceInUse(_))));
        assert!(matches!(used.check_detachable(repository(3)), Err(Error::NotFound)));
    }
}
