//! Attachments: repositories on tenants. The tenant's item holds them; the repository counts them; a back reference of each lets a
//! refused delete name one dependent.

use super::client::Store;
use super::commit::Decision;
use super::first_read::FirstRead;
use super::item::{self, new_item, number, text};
use super::keys;
use super::read::{ENVELOPE_BYTES, MAX_BODY_BYTES};
use super::snapshot::{Entity, Snapshot};
use super::tenants::{attachment_path, change_tenant};
use super::write::Write;
use crate::domain::attachment::{Attachment, AttachmentPatch, MAX_ATTACHMENTS, TenantWithAttachments};
use crate::domain::id_list::{IdList, IdPage};
use crate::domain::principal::{CustomerRoot, Integration};
use crate::domain::repository::Repository;
use crate::domain::{Change, Error, RepositoryId, Result, TenantId, id};
use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;

/// As many repositories are read at once, until they are known to be small: a default page is one read, and 25 of the largest, 2.6 MB,
/// are what a function with little memory reads in the time that an attempt has.
const FIRST_BATCH: usize = 25;

/// A tenant and a repository as they were read.
pub type TenantAndRepository = (Option<Snapshot<TenantWithAttachments>>, Option<Snapshot<Repository>>);

impl FirstRead<TenantAndRepository> {
    /// What an attachment is made of.
    pub fn tenant_and_repository(root: &CustomerRoot, tenant: TenantId, repository: RepositoryId) -> Self {
        FirstRead::tenant_with_attachments(root, tenant).and(FirstRead::repository(root, repository))
    }
}

impl Store {
    /// Attaches a repository, or changes its attachment; `true` where it was not attached before. Either missing is 404.
    pub async fn attach_tenant_repository(
        &self,
        integration: &Integration,
        read: TenantAndRepository,
        patch: &AttachmentPatch,
    ) -> Result<(Attachment, bool)> {
        let root = integration.root();
        self.retry(read, async |(tenant, repository)| {
            let (tenant, repository) = tenant.zip(repository).ok_or(Error::NotFound)?;
            let id = repository.entity.id;
            let is_new = !tenant.entity.attachments.contains_key(&id);
            let (attached, writes) = match tenant.entity.attached(id, patch, self.now)? {
                Change::Unchanged => (tenant.entity.clone(), Vec::new()),
                Change::To(attached) if is_new => {
                    let writes = self.new_attachment(root, &tenant, &repository, &attached)?;
                    (attached, writes)
                }
                Change::To(attached) => {
                    let change = change_tenant(root, &tenant, &attached.tenant)?;
                    let value = item::value(&attached.attachments.get(&id))?;
                    let writes = vec![change.set(&attachment_path(id), value)];
                    (attached, writes)
                }
            };
            let is_refused = !writes.is_empty() && self.commit(writes).await?.failed_conditions()?.is_some();
            if is_refused {
                // Another request changed the tenant or the repository, or removed one.
                let both = FirstRead::tenant_and_repository(root, tenant.entity.tenant.id, id);
                return Ok(ControlFlow::Continue(self.read_together(both).await?));
            }
            let shown = attached.attachment(repository.entity);
            Ok(ControlFlow::Break((shown.ok_or_else(|| Error::internal("an attachment is missing"))?, is_new)))
        })
        .await
    }

    /// The writes of a new attachment. They hold whatever else changes in the tenant, so that parallel requests for one tenant only wait
    /// for each other's transaction; its token keeps it from being applied twice.
    fn new_attachment(
        &self,
        root: &CustomerRoot,
        tenant: &Snapshot<TenantWithAttachments>,
        repository: &Snapshot<Repository>,
        attached: &TenantWithAttachments,
    ) -> Result<Vec<Write<'static>>> {
        let id = repository.entity.id;
        let path = attachment_path(id);
        let mut write = Write::update_existing(tenant.key.clone())
            .set(&path, item::value(&attached.attachments.get(&id))?)
            .with_condition(
                &format!("attribute_not_exists({{{path}}}) AND size({{repos}}) < ?"),
                [number(MAX_ATTACHMENTS)],
            );
        if attached.tenant.default_repository_id == Some(id) {
            write = write
                .new_version()
                .set("updated_at", text(self.now.to_string()))
                .set("default_repository_id", text(id.to_string()));
        }
        let back = new_item("attachment", &BTreeMap::<&str, &str>::new())?;
        Ok(vec![
            write,
            Write::update_existing(repository.key.clone()).increase("n", 1),
            Write::put_new(keys::attached_tenant(root, id, tenant.entity.tenant.id), back),
        ])
    }

    /// Detaches a repository that is not the default.
    pub async fn detach_tenant_repository(
        &self,
        integration: &Integration,
        tenant: Option<Snapshot<TenantWithAttachments>>,
        repository: RepositoryId,
    ) -> Result<()> {
        let decide = |read: &Snapshot<TenantWithAttachments>| {
            read.entity.check_detachable(repository)?;
            let tenant =
                Write::update_item(read.key.clone()).unchanged_since(read).remove(&attachment_path(repository));
            let mut writes = vec![tenant];
            writes.extend(release(integration.root(), repository, read.entity.tenant.id));
            Ok(Decision { writes, answer: () })
        };
        self.change(tenant, decide).await
    }

    /// A page of a tenant's attachments, newest repository first.
    pub async fn tenant_repositories(
        &self,
        integration: &Integration,
        tenant: Option<Snapshot<TenantWithAttachments>>,
        list: &IdList<id::Repository>,
    ) -> Result<IdPage<Attachment>> {
        let root = integration.root();
        let tenant = tenant.ok_or(Error::NotFound)?.entity;
        let mut ids: Vec<RepositoryId> = tenant.attachments.keys().copied().filter(|id| list.includes(*id)).collect();
        if !list.is_backward() {
            ids.reverse();
        }
        let more = ids.len() > list.limit;
        ids.truncate(list.limit);
        let mut position = ids.last().filter(|_| more).copied();
        let (mut data, mut body_bytes): (Vec<Attachment>, usize) = (Vec::new(), ENVELOPE_BYTES);
        let (mut rest, mut at_once) = (ids.as_slice(), FIRST_BATCH);
        'page: while !rest.is_empty() {
            let (batch, after) = rest.split_at(at_once.min(rest.len()));
            let items = self.get_all(batch.iter().map(|id| keys::repository(root, *id)).collect(), None).await?;
            let repositories: Result<Vec<Repository>> = items.into_iter().map(Repository::from_item).collect();
            let mut by_id: HashMap<RepositoryId, Repository> =
                repositories?.into_iter().map(|repository| (repository.id, repository)).collect();
            for shown in batch.iter().filter_map(|id| tenant.attachment(by_id.remove(id)?)) {
                body_bytes += serde_json::to_vec(&shown).map_err(Error::internal)?.len() + 1;
                if let Some(last) = data.last().filter(|_| body_bytes > MAX_BODY_BYTES) {
                    position = Some(last.repository_id);
                    break 'page;
                }
                data.push(shown);
            }
            rest = after;
            // Small ones: all that are left fit into one answer.
            if body_bytes < MAX_BODY_BYTES / 16 {
                at_once = MAX_ATTACHMENTS;
            }
        }
        if list.is_backward() {
            data.reverse();
        }
        Ok(IdPage::new(data, position.map(|id| id.to_string())))
    }
}

/// Counts an attachment off its repository, once: the back reference goes with it.
pub(super) fn release<'a>(root: &CustomerRoot, repository: RepositoryId, tenant: TenantId) -> [Write<'a>; 2] {
    [
        Write::update_existing(keys::repository(root, repository))
            .increase("n", -1)
            .with_condition("{n} > ?", [number(0)]),
        Write::delete_item(keys::attached_tenant(root, repository, tenant))
            .with_condition("attribute_exists({pk})", []),
    ]
}
