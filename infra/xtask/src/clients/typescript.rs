//! The generated part of the TypeScript client.

use std::path::Path;

use crate::{Result, process_group::ProcessGroups};

/// The folder that only the generator writes.
pub const GENERATED: &str = "infra/clients/typescript/src/generated";

/// Generates into an empty folder.
#[expect(clippy::unused_async, reason = "a generator is a program")]
pub async fn generate(_groups: &ProcessGroups, _into: &Path) -> Result<()> {
    Ok(())
}
