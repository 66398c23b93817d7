//! The one table, and the only place that names the SDK.
//!
//! Rules (docs/access-patterns.md): a key is made of an authenticated root (`keys`); a read is strongly consistent unless an index
//! serves it, and the first of a request goes out with the check of its caller (`first_read`, `authentication`); the domain decides;
//! every write is conditional, stamped and committed in one place (`write`, `commit`). Deliberately absent: caches, scans,
//! unconditional writes.

mod attachments;
mod authentication;
mod backoff;
mod client;
mod commit;
mod customer_keys;
mod customers;
mod error;
mod external_ids;
mod first_read;
mod history;
mod idempotency;
mod item;
mod key_items;
mod keys;
mod lost_responses;
mod operators;
mod read;
mod repositories;
mod snapshot;
mod sweep;
mod tenants;
mod tls;
mod write;

pub use attachments::TenantAndRepository;
pub use authentication::Principal;
pub use client::{Settings, Store};
pub use customers::{CustomerLookup, CustomerPage};
pub use external_ids::Upsert;
pub use first_read::FirstRead;
pub use idempotency::{EarlierRequest, IdempotentRequest, IdempotentResult};
pub use operators::OperatorKey;
pub use snapshot::Snapshot;
pub use tls::http_client;
