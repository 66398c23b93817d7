//! Runs the API on one machine: a reader of template.yaml, an HTTP API gateway, a Lambda emulator, a DynamoDB client, and a proxy that
//! injects faults. `cargo xtask dev` and the black-box tests use it.
//!
//! Invariant: routes, environments, permissions and the table come from template.yaml, as on AWS.
//! Not here: the AWS SDK, building the functions, and what the responses should be.

#![warn(missing_docs)]

pub mod gateway;
pub mod http;
pub mod keys;
pub mod lambda;
pub mod proxy;
pub mod server;
pub mod store;
pub mod template;
pub mod zip;

mod error;

pub use error::{Error, Result};
