//! What users and roles have in common: they are below a tenant, are counted in its item, and may name one of its attached repositories.

use super::client::{Store, random};
use super::first_read::FirstRead;
use super::item::{Item, new_item};
use super::keys::{self, Key};
use super::snapshot::{Entity, Snapshot};
use super::tenants::{MEMBERS, attachment_path};
use super::write::Write;
use crate::domain::attachment::TenantWithAttachments;
use crate::domain::id::BelowTenant;
use crate::domain::principal::CustomerRoot;
use crate::domain::{Error, Id, Kind, RepositoryId, Result, TenantId, TenantTag};
use std::collections::BTreeMap;

impl Store {
    /// A user or role. It is not found without a gate of its tenant.
    pub(super) fn below<E: Entity + 'static>(
        &self,
        root: &CustomerRoot,
        tag: TenantTag,
        key: Key,
    ) -> FirstRead<Option<Snapshot<E>>> {
        FirstRead::entity(key).and(self.gate(root, tag)).map(|(found, gate)| Ok(found.filter(|_| gate.is_some())))
    }

    /// A new id below the tenant with this tag.
    pub(super) fn new_id_below<K: BelowTenant>(&self, tag: TenantTag) -> Result<Id<K>> {
        Ok(tag.new_id(self.now, u128::from_be_bytes(random()?)))
    }
}

/// How a user or role changes what its tenant's item counts.
pub(super) struct Counted<K> {
    pub tenant: TenantId,
    /// The user or role.
    pub member: Id<K>,
    /// 1 if it is created, -1 if it is deleted.
    pub members: i32,
    /// The repository that it names before and after the change.
    pub repositories: (Option<RepositoryId>, Option<RepositoryId>),
    /// The member of the body that names the repository.
    pub pointer: &'static str,
}

impl<K: Kind> Counted<K> {
    /// The writes of the tenant and of the references. The condition fails if the tenant does not exist, or the repository is not attached.
    pub fn writes(self, root: &CustomerRoot) -> Result<Vec<Write<'static>>> {
        let Self { tenant, member, members, repositories: (before, after), pointer } = self;
        if members == 0 && before == after {
            return Ok(Vec::new());
        }
        let mut write = Write::update_existing(keys::tenant(root, tenant));
        if members != 0 {
            write = write.increase(MEMBERS, members);
        }
        let (removed, added) = if before == after { (None, None) } else { (before, after) };
        let mut writes = Vec::new();
        if let Some(repository) = removed {
            write = write.increase(&naming_count(repository), -1);
            let reference = keys::repository_reference(root, tenant, repository, member);
            writes.push(Write::delete_item(reference).with_condition("attribute_exists({pk})", []));
        }
        if let Some(repository) = added {
            write = write
                .with_condition(&format!("attribute_exists({{{}}})", attachment_path(repository)), [])
                .increase_from_zero(&naming_count(repository), 1);
            let reference = keys::repository_reference(root, tenant, repository, member);
            writes.push(Write::put_new(reference, new_item("repository_reference", &BTreeMap::<&str, &str>::new())?));
        }
        let failed = move |tenant: Option<&Item>| match tenant {
            None => Some(Error::NotFound),
            Some(tenant) => {
                let repository = added.filter(|repository| !is_attached(tenant, *repository))?;
                Some(not_attached(repository, pointer))
            }
        };
        writes.insert(0, write.on_condition_failed_if(failed));
        Ok(writes)
    }
}

/// Fails if a repository is not attached to the tenant.
pub(super) fn check_attached(
    tenant: &TenantWithAttachments,
    repository: RepositoryId,
    pointer: &'static str,
) -> Result<()> {
    if tenant.attachments.contains_key(&repository) { Ok(()) } else { Err(not_attached(repository, pointer)) }
}

fn not_attached(repository: RepositoryId, pointer: &'static str) -> Error {
    Error::invalid(pointer, format!("{repository} is not attached to this tenant"))
}

/// The path of the number of users and roles that name an attached repository.
fn naming_count(repository: RepositoryId) -> String {
    format!("{}.n", attachment_path(repository))
}

fn is_attached(tenant: &Item, repository: RepositoryId) -> bool {
    let attachments = tenant.get("repos").and_then(|attachments| attachments.as_m().ok());
    attachments.is_some_and(|attachments| attachments.contains_key(&repository.ulid()))
}
