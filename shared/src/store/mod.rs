//! The DynamoDB table. No other module depends on the SDK.
//!
//! Rules (docs/access-patterns.md): every key of a request's data begins with an authenticated root (`keys`). Reads of the table are
//! strongly consistent; reads of the index are not. The first read of a request is sent together with authentication (`first_read`,
//! `authentication`). The domain decides. Every write is conditional, has a write id, and is committed in one place (`write`, `commit`).
//! There are no caches, no scans and no unconditional writes.

mod attachments;
mod authentication;
mod backoff;
mod below_tenant;
mod client;
mod commit;
mod conversation_list;
mod conversations;
mod customer_keys;
mod customers;
mod error;
mod external_ids;
mod first_read;
mod gate_number;
mod gates;
mod guards;
mod history;
mod idempotency;
mod item;
mod key_items;
mod keys;
mod leases;
mod lost_responses;
mod members;
mod messages;
mod operators;
mod rate_limits;
mod read;
mod repositories;
mod roles;
mod signing_keys;
mod snapshot;
mod sweep;
mod tenants;
mod tls;
mod token_exchange;
mod usage;
mod user_list;
mod users;
mod write;

pub use attachments::TenantAndRepository;
pub use authentication::Principal;
pub use client::{Settings, Store};
pub use conversation_list::{ConversationOwner, OwnerAndCursor};
pub use conversations::{Guarded, UserAndRecord};
pub use customers::{CustomerLookup, CustomerPage};
pub use external_ids::Upsert;
pub use first_read::FirstRead;
pub use gates::Gate;
pub use idempotency::{EarlierRequest, IdempotentRequest, IdempotentResult};
pub use messages::ConversationAndRecord;
pub use operators::OperatorKey;
pub use roles::{TenantAndRecord, TenantAndRoleId};
pub use signing_keys::SigningKey;
pub use snapshot::Snapshot;
pub use sweep::Swept;
pub use tls::http_client;
pub use usage::CallerIds;
pub use user_list::UserFilter;
pub use users::{TenantAndUserId, UserAndRole, UserUpsert};
