//! The generated part of the Go client.

use std::path::Path;

use crate::{Result, process_group::ProcessGroups};

/// The module's folder, in which the generator writes the files `*.gen.go`.
pub const GENERATED: &str = "infra/clients/go";

/// Generates into an empty folder, in which each file has the path that it has in the module.
#[expect(clippy::unused_async, reason = "a generator is a program")]
pub async fn generate(_groups: &ProcessGroups, _into: &Path) -> Result<()> {
    Ok(())
}
