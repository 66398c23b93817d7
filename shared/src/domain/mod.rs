//! The rules of the API as pure code: no AWS, no HTTP, no async, no clock and no environment.
//! The current time and new ids are arguments.

pub mod attachment;
mod change;
#[cfg(test)]
pub(crate) mod choice;
pub mod conversation;
pub mod credential;
pub mod customer;
pub mod customer_list;
mod error;
mod fields;
pub mod filter;
#[cfg(test)]
mod fuzz;
pub mod id;
pub mod id_list;
pub mod idempotency;
pub mod json;
pub mod key;
pub mod key_ring;
pub mod lease;
pub mod message;
pub mod order;
pub mod page_token;
pub mod precondition;
pub mod principal;
pub mod rate_limit;
pub mod repo_url;
pub mod repository;
pub mod role;
pub mod secret;
pub mod tenant;
#[cfg(test)]
mod tests;
pub mod text;
mod time;
pub mod token;
pub mod token_exchange;
pub mod user;

pub use change::Change;
pub use error::{Conflict, CredentialError, Error, FieldError, Result, member_pointer};
pub use fields::{Fields, Member};
pub use id::{
    ConversationId, CustomerId, Id, KeyId, Kind, MessageId, RepositoryId, RequestId, RoleId, SigningKeyId, TenantId,
    TenantTag, TokenId, UserId, UserTag, WriteId,
};
pub use time::Timestamp;
