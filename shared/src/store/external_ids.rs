//! Tenants by their external ids. A marker item has the id of the tenant that has an external id; the tenant is then read by its id.

use super::client::Store;
use super::commit::{FailedConditions, Outcome};
use super::error::unknown_outcome;
use super::first_read::FirstRead;
use super::item::{Item, get_text};
use super::keys;
use super::snapshot::{Entity, Snapshot};
use super::tenants::{attributes, given, new_tenant, patch_tenant, removal};
use crate::domain::attachment::{TenantWithAttachments, not_attached};
use crate::domain::precondition::IfMatch;
use crate::domain::principal::{CustomerRoot, Integration};
use crate::domain::tenant::{ExternalId, Tenant, TenantPatch};
use crate::domain::{Change, Error, Id, Result, TenantId};
use std::ops::ControlFlow;

impl FirstRead<Option<TenantId>> {
    /// The id of the tenant that has an external id.
    pub fn holder(root: &CustomerRoot, external_id: &ExternalId) -> Self {
        FirstRead::item(keys::external_id(root, external_id), Some(&["id"])).map(|marker| Ok(read_holder(marker)))
    }
}

fn read_holder(marker: Option<Item>) -> Option<TenantId> {
    TenantId::parse(get_text(&marker?, "id")?)
}

/// The parameters of an upsert.
pub struct Upsert<'a> {
    /// The external id of the tenant.
    pub external_id: &'a ExternalId,
    /// The members that are given.
    pub patch: &'a TenantPatch,
    /// The `If-Match` condition.
    pub if_match: &'a IfMatch,
    /// Whether the tenant must not exist.
    pub must_be_new: bool,
}

impl Store {
    /// The tenant that has an external id. `holder` is the result of the first read.
    pub async fn tenant_by_external_id(
        &self,
        integration: &Integration,
        external_id: &ExternalId,
        holder: Option<TenantId>,
    ) -> Result<Tenant> {
        let found = self.find::<Tenant>(integration.root(), external_id, holder).await?;
        Ok(found.ok_or(Error::NotFound)?.entity)
    }

    /// The tenant that has an external id. `holder` is the tenant that had it at the last read.
    async fn find<E: Entity>(
        &self,
        root: &CustomerRoot,
        external_id: &ExternalId,
        mut holder: Option<TenantId>,
    ) -> Result<Option<Snapshot<E>>> {
        while let Some(id) = holder {
            if let Some(found) = self.snapshot(&keys::tenant(root, id)).await? {
                return Ok(Some(found));
            }
            // The tenant was deleted between the two reads, and its marker with it.
            holder = self.holder(root, external_id).await?;
        }
        Ok(None)
    }

    pub(super) async fn holder(&self, root: &CustomerRoot, external_id: &ExternalId) -> Result<Option<TenantId>> {
        Ok(read_holder(self.get(keys::external_id(root, external_id)).await?))
    }

    /// The tenant that has an external id, after a condition failed.
    async fn find_again(
        &self,
        root: &CustomerRoot,
        external_id: &ExternalId,
        read: &Snapshot<TenantWithAttachments>,
        failed: FailedConditions,
    ) -> Result<Option<Snapshot<TenantWithAttachments>>> {
        match self.reread(&read.key, failed).await? {
            Some(found) => Ok(Some(found)),
            None => self.find(root, external_id, self.holder(root, external_id).await?).await,
        }
    }

    /// Creates the tenant of an external id, or changes it if a member differs. `holder` is the result of the first read. `true` if the
    /// tenant is new.
    pub async fn upsert_tenant_by_external_id(
        &self,
        integration: &Integration,
        upsert: &Upsert<'_>,
        holder: Option<TenantId>,
    ) -> Result<(Tenant, bool)> {
        let (root, external_id) = (integration.root(), upsert.external_id);
        let found = self.find::<TenantWithAttachments>(root, external_id, holder).await?;
        self.retry(found, async |found| {
            let Some(read) = found else {
                let tenant = self.new_upserted(upsert)?;
                if self.commit(new_tenant(root, &tenant)?).await?.failed_conditions()?.is_none() {
                    return Ok(ControlFlow::Break((tenant, true)));
                }
                // Another request created the tenant.
                let holder = self.holder(root, external_id).await?;
                return Ok(ControlFlow::Continue(self.find(root, external_id, holder).await?));
            };
            match read.entity.upserted(upsert.patch, upsert.if_match, upsert.must_be_new, self.now)? {
                Change::Unchanged => Ok(ControlFlow::Break((read.entity.tenant, false))),
                Change::To(changed) => {
                    let mut writes = patch_tenant(root, &read, &changed, upsert.patch, upsert.if_match)?;
                    if let Some(write) = writes.pop_if(|write| write.is_overwrite) {
                        // Nothing is written if concurrent requests have set the same values.
                        writes.push(write.where_different(&attributes(root, &changed)?, &given(upsert.patch)));
                    }
                    match self.commit(writes).await? {
                        Outcome::Applied(None) => Ok(ControlFlow::Break((changed, false))),
                        Outcome::Applied(Some(item)) => Ok(ControlFlow::Break((Tenant::from_item(item)?, false))),
                        Outcome::ConditionFailed(failed) => {
                            Ok(ControlFlow::Continue(self.find_again(root, external_id, &read, failed).await?))
                        }
                        Outcome::Unknown(_) => Err(unknown_outcome()),
                    }
                }
            }
        })
        .await
    }

    /// The new tenant of an upsert.
    fn new_upserted(&self, upsert: &Upsert<'_>) -> Result<Tenant> {
        if upsert.if_match.is_present() {
            return Err(Error::PreconditionFailed);
        }
        if upsert.patch.default_repository_id.flatten().is_some() {
            return Err(not_attached());
        }
        Ok(upsert.patch.clone().into_new(upsert.external_id.clone()).into_tenant(self.new_id()?))
    }

    /// Deletes a tenant and its gates in one transaction, after which nothing below the tenant is found. A sweep job releases the
    /// repositories and deletes the rest afterwards.
    pub async fn delete_tenant_by_external_id(
        &self,
        integration: &Integration,
        external_id: &ExternalId,
        holder: Option<TenantId>,
        if_match: &IfMatch,
    ) -> Result<()> {
        let root = integration.root();
        let found = self.find::<TenantWithAttachments>(root, external_id, holder).await?;
        self.retry(found, async |found| {
            let read = found.ok_or(Error::NotFound)?;
            if_match.check(read.entity.tenant.version)?;
            let mut writes = removal(root, &read);
            if !read.entity.attachments.is_empty() || read.entity.tag.is_some() {
                let repositories = read.entity.attachments.keys().map(Id::ulid).collect();
                writes.push(self.sweep_job(root, read.entity.tenant.id, repositories, read.entity.tag)?);
            }
            Ok(match self.commit(writes).await?.failed_conditions()? {
                None => ControlFlow::Break(()),
                Some(failed) => ControlFlow::Continue(self.find_again(root, external_id, &read, failed).await?),
            })
        })
        .await
    }
}
