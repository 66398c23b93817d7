//! Attachments: repositories on tenants. The tenant's item holds them; the repository counts them; a back
//! reference of each lets a refused delete name one dependent.

use super::Store;
use super::item::{Item, new_item, number, read_row, text};
use super::keys;
use super::read::{FRAME_BYTES, MOST_BODY_BYTES};
use super::repositories::read_repository;
use super::tenants::{AttachmentRow, TenantRow, set_default};
use super::write::Write;
use crate::domain::id_list::{IdList, IdPage};
use crate::domain::principal::{CustomerRoot, Integration};
use crate::domain::repository::{Attachment, AttachmentPatch, MOST_ATTACHMENTS, Repository};
use crate::domain::{Conflict, Error, RepositoryId, Result, TenantId, id};
use std::collections::{BTreeMap, HashMap};

/// As many repositories are read at once, until they are known to be small: a default page is one read, and 25
/// of the largest, 2.6 MB, are what a function with little memory reads in the time that an attempt has.
const BATCH: usize = 25;

/// A tenant and a repository as they were read.
pub struct Pair {
    tenant: TenantRow,
    repository: Repository,
}

fn attachment(tenant_id: TenantId, row: &TenantRow, repository: Repository) -> Option<Attachment> {
    let attached = row.repos.get(&repository.id.ulid())?.clone();
    Some(Attachment {
        object: "repository_attachment",
        tenant_id,
        repository_id: repository.id,
        is_default: row.default_repository() == Some(repository.id),
        branch_override: attached.branch_override,
        repository,
        created_at: attached.created_at,
        updated_at: attached.updated_at,
    })
}

fn full() -> Error {
    Error::invalid("", format!("the tenant has {MOST_ATTACHMENTS} attachments"))
}

impl Store {
    /// What an attachment is made of; either missing is 404.
    pub async fn pair(&self, root: &CustomerRoot, tenant: TenantId, repository: RepositoryId) -> Result<Pair> {
        // Both to their end: what is missing costs the same, whichever read is answered first.
        let (tenant, repository) = tokio::join!(self.tenant_row(root, tenant), self.repository(root, repository));
        Ok(Pair { tenant: tenant?.ok_or(Error::NotFound)?, repository: repository? })
    }

    /// Attaches a repository, or changes its attachment; `true` where it was not attached before.
    pub async fn attach_tenant_repository(
        &self,
        integration: &Integration,
        tenant_id: TenantId,
        pair: Pair,
        patch: &AttachmentPatch,
    ) -> Result<(Attachment, bool)> {
        let mut pair = pair;
        loop {
            let id = pair.repository.id;
            let attached = pair.tenant.repos.get(&id.ulid());
            let done = match attached {
                None if pair.tenant.repos.len() >= MOST_ATTACHMENTS => return Err(full()),
                None => self.attach(integration.root(), tenant_id, &mut pair, patch).await.map(|()| true),
                Some(_) => {
                    self.change_attachment(integration.root(), tenant_id, &mut pair, patch).await.map(|()| false)
                }
            };
            match done {
                Ok(is_new) => {
                    let shown = attachment(tenant_id, &pair.tenant, pair.repository);
                    let shown = shown.ok_or_else(|| Error::internal("an attachment is missing after its write"))?;
                    return Ok((shown, is_new));
                }
                // Somebody else changed the tenant or the repository: look again.
                Err(Error::PreconditionFailed) => pair = self.pair(integration.root(), tenant_id, id).await?,
                Err(error) => return Err(error),
            }
        }
    }

    /// Attaches what is not attached; afterwards `pair` is as it was written.
    async fn attach(
        &self,
        root: &CustomerRoot,
        tenant_id: TenantId,
        pair: &mut Pair,
        patch: &AttachmentPatch,
    ) -> Result<()> {
        let id = pair.repository.id;
        let row = AttachmentRow {
            branch_override: patch.branch_override.clone().flatten(),
            created_at: self.now,
            updated_at: self.now,
        };
        let path = format!("repos.{}", id.ulid());
        let mut tenant = Write::update(keys::tenant(root, tenant_id))
            .set(&path, super::item::value(&row)?)
            .when(&format!("attribute_not_exists({{{path}}}) AND size({{repos}}) < ?"), [number(MOST_ATTACHMENTS)])
            .otherwise(|_| Error::PreconditionFailed);
        let is_default = patch.is_default == Some(true);
        if is_default {
            tenant = tenant
                .new_version()
                .set("updated_at", text(self.now.to_string()))
                .set("default_repository_id", text(id.to_string()));
        }
        let repository =
            Write::update(keys::repository(root, id)).increase("n", 1).otherwise(|_| Error::PreconditionFailed);
        let back = new_item("attachment", &BTreeMap::<&str, &str>::new())?;
        let back =
            Write::put(keys::attached_tenant(root, id, tenant_id), back).otherwise(|_| Error::PreconditionFailed);
        self.apply(vec![tenant, repository, back]).await?;
        pair.tenant.attached(id, row, is_default);
        Ok(())
    }

    /// Changes what is attached, where something would change; afterwards `pair` is as it was written.
    async fn change_attachment(
        &self,
        root: &CustomerRoot,
        tenant_id: TenantId,
        pair: &mut Pair,
        patch: &AttachmentPatch,
    ) -> Result<()> {
        let id = pair.repository.id;
        let path = format!("repos.{}", id.ulid());
        let Some(attached) = pair.tenant.repos.get(&id.ulid()) else { return Err(Error::PreconditionFailed) };
        let was_default = pair.tenant.default_repository() == Some(id);
        let branch = patch.branch_override.as_ref().filter(|branch| **branch != attached.branch_override);
        let default = patch.is_default.filter(|is_default| *is_default != was_default);
        if branch.is_none() && default.is_none() {
            return Ok(());
        }
        let now = text(self.now.to_string());
        let mut write = Write::update(keys::tenant(root, tenant_id))
            .set(&format!("{path}.u"), now.clone())
            .when(&format!("attribute_exists({{{path}}})"), [])
            .otherwise(|_| Error::PreconditionFailed);
        // What a parallel PUT has made equal meanwhile is not written a second time, and what was equal must still be:
        // a mixture of both would be nobody's. Look again then.
        if let Some(given) = &patch.branch_override {
            let path = format!("{path}.b");
            let is = match (given, branch.is_some()) {
                (Some(_), true) => format!("attribute_not_exists({{{path}}}) OR {{{path}}} <> ?"),
                (Some(_), false) => format!("{{{path}}} = ?"),
                (None, true) => format!("attribute_exists({{{path}}})"),
                (None, false) => format!("attribute_not_exists({{{path}}})"),
            };
            write = write.when(&is, given.iter().map(text));
            if branch.is_some() {
                write = write.set_or_remove(&path, given.as_ref().map(text));
            }
        }
        if let Some(given) = patch.is_default {
            let is = if was_default {
                "{default_repository_id} = ?"
            } else {
                "attribute_not_exists({default_repository_id}) OR {default_repository_id} <> ?"
            };
            write = write.when(is, [text(id.to_string())]);
            if default.is_some() {
                write = set_default(write.new_version().set("updated_at", now), given.then_some(id));
            }
        }
        let item = self.apply(vec![write]).await?.ok_or_else(|| Error::internal("an update returned no item"))?;
        pair.tenant = read_row(item)?;
        Ok(())
    }

    /// Detaches a repository that is not the default.
    pub async fn detach_tenant_repository(
        &self,
        integration: &Integration,
        tenant_id: TenantId,
        repository_id: RepositoryId,
        row: Option<TenantRow>,
    ) -> Result<()> {
        let root = integration.root();
        let path = format!("repos.{}", repository_id.ulid());
        let judge = move |row: &TenantRow| {
            if !row.repos.contains_key(&repository_id.ulid()) {
                Err(Error::NotFound)
            } else if row.default_repository() == Some(repository_id) {
                let detail = "The repository is the tenant's default: clear the tenant's default_repository_id first.";
                Err(Error::ResourceInUse(Conflict::new(tenant_id.to_string(), detail)))
            } else {
                Ok(())
            }
        };
        judge(&row.ok_or(Error::NotFound)?)?;
        let refused = move |old: Option<&Item>| {
            let row = old.cloned().ok_or(Error::NotFound).and_then(read_row::<TenantRow>);
            row.and_then(|row| judge(&row))
                .err()
                .unwrap_or_else(|| Error::internal("a detach was refused for no reason"))
        };
        let tenant = Write::update(keys::tenant(root, tenant_id))
            .remove(&path)
            .when(
                &format!("attribute_exists({{{path}}}) AND (attribute_not_exists({{default_repository_id}}) OR {{default_repository_id}} <> ?)"),
                [text(repository_id.to_string())],
            )
            .otherwise(refused);
        let mut writes = vec![tenant];
        writes.extend(release(root, repository_id, tenant_id));
        self.apply(writes).await.map(drop)
    }

    /// A tenant's item, for what hangs on it.
    pub async fn tenant_with_attachments(&self, root: &CustomerRoot, id: TenantId) -> Result<Option<TenantRow>> {
        self.tenant_row(root, id).await
    }

    /// A page of a tenant's attachments, newest repository first.
    pub async fn tenant_repositories(
        &self,
        root: &CustomerRoot,
        tenant_id: TenantId,
        list: &IdList<id::Repository>,
    ) -> Result<IdPage<Attachment>> {
        let row = self.tenant_row(root, tenant_id).await?.ok_or(Error::NotFound)?;
        let mut ids: Vec<RepositoryId> = row.repos.keys().filter_map(|ulid| RepositoryId::parse_ulid(ulid)).collect();
        ids.retain(|id| list.admits(*id));
        ids.sort_unstable();
        if !list.is_backward() {
            ids.reverse();
        }
        let more = ids.len() > list.limit;
        ids.truncate(list.limit);
        let mut position = ids.last().filter(|_| more).copied();
        let (mut data, mut body_bytes): (Vec<Attachment>, usize) = (Vec::new(), FRAME_BYTES);
        let (mut rest, mut at_once) = (ids.as_slice(), BATCH);
        'page: while !rest.is_empty() {
            let (batch, after) = rest.split_at(at_once.min(rest.len()));
            let items = self.get_all(batch.iter().map(|id| keys::repository(root, *id)).collect()).await?;
            let repositories: Result<Vec<Repository>> = items.into_iter().map(read_repository).collect();
            let mut by_id: HashMap<RepositoryId, Repository> =
                repositories?.into_iter().map(|repository| (repository.id, repository)).collect();
            for shown in batch.iter().filter_map(|id| attachment(tenant_id, &row, by_id.remove(id)?)) {
                body_bytes += serde_json::to_vec(&shown).map_err(Error::internal)?.len() + 1;
                if let Some(last) = data.last().filter(|_| body_bytes > MOST_BODY_BYTES) {
                    position = Some(last.repository_id);
                    break 'page;
                }
                data.push(shown);
            }
            rest = after;
            // Small ones: all that are left fit into one answer.
            if body_bytes < MOST_BODY_BYTES / 16 {
                at_once = MOST_ATTACHMENTS;
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
        Write::update(keys::repository(root, repository))
            .increase("n", -1)
            .when("{n} > ?", [number(0)])
            .otherwise(|_| Error::PreconditionFailed),
        Write::delete(keys::attached_tenant(root, repository, tenant))
            .when("attribute_exists({pk})", [])
            .otherwise(|_| Error::PreconditionFailed),
    ]
}
