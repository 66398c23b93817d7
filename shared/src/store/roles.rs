//! Roles of a tenant. A marker item has the id of the role that has a name. A role counts its holders, and each has a back reference, from
//! which a refused delete names one.

use super::client::Store;
use super::commit::Decision;
use super::first_read::FirstRead;
use super::gates;
use super::idempotency::{EarlierRequest, IdempotentOutcome, IdempotentRequest, IdempotentResult};
use super::item::{self, Item, get_text, new_item, read_row, row, text};
use super::keys;
use super::members::{Counted, check_attached};
use super::snapshot::{Entity, Snapshot};
use super::write::Write;
use crate::domain::attachment::TenantWithAttachments;
use crate::domain::id_list::{IdList, IdPage};
use crate::domain::precondition::IfMatch;
use crate::domain::principal::{CustomerRoot, Integration};
use crate::domain::role::{NewRole, Role, RolePatch};
use crate::domain::secret::Root;
use crate::domain::tenant::Metadata;
use crate::domain::{Change, Conflict, Error, RepositoryId, Result, RoleId, TenantId, Timestamp, UserId, id};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// The member that names a repository.
const POINTER: &str = "/repository_id";

/// A role as an item, without the number of its holders.
#[derive(Serialize, Deserialize)]
pub(super) struct RoleRow {
    id: RoleId,
    tenant_id: TenantId,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    repository_id: Option<RepositoryId>,
    metadata: Metadata,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// The number of its holders, which does not affect the version.
    n: u32,
    ver: u64,
}

impl From<Role> for RoleRow {
    fn from(role: Role) -> Self {
        Self {
            id: role.id,
            tenant_id: role.tenant_id,
            name: role.name,
            description: role.description,
            repository_id: role.repository_id,
            metadata: role.metadata,
            created_at: role.created_at,
            updated_at: role.updated_at,
            n: role.holders,
            ver: role.version,
        }
    }
}

impl From<RoleRow> for Role {
    fn from(row: RoleRow) -> Self {
        Self {
            object: "role",
            id: row.id,
            tenant_id: row.tenant_id,
            name: row.name,
            description: row.description,
            repository_id: row.repository_id,
            metadata: row.metadata,
            created_at: row.created_at,
            updated_at: row.updated_at,
            holders: row.n,
            version: row.ver,
        }
    }
}

impl Entity for Role {
    const ATTRIBUTES: Option<&'static [&'static str]> = Some(&[
        "id",
        "tenant_id",
        "name",
        "description",
        "repository_id",
        "metadata",
        "created_at",
        "updated_at",
        "n",
        "ver",
    ]);

    fn from_item(item: Item) -> Result<Self> {
        Ok(read_row::<RoleRow>(item)?.into())
    }
}

/// A tenant and the record of an earlier request.
pub type TenantAndRecord = (Option<Snapshot<TenantWithAttachments>>, EarlierRequest);
/// A tenant, and the id of its role that has a name.
pub type TenantAndRoleId = (Option<Snapshot<TenantWithAttachments>>, Option<RoleId>);

impl FirstRead<TenantAndRecord> {
    /// A tenant and the record of an earlier request.
    pub fn tenant_and_record(root: &CustomerRoot, tenant: TenantId, request: Option<&IdempotentRequest>) -> Self {
        let record = FirstRead::earlier_request(&Root::Customer(*root), request);
        FirstRead::tenant_with_attachments(root, tenant).and(record)
    }
}

impl FirstRead<TenantAndRoleId> {
    /// A tenant, and the id of its role that has a name, if one is given.
    pub fn tenant_and_role_named(root: &CustomerRoot, tenant: TenantId, name: Option<&str>) -> Self {
        let role = match name {
            Some(name) => {
                let marker = FirstRead::item(keys::role_name(root, tenant, name), None);
                marker.map(|marker| Ok(marker.and_then(|marker| RoleId::parse(get_text(&marker, "id")?))))
            }
            None => FirstRead::nothing(None),
        };
        FirstRead::tenant_with_attachments(root, tenant).and(role)
    }
}

impl Store {
    /// Reads a role.
    pub fn first_role(&self, root: &CustomerRoot, id: RoleId) -> FirstRead<Option<Snapshot<Role>>> {
        self.below(root, id.tenant_tag(), keys::role(root, id))
    }

    /// Creates a role of a tenant.
    pub async fn create_role(
        &self,
        integration: &Integration,
        tenant_id: TenantId,
        new: NewRole,
        (tenant, earlier): TenantAndRecord,
        request: Option<&IdempotentRequest>,
    ) -> Result<IdempotentResult<Role>> {
        let root = integration.root();
        let records = Root::Customer(*root);
        let replay = |id: &str| match RoleId::parse(id) {
            Some(id) => Ok(IdempotentResult::replay(new.clone().into_role(id, tenant_id))),
            None => Err(Error::internal("a record's id cannot be read")),
        };
        if let Some(record) = self.matching_record(earlier, request)? {
            return replay(&record.id);
        }
        self.retry(tenant, async |tenant| {
            let tenant = tenant.ok_or(Error::NotFound)?;
            // Everything is checked before the first write, that of the gates.
            if let Some(repository) = new.repository_id.filter(|_| tenant.entity.tag.is_none()) {
                check_attached(&tenant.entity, repository, POINTER)?;
            }
            let (tenant, tag) = self.with_gates(root, tenant).await?;
            let role = new.clone().into_role(self.new_id_below(tag)?, tenant_id);
            let writes = new_role(root, &role)?;
            match self.commit_idempotent(&records, request, role.id, None, writes).await? {
                IdempotentOutcome::Applied => Ok(ControlFlow::Break(IdempotentResult::first(role))),
                IdempotentOutcome::Replayed(record) => replay(&record.id).map(ControlFlow::Break),
                IdempotentOutcome::ConditionFailed(failed) => {
                    failed.check()?;
                    Ok(ControlFlow::Continue(self.snapshot(&tenant.key).await?))
                }
            }
        })
        .await
    }

    /// A page of a tenant's roles, newest first, or the one with the name that was looked up.
    pub async fn roles(
        &self,
        integration: &Integration,
        list: &IdList<id::Role>,
        name: Option<&str>,
        (tenant, named): TenantAndRoleId,
    ) -> Result<IdPage<Role>> {
        let (root, tenant) = (integration.root(), tenant.ok_or(Error::NotFound)?);
        if let Some(name) = name {
            let found = match named.filter(|id| list.includes(*id)) {
                Some(id) => self.snapshot::<Role>(&keys::role(root, id)).await?,
                None => None,
            };
            let named = found.map(|found| found.entity).filter(|found| found.name == name);
            return Ok(IdPage::new(named.into_iter().collect(), None));
        }
        match tenant.entity.tag {
            Some(tag) => self.id_page(&keys::roles(root, tag), list, false, Role::from_item, |_| true).await,
            None => Ok(IdPage::new(Vec::new(), None)),
        }
    }

    /// Changes a role. A new name is reserved and the old one released in the same transaction.
    pub async fn update_role(
        &self,
        integration: &Integration,
        role: Option<Snapshot<Role>>,
        patch: &RolePatch,
        if_match: &IfMatch,
    ) -> Result<Role> {
        let root = integration.root();
        let decide = |read: &Snapshot<Role>| {
            let Change::To(changed) = read.entity.patched(patch, if_match, self.now)? else {
                return Ok(Decision { writes: Vec::new(), answer: read.entity.clone() });
            };
            Ok(Decision { writes: change_role(root, read, &changed)?, answer: changed })
        };
        self.change(role, decide).await
    }

    /// Deletes a role that no user holds.
    pub async fn delete_role(
        &self,
        integration: &Integration,
        role: Option<Snapshot<Role>>,
        if_match: &IfMatch,
    ) -> Result<()> {
        let root = integration.root();
        self.retry(role, async |read| {
            let read = read.ok_or(Error::NotFound)?;
            let role = &read.entity;
            if_match.check(role.version)?;
            if role.holders > 0 {
                let holder = self.first(&keys::role_holders(root, role.id)).await?;
                return match holder.and_then(|holder| UserId::parse_ulid(get_text(&holder, "sk")?)) {
                    Some(user) => {
                        let detail = "A user holds the role: unassign it first.";
                        Err(Error::ResourceInUse(Conflict::new(user.to_string(), detail)))
                    }
                    // It was unassigned after the role was read.
                    None => Ok(ControlFlow::Continue(self.snapshot(&read.key).await?)),
                };
            }
            let mut writes =
                vec![Write::delete_item(read.key.clone()).unchanged_since(&read), release_name(root, role)];
            writes.extend(counted(role, -1, (role.repository_id, None)).writes(root)?);
            Ok(match self.commit(writes).await?.failed_conditions()? {
                None => ControlFlow::Break(()),
                Some(failed) => ControlFlow::Continue(self.reread(&read.key, failed).await?),
            })
        })
        .await
    }
}

/// The writes of a new role.
fn new_role<'a>(root: &CustomerRoot, role: &'a Role) -> Result<Vec<Write<'a>>> {
    let item = new_item("role", &RoleRow::from(role.clone()))?;
    let mut writes = vec![reserve_name(root, role)?, Write::put_new(keys::role(root, role.id), item).with_history()];
    writes.extend(counted(role, 1, (None, role.repository_id)).writes(root)?);
    Ok(writes)
}

/// The writes of a changed role. Guarded writes depend on its repository, so the gates change with it.
fn change_role<'a>(root: &CustomerRoot, read: &Snapshot<Role>, changed: &Role) -> Result<Vec<Write<'a>>> {
    let before = &read.entity;
    let row = |role: &Role| row(&RoleRow::from(role.clone()));
    let mut writes = vec![Write::change(read, &row(before)?, &row(changed)?)];
    if changed.name != before.name {
        writes.push(reserve_name(root, changed)?);
        writes.push(release_name(root, before));
    }
    if changed.repository_id != before.repository_id {
        writes.extend(counted(changed, 0, (before.repository_id, changed.repository_id)).writes(root)?);
        writes.extend(gates::change_all(root, changed.id.tenant_tag(), None));
    }
    Ok(writes)
}

fn counted(role: &Role, members: i32, repositories: (Option<RepositoryId>, Option<RepositoryId>)) -> Counted<id::Role> {
    Counted { tenant: role.tenant_id, member: role.id, members, repositories, pointer: POINTER }
}

/// Reserves the name of a role. The marker has the id of the holder, for the error of a later request.
fn reserve_name<'a>(root: &CustomerRoot, role: &Role) -> Result<Write<'a>> {
    let marker = new_item("role_name", &BTreeMap::from([("id", role.id)]))?;
    let name = role.name.clone();
    let taken = move |old: Option<&Item>| {
        let detail = format!("The name \"{name}\" is taken by another role of the tenant.");
        Error::NameConflict(Conflict::new(item::holder(old), detail))
    };
    Ok(Write::put_new(keys::role_name(root, role.tenant_id, &role.name), marker).on_condition_failed(taken))
}

/// Releases the name of a role.
fn release_name<'a>(root: &CustomerRoot, role: &Role) -> Write<'a> {
    Write::delete_item(keys::role_name(root, role.tenant_id, &role.name))
        .with_condition("{id} = ?", [text(role.id.to_string())])
}
