//! Repositories of a customer.

use super::Store;
use super::doubt::unknown;
use super::item::{self, Item, get_number, get_text, new_item, number, read_row, text};
use super::keys;
use super::record::{Kept, Made, Once};
use super::write::{Outcome, Write, first_meaning};
use crate::domain::id_list::{IdList, IdPage};
use crate::domain::precondition::IfMatch;
use crate::domain::principal::{CustomerRoot, Integration};
use crate::domain::repository::{NewRepository, Provider, Repository, RepositoryPatch, Sync};
use crate::domain::secret::Root;
use crate::domain::tenant::Metadata;
use crate::domain::{Conflict, Error, RepositoryId, Result, TenantId, Timestamp, id};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A repository as an item.
#[derive(Serialize, Deserialize)]
struct RepositoryRow {
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
    /// To how many tenants it is attached; no part of its version.
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
            n: 0,
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
            version: row.ver,
        }
    }
}

pub(super) fn read_repository(item: Item) -> Result<Repository> {
    Ok(read_row::<RepositoryRow>(item)?.into())
}

/// Reserves a name; the marker names the holder to whoever comes second.
fn reserve_name<'a>(root: &CustomerRoot, name: &'a str, id: RepositoryId) -> Result<Write<'a>> {
    let marker = new_item("repository_name", &BTreeMap::from([("id", id)]))?;
    let taken = move |old: Option<&Item>| {
        let holder = item::holder(old);
        Error::NameConflict(Conflict::new(holder, format!("The name \"{name}\" is taken by another repository.")))
    };
    Ok(Write::put(keys::repository_name(root, name), marker).otherwise(taken))
}

/// Gives a name back.
fn release_name<'a>(root: &CustomerRoot, name: &str, id: RepositoryId) -> Write<'a> {
    Write::delete(keys::repository_name(root, name))
        .when("{id} = ?", [text(id.to_string())])
        .otherwise(|_| Error::PreconditionFailed)
}

impl Store {
    /// Registers a repository.
    pub async fn register_repository(
        &self,
        integration: &Integration,
        new: NewRepository,
        once: Option<&Once>,
    ) -> Result<Made<Repository>> {
        let root = integration.root();
        let id: RepositoryId = self.new_id()?;
        let repository = new.clone().into_repository(id);
        let item = new_item("repository", &RepositoryRow::from(repository.clone()))?;
        let writes = vec![Write::put(keys::repository(root, id), item), reserve_name(root, &repository.name, id)?];
        match self.apply_once(&Root::Customer(*root), once, id, None, writes).await? {
            Kept::Applied => Ok(Made { value: repository, replayed: false }),
            Kept::Replay(record) => {
                let id =
                    RepositoryId::parse(&record.id).ok_or_else(|| Error::internal("a record names no repository"))?;
                Ok(Made { value: new.into_repository(id), replayed: true })
            }
        }
    }

    /// A repository.
    pub async fn repository(&self, root: &CustomerRoot, id: RepositoryId) -> Result<Repository> {
        let item = self.get(keys::repository(root, id)).await?.ok_or(Error::NotFound)?;
        read_repository(item)
    }

    /// A page of repositories, newest first; with a name, at most the one that has it.
    pub async fn repositories(
        &self,
        root: &CustomerRoot,
        list: &IdList<id::Repository>,
        name: Option<&str>,
    ) -> Result<IdPage<Repository>> {
        let Some(name) = name else {
            return self.id_page(&keys::repositories(root), list, false, read_repository, |_| true).await;
        };
        let marker = self.get(keys::repository_name(root, name)).await?;
        let id = marker.and_then(|marker| RepositoryId::parse(get_text(&marker, "id")?));
        let item = match id.filter(|id| list.admits(*id)) {
            Some(id) => self.get(keys::repository(root, id)).await?,
            None => None,
        };
        let named: Vec<_> =
            item.map(read_repository).transpose()?.into_iter().filter(|found| found.name == name).collect();
        Ok(IdPage::new(named, None))
    }

    /// Changes a repository; another name is reserved and the old one released in the same step.
    pub async fn update_repository(
        &self,
        integration: &Integration,
        id: RepositoryId,
        patch: &RepositoryPatch,
        if_match: &IfMatch,
    ) -> Result<Repository> {
        let root = integration.root();
        let key = keys::repository(root, id);
        self.under(if_match, key, async |if_match| self.change_repository(root, id, patch, if_match).await).await
    }

    async fn change_repository(
        &self,
        root: &CustomerRoot,
        id: RepositoryId,
        patch: &RepositoryPatch,
        if_match: &IfMatch,
    ) -> Result<Repository> {
        if patch.name.is_none() && !patch.is_empty() {
            let item = self.apply(vec![self.change(root, id, patch, if_match)?]).await?;
            return read_repository(item.ok_or_else(|| Error::internal("an update returned no item"))?);
        }
        let mut seen = self.repository(root, id).await?;
        loop {
            if !if_match.accepts(seen.version) {
                return Err(Error::PreconditionFailed);
            }
            let Some(name) = &patch.name else { return Ok(seen) };
            // What is answered is computed from what was read: the write holds only for that version.
            let mut writes = vec![self.change(root, id, patch, if_match)?.when_version(Some(&[seen.version]))];
            if *name != seen.name {
                writes.push(reserve_name(root, name, id)?);
                writes.push(release_name(root, &seen.name, id));
            }
            let refusals = match self.attempt(&mut writes).await? {
                Outcome::Applied(_) => return Ok(patch.applied_to(seen, self.now)),
                Outcome::Unknown(_) => return Err(unknown()),
                Outcome::Refused(refusals) => refusals,
            };
            // Somebody else was quicker: the refusal shows what the repository is now, and saves a read of it.
            match refusals.iter().find(|(at, _)| *at == 0) {
                Some((_, Some(now))) => seen = read_repository(now.clone())?,
                _ => return Err(first_meaning(&writes, &refusals)),
            }
        }
    }

    fn change<'a>(
        &self,
        root: &CustomerRoot,
        id: RepositoryId,
        patch: &RepositoryPatch,
        if_match: &'a IfMatch,
    ) -> Result<Write<'a>> {
        let mut write = Write::update(keys::repository(root, id))
            .new_version()
            .set("updated_at", text(self.now.to_string()))
            .when_version(if_match.versions.as_deref())
            .otherwise(|old| if old.is_some() { Error::PreconditionFailed } else { Error::NotFound });
        if let Some(name) = &patch.name {
            write = write.set("name", text(name));
        }
        if let Some(branch) = &patch.branch {
            write = write.set("branch", text(branch));
        }
        if let Some(credential_id) = &patch.credential_id {
            write = write.set_or_remove("credential_id", credential_id.as_ref().map(text));
        }
        if let Some(metadata) = &patch.metadata {
            write = write.set("metadata", item::value(metadata)?);
        }
        if patch.resets_sync() {
            write = write.set("sync.state", text("pending"));
        }
        Ok(write)
    }

    /// Deletes a repository that is attached nowhere.
    pub async fn delete_repository(
        &self,
        integration: &Integration,
        id: RepositoryId,
        if_match: &IfMatch,
    ) -> Result<()> {
        let root = integration.root();
        loop {
            let item = self.get(keys::repository(root, id)).await?.ok_or(Error::NotFound)?;
            let attached = get_number(&item, "n").unwrap_or_default();
            let seen = read_repository(item)?;
            if !if_match.accepts(seen.version) {
                return Err(Error::PreconditionFailed);
            }
            if attached > 0 {
                match self.a_dependent(root, id).await? {
                    Some(tenant) => {
                        let detail = "The repository is attached to a tenant: detach it there first, or wait where that tenant was deprovisioned.";
                        return Err(Error::ResourceInUse(Conflict::new(tenant.to_string(), detail)));
                    }
                    // Detached since it was read.
                    None => continue,
                }
            }
            let writes = vec![
                Write::delete(keys::repository(root, id))
                    .when("{n} = ? AND {ver} = ?", [number(0), number(seen.version)])
                    .otherwise(|_| Error::PreconditionFailed),
                release_name(root, &seen.name, id),
            ];
            match self.apply(writes).await {
                Ok(_) => return Ok(()),
                Err(Error::PreconditionFailed) => {}
                Err(error) => return Err(error),
            }
        }
    }

    async fn a_dependent(&self, root: &CustomerRoot, id: RepositoryId) -> Result<Option<TenantId>> {
        let item = self.first(&keys::attached_tenants(root, id)).await?;
        Ok(item.and_then(|item| TenantId::parse_ulid(get_text(&item, "sk")?)))
    }
}
