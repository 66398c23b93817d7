//! The one table, and the only place that names the SDK.
//!
//! Rules (docs/access-patterns.md): a key is made of an authenticated root (`keys`); every write is
//! conditional, stamped and decided in one place (`write`); a read is strongly consistent unless an
//! index serves it. Deliberately absent: caches, scans, unconditional writes, loops over SDK calls.

mod attachments;
mod authentication;
mod client;
mod clock;
mod customer_keys;
mod customers;
mod doubt;
mod item;
mod keys;
mod operators;
mod read;
mod record;
mod repositories;
mod sweep;
mod tenants;
mod tls;
mod write;

pub use authentication::Principal;
pub use client::{Settings, Store};
pub use customer_keys::KeyDetails;
pub use customers::CustomerPage;
pub use operators::OperatorKey;
pub use record::{Made, Once};
pub use tls::http_client;
