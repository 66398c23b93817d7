//! Users of a tenant. A marker item has the id of the user that has an external id.

use super::client::Store;
use super::first_read::FirstRead;
use super::item::{Item, get_text, new_item, read_row, row};
use super::keys::{self, id_sort_key};
use super::members::{Counted, check_attached};
use super::snapshot::{Entity, Snapshot};
use super::write::Write;
use crate::domain::attachment::TenantWithAttachments;
use crate::domain::precondition::IfMatch;
use crate::domain::principal::{CustomerRoot, Integration};
use crate::domain::role::{Role, RoleFound, check_roles};
use crate::domain::tenant::{ExternalId, Metadata};
use crate::domain::user::{User, UserPatch, UserStatus};
use crate::domain::{Change, Error, RepositoryId, Result, RoleId, TenantId, TenantTag, Timestamp, UserId, id};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::ControlFlow;

/// The member that names a repository.
const POINTER: &str = "/default_repository_id";

/// A user as an item.
#[derive(Serialize, Deserialize)]
pub(super) struct UserRow {
    id: UserId,
    tenant_id: TenantId,
    external_id: ExternalId,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    display_name: Option<String>,
    status: UserStatus,
    role_ids: Vec<RoleId>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    default_repository_id: Option<RepositoryId>,
    metadata: Metadata,
    created_at: Timestamp,
    updated_at: Timestamp,
    ver: u64,
}

impl From<User> for UserRow {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            tenant_id: user.tenant_id,
            external_id: user.external_id,
            email: user.email,
            display_name: user.display_name,
            status: user.status,
            role_ids: user.role_ids.into_iter().collect(),
            default_repository_id: user.default_repository_id,
            metadata: user.metadata,
            created_at: user.created_at,
            updated_at: user.updated_at,
            ver: user.version,
        }
    }
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self {
            object: "user",
            id: row.id,
            tenant_id: row.tenant_id,
            external_id: row.external_id,
            email: row.email,
            display_name: row.display_name,
            status: row.status,
            role_ids: row.role_ids.into_iter().collect(),
            default_repository_id: row.default_repository_id,
            metadata: row.metadata,
            created_at: row.created_at,
            updated_at: row.updated_at,
            version: row.ver,
        }
    }
}

impl Entity for User {
    const ATTRIBUTES: Option<&'static [&'static str]> = Some(&[
        "id",
        "tenant_id",
        "external_id",
        "email",
        "display_name",
        "status",
        "role_ids",
        "default_repository_id",
        "metadata",
        "created_at",
        "updated_at",
        "ver",
    ]);

    fn from_item(item: Item) -> Result<Self> {
        Ok(read_row::<UserRow>(item)?.into())
    }
}

/// A tenant, and the id of its user that has an external id.
pub type TenantAndUserId = (Option<Snapshot<TenantWithAttachments>>, Option<UserId>);

impl FirstRead<TenantAndUserId> {
    /// A tenant, and the id of its user that has an external id.
    pub fn tenant_and_user(root: &CustomerRoot, tenant: TenantId, external_id: &ExternalId) -> Self {
        let marker = FirstRead::item(keys::user_external_id(root, tenant, external_id), None);
        let id = |marker: Option<Item>| Ok(marker.and_then(|marker| UserId::parse(get_text(&marker, "id")?)));
        FirstRead::tenant_with_attachments(root, tenant).and(marker.map(id))
    }
}

/// A user and a role, and whether their tenants are the same.
pub type UserAndRole = (Option<Snapshot<User>>, Option<Snapshot<Role>>);

/// The parameters of an upsert of a user.
pub struct UserUpsert<'a> {
    /// The tenant.
    pub tenant: TenantId,
    /// The external id of the user.
    pub external_id: &'a ExternalId,
    /// The members that are given.
    pub patch: &'a UserPatch,
    /// The `If-Match` condition.
    pub if_match: &'a IfMatch,
    /// Whether the user must not exist.
    pub must_be_new: bool,
}

/// A tenant and one of its users, as the upsert needs them.
type TenantAndUser = (Option<Snapshot<TenantWithAttachments>>, Option<Snapshot<User>>);

impl Store {
    /// Reads a user.
    pub fn first_user(&self, root: &CustomerRoot, id: UserId) -> FirstRead<Option<Snapshot<User>>> {
        self.below(root, id.tenant_tag(), keys::user(root, id))
    }

    /// Reads a user and a role.
    pub fn first_user_and_role(&self, root: &CustomerRoot, user: UserId, role: RoleId) -> FirstRead<UserAndRole> {
        let (tag, key) = (user.tenant_tag(), keys::role(root, role));
        if role.tenant_tag() == tag {
            // One gate is enough for both.
            let both = self.first_user(root, user).and(FirstRead::entity(key));
            return both.map(|(user, role)| Ok((user.clone(), role.filter(|_| user.is_some()))));
        }
        self.first_user(root, user).and(self.below(root, role.tenant_tag(), key))
    }

    /// The user that has an external id, after the first read.
    pub async fn user_by_external_id(&self, integration: &Integration, read: TenantAndUserId) -> Result<User> {
        let (_, user) = self.find_user(integration.root(), read).await?;
        Ok(user.ok_or(Error::NotFound)?.entity)
    }

    pub(super) async fn find_user(&self, root: &CustomerRoot, (tenant, id): TenantAndUserId) -> Result<TenantAndUser> {
        let user = match id.filter(|_| tenant.is_some()) {
            Some(id) => self.snapshot(&keys::user(root, id)).await?,
            None => None,
        };
        Ok((tenant, user))
    }

    /// Creates the user of an external id, or changes it if a member differs. `true` if the user is new.
    pub async fn upsert_user_by_external_id(
        &self,
        integration: &Integration,
        upsert: &UserUpsert<'_>,
        read: TenantAndUserId,
    ) -> Result<(User, bool)> {
        let root = integration.root();
        let found = self.find_user(root, read).await?;
        self.retry(found, async |(tenant, user)| {
            let tenant = tenant.ok_or(Error::NotFound)?;
            let (user, writes, is_new) = match user {
                None => {
                    let user = self.new_user(root, tenant, upsert).await?;
                    let writes = new_user(root, &user)?;
                    (user, writes, true)
                }
                Some(read) => {
                    match read.entity.upserted(upsert.patch, upsert.if_match, upsert.must_be_new, self.now)? {
                        Change::Unchanged => return Ok(ControlFlow::Break((read.entity, false))),
                        Change::To(changed) => {
                            let held = &read.entity.role_ids;
                            self.check_roles(root, Some(read.entity.id.tenant_tag()), held, upsert.patch).await?;
                            let writes = change_user(root, &read, &changed, || None)?;
                            (changed, writes, false)
                        }
                    }
                }
            };
            let Some(failed) = self.commit(writes).await?.failed_conditions()? else {
                return Ok(ControlFlow::Break((user, is_new)));
            };
            failed.check()?;
            let again = FirstRead::tenant_and_user(root, upsert.tenant, upsert.external_id);
            Ok(ControlFlow::Continue(self.find_user(root, self.read_together(again).await?).await?))
        })
        .await
    }

    /// The new user of an upsert.
    async fn new_user(
        &self,
        root: &CustomerRoot,
        tenant: Snapshot<TenantWithAttachments>,
        upsert: &UserUpsert<'_>,
    ) -> Result<User> {
        if upsert.if_match.is_present() {
            return Err(Error::PreconditionFailed);
        }
        // Everything is checked before the first write, that of the gates.
        self.check_roles(root, tenant.entity.tag, &BTreeSet::new(), upsert.patch).await?;
        if let Some(repository) = upsert.patch.default_repository_id.flatten() {
            check_attached(&tenant.entity, repository, POINTER)?;
        }
        let (tenant, tag) = self.with_gates(root, tenant).await?;
        let (id, tenant_id) = (self.new_id_below(tag)?, tenant.entity.tenant.id);
        Ok(upsert.patch.clone().into_new(id, tenant_id, upsert.external_id.clone()))
    }

    /// Fails if a role that a patch gives, and that the user does not hold, does not exist or belongs to another tenant.
    async fn check_roles(
        &self,
        root: &CustomerRoot,
        tag: Option<TenantTag>,
        held: &BTreeSet<RoleId>,
        patch: &UserPatch,
    ) -> Result<()> {
        let given = patch.role_ids.as_deref().unwrap_or_default();
        let unknown: Vec<RoleId> = given.iter().copied().filter(|role| !held.contains(role)).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let tags = unknown.iter().map(RoleId::tenant_tag);
        let others: HashSet<TenantTag> = tags.filter(|other| Some(*other) != tag).collect();
        let gate = |tag: &TenantTag| keys::gate(root, *tag, self.gate_number);
        let mut keys: Vec<_> = unknown.iter().map(|role| keys::role(root, *role)).collect();
        keys.extend(others.iter().map(gate));
        let items = self.get_all(keys, Some(&["type"])).await?;
        let exists = |key: &keys::Key| items.iter().any(|item| key.is_of(item));
        let found = |role: RoleId| {
            if held.contains(&role) {
                return RoleFound::OfThisTenant;
            }
            let other = role.tenant_tag();
            match exists(&keys::role(root, role)) {
                true if Some(other) == tag => RoleFound::OfThisTenant,
                true if exists(&gate(&other)) => RoleFound::OfAnotherTenant,
                _ => RoleFound::Nowhere,
            }
        };
        check_roles(given.iter().map(|role| found(*role)))
    }

    /// Changes a user. An empty patch writes nothing.
    pub async fn update_user(
        &self,
        integration: &Integration,
        user: Option<Snapshot<User>>,
        patch: &UserPatch,
        if_match: &IfMatch,
    ) -> Result<User> {
        let root = integration.root();
        self.change_user(
            root,
            user,
            || None,
            async |read| {
                let change = read.patched(patch, if_match, self.now)?;
                self.check_roles(root, Some(read.id.tenant_tag()), &read.role_ids, patch).await?;
                Ok(change)
            },
        )
        .await
    }

    /// Suspends a user. A suspended user does not change.
    pub async fn deactivate_user(
        &self,
        integration: &Integration,
        user: Option<Snapshot<User>>,
        if_match: &IfMatch,
    ) -> Result<()> {
        let decide = async |read: &User| read.deactivated(if_match, self.now);
        self.change_user(integration.root(), user, || None, decide).await.map(drop)
    }

    /// Gives a user a role.
    pub async fn assign_user_role(&self, integration: &Integration, (user, role): UserAndRole) -> Result<()> {
        let (user, role) = of_one_tenant(user, role)?;
        let decide = async |read: &User| read.assigned(role, self.now);
        self.change_user(integration.root(), Some(user), || Some(Error::NotFound), decide).await.map(drop)
    }

    /// Takes a role from a user.
    pub async fn unassign_user_role(&self, integration: &Integration, (user, role): UserAndRole) -> Result<()> {
        let (user, role) = of_one_tenant(user, role)?;
        let decide = async |read: &User| Ok(read.unassigned(role, self.now));
        self.change_user(integration.root(), Some(user), || None, decide).await.map(drop)
    }

    /// Changes a user with its roles and the repository that it names. `absent_role` is the error of a new role that does not exist; `None`
    /// if it is decided again.
    async fn change_user(
        &self,
        root: &CustomerRoot,
        user: Option<Snapshot<User>>,
        absent_role: fn() -> Option<Error>,
        decide: impl AsyncFn(&User) -> Result<Change<User>>,
    ) -> Result<User> {
        self.retry(user, async |read| {
            let read = read.ok_or(Error::NotFound)?;
            let Change::To(changed) = decide(&read.entity).await? else {
                return Ok(ControlFlow::Break(read.entity));
            };
            Ok(match self.commit(change_user(root, &read, &changed, absent_role)?).await?.failed_conditions()? {
                None => ControlFlow::Break(changed),
                Some(failed) => ControlFlow::Continue(self.reread(&read.key, failed).await?),
            })
        })
        .await
    }
}

/// A user and a role of the same tenant.
fn of_one_tenant(user: Option<Snapshot<User>>, role: Option<Snapshot<Role>>) -> Result<(Snapshot<User>, RoleId)> {
    let (user, role) = user.zip(role).ok_or(Error::NotFound)?;
    if user.entity.tenant_id != role.entity.tenant_id {
        return Err(Error::CrossTenant("The role belongs to another tenant than the user."));
    }
    Ok((user, role.entity.id))
}

/// The writes of a new user.
fn new_user(root: &CustomerRoot, user: &User) -> Result<Vec<Write<'static>>> {
    let mut item = new_item("user", &UserRow::from(user.clone()))?;
    let index = keys::users(root).index_attributes(id_sort_key(user.id));
    item.extend(index.map(|(name, value)| (name.to_owned(), value)));
    let marker = new_item("user_external_id", &BTreeMap::from([("id", user.id)]))?;
    let mut writes = vec![
        Write::put_new(keys::user_external_id(root, user.tenant_id, &user.external_id), marker),
        Write::put_new(keys::user(root, user.id), item).with_history(),
    ];
    writes.extend(counted(user, 1, (None, user.default_repository_id)).writes(root)?);
    writes.extend(
        user.role_ids
            .iter()
            .map(|role| given(root, *role, user.id, || None))
            .collect::<Result<Vec<_>>>()?
            .into_iter()
            .flatten(),
    );
    Ok(writes)
}

/// The writes of a changed user: the user, its references to roles and a repository.
fn change_user(
    root: &CustomerRoot,
    read: &Snapshot<User>,
    changed: &User,
    absent_role: fn() -> Option<Error>,
) -> Result<Vec<Write<'static>>> {
    let before = &read.entity;
    let row = |user: &User| row(&UserRow::from(user.clone()));
    let mut writes = vec![Write::change(read, &row(before)?, &row(changed)?)];
    writes.extend(counted(changed, 0, (before.default_repository_id, changed.default_repository_id)).writes(root)?);
    for role in changed.role_ids.difference(&before.role_ids) {
        writes.extend(given(root, *role, changed.id, absent_role)?);
    }
    for role in before.role_ids.difference(&changed.role_ids) {
        writes.extend(taken(root, *role, changed.id));
    }
    Ok(writes)
}

fn counted(user: &User, members: i32, repositories: (Option<RepositoryId>, Option<RepositoryId>)) -> Counted<id::User> {
    Counted { tenant: user.tenant_id, member: user.id, members, repositories, pointer: POINTER }
}

/// The writes of a role that a user holds from now on.
fn given(
    root: &CustomerRoot,
    role: RoleId,
    user: UserId,
    absent: fn() -> Option<Error>,
) -> Result<[Write<'static>; 2]> {
    let count = Write::update_existing(keys::role(root, role)).increase("n", 1);
    let holder = new_item("role_holder", &BTreeMap::<&str, &str>::new())?;
    Ok([
        count.on_condition_failed_if(move |role| role.map_or_else(absent, |_| None)),
        Write::put_new(keys::role_holder(root, role, user), holder),
    ])
}

/// The writes of a role that a user does not hold any more.
fn taken(root: &CustomerRoot, role: RoleId, user: UserId) -> [Write<'static>; 2] {
    [
        Write::update_existing(keys::role(root, role)).increase("n", -1),
        Write::delete_item(keys::role_holder(root, role, user)).with_condition("attribute_exists({pk})", []),
    ]
}
