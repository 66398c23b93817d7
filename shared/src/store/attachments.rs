//! Attachments of repositories to tenants. They are stored in the tenant's item; the repository's item has their number. Each has a
//! back reference, from which a refused delete names a dependent.

use super::client::Store;
use super::first_read::FirstRead;
use super::gates;
use super::item::{self, get_text, new_item, number, text};
use super::keys;
use super::read::{ENVELOPE_BYTES, MAX_BODY_BYTES};
use super::snapshot::{Entity, Snapshot};
use super::tenants::{attachment_path, change_tenant, gate_changes};
use super::write::Write;
use crate::domain::attachment::{Attachment, AttachmentPatch, MAX_ATTACHMENTS, TenantWithAttachments};
use crate::domain::id_list::{IdList, IdPage};
use crate::domain::principal::{CustomerRoot, Integration};
use crate::domain::repository::Repository;
use crate::domain::{Change, Conflict, Error, RepositoryId, Result, TenantId, id};
use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;

/// The number of repositories in the first batch, before their size is known: enough for a page of the default size. 25 of the largest
/// repositories are 2.6 MB, which a function with little memory reads within the timeout of an attempt.
const FIRST_BATCH: usize = 25;

/// A tenant and a repository as they were read.
pub type TenantAndRepository = (Option<Snapshot<TenantWithAttachments>>, Option<Snapshot<Repository>>);

impl FirstRead<TenantAndRepository> {
    /// A tenant and a repository, for an attachment.
    pub fn tenant_and_repository(root: &CustomerRoot, tenant: TenantId, repository: RepositoryId) -> Self {
        FirstRead::tenant_with_attachments(root, tenant).and(FirstRead::repository(root, repository))
    }
}

impl Store {
    /// Attaches a repository, or changes its attachment. `true` if it was not attached before. If the tenant or the repository does not
    /// exist, the error is 404.
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
                    let mut writes = vec![change.set(&attachment_path(id), value)];
                    writes.extend(gate_changes(root, &tenant, &attached.tenant));
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

    /// The writes of a new attachment. Their conditions do not depend on other changes of the tenant, so that parallel requests for one
    /// tenant only conflict during a transaction. The client request token makes the transaction idempotent.
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
        let mut gates = Vec::new();
        if attached.tenant.default_repository_id == Some(id) {
            write = write
                .new_version()
                .set("updated_at", text(self.now.to_string()))
                .set("default_repository_id", text(id.to_string()));
            match tenant.entity.tag {
                None => write = write.with_condition("attribute_not_exists({tag})", []),
                Some(tag) => gates = gates::change_all(root, tag, None),
            }
        }
        let back = new_item("attachment", &BTreeMap::<&str, &str>::new())?;
        let mut writes = vec![
            write,
            Write::update_existing(repository.key.clone()).increase("n", 1),
            Write::put_new(keys::attached_tenant(root, id, tenant.entity.tenant.id), back),
        ];
        writes.extend(gates);
        Ok(writes)
    }

    /// Detaches a repository that is not the default.
    pub async fn detach_tenant_repository(
        &self,
        integration: &Integration,
        tenant: Option<Snapshot<TenantWithAttachments>>,
        repository: RepositoryId,
    ) -> Result<()> {
        let root = integration.root();
        self.retry(tenant, async |read| {
            let read = read.ok_or(Error::NotFound)?;
            read.entity.check_detachable(repository)?;
            let tenant = read.entity.tenant.id;
            if read.entity.attachments.get(&repository).is_some_and(|attached| attached.named_by > 0) {
                let reference = self.first(&keys::repository_references(root, tenant, repository)).await?;
                return match reference.as_ref().and_then(|reference| get_text(reference, "sk")) {
                    Some(named_by) => {
                        let detail = "A user or a role of the tenant names the repository.";
                        Err(Error::ResourceInUse(Conflict::new(named_by, detail)))
                    }
                    // It was changed after the tenant was read.
                    None => Ok(ControlFlow::Continue(self.snapshot(&read.key).await?)),
                };
            }
            let write = Write::update_item(read.key.clone()).unchanged_since(&read);
            let mut writes = vec![write.remove(&attachment_path(repository))];
            writes.extend(release(root, repository, tenant));
            writes.extend(read.entity.tag.into_iter().flat_map(|tag| gates::change_all(root, tag, None)));
            Ok(match self.commit(writes).await?.failed_conditions()? {
                None => ControlFlow::Break(()),
                Some(failed) => ControlFlow::Continue(self.reread(&read.key, failed).await?),
            })
        })
        .await
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
        let (mut rest, mut batch_size) = (ids.as_slice(), FIRST_BATCH);
        'page: while !rest.is_empty() {
            let (batch, after) = rest.split_at(batch_size.min(rest.len()));
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
            // The repositories are small: all that remain fit into one batch.
            if body_bytes < MAX_BODY_BYTES / 16 {
                batch_size = MAX_ATTACHMENTS;
            }
        }
        if list.is_backward() {
            data.reverse();
        }
        Ok(IdPage::new(data, position.map(|id| id.to_string())))
    }
}

/// The writes that decrement the number of attachments of a repository. The back reference is deleted with it, so that they are applied
/// once.
pub(super) fn release<'a>(root: &CustomerRoot, repository: RepositoryId, tenant: TenantId) -> [Write<'a>; 2] {
    [
        Write::update_existing(keys::repository(root, repository))
            .increase("n", -1)
            .with_condition("{n} > ?", [number(0)]),
        Write::delete_item(keys::attached_tenant(root, repository, tenant))
            .with_condition("attribute_exists({pk})", []),
    ]
}
