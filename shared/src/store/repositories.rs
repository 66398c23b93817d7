//! Repositories of a customer.

use super::client::Store;
use super::commit::Decision;
use super::first_read::FirstRead;
use super::idempotency::{IdempotentRequest, IdempotentResult};
use super::item::{self, Item, get_text, new_item, read_row, row, text};
use super::keys;
use super::snapshot::{Entity, Snapshot};
use super::write::Write;
use crate::domain::id_list::{IdList, IdPage};
use crate::domain::precondition::IfMatch;
use crate::domain::principal::{CustomerRoot, Integration};
use crate::domain::repository::{NewRepository, Provider, Repository, RepositoryPatch, Sync};
use crate::domain::secret::Root;
use crate::domain::tenant::Metadata;
use crate::domain::{Change, Conflict, Error, RepositoryId, Result, TenantId, Timestamp, id};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// A repository as an item.
#[derive(Serialize, Deserialize)]
pub(super) struct RepositoryRow {
    id: RepositoryId,
    name: String,
    repo_url: String,
    branch: String,
    provider: Provider,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    credential_id: Option<String>,
    sync: Sync,
    metadata: Metadata,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// The number of tenants that it is attached to. It does not affect the version.
    n: u32,
    ver: u64,
}

impl From<Repository> for RepositoryRow {
    fn from(repository: Repository) -> Self {
        Self {
            id: repository.id,
            name: repository.name,
            repo_url: repository.repo_url,
            branch: repository.branch,
            provider: repository.provider,
            credential_id: repository.credential_id,
            sync: repository.sync,
            metadata: repository.metadata,
            created_at: repository.created_at,
            updated_at: repository.updated_at,
            n: repository.attached_to,
            ver: repository.version,
        }
    }
}

impl From<RepositoryRow> for Repository {
    fn from(row: RepositoryRow) -> Self {
        Self {
            object: "repository",
            id: row.id,
            name: row.name,
            repo_url: row.repo_url,
            branch: row.branch,
            provider: row.provider,
            credential_id: row.credential_id,
            sync: row.sync,
            metadata: row.metadata,
            created_at: row.created_at,
            updated_at: row.updated_at,
            attached_to: row.n,
            version: row.ver,
        }
    }
}

impl Entity for Repository {
    const ATTRIBUTES: Option<&'static [&'static str]> = Some(&[
        "id",
        "name",
        "repo_url",
        "branch",
        "provider",
        "credential_id",
        "sync",
        "metadata",
        "created_at",
        "updated_at",
        "n",
        "ver",
    ]);

    fn from_item(item: Item) -> Result<Self> {
        Ok(read_row::<RepositoryRow>(item)?.into())
    }
}

impl FirstRead<Option<Snapshot<Repository>>> {
    /// A repository.
    pub fn repository(root: &CustomerRoot, id: RepositoryId) -> Self {
        Self::entity(keys::repository(root, id))
    }
}

impl FirstRead<Option<RepositoryId>> {
    /// The id of the repository that has a name.
    pub fn repository_named(root: &CustomerRoot, name: &str) -> Self {
        let marker = FirstRead::item(keys::repository_name(root, name), Some(&["id"]));
        marker.map(|marker| Ok(marker.and_then(|marker| RepositoryId::parse(get_text(&marker, "id")?))))
    }
}

/// Reserves a name. The marker has the id of the holder, for the error of a later request.
fn reserve_name<'a>(root: &CustomerRoot, name: &'a str, id: RepositoryId) -> Result<Write<'a>> {
    let marker = new_item("repository_name", &BTreeMap::from([("id", id)]))?;
    let taken = move |old: Option<&Item>| {
        let detail = format!("The name \"{name}\" is taken by another repository.");
        Error::NameConflict(Conflict::new(item::holder(old), detail))
    };
    Ok(Write::put_new(keys::repository_name(root, name), marker).on_condition_failed(taken))
}

/// Releases a name.
fn release_name(root: &CustomerRoot, name: &str, id: RepositoryId) -> Write<'static> {
    Write::delete_item(keys::repository_name(root, name)).with_condition("{id} = ?", [text(id.to_string())])
}

impl Store {
    /// Registers a repository.
    pub async fn register_repository(
        &self,
        integration: &Integration,
        new: NewRepository,
        request: Option<&IdempotentRequest>,
    ) -> Result<IdempotentResult<Repository>> {
        let root = integration.root();
        let id: RepositoryId = self.new_id()?;
        let repository = new.clone().into_repository(id);
        let item = new_item("repository", &RepositoryRow::from(repository.clone()))?;
        let writes = vec![
            Write::put_new(keys::repository(root, id), item).with_history(),
            reserve_name(root, &repository.name, id)?,
        ];
        let replay = |id: &str| Some(new.into_repository(RepositoryId::parse(id)?));
        self.create(&Root::Customer(*root), request, (id, repository.clone()), writes, replay).await
    }

    /// A page of repositories, newest first.
    pub async fn repositories(&self, root: &CustomerRoot, list: &IdList<id::Repository>) -> Result<IdPage<Repository>> {
        self.id_page(&keys::repositories(root), list, false, Repository::from_item, |_| true).await
    }

    /// The page with the repository that has a name, if there is one. `holder` is the result of the first read.
    pub async fn repository_by_name(
        &self,
        integration: &Integration,
        list: &IdList<id::Repository>,
        name: &str,
        holder: Option<RepositoryId>,
    ) -> Result<IdPage<Repository>> {
        let found = match holder.filter(|id| list.includes(*id)) {
            Some(id) => self.snapshot::<Repository>(&keys::repository(integration.root(), id)).await?,
            None => None,
        };
        let named = found.map(|found| found.entity).filter(|found| found.name == name);
        Ok(IdPage::new(named.into_iter().collect(), None))
    }

    /// Changes a repository. A new name is reserved and the old one released in the same transaction.
    pub async fn update_repository(
        &self,
        integration: &Integration,
        repository: Option<Snapshot<Repository>>,
        patch: &RepositoryPatch,
        if_match: &IfMatch,
    ) -> Result<Repository> {
        let root = integration.root();
        let decide = |read: &Snapshot<Repository>| {
            let Change::To(changed) = read.entity.patched(patch, if_match, self.now)? else {
                return Ok(Decision { writes: Vec::new(), answer: read.entity.clone() });
            };
            let row = |repository: &Repository| row(&RepositoryRow::from(repository.clone()));
            let mut writes = vec![Write::change(read, &row(&read.entity)?, &row(&changed)?)];
            if let Some(name) = patch.name.as_deref().filter(|name| *name != read.entity.name) {
                writes.push(reserve_name(root, name, changed.id)?);
                writes.push(release_name(root, &read.entity.name, changed.id));
            }
            Ok(Decision { writes, answer: changed })
        };
        self.change(repository, decide).await
    }

    /// Deletes a repository that is not attached to a tenant.
    pub async fn delete_repository(
        &self,
        integration: &Integration,
        repository: Option<Snapshot<Repository>>,
        if_match: &IfMatch,
    ) -> Result<()> {
        let root = integration.root();
        self.retry(repository, async |read| {
            let read = read.ok_or(Error::NotFound)?;
            if_match.check(read.entity.version)?;
            if read.entity.attached_to > 0 {
                return match self.find_dependent(root, read.entity.id).await? {
                    Some(tenant) => {
                        let detail = "The repository is attached to a tenant: detach it there first, or wait where that tenant was deprovisioned.";
                        Err(Error::ResourceInUse(Conflict::new(tenant.to_string(), detail)))
                    }
                    // It was detached after it was read.
                    None => Ok(ControlFlow::Continue(self.snapshot(&read.key).await?)),
                };
            }
            let writes = vec![
                Write::delete_item(read.key.clone()).unchanged_since(&read),
                release_name(root, &read.entity.name, read.entity.id),
            ];
            Ok(match self.commit(writes).await?.failed_conditions()? {
                None => ControlFlow::Break(()),
                Some(failed) => ControlFlow::Continue(self.reread(&read.key, failed).await?),
            })
        })
        .await
    }

    async fn find_dependent(&self, root: &CustomerRoot, id: RepositoryId) -> Result<Option<TenantId>> {
        let item = self.first(&keys::attached_tenants(root, id)).await?;
        Ok(item.and_then(|item| TenantId::parse_ulid(get_text(&item, "sk")?)))
    }
}
