//! Conversations of users. A conversation takes its role, repository and settings from items that its transaction checks. Lists are sorted
//! by the last activity, in two indexes that have keys only.

use super::authentication::user_suspended;
use super::client::{Store, random};
use super::first_read::FirstRead;
use super::gates::{Dependency, Gate};
use super::guards::gone;
use super::idempotency::{EarlierRequest, IdempotentOutcome, IdempotentRequest, IdempotentResult, Record};
use super::item::{Item, new_item, read_row, row, text};
use super::keys::{self, activity_sort_key};
use super::leases::{lease_writes, released};
use super::snapshot::{Entity, Snapshot};
use super::write::Write;
use crate::domain::conversation::{
    Context, Conversation, ConversationPatch, ConversationStatus, Filler, NewConversation,
};
use crate::domain::lease::{Lease, Leases};
use crate::domain::precondition::IfMatch;
use crate::domain::principal::{Caller, ConversationScope, CustomerRoot};
use crate::domain::role::Role;
use crate::domain::secret::Root;
use crate::domain::tenant::{Metadata, TenantSettings};
use crate::domain::user::{User, UserStatus};
use crate::domain::{Change, ConversationId, Error, RepositoryId, Result, RoleId, TenantId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// A conversation as an item.
#[derive(Serialize, Deserialize)]
pub(super) struct ConversationRow {
    id: ConversationId,
    tenant_id: TenantId,
    user_id: UserId,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    title: Option<String>,
    status: ConversationStatus,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    role_id: Option<RoleId>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    repository_id: Option<RepositoryId>,
    agent_type: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    lease_ttl_seconds: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    lease_expires_at: Option<Timestamp>,
    filler_enabled: bool,
    metadata: Metadata,
    message_count: u64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    last_message_at: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
    ver: u64,
}

impl From<Conversation> for ConversationRow {
    fn from(conversation: Conversation) -> Self {
        Self {
            id: conversation.id,
            tenant_id: conversation.tenant_id,
            user_id: conversation.user_id,
            title: conversation.title,
            status: conversation.status,
            role_id: conversation.context.role_id,
            repository_id: conversation.context.repository_id,
            agent_type: conversation.agent_type,
            lease_ttl_seconds: conversation.lease.map(|lease| lease.ttl_seconds),
            lease_expires_at: conversation.lease.map(|lease| lease.expires_at),
            filler_enabled: conversation.filler.enabled,
            metadata: conversation.metadata,
            message_count: conversation.message_count,
            last_message_at: conversation.last_message_at,
            created_at: conversation.created_at,
            updated_at: conversation.updated_at,
            ver: conversation.version,
        }
    }
}

impl From<ConversationRow> for Conversation {
    fn from(row: ConversationRow) -> Self {
        let lease = row.lease_ttl_seconds.zip(row.lease_expires_at);
        Self {
            id: row.id,
            tenant_id: row.tenant_id,
            user_id: row.user_id,
            title: row.title,
            status: row.status,
            context: Context { role_id: row.role_id, repository_id: row.repository_id },
            agent_type: row.agent_type,
            lease: lease.map(|(ttl_seconds, expires_at)| Lease { ttl_seconds, expires_at }),
            filler: Filler { enabled: row.filler_enabled },
            metadata: row.metadata,
            message_count: row.message_count,
            last_message_at: row.last_message_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
            version: row.ver,
        }
    }
}

impl Entity for Conversation {
    const ATTRIBUTES: Option<&'static [&'static str]> = Some(&[
        "id",
        "tenant_id",
        "user_id",
        "title",
        "status",
        "role_id",
        "repository_id",
        "agent_type",
        "lease_ttl_seconds",
        "lease_expires_at",
        "filler_enabled",
        "metadata",
        "message_count",
        "last_message_at",
        "created_at",
        "updated_at",
        "ver",
    ]);

    fn from_item(item: Item) -> Result<Self> {
        Ok(read_row::<ConversationRow>(item)?.into())
    }
}

/// A conversation or a user that a guarded write needs, with a gate of its tenant.
pub type Guarded<E> = Option<(Snapshot<E>, Gate)>;
/// A user with a gate, and the record of an earlier request.
pub type UserAndRecord = (Guarded<User>, EarlierRequest);

impl Store {
    /// Reads a conversation with a gate of its tenant. It is found if the scope includes it.
    pub fn first_conversation(
        &self,
        scope: &ConversationScope,
        id: ConversationId,
    ) -> FirstRead<Guarded<Conversation>> {
        let (user, tag) = (scope.user(), scope.user().map_or(id.tenant_tag(), |user| user.tenant_tag()));
        let conversation = FirstRead::<Option<Snapshot<Conversation>>>::entity(keys::conversation(scope, id));
        conversation.and(self.gate(scope.root(), tag)).map(move |(conversation, gate)| {
            // The key of an end user's conversation has the user's tag, which another user has once in a billion.
            let own = conversation.filter(|found| user.is_none_or(|user| user == found.entity.user_id));
            Ok(own.zip(gate))
        })
    }

    /// Reads the user of a new conversation with a gate, and the record of an earlier request.
    pub fn first_user_and_record(
        &self,
        scope: &ConversationScope,
        user: UserId,
        request: Option<&IdempotentRequest>,
    ) -> FirstRead<UserAndRecord> {
        let record = FirstRead::earlier_request(&Root::Customer(*scope.root()), request);
        self.guarded_user(scope.root(), user).and(record)
    }

    fn guarded_user(&self, root: &CustomerRoot, user: UserId) -> FirstRead<Guarded<User>> {
        let entity = FirstRead::<Option<Snapshot<User>>>::entity(keys::user(root, user));
        entity.and(self.gate(root, user.tenant_tag())).map(|(user, gate)| Ok(user.zip(gate)))
    }

    /// Begins a conversation of a user.
    pub async fn create_conversation(
        &self,
        caller: &Caller,
        new: NewConversation,
        (user, earlier): UserAndRecord,
        request: Option<&IdempotentRequest>,
    ) -> Result<IdempotentResult<Conversation>> {
        let root = caller.root();
        let records = Root::Customer(*root);
        if let Some(record) = self.matching_record(earlier, request)? {
            return replay(&record, new);
        }
        let (user, gate) = user.ok_or(Error::NotFound)?;
        check_begin(&user.entity, &gate)?;
        let created = self.retry((user, gate), async |(user, gate)| {
            check_begin(&user.entity, &gate)?;
            let (conversation, writes) = self.begin(caller, &user, &gate, &new).await?;
            let answer = answer(&conversation)?;
            match self.commit_idempotent(&records, request, conversation.id, Some(answer), writes).await? {
                IdempotentOutcome::Applied => Ok(ControlFlow::Break(IdempotentResult::first(conversation))),
                IdempotentOutcome::Replayed(record) => replay(&record, new.clone()).map(ControlFlow::Break),
                IdempotentOutcome::ConditionFailed(failed) => {
                    failed.check()?;
                    let again = self.read_together(self.guarded_user(root, user.entity.id)).await?;
                    again.map(ControlFlow::Continue).ok_or_else(|| gone(caller))
                }
            }
        });
        match created.await {
            // A duplicate may have been applied since, and its lease may be the last that was free.
            Err(refusal) => replay(&self.record_behind(&records, request, refusal).await?, new),
            created => created,
        }
    }

    /// The new conversation and its writes. What it takes from the tenant and the role does not change before they are applied, because
    /// the gates would.
    async fn begin(
        &self,
        caller: &Caller,
        user: &Snapshot<User>,
        gate: &Gate,
        new: &NewConversation,
    ) -> Result<(Conversation, Vec<Write<'static>>)> {
        let (root, id) = (caller.root(), user.entity.id);
        let role = match new.role_of(&user.entity)? {
            Some(role) => FirstRead::<Option<Snapshot<Role>>>::entity(keys::role(root, role)),
            None => FirstRead::nothing(None),
        };
        let tenant = FirstRead::tenant_with_attachments(root, gate.tenant);
        let read = tenant.and(role).and(self.first_leases(root, id.tenant_tag(), new.takes_lease()));
        let ((tenant, role), leases) = self.read_together(read).await?;
        let tenant = tenant.ok_or_else(|| gone(caller))?;
        let role = role.as_ref().map(|role| &role.entity);
        let random = u128::from_be_bytes(random()?);
        let new_id = id.user_tag().new_conversation(id.tenant_tag(), self.now, random);
        let running = leases.as_ref().map(|leases| leases.entity.clone()).unwrap_or_default();
        let conversation = new.clone().begin(new_id, (&user.entity, role, &tenant.entity), &running, self.now)?;
        let mut writes = self.check_gates(caller, id.tenant_tag(), gate, Dependency::Generation);
        writes.push(Write::check_item(user.key.clone()).unchanged_since(user));
        writes.push(new_conversation(root, &conversation)?);
        let settings = &tenant.entity.tenant.settings;
        writes.extend(lease_writes(leases.as_ref(), &conversation, settings, self.now)?);
        Ok((conversation, writes))
    }

    /// Changes a conversation. An empty patch writes nothing.
    pub async fn update_conversation(
        &self,
        caller: &Caller,
        conversation: Guarded<Conversation>,
        patch: &ConversationPatch,
        if_match: &IfMatch,
    ) -> Result<Conversation> {
        self.change_conversation(caller, conversation, patch.takes_lease(), |read, (settings, leases)| {
            read.patched(patch, if_match, (settings, leases), self.now)
        })
        .await
    }

    /// Archives a conversation, and ends its lease. An archived one does not change.
    pub async fn archive_conversation(
        &self,
        caller: &Caller,
        conversation: Guarded<Conversation>,
        if_match: &IfMatch,
    ) -> Result<()> {
        let decide = |read: &Conversation, _: (&TenantSettings, &Leases)| read.archived(if_match, self.now);
        self.change_conversation(caller, conversation, false, decide).await.map(drop)
    }

    async fn change_conversation(
        &self,
        caller: &Caller,
        conversation: Guarded<Conversation>,
        takes_lease: bool,
        decide: impl Fn(&Conversation, (&TenantSettings, &Leases)) -> Result<Change<Conversation>>,
    ) -> Result<Conversation> {
        let root = caller.root();
        self.retry(conversation.ok_or(Error::NotFound)?, async |(read, gate)| {
            gate.check_active()?;
            let tag = read.entity.user_id.tenant_tag();
            let (settings, leases) = if takes_lease {
                let tenant = FirstRead::tenant_with_attachments(root, gate.tenant);
                let (tenant, leases) = self.read_together(tenant.and(self.first_leases(root, tag, true))).await?;
                (tenant.ok_or_else(|| gone(caller))?.entity.tenant.settings, leases)
            } else {
                (TenantSettings::default(), None)
            };
            let running = leases.as_ref().map(|leases| leases.entity.clone()).unwrap_or_default();
            let Change::To(changed) = decide(&read.entity, (&settings, &running))? else {
                return Ok(ControlFlow::Break(read.entity));
            };
            let dependency = if takes_lease { Dependency::Generation } else { Dependency::Status };
            let mut writes = self.check_gates(caller, tag, &gate, dependency);
            writes.extend(self.check_user(caller));
            let row = |conversation: &Conversation| row(&ConversationRow::from(conversation.clone()));
            writes.push(Write::change(&read, &row(&read.entity)?, &row(&changed)?));
            if changed.lease != read.entity.lease {
                writes.extend(lease_writes(leases.as_ref(), &changed, &settings, self.now)?);
                writes.extend(released(root, tag, &read.entity, &changed));
            }
            let Some(failed) = self.commit(writes).await?.failed_conditions()? else {
                return Ok(ControlFlow::Break(changed));
            };
            failed.check()?;
            let again = self.read_together(self.first_conversation(&caller.scope(), read.entity.id)).await?;
            again.map(ControlFlow::Continue).ok_or_else(|| gone(caller))
        })
        .await
    }
}

/// Fails if the tenant or the user of a new conversation is suspended.
fn check_begin(user: &User, gate: &Gate) -> Result<()> {
    gate.check_active()?;
    match user.status {
        UserStatus::Active => Ok(()),
        UserStatus::Suspended => Err(user_suspended()),
    }
}

/// The write of a new conversation.
fn new_conversation(root: &CustomerRoot, conversation: &Conversation) -> Result<Write<'static>> {
    let mut item = new_item("conversation", &ConversationRow::from(conversation.clone()))?;
    let sort_key = activity_sort_key(conversation.last_activity(), conversation.id);
    let by_user = keys::conversations_of_user(root, conversation.user_id).index_attributes(sort_key.clone());
    let by_tenant = keys::conversations_of_tenant(root, conversation.tenant_id).index_attributes(sort_key);
    item.extend(by_user.into_iter().chain(by_tenant).map(|(name, value)| (name.to_owned(), value)));
    let scope = ConversationScope::new(*root, Some(conversation.user_id));
    Ok(Write::put_new(keys::conversation(&scope, conversation.id), item).with_history())
}

/// The data of a new conversation that a replay cannot compute from the request.
fn answer(conversation: &Conversation) -> Result<String> {
    let computed = Conversation { title: None, metadata: Metadata::new(), ..conversation.clone() };
    serde_json::to_string(&ConversationRow::from(computed)).map_err(Error::internal)
}

/// The answer of an earlier request.
fn replay(record: &Record, new: NewConversation) -> Result<IdempotentResult<Conversation>> {
    let row: ConversationRow = serde_json::from_str(record.answer()?).map_err(Error::internal)?;
    let conversation = Conversation { title: new.title, metadata: new.metadata, ..row.into() };
    Ok(IdempotentResult::replay(conversation))
}

/// The attributes of a conversation that change with a message, and the condition that it still takes it. `last_message_at` is the time of
/// the last message in list order, so a message with an earlier time does not change it.
pub(super) fn with_message<'a>(read: &Snapshot<Conversation>, created_at: Timestamp) -> Write<'a> {
    let write = Write::update_item(read.key.clone())
        .with_condition("{status} = ?", [text(ConversationStatus::Active.as_str())])
        .increase("message_count", 1)
        .new_version();
    let time = || text(created_at.to_string());
    if read.entity.last_message_at.is_some_and(|last| last > created_at) {
        return write.with_condition("{last_message_at} > ?", [time()]);
    }
    write
        .with_condition("attribute_not_exists({last_message_at}) OR {last_message_at} <= ?", [time()])
        .set("last_message_at", time())
        .set("g2sk", text(activity_sort_key(created_at, read.entity.id)))
}
