//! Roles of a tenant, which its users hold (contract section 6.2).

use super::precondition::IfMatch;
use super::tenant::Metadata;
use super::{Change, Error, FieldError, Fields, RepositoryId, Result, RoleId, TenantId, Timestamp, text};
use serde::Serialize;

/// A role. The fields are in the order of the representation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Role {
    /// Always `role`.
    pub object: &'static str,
    /// The id that this service assigned.
    pub id: RoleId,
    /// The tenant.
    pub tenant_id: TenantId,
    /// 1 to 255 characters, unique within the tenant.
    pub name: String,
    /// At most 2,000 characters.
    pub description: Option<String>,
    /// Always one of the attached repositories.
    pub repository_id: Option<RepositoryId>,
    /// At most 50 pairs.
    pub metadata: Metadata,
    /// When it was created: the time in `id`.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
    /// The number of users who hold it. It does not affect the version.
    #[serde(skip)]
    pub holders: u32,
    /// The version, from which the ETag is made.
    #[serde(skip)]
    pub version: u64,
}

impl Role {
    /// The role after a patch.
    pub fn patched(&self, patch: &RolePatch, if_match: &IfMatch, now: Timestamp) -> Result<Change<Self>> {
        if_match.check(self.version)?;
        if patch.is_empty() {
            return Ok(Change::Unchanged);
        }
        let mut changed = Self { updated_at: now, version: self.version + 1, ..self.clone() };
        let RolePatch { name, description, repository_id, metadata } = patch.clone();
        changed.name = name.unwrap_or(changed.name);
        changed.description = description.unwrap_or(changed.description);
        changed.repository_id = repository_id.unwrap_or(changed.repository_id);
        changed.metadata = metadata.unwrap_or(changed.metadata);
        Ok(Change::To(changed))
    }
}

/// The body of createRole.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRole {
    /// 1 to 255 characters, unique within the tenant.
    pub name: String,
    /// At most 2,000 characters.
    pub description: Option<String>,
    /// Must be attached when the write is committed.
    pub repository_id: Option<RepositoryId>,
    /// At most 50 pairs.
    pub metadata: Metadata,
}

impl NewRole {
    /// Reads the body.
    pub fn read(fields: &mut Fields) -> Option<Self> {
        let name = fields.required("name", |member| text::text(member, 1, 255));
        let description = fields.nullable("description", |member| text::nullable_text(member, 2000));
        let repository_id = fields.nullable("repository_id", |member| member.nullable_id());
        let metadata = fields.optional("metadata", text::metadata);
        Some(Self {
            name: name?,
            description: description?.flatten(),
            repository_id: repository_id?.flatten(),
            metadata: metadata?.unwrap_or_default(),
        })
    }

    /// The new role.
    pub fn into_role(self, id: RoleId, tenant_id: TenantId) -> Role {
        Role {
            object: "role",
            id,
            tenant_id,
            name: self.name,
            description: self.description,
            repository_id: self.repository_id,
            metadata: self.metadata,
            created_at: id.created_at(),
            updated_at: id.created_at(),
            holders: 0,
            version: id.first_version(),
        }
    }
}

/// The body of updateRole. Absent members do not change; `Some(None)` clears.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RolePatch {
    /// 1 to 255 characters, unique within the tenant.
    pub name: Option<String>,
    /// At most 2,000 characters.
    pub description: Option<Option<String>>,
    /// Must be attached when the write is committed.
    pub repository_id: Option<Option<RepositoryId>>,
    /// Replaces all metadata.
    pub metadata: Option<Metadata>,
}

impl RolePatch {
    /// Reads the body.
    pub fn read(fields: &mut Fields) -> Option<Self> {
        let name = fields.optional("name", |member| text::text(member, 1, 255));
        let description = fields.nullable("description", |member| text::nullable_text(member, 2000));
        let repository_id = fields.nullable("repository_id", |member| member.nullable_id());
        let metadata = fields.optional("metadata", text::metadata);
        Some(Self { name: name?, description: description?, repository_id: repository_id?, metadata: metadata? })
    }

    /// Whether no member is given.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Where a role that a request names was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleFound {
    /// In the tenant of the user.
    OfThisTenant,
    /// In another tenant of the customer.
    OfAnotherTenant,
    /// It does not exist.
    Nowhere,
}

/// Checks the roles of `role_ids`, in the order of the request. Another tenant's role is a conflict; every unknown role is an error at its
/// item.
pub fn check_roles(found: impl IntoIterator<Item = RoleFound>) -> Result<()> {
    let found: Vec<RoleFound> = found.into_iter().collect();
    if found.contains(&RoleFound::OfAnotherTenant) {
        return Err(Error::CrossTenant("A role of role_ids belongs to another tenant."));
    }
    let unknown = found.iter().enumerate().filter(|(_, found)| **found == RoleFound::Nowhere);
    let errors: Vec<FieldError> =
        unknown.map(|(at, _)| FieldError::new(format!("/role_ids/{at}"), "is not a role of this tenant")).collect();
    if errors.is_empty() { Ok(()) } else { Err(Error::Invalid(errors)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unknown_role_is_named_unless_one_is_of_another_tenant() {
        use RoleFound::{Nowhere, OfAnotherTenant, OfThisTenant};
        assert!(check_roles([OfThisTenant]).is_ok());
        let pointers = |found: &[RoleFound]| match check_roles(found.iter().copied()) {
            Err(Error::Invalid(errors)) => errors.into_iter().map(|error| error.pointer).collect(),
            Err(Error::CrossTenant(_)) => vec!["cross-tenant".to_owned()],
            other => panic!("{other:?}"),
        };
        assert_eq!(pointers(&[Nowhere, OfThisTenant, Nowhere]), ["/role_ids/0", "/role_ids/2"]);
        assert_eq!(pointers(&[Nowhere, OfAnotherTenant]), ["cross-tenant"]);
    }

    #[test]
    fn a_patch_makes_a_new_version_with_what_was_given() {
        let now = Timestamp::from_milliseconds(1_795_403_655_123);
        let (id, repository) = (RoleId::new(now, 7), RepositoryId::new(now, 8));
        let new = NewRole {
            name: "n".to_owned(),
            description: Some("d".to_owned()),
            repository_id: Some(repository),
            metadata: Metadata::new(),
        };
        let role = new.into_role(id, TenantId::NIL);
        let patch = RolePatch { description: Some(None), ..RolePatch::default() };
        let later = now.plus_milliseconds(5);
        let changed = Role { description: None, updated_at: later, version: role.version + 1, ..role.clone() };
        assert_eq!(role.patched(&patch, &IfMatch::version(role.version), later).unwrap(), Change::To(changed));
        let empty = role.patched(&RolePatch::default(), &IfMatch::default(), later);
        assert_eq!(empty.unwrap(), Change::Unchanged);
        assert!(matches!(role.patched(&patch, &IfMatch::version(0), later), Err(Error::PreconditionFailed)));
    }
}
