//! Messages of a conversation, which are only appended (contract section 6.5).

use super::conversation::{Conversation, Filler};
use super::tenant::Metadata;
use super::{ConversationId, Fields, Member, MessageId, RepositoryId, Timestamp, conversation, text};
use serde::{Deserialize, Serialize};

/// The maximum size of the content: 64 KiB.
const MAX_CONTENT_BYTES: usize = 64 * 1024;

/// Who wrote a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageRole {
    /// The user.
    #[default]
    User,
    /// The agent.
    Assistant,
    /// The integration.
    System,
}

impl MessageRole {
    /// Parses the text of a role.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "user" => Self::User,
            "assistant" => Self::Assistant,
            "system" => Self::System,
            _ => return None,
        })
    }
}

/// A message. The fields are in the order of the representation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Message {
    /// Always `message`.
    pub object: &'static str,
    /// The id that this service assigned.
    pub id: MessageId,
    /// The conversation.
    pub conversation_id: ConversationId,
    /// Who wrote it.
    pub role: MessageRole,
    /// 1 byte to 64 KiB of UTF-8.
    pub content: String,
    /// The repository that it is about.
    pub repository_id: Option<RepositoryId>,
    /// Whether agents may send fillers.
    pub filler: Filler,
    /// At most 50 pairs.
    pub metadata: Metadata,
    /// When it was created: the time in `id`.
    pub created_at: Timestamp,
}

/// The body of createMessage.
#[derive(Clone, Debug, PartialEq)]
pub struct NewMessage {
    /// Who wrote it.
    pub role: MessageRole,
    /// 1 byte to 64 KiB of UTF-8.
    pub content: String,
    /// Must be attached when the write is committed. Absent: the repository of the conversation.
    pub repository_id: Option<RepositoryId>,
    /// Absent: as the conversation.
    pub filler_enabled: Option<bool>,
    /// At most 50 pairs.
    pub metadata: Metadata,
}

/// What a message has from its conversation if the request does not say it. It is not rewritten when the conversation changes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageContext {
    /// The repository.
    pub repository_id: Option<RepositoryId>,
    /// Whether agents may send fillers.
    pub filler: Filler,
}

impl NewMessage {
    /// Reads the body.
    pub fn read(fields: &mut Fields) -> Option<Self> {
        let role = fields.optional("role", role);
        let content = fields.required("content", content);
        let repository_id = fields.nullable("repository_id", conversation::repository_id);
        let filler = fields.nullable("filler", |member| member.object(conversation::filler));
        let metadata = fields.optional("metadata", text::metadata);
        Some(Self {
            role: role?.unwrap_or_default(),
            content: content?,
            repository_id: repository_id?.flatten(),
            filler_enabled: filler?.flatten(),
            metadata: metadata?.unwrap_or_default(),
        })
    }

    /// What the message has of the request and of its conversation.
    pub fn context(&self, conversation: &Conversation) -> MessageContext {
        MessageContext {
            repository_id: self.repository_id.or(conversation.context.repository_id),
            filler: self.filler_enabled.map_or(conversation.filler, |enabled| Filler { enabled }),
        }
    }

    /// The new message.
    pub fn into_message(self, id: MessageId, conversation_id: ConversationId, context: MessageContext) -> Message {
        Message {
            object: "message",
            id,
            conversation_id,
            role: self.role,
            content: self.content,
            repository_id: context.repository_id,
            filler: context.filler,
            metadata: self.metadata,
            created_at: id.created_at(),
        }
    }
}

fn role(member: Member) -> Option<MessageRole> {
    let role = MessageRole::parse(member.string()?);
    if role.is_none() {
        member.refuse("must be user, assistant or system");
    }
    role
}

fn content(member: Member) -> Option<String> {
    let text = member.string()?;
    if text.is_empty() || text.len() > MAX_CONTENT_BYTES {
        member.refuse("must have 1 byte to 64 KiB of UTF-8");
        return None;
    }
    if text.contains('\0') {
        member.refuse("must have no NUL character");
        return None;
    }
    Some(text.to_owned())
}
