//! Tenants of a customer. A tenant and its attachments are one item, so that an invariant is a condition of one write.

use super::client::Store;
use super::commit::Decision;
use super::first_read::FirstRead;
use super::idempotency::{IdempotentRequest, IdempotentResult};
use super::item::{self, Item, new_item, read_row, row, text};
use super::keys::{self, id_sort_key};
use super::read::PageQuery;
use super::snapshot::{Entity, Snapshot};
use super::write::Write;
use crate::domain::attachment::{AttachedRepository, TenantWithAttachments};
use crate::domain::id_list::{IdList, IdPage, Position};
use crate::domain::precondition::IfMatch;
use crate::domain::principal::{CustomerRoot, Integration};
use crate::domain::secret::Root;
use crate::domain::tenant::{ExternalId, Metadata, NewTenant, Tenant, TenantPatch, TenantSettings, TenantStatus};
use crate::domain::{Change, Conflict, Error, Id, Kind, RepositoryId, Result, TenantId, Timestamp, id};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A tenant as an item, without its attachments.
#[derive(Serialize, Deserialize)]
pub(super) struct TenantRow {
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
    created_at: Timestamp,
    updated_at: Timestamp,
    ver: u64,
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
            created_at: tenant.created_at,
            updated_at: tenant.updated_at,
            ver: tenant.version,
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

impl Entity for Tenant {
    const ATTRIBUTES: Option<&'static [&'static str]> = Some(&[
        "id",
        "external_id",
        "name",
        "status",
        "default_repository_id",
        "settings",
        "metadata",
        "created_at",
        "updated_at",
        "ver",
    ]);

    fn from_item(item: Item) -> Result<Self> {
        Ok(read_row::<TenantRow>(item)?.into())
    }
}

/// The attribute with the attachments, by the ULID of the repository.
const ATTACHMENTS: &str = "repos";

impl Entity for TenantWithAttachments {
    const ATTRIBUTES: Option<&'static [&'static str]> = None;

    fn from_item(mut item: Item) -> Result<Self> {
        let attachments = item.remove(ATTACHMENTS).ok_or_else(|| Error::internal("a tenant without attachments"))?;
        let attachments: BTreeMap<String, AttachedRepository> =
            serde_dynamo::from_attribute_value(attachments).map_err(Error::internal)?;
        let by_id = |(ulid, attached): (String, _)| Some((RepositoryId::parse_ulid(&ulid)?, attached));
        let attachments: Option<_> = attachments.into_iter().map(by_id).collect();
        Ok(Self {
            tenant: Tenant::from_item(item)?,
            attachments: attachments.ok_or_else(|| Error::internal("an attachment of no repository"))?,
        })
    }
}

/// The path of an attachment in the item of its tenant.
pub(super) fn attachment_path(repository: RepositoryId) -> String {
    format!("{ATTACHMENTS}.{}", repository.ulid())
}

/// The attributes of a tenant. Suspended tenants are in the index.
pub(super) fn attributes(root: &CustomerRoot, tenant: &Tenant) -> Result<Item> {
    let mut attributes = row(&TenantRow::from(tenant.clone()))?;
    if tenant.status == TenantStatus::Suspended {
        let index = keys::suspended_tenants(root).index_attributes(id_sort_key(tenant.id));
        attributes.extend(index.map(|(name, value)| (name.to_owned(), value)));
    }
    Ok(attributes)
}

/// The write that changes a tenant as it was read to `after`. Attachments do not change.
pub(super) fn change_tenant(
    root: &CustomerRoot,
    read: &Snapshot<TenantWithAttachments>,
    after: &Tenant,
) -> Result<Write<'static>> {
    Ok(Write::change(read, &attributes(root, &read.entity.tenant)?, &attributes(root, after)?))
}

/// The write of a patch. Without `If-Match` and a new default repository it does not depend on concurrent changes.
pub(super) fn patch_tenant(
    root: &CustomerRoot,
    read: &Snapshot<TenantWithAttachments>,
    after: &Tenant,
    patch: &TenantPatch,
    if_match: &IfMatch,
) -> Result<Write<'static>> {
    if if_match.is_present() || patch.default_repository_id.flatten().is_some() {
        return change_tenant(root, read, after);
    }
    let after = attributes(root, after)?;
    let write = Write::overwrite(read, &after, &given(patch));
    Ok(write.set_or_remove("updated_at", after.get("updated_at").cloned()))
}

/// The attributes that a patch sets.
pub(super) fn given(patch: &TenantPatch) -> Vec<&'static str> {
    let mut given = Vec::new();
    given.extend(patch.name.is_some().then_some("name"));
    given.extend(patch.default_repository_id.is_some().then_some("default_repository_id"));
    given.extend(patch.settings.is_some().then_some("settings"));
    given.extend(patch.metadata.is_some().then_some("metadata"));
    if patch.status.is_some() {
        given.extend(["status", "g1pk", "g1sk"]);
    }
    given
}

impl FirstRead<Option<Snapshot<Tenant>>> {
    /// A tenant.
    pub fn tenant(root: &CustomerRoot, id: TenantId) -> Self {
        Self::entity(keys::tenant(root, id))
    }
}

impl FirstRead<Option<Snapshot<TenantWithAttachments>>> {
    /// A tenant with its attachments.
    pub fn tenant_with_attachments(root: &CustomerRoot, id: TenantId) -> Self {
        Self::entity(keys::tenant(root, id))
    }
}

impl Store {
    /// Creates a tenant.
    pub async fn create_tenant(
        &self,
        integration: &Integration,
        new: NewTenant,
        request: Option<&IdempotentRequest>,
    ) -> Result<IdempotentResult<Tenant>> {
        let id: TenantId = self.new_id()?;
        let tenant = new.clone().into_tenant(id);
        let writes = new_tenant(integration.root(), &tenant)?;
        let replay = |id: &str| Some(new.into_tenant(TenantId::parse(id)?));
        self.create(&Root::Customer(*integration.root()), request, (id, tenant.clone()), writes, replay).await
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
        let is_included = |tenant: &Tenant| status.is_none_or(|status| tenant.status == status);
        self.id_page(&partition, list, status.is_some(), Tenant::from_item, is_included).await
    }

    /// A page of a partition whose sort keys are ids.
    pub(super) async fn id_page<K: Kind, T: Serialize>(
        &self,
        partition: &keys::Partition,
        list: &IdList<K>,
        has_filter: bool,
        read: impl Fn(Item) -> Result<T>,
        is_included: impl Fn(&T) -> bool,
    ) -> Result<IdPage<T>> {
        let after = match &list.position {
            Position::Newest => None,
            Position::StartingAfter(id) | Position::EndingBefore(id) => Some(id_sort_key(*id)),
        };
        let query = PageQuery { descending: !list.is_backward(), after, limit: list.limit, has_filter };
        let mut page = self.query_page(partition, query, read, is_included).await?;
        if list.is_backward() {
            page.rows.reverse();
        }
        let cursor = page.position.and_then(|position| Id::<K>::parse_ulid(&position)).map(|id| id.to_string());
        Ok(IdPage::new(page.rows, cursor))
    }

    /// Changes a tenant. An empty patch writes nothing.
    pub async fn update_tenant(
        &self,
        integration: &Integration,
        tenant: Option<Snapshot<TenantWithAttachments>>,
        patch: &TenantPatch,
        if_match: &IfMatch,
    ) -> Result<Tenant> {
        let decide = |read: &Snapshot<TenantWithAttachments>| {
            Ok(match read.entity.patched(patch, if_match, self.now)? {
                Change::Unchanged => Change::Unchanged,
                Change::To(changed) => {
                    let write = patch_tenant(integration.root(), read, &changed, patch, if_match)?;
                    Change::To((write, TenantWithAttachments { tenant: changed, ..read.entity.clone() }))
                }
            })
        };
        Ok(self.overwrite(tenant, decide).await?.tenant)
    }

    /// Deletes a tenant on which nothing depends.
    pub async fn delete_tenant(
        &self,
        integration: &Integration,
        tenant: Option<Snapshot<TenantWithAttachments>>,
        if_match: &IfMatch,
    ) -> Result<()> {
        let decide = |read: &Snapshot<TenantWithAttachments>| {
            read.entity.check_deletable(if_match)?;
            Ok(Decision { writes: removal(integration.root(), read), answer: () })
        };
        self.change(tenant, decide).await
    }
}

/// The writes of a new tenant. The marker of its external id has the id of the tenant, for the error of a later request.
pub(super) fn new_tenant<'a>(root: &CustomerRoot, tenant: &'a Tenant) -> Result<Vec<Write<'a>>> {
    let mut item = new_item("tenant", &TenantRow::from(tenant.clone()))?;
    item.insert(ATTACHMENTS.to_owned(), item::value(&BTreeMap::<&str, &str>::new())?);
    let mut writes = vec![Write::put_new(keys::tenant(root, tenant.id), item).with_history()];
    if let Some(external_id) = &tenant.external_id {
        let marker = new_item("external_id", &BTreeMap::from([("id", tenant.id)]))?;
        let taken = move |old: Option<&Item>| {
            let detail = format!("The external id \"{}\" belongs to another tenant.", external_id.as_str());
            Error::ExternalIdConflict(Conflict::new(item::holder(old), detail))
        };
        writes.push(Write::put_new(keys::external_id(root, external_id), marker).on_condition_failed(taken));
    }
    Ok(writes)
}

/// The writes that delete a tenant as it was read, and its marker.
pub(super) fn removal(root: &CustomerRoot, read: &Snapshot<TenantWithAttachments>) -> Vec<Write<'static>> {
    let tenant = &read.entity.tenant;
    let mut writes = vec![Write::delete_item(read.key.clone()).unchanged_since(read)];
    if let Some(external_id) = &tenant.external_id {
        let marker = Write::delete_item(keys::external_id(root, external_id))
            .with_condition("{id} = ?", [text(tenant.id.to_string())]);
        writes.push(marker);
    }
    writes
}
