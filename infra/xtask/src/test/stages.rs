//! The stages that only need the Rust toolchain.

use super::{Context, check};
use crate::{Result, cargo};

/// Checks the format, without changing files.
pub async fn fmt(context: &Context) -> Result<()> {
    check(context, &mut cargo::command(&["fmt", "--check"])).await
}

/// clippy for libraries, programs and tests; a warning fails. The black-box tests must be named: see tests/Cargo.toml.
pub async fn clippy(context: &Context) -> Result<()> {
    check(context, &mut cargo::command(&["clippy", "--all-targets", "--", "-D", "warnings"])).await?;
    check(context, &mut cargo::command(&["clippy", "--test", "*", "--", "-D", "warnings"])).await
}

/// rustdoc; a warning (for example a broken link) fails.
pub async fn doc(context: &Context) -> Result<()> {
    check(context, cargo::command(&["doc", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings")).await
}

/// The unit tests, as plain `cargo test` runs them; tests that need a store or a binary are in the stage `api`.
pub async fn unit(context: &Context) -> Result<()> {
    check(context, &mut cargo::command(&["test"])).await?;
    // Any package may enable ordered JSON objects for all: the fingerprint of an idempotent request must not change with that.
    let ordered = ["test", "--features", "serde_json/preserve_order", "--lib", "domain::idempotency"];
    check(context, &mut cargo::command(&ordered)).await
}
