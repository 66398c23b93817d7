//! What the tests stand on: an API of their own per test, made of the real binaries, the real gateway rules
//! and a table of its own in the real store, with the fault proxy between.
//!
//! Every exchange is checked against infra/openapi.yaml; every request to the store and every log line is
//! kept for the checks over the whole suite (`tests/suite.rs`). A helper that finds a test's world broken
//! panics: there is nothing to test then.

mod app;
pub mod checks;
mod conversations;
mod counting;
mod exchange;
pub mod history;
pub mod iam;
pub mod logs;
mod members;
pub mod openapi;
pub mod operations;
pub mod recorded;
mod refusing;
mod relay;
pub mod transcript;
mod world;

pub use app::{App, PUBLIC_HOST};
pub use conversations::{HELD, from_now, milliseconds};
pub use counting::Counting;
pub use exchange::{Call, Exchange, shows, tenant_tag};
pub use local::gateway;
pub use local::proxy::{Action, LogEntry, Rule};
pub use members::{Members, below, id_of};
pub use refusing::Refusing;
pub use relay::Relay;
pub use serde_json::{Value, json};
pub use world::{endpoint, functions_folder, repository_root, template};
