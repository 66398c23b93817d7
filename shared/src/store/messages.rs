//! Messages of a conversation. A message and the count of its conversation are written in one transaction.

use super::client::Store;
use super::conversations::{Guarded, with_message};
use super::first_read::FirstRead;
use super::gates::{Dependency, Gate};
use super::guards::gone;
use super::idempotency::{EarlierRequest, IdempotentOutcome, IdempotentRequest, IdempotentResult, Record};
use super::item::{Item, new_item, read_row};
use super::keys;
use super::snapshot::Snapshot;
use super::write::Write;
use crate::domain::conversation::{Conversation, Filler};
use crate::domain::id_list::{IdList, IdPage};
use crate::domain::message::{Message, MessageContext, MessageRole, NewMessage};
use crate::domain::principal::{Caller, ConversationScope};
use crate::domain::secret::Root;
use crate::domain::tenant::Metadata;
use crate::domain::{ConversationId, Error, MessageId, RepositoryId, Result, Timestamp, id};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// A message as an item.
#[derive(Serialize, Deserialize)]
struct MessageRow {
    id: MessageId,
    conversation_id: ConversationId,
    role: MessageRole,
    content: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    repository_id: Option<RepositoryId>,
    filler_enabled: bool,
    metadata: Metadata,
    created_at: Timestamp,
}

impl From<Message> for MessageRow {
    fn from(message: Message) -> Self {
        Self {
            id: message.id,
            conversation_id: message.conversation_id,
            role: message.role,
            content: message.content,
            repository_id: message.repository_id,
            filler_enabled: message.filler.enabled,
            metadata: message.metadata,
            created_at: message.created_at,
        }
    }
}

fn from_item(item: Item) -> Result<Message> {
    let row: MessageRow = read_row(item)?;
    Ok(Message {
        object: "message",
        id: row.id,
        conversation_id: row.conversation_id,
        role: row.role,
        content: row.content,
        repository_id: row.repository_id,
        filler: Filler { enabled: row.filler_enabled },
        metadata: row.metadata,
        created_at: row.created_at,
    })
}

/// A conversation with a gate, and the record of an earlier request.
pub type ConversationAndRecord = (Guarded<Conversation>, EarlierRequest);

impl Store {
    /// Reads a conversation with a gate, and the record of an earlier request.
    pub fn first_conversation_and_record(
        &self,
        scope: &ConversationScope,
        id: ConversationId,
        request: Option<&IdempotentRequest>,
    ) -> FirstRead<ConversationAndRecord> {
        let record = FirstRead::earlier_request(&Root::Customer(*scope.root()), request);
        self.first_conversation(scope, id).and(record)
    }

    /// Appends a message to a conversation.
    pub async fn create_message(
        &self,
        caller: &Caller,
        conversation_id: ConversationId,
        new: &NewMessage,
        (conversation, earlier): ConversationAndRecord,
        request: Option<&IdempotentRequest>,
    ) -> Result<IdempotentResult<Message>> {
        let records = Root::Customer(*caller.root());
        if let Some(record) = self.matching_record(earlier, request)? {
            return replay(&record, new, conversation_id);
        }
        let (read, gate) = conversation.ok_or(Error::NotFound)?;
        check_open(&read.entity, &gate)?;
        let created = self.retry((read, gate), async |(read, gate)| {
            check_open(&read.entity, &gate)?;
            let dependency = self.check_repository(caller, new, &gate).await?;
            let context = new.context(&read.entity);
            let message = new.clone().into_message(self.new_id()?, conversation_id, context);
            let answer = serde_json::to_string(&context).map_err(Error::internal)?;
            let writes = self.message_writes(caller, (&read, &gate), &message, dependency)?;
            match self.commit_idempotent(&records, request, message.id, Some(answer), writes).await? {
                IdempotentOutcome::Applied => Ok(ControlFlow::Break(IdempotentResult::first(message))),
                IdempotentOutcome::Replayed(record) => replay(&record, new, conversation_id).map(ControlFlow::Break),
                IdempotentOutcome::ConditionFailed(failed) => {
                    failed.check()?;
                    let again = self.read_together(self.first_conversation(&caller.scope(), conversation_id)).await?;
                    again.map(ControlFlow::Continue).ok_or_else(|| gone(caller))
                }
            }
        });
        match created.await {
            Err(refusal) => {
                let record = self.record_behind(&records, request, refusal).await?;
                replay(&record, new, conversation_id)
            }
            created => created,
        }
    }

    /// Checks that the repository of the request is attached. The gates change when it is detached.
    async fn check_repository(&self, caller: &Caller, new: &NewMessage, gate: &Gate) -> Result<Dependency> {
        let Some(repository) = new.repository_id else { return Ok(Dependency::Status) };
        let tenant = self.read_together(FirstRead::tenant_with_attachments(caller.root(), gate.tenant)).await?;
        let tenant = tenant.ok_or_else(|| gone(caller))?;
        if !tenant.entity.attachments.contains_key(&repository) {
            return Err(Error::invalid("/repository_id", "is not attached to the conversation's tenant"));
        }
        Ok(Dependency::Generation)
    }

    fn message_writes(
        &self,
        caller: &Caller,
        (conversation, gate): (&Snapshot<Conversation>, &Gate),
        message: &Message,
        dependency: Dependency,
    ) -> Result<Vec<Write<'static>>> {
        let tag = conversation.entity.user_id.tenant_tag();
        let item = new_item("message", &MessageRow::from(message.clone()))?;
        let mut writes = self.check_gates(caller, tag, gate, dependency);
        writes.extend(self.check_user(caller));
        writes.push(with_message(conversation, message.created_at));
        writes.push(Write::put_new(keys::message(&caller.scope(), message.conversation_id, message.id), item));
        Ok(writes)
    }

    /// A page of a conversation's messages. It is only returned with the conversation.
    pub async fn messages(
        &self,
        scope: &ConversationScope,
        conversation: ConversationId,
        list: &IdList<id::Message>,
    ) -> Result<IdPage<Message>> {
        self.id_page(&keys::messages(scope, conversation), list, false, from_item, |_| true).await
    }
}

/// Fails if the tenant is suspended or the conversation takes no messages.
fn check_open(conversation: &Conversation, gate: &Gate) -> Result<()> {
    gate.check_active()?;
    conversation.check_active()
}

/// The answer of an earlier request.
fn replay(record: &Record, new: &NewMessage, conversation: ConversationId) -> Result<IdempotentResult<Message>> {
    let id = MessageId::parse(&record.id).ok_or_else(|| Error::internal("a record's id cannot be read"))?;
    let context: MessageContext = serde_json::from_str(record.answer()?).map_err(Error::internal)?;
    Ok(IdempotentResult::replay(new.clone().into_message(id, conversation, context)))
}
