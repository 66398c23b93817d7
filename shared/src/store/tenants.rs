//! Tenants of a customer. A tenant and its attachments are one item, so that each of its invariants is one
//! condition on one write.

use super::Store;
use super::doubt::unknown;
use super::item::{self, Item, get_number, get_text, new_item, read_row, text};
use super::keys::{self, id_position};
use super::read::Walk;
use super::record::{Kept, Made, Once};
use super::write::{Outcome, Write, first_meaning};
use crate::domain::id_list::{IdList, IdPage, Position};
use crate::domain::precondition::IfMatch;
use crate::domain::principal::{CustomerRoot, Integration};
use crate::domain::secret::Root;
use crate::domain::tenant::{ExternalId, Metadata, NewTenant, Tenant, TenantPatch, TenantSettings, TenantStatus};
use crate::domain::{Conflict, Error, Id, Kind, RepositoryId, Result, TenantId, Timestamp, id};
use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A tenant as an item.
#[derive(Serialize, Deserialize)]
pub struct TenantRow {
    id: TenantId,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    external_id: Option<ExternalId>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    name: Option<String>,
    status: TenantStatus,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    default_repository_id: Option<RepositoryId>,
    settings: TenantSettings,
    metadata: Metadata,
    /// The attachments by the ULID of their repository.
    pub(super) repos: BTreeMap<String, AttachmentRow>,
    created_at: Timestamp,
    updated_at: Timestamp,
    ver: u64,
    /// The last write: unlike `ver`, attachments move it too.
    #[serde(skip_serializing, default)]
    w: String,
}

/// What a tenant keeps of an attachment.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct AttachmentRow {
    #[serde(rename = "b", skip_serializing_if = "Option::is_none", default)]
    pub branch_override: Option<String>,
    #[serde(rename = "c")]
    pub created_at: Timestamp,
    #[serde(rename = "u")]
    pub updated_at: Timestamp,
}

impl From<Tenant> for TenantRow {
    fn from(tenant: Tenant) -> Self {
        Self {
            id: tenant.id,
            external_id: tenant.external_id,
            name: tenant.name,
            status: tenant.status,
            default_repository_id: tenant.default_repository_id,
            settings: tenant.settings,
            metadata: tenant.metadata,
            repos: BTreeMap::new(),
            created_at: tenant.created_at,
            updated_at: tenant.updated_at,
            ver: tenant.version,
            w: String::new(),
        }
    }
}

impl From<TenantRow> for Tenant {
    fn from(row: TenantRow) -> Self {
        Self {
            object: "tenant",
            id: row.id,
            external_id: row.external_id,
            name: row.name,
            status: row.status,
            default_repository_id: row.default_repository_id,
            settings: row.settings,
            metadata: row.metadata,
            created_at: row.created_at,
            updated_at: row.updated_at,
            version: row.ver,
        }
    }
}

impl TenantRow {
    /// The same row after a repository was attached.
    pub(super) fn attached(&mut self, id: RepositoryId, row: AttachmentRow, is_default: bool) {
        self.repos.insert(id.ulid(), row);
        if is_default {
            self.default_repository_id = Some(id);
        }
    }

    /// The tenant's default.
    pub(super) fn default_repository(&self) -> Option<RepositoryId> {
        self.default_repository_id
    }
}

/// Only what an anchor of a list needs is looked at; the attachments are not decoded.
fn read_tenant(mut item: Item) -> Result<Tenant> {
    item.insert("repos".to_owned(), AttributeValue::M(Default::default()));
    Ok(read_row::<TenantRow>(item)?.into())
}

fn has_attachment(item: &Item, repository: RepositoryId) -> bool {
    item.get("repos").and_then(|repos| repos.as_m().ok()).is_some_and(|repos| repos.contains_key(&repository.ulid()))
}

impl Store {
    /// Makes a tenant.
    pub async fn create_tenant(
        &self,
        integration: &Integration,
        new: NewTenant,
        once: Option<&Once>,
    ) -> Result<Made<Tenant>> {
        let id: TenantId = self.new_id()?;
        let tenant = new.clone().into_tenant(id);
        let writes = self.new_tenant(integration.root(), &tenant)?;
        match self.apply_once(&Root::Customer(*integration.root()), once, id, None, writes).await? {
            Kept::Applied => Ok(Made { value: tenant, replayed: false }),
            Kept::Replay(record) => {
                let id = TenantId::parse(&record.id).ok_or_else(|| Error::internal("a record names no tenant"))?;
                Ok(Made { value: new.into_tenant(id), replayed: true })
            }
        }
    }

    /// The writes that make a tenant; its external id's marker names the holder to whoever comes second.
    fn new_tenant<'a>(&self, root: &CustomerRoot, tenant: &'a Tenant) -> Result<Vec<Write<'a>>> {
        let item = new_item("tenant", &TenantRow::from(tenant.clone()))?;
        let mut writes = vec![Write::put(keys::tenant(root, tenant.id), item)];
        if let Some(external_id) = &tenant.external_id {
            let marker = new_item("external_id", &BTreeMap::from([("id", tenant.id)]))?;
            let taken = move |old: Option<&Item>| {
                let holder = item::holder(old);
                let detail = format!("The external id \"{}\" belongs to another tenant.", external_id.as_str());
                Error::ExternalIdConflict(Conflict::new(holder, detail))
            };
            writes.push(Write::put(keys::external_id(root, external_id), marker).otherwise(taken));
        }
        Ok(writes)
    }

    /// A tenant's item.
    pub(super) async fn tenant_row(&self, root: &CustomerRoot, id: TenantId) -> Result<Option<TenantRow>> {
        self.get(keys::tenant(root, id)).await?.map(read_row).transpose()
    }

    /// A tenant.
    pub async fn tenant(&self, root: &CustomerRoot, id: TenantId) -> Result<Tenant> {
        let item = self.get(keys::tenant(root, id)).await?.ok_or(Error::NotFound)?;
        read_tenant(item)
    }

    /// The tenant that an external id names.
    pub async fn tenant_by_external_id(&self, root: &CustomerRoot, external_id: &ExternalId) -> Result<Tenant> {
        self.find_by_external_id(root, external_id).await?.ok_or(Error::NotFound)
    }

    async fn holder(&self, root: &CustomerRoot, external_id: &ExternalId) -> Result<Option<TenantId>> {
        let marker = self.get(keys::external_id(root, external_id)).await?;
        Ok(marker.and_then(|marker| TenantId::parse(get_text(&marker, "id")?)))
    }

    /// A page of tenants, newest first.
    pub async fn tenants(
        &self,
        root: &CustomerRoot,
        list: &IdList<id::Tenant>,
        status: Option<TenantStatus>,
    ) -> Result<IdPage<Tenant>> {
        let partition = match status {
            Some(TenantStatus::Suspended) => keys::suspended_tenants(root),
            _ => keys::tenants(root),
        };
        let is_wanted = |tenant: &Tenant| status.is_none_or(|status| tenant.status == status);
        self.id_page(&partition, list, status.is_some(), read_tenant, is_wanted).await
    }

    /// A page of a partition whose sort keys are ids.
    pub(super) async fn id_page<K: Kind, T: Serialize>(
        &self,
        partition: &keys::Partition,
        list: &IdList<K>,
        selective: bool,
        read: impl Fn(Item) -> Result<T>,
        is_wanted: impl Fn(&T) -> bool,
    ) -> Result<IdPage<T>> {
        let after = match &list.position {
            Position::Newest => None,
            Position::StartingAfter(id) | Position::EndingBefore(id) => Some(id_position(*id)),
        };
        let walk = Walk { descending: !list.is_backward(), after, most: list.limit, selective };
        let mut walked = self.walk(partition, walk, read, is_wanted).await?;
        if list.is_backward() {
            walked.rows.reverse();
        }
        let cursor = walked.position.and_then(|position| Id::<K>::parse_ulid(&position)).map(|id| id.to_string());
        Ok(IdPage::new(walked.rows, cursor))
    }

    /// Changes a tenant in one write; a patch that changes nothing reads it.
    pub async fn update_tenant(
        &self,
        integration: &Integration,
        id: TenantId,
        patch: &TenantPatch,
        if_match: &IfMatch,
    ) -> Result<Tenant> {
        let root = integration.root();
        if patch.is_empty() {
            let tenant = self.tenant(root, id).await?;
            return if if_match.accepts(tenant.version) { Ok(tenant) } else { Err(Error::PreconditionFailed) };
        }
        let update = async |if_match: &IfMatch| {
            let write = tenant_update(root, id, patch, if_match, self.now)?;
            self.apply(vec![write]).await?.ok_or_else(|| Error::internal("an update returned no item"))
        };
        read_tenant(self.under(if_match, keys::tenant(root, id), update).await?)
    }

    /// The tenant that an external id names, if there is one.
    pub async fn find_by_external_id(&self, root: &CustomerRoot, external_id: &ExternalId) -> Result<Option<Tenant>> {
        loop {
            let Some(id) = self.holder(root, external_id).await? else { return Ok(None) };
            match self.tenant(root, id).await {
                // Deprovisioned between the two reads: its marker is gone as well.
                Err(Error::NotFound) => {}
                found => return found.map(Some),
            }
        }
    }

    /// Makes the tenant of an external id or changes it; what is as asked for already is not written.
    /// `found` is the tenant as it was read when the request came.
    pub async fn upsert_tenant_by_external_id(
        &self,
        integration: &Integration,
        external_id: &ExternalId,
        mut found: Option<Tenant>,
        patch: &TenantPatch,
        if_match: &IfMatch,
        must_be_new: bool,
    ) -> Result<(Tenant, bool)> {
        let root = integration.root();
        // A parallel create, change or deprovision may come between reading and writing; the next round sees it.
        loop {
            let Some(tenant) = found else {
                if if_match.is_given {
                    return Err(Error::PreconditionFailed);
                }
                if patch.default_repository_id.flatten().is_some() {
                    return Err(not_attached());
                }
                let tenant = patch.clone().into_new(external_id.clone()).into_tenant(self.new_id()?);
                let writes = self.new_tenant(root, &tenant)?;
                match self.apply(writes).await {
                    Ok(_) => return Ok((tenant, true)),
                    Err(Error::ExternalIdConflict(_)) => {
                        found = self.find_by_external_id(root, external_id).await?;
                        continue;
                    }
                    Err(error) => return Err(error),
                }
            };
            if must_be_new || !if_match.accepts(tenant.version) {
                return Err(Error::PreconditionFailed);
            }
            if patch.changes_to(&tenant).is_empty() {
                return Ok((tenant, false));
            }
            let change = async |if_match: &IfMatch| self.change_tenant(root, tenant.id, patch, if_match).await;
            match self.under(if_match, keys::tenant(root, tenant.id), change).await {
                Ok(tenant) => return Ok((tenant, false)),
                Err(Error::NotFound) => found = self.find_by_external_id(root, external_id).await?,
                Err(error) => return Err(error),
            }
        }
    }

    /// Changes a tenant in one write, unless it is as asked for by then. The whole patch is written, also
    /// what was found equal before: a parallel change of that would end in a mixture of both.
    async fn change_tenant(
        &self,
        root: &CustomerRoot,
        id: TenantId,
        patch: &TenantPatch,
        if_match: &IfMatch,
    ) -> Result<Tenant> {
        let write = when_different(tenant_update(root, id, patch, if_match, self.now)?, patch)?;
        let mut writes = [write];
        let (refusals, known) = match self.attempt(&mut writes).await? {
            Outcome::Applied(item) => {
                return read_tenant(item.ok_or_else(|| Error::internal("an update returned no item"))?);
            }
            Outcome::Refused(refusals) => (refusals, true),
            Outcome::Unknown(refusals) => (refusals, false),
        };
        let as_asked_for = refusals.iter().find_map(|(_, old)| {
            let tenant = read_tenant(old.clone()?).ok()?;
            (if_match.accepts(tenant.version) && patch.changes_to(&tenant).is_empty()).then_some(tenant)
        });
        as_asked_for.ok_or_else(|| if known { first_meaning(&writes, &refusals) } else { unknown() })
    }

    /// Deletes a tenant on which nothing depends.
    pub async fn delete_tenant(&self, integration: &Integration, id: TenantId, if_match: &IfMatch) -> Result<()> {
        let root = integration.root();
        loop {
            let row = self.tenant_row(root, id).await?.ok_or(Error::NotFound)?;
            if !if_match.accepts(row.ver) {
                return Err(Error::PreconditionFailed);
            }
            if let Some(repository) = row.repos.keys().next().and_then(|ulid| RepositoryId::parse_ulid(ulid)) {
                let detail = "A repository is attached to the tenant: detach it first.";
                return Err(Error::ResourceInUse(Conflict::new(repository.to_string(), detail)));
            }
            match self.apply(removal(root, &row)).await {
                Ok(_) => return Ok(()),
                Err(Error::PreconditionFailed) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Removes a tenant and all below it, in one step; a sweep releases its repositories afterwards.
    pub async fn delete_tenant_by_external_id(
        &self,
        integration: &Integration,
        external_id: &ExternalId,
        if_match: &IfMatch,
    ) -> Result<()> {
        let root = integration.root();
        loop {
            let id = self.holder(root, external_id).await?.ok_or(Error::NotFound)?;
            let Some(row) = self.tenant_row(root, id).await? else { continue };
            if !if_match.accepts(row.ver) {
                return Err(Error::PreconditionFailed);
            }
            let mut writes = removal(root, &row);
            if !row.repos.is_empty() {
                writes.push(self.sweep_job(root, id, row.repos.keys().cloned().collect())?);
            }
            match self.apply(writes).await {
                Ok(_) => return Ok(()),
                Err(Error::PreconditionFailed) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// The one write that a patch makes of a tenant. A refusal means: gone, another version, or not attached.
fn tenant_update<'a>(
    root: &CustomerRoot,
    id: TenantId,
    patch: &TenantPatch,
    if_match: &'a IfMatch,
    now: Timestamp,
) -> Result<Write<'a>> {
    let default = patch.default_repository_id.flatten();
    let judge = move |old: Option<&Item>| match old {
        None => Error::NotFound,
        Some(old) if !get_number(old, "ver").is_some_and(|version| if_match.accepts(version)) => {
            Error::PreconditionFailed
        }
        Some(old) if default.is_some_and(|default| !has_attachment(old, default)) => not_attached(),
        Some(_) => Error::internal("a condition on a tenant failed for no reason"),
    };
    let mut write = Write::update(keys::tenant(root, id))
        .new_version()
        .set("updated_at", text(now.to_string()))
        .when_version(if_match.versions.as_deref())
        .otherwise(judge);
    if let Some(name) = &patch.name {
        write = write.set_or_remove("name", name.as_ref().map(text));
    }
    if let Some(default) = patch.default_repository_id {
        write = set_default(write, default);
    }
    if let Some(settings) = &patch.settings {
        write = write.set("settings", item::value(settings)?);
    }
    if let Some(metadata) = &patch.metadata {
        write = write.set("metadata", item::value(metadata)?);
    }
    if let Some(status) = patch.status {
        write = write.set("status", text(status.as_str()));
        write = match status {
            TenantStatus::Suspended => write.set_all(keys::suspended_tenants(root).index_attributes(id_position(id))),
            TenantStatus::Active => write.remove("g1pk").remove("g1sk"),
        };
    }
    Ok(write)
}

/// On condition that at least one member of the patch has another value by then.
fn when_different<'a>(write: Write<'a>, patch: &TenantPatch) -> Result<Write<'a>> {
    let texts = [
        ("name", patch.name.clone()),
        ("default_repository_id", patch.default_repository_id.map(|id| id.map(|id| id.to_string()))),
    ];
    let texts = texts.into_iter().filter_map(|(name, value)| Some((name, value?.map(text))));
    let settings = patch.settings.as_ref().map(item::value).transpose()?;
    let metadata = patch.metadata.as_ref().map(item::value).transpose()?;
    let maps = [("settings", settings), ("metadata", metadata)];
    let maps = maps.into_iter().filter_map(|(name, value)| Some((name, Some(value?))));
    let (mut conditions, mut values) = (Vec::new(), Vec::new());
    for (name, value) in texts.chain(maps) {
        // An absent attribute is unlike every value.
        conditions.push(if value.is_some() {
            format!("{{{name}}} <> ?")
        } else {
            format!("attribute_exists({{{name}}})")
        });
        values.extend(value);
    }
    Ok(write.when(&conditions.join(" OR "), values))
}

/// Removes a tenant as it was read, and its marker.
fn removal<'a>(root: &CustomerRoot, row: &TenantRow) -> Vec<Write<'a>> {
    let mut writes = vec![
        Write::delete(keys::tenant(root, row.id))
            .when("{w} = ?", [text(&*row.w)])
            .otherwise(|_| Error::PreconditionFailed),
    ];
    if let Some(external_id) = &row.external_id {
        let marker = Write::delete(keys::external_id(root, external_id))
            .when("{id} = ?", [text(row.id.to_string())])
            .otherwise(|_| Error::PreconditionFailed);
        writes.push(marker);
    }
    writes
}

/// Makes a repository the default, on condition that it is attached; or none.
pub(super) fn set_default<'a>(write: Write<'a>, default: Option<RepositoryId>) -> Write<'a> {
    match default {
        None => write.remove("default_repository_id"),
        Some(repository) => write
            .set("default_repository_id", text(repository.to_string()))
            .when(&format!("attribute_exists({{repos.{}}})", repository.ulid()), []),
    }
}

fn not_attached() -> Error {
    Error::invalid("/default_repository_id", "is not attached to this tenant")
}
