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
        let repository_id = fields.nullable("repository_id", |member| member.id().map(Some));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::conversation::{Context, ConversationStatus};
    use crate::domain::tests::read_body;
    use crate::domain::{TenantId, UserId};

    fn content_of(content: &str) -> Result<String, Vec<String>> {
        let body = format!("{{\"content\":{}}}", serde_json::to_string(content).unwrap());
        read_body(&body, NewMessage::read).map(|new| new.content)
    }

    #[test]
    fn content_has_up_to_64_kib_and_no_nul() {
        for right in ["a", " ", "\u{1}\u{7f}\u{85}", &"é".repeat(32 * 1024)] {
            assert_eq!(content_of(right).as_deref(), Ok(right));
        }
        for wrong in ["", "a\0", &format!("{}a", "é".repeat(32 * 1024))] {
            assert_eq!(content_of(wrong).unwrap_err(), ["/content"]);
        }
    }

    #[test]
    fn a_message_is_read_with_all_faults() {
        let least = NewMessage {
            role: MessageRole::User,
            content: "c".to_owned(),
            repository_id: None,
            filler_enabled: None,
            metadata: Metadata::new(),
        };
        for rest in ["", r#","repository_id":null,"filler":null"#, r#","role":"user","filler":{},"metadata":{}"#] {
            assert_eq!(read_body(&format!(r#"{{"content":"c"{rest}}}"#), NewMessage::read).as_ref(), Ok(&least));
        }
        let full = r#"{"content":"c","role":"system","repository_id":"rep_00000000000000000000000000","filler":{"enabled":false},"metadata":{"a":"b"}}"#;
        let expected = NewMessage {
            role: MessageRole::System,
            repository_id: Some(RepositoryId::NIL),
            filler_enabled: Some(false),
            metadata: [("a".to_owned(), "b".to_owned())].into(),
            ..least
        };
        assert_eq!(read_body(full, NewMessage::read), Ok(expected));
        let wrong = r#"{"role":null,"repository_id":"rep_","filler":{"enabled":1},"metadata":null,"id":1}"#;
        let pointers = ["/content", "/filler/enabled", "/id", "/metadata", "/repository_id", "/role"];
        assert_eq!(read_body(wrong, NewMessage::read).unwrap_err(), pointers);
        assert_eq!(
            read_body(r#"{"content":null,"role":"tool"}"#, NewMessage::read).unwrap_err(),
            ["/content", "/role"]
        );
    }

    #[test]
    fn a_message_has_from_its_conversation_what_the_request_leaves_out() {
        let now = Timestamp::from_milliseconds(1_795_403_655_123);
        let of_conversation = RepositoryId::new(now, 1);
        let conversation = Conversation {
            id: ConversationId::NIL,
            tenant_id: TenantId::NIL,
            user_id: UserId::NIL,
            title: None,
            status: ConversationStatus::Active,
            context: Context { role_id: None, repository_id: Some(of_conversation) },
            agent_type: "a".to_owned(),
            lease: None,
            filler: Filler { enabled: true },
            metadata: [("of".to_owned(), "conversation".to_owned())].into(),
            message_count: 0,
            last_message_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let message = |body: &str| {
            let new = read_body(body, NewMessage::read).unwrap();
            let context = new.context(&conversation);
            new.into_message(MessageId::new(now, 2), conversation.id, context)
        };
        let inherited = message(r#"{"content":"c"}"#);
        assert_eq!((inherited.repository_id, inherited.filler.enabled), (Some(of_conversation), true));
        assert_eq!((inherited.metadata, inherited.created_at), (Metadata::new(), now));
        let own =
            message(r#"{"content":"c","repository_id":"rep_00000000000000000000000000","filler":{"enabled":false}}"#);
        assert_eq!((own.repository_id, own.filler.enabled), (Some(RepositoryId::NIL), false));
    }
}
