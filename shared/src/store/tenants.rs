//! Tenants of a customer. A tenant and its attachments are one item, so that an invariant is a condition of one write.

use super::client::Store;
use super::first_read::FirstRead;
use super::gates;
use super::idempotency::{IdempotentRequest, IdempotentResult};
use super::item::{self, Item, get_text, new_item, number, read_row, row, text};
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
use crate::domain::{Change, Conflict, Error, Id, Kind, RepositoryId, Result, TenantId, TenantTag, Timestamp, id};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

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
/// The attribute with the tag.
pub(super) const TAG: &str = "tag";
/// The attribute with the number of users and roles.
pub(super) const MEMBERS: &str = "n";

impl Entity for TenantWithAttachments {
    const ATTRIBUTES: Option<&'static [&'static str]> = None;

    fn from_item(mut item: Item) -> Result<Self> {
        let attachments = item.remove(ATTACHMENTS).ok_or_else(|| Error::internal("a tenant without attachments"))?;
        let attachments: BTreeMap<String, AttachedRepository> =
            serde_dynamo::from_attribute_value(attachments).map_err(Error::internal)?;
        let by_id = |(ulid, attached): (String, _)| Some((RepositoryId::parse_ulid(&ulid)?, attached));
        let attachments: Option<_> = attachments.into_iter().map(by_id).collect();
        let tag =
            get_text(&item, TAG).map(|tag| TenantTag::parse(tag).ok_or_else(|| Error::internal("an invalid tag")));
        Ok(Self {
            tag: tag.transpose()?,
            members: item.remove(MEMBERS).map_or(Ok(0), serde_dynamo::from_attribute_value).map_err(Error::internal)?,
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

/// The writes of the gates of a tenant that changes to `after`, if guarded writes depend on the change.
pub(super) fn gate_changes(
    root: &CustomerRoot,
    read: &Snapshot<TenantWithAttachments>,
    after: &Tenant,
) -> Vec<Write<'static>> {
    let before = &read.entity.tenant;
    let is_guarded = |tenant: &Tenant| (tenant.status, tenant.default_repository_id, tenant.settings.clone());
    match read.entity.tag {
        Some(tag) if is_guarded(before) != is_guarded(after) => gates::change_all(root, tag, Some(after.status)),
        _ => Vec::new(),
    }
}

/// The writes of a patch: the tenant, and its gates. Without `If-Match` and a new default repository the write of a tenant without gates
/// does not depend on concurrent changes, except that it still has no gates.
pub(super) fn patch_tenant(
    root: &CustomerRoot,
    read: &Snapshot<TenantWithAttachments>,
    after: &Tenant,
    patch: &TenantPatch,
    if_match: &IfMatch,
) -> Result<Vec<Write<'static>>> {
    let is_guarded = patch.status.is_some() || patch.settings.is_some() || patch.default_repository_id.is_some();
    let depends_on_default = patch.default_repository_id.flatten().is_some();
    if if_match.is_present() || depends_on_default || is_guarded && read.entity.tag.is_some() {
        let mut writes = vec![change_tenant(root, read, after)?];
        writes.extend(gate_changes(root, read, after));
        return Ok(writes);
    }
    let after = attributes(root, after)?;
    let write = Write::overwrite(read, &after, &given(patch));
    let write = write.set_or_remove("updated_at", after.get("updated_at").cloned());
    Ok(vec![if is_guarded { write.with_condition("attribute_not_exists({tag})", []) } else { write }])
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
        let descending = list.is_backward() == list.is_ascending;
        let query = PageQuery { descending, after, limit: list.limit, has_filter };
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
                    let writes = patch_tenant(integration.root(), read, &changed, patch, if_match)?;
                    Change::To((writes, TenantWithAttachments { tenant: changed, ..read.entity.clone() }))
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
        let root = integration.root();
        self.retry(tenant, async |read| {
            let read = read.ok_or(Error::NotFound)?;
            read.entity.check_deletable(if_match)?;
            if let Some(tag) = read.entity.tag.filter(|_| read.entity.members > 0) {
                return match self.find_member(root, tag).await? {
                    Some(member) => {
                        let detail = "The tenant has a user or a role.";
                        Err(Error::ResourceInUse(Conflict::new(member, detail)))
                    }
                    // It was deleted after the tenant was read.
                    None => Ok(ControlFlow::Continue(self.snapshot(&read.key).await?)),
                };
            }
            let mut writes = removal(root, &read);
            if let Some(tag) = read.entity.tag {
                writes.push(Write::delete_item(keys::leases(root, tag)).with_condition("attribute_exists({pk})", []));
            }
            Ok(match self.commit(writes).await?.failed_conditions()? {
                None => ControlFlow::Break(()),
                Some(failed) => ControlFlow::Continue(self.reread(&read.key, failed).await?),
            })
        })
        .await
    }

    /// The id of a user or, if there is none, of a role of a tenant.
    async fn find_member(&self, root: &CustomerRoot, tag: TenantTag) -> Result<Option<String>> {
        let member = match self.first(&keys::users_of_tenant(root, tag)).await? {
            Some(user) => Some(user),
            None => self.first(&keys::roles(root, tag)).await?,
        };
        Ok(member.and_then(|member| get_text(&member, "id").map(str::to_owned)))
    }
}

/// The writes of a new tenant. The marker of its external id has the id of the tenant, for the error of a later request.
pub(super) fn new_tenant<'a>(root: &CustomerRoot, tenant: &'a Tenant) -> Result<Vec<Write<'a>>> {
    let mut item = new_item("tenant", &TenantRow::from(tenant.clone()))?;
    item.insert(ATTACHMENTS.to_owned(), item::value(&BTreeMap::<&str, &str>::new())?);
    item.insert(MEMBERS.to_owned(), number(0));
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

/// The writes that delete a tenant as it was read, its marker and its gates.
pub(super) fn removal(root: &CustomerRoot, read: &Snapshot<TenantWithAttachments>) -> Vec<Write<'static>> {
    let tenant = &read.entity.tenant;
    let mut writes = vec![Write::delete_item(read.key.clone()).unchanged_since(read)];
    if let Some(external_id) = &tenant.external_id {
        let marker = Write::delete_item(keys::external_id(root, external_id))
            .with_condition("{id} = ?", [text(tenant.id.to_string())]);
        writes.push(marker);
    }
    if let Some(tag) = read.entity.tag {
        writes.extend(gates::delete_all(|number| keys::gate(root, tag, number)));
    }
    writes
}
