//! What runs the API on one machine: the template as read, an HTTP API gateway, Lambda's runtime, DynamoDB and a proxy that
//! makes it fail. `cargo xtask dev` and the black-box tests stand on it.
//!
//! Invariant: template.yaml decides routes, environments, permissions and the table, here as on AWS; nothing of it is repeated.
//! Not here: the AWS SDK, building the functions, and what the answers should be.

#![warn(missing_docs)]

pub mod gateway;
pub mod http;
pub mod lambda;
pub mod proxy;
pub mod store;
pub mod template;

mod error;
mod server;

pub use error::{Error, Result};
