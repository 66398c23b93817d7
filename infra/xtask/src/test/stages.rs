//! The stages that need nothing but the Rust toolchain.

use super::{Context, check};
use crate::{Result, cargo};

/// `cargo fmt`, without changing anything.
pub async fn fmt(context: &Context) -> Result<()> {
    check(context, &mut cargo::command(&["fmt", "--check"])).await
}

/// clippy over libraries, programs and tests; a warning fails. The black-box tests have to be named: see tests/Cargo.toml.
pub async fn clippy(context: &Context) -> Result<()> {
    check(context, &mut cargo::command(&["clippy", "--all-targets", "--", "-D", "warnings"])).await?;
    check(context, &mut cargo::command(&["clippy", "--test", "*", "--", "-D", "warnings"])).await
}

/// rustdoc; a warning (a broken link, say) fails.
pub async fn doc(context: &Context) -> Result<()> {
    check(context, cargo::command(&["doc", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings")).await
}

/// The tests inside the crates, as plain `cargo test` runs them; those that need a store or a binary are the stage `api`.
pub async fn unit(context: &Context) -> Result<()> {
    check(context, &mut cargo::command(&["test"])).await?;
    // Any package may switch ordered JSON objects on for all: an idempotent request's fingerprint must not change with that.
    let ordered = ["test", "--features", "serde_json/preserve_order", "--lib", "domain::idempotency"];
    check(context, &mut cargo::command(&ordered)).await
}
