//! Paths in the work tree.

use std::path::{Path, PathBuf};

use crate::Result;

/// The name of the table of every local store.
pub const TABLE: &str = "tenancy";

/// The root of the work tree for which cargo runs this program, or else of the one from which it was built.
/// (Copies of a tree that share a target folder share this program.)
pub fn root() -> PathBuf {
    let ours = std::env::var("CARGO_PKG_NAME").is_ok_and(|package| package == env!("CARGO_PKG_NAME"));
    let here = std::env::var("CARGO_MANIFEST_DIR").ok().filter(|_| ours);
    let here = PathBuf::from(here.as_deref().unwrap_or(env!("CARGO_MANIFEST_DIR")));
    here.ancestors().nth(2).unwrap_or(&here).to_path_buf()
}

/// The template of the stack: functions, routes, table.
pub fn template() -> PathBuf {
    root().join("template.yaml")
}

/// The machine-readable form of docs/contract.md.
pub fn openapi() -> PathBuf {
    root().join("infra/openapi.yaml")
}

/// The folder for a dev stack's data; git-ignored. `DEV_FOLDER` names another folder, so that several stacks of one tree do not
/// interfere.
pub fn local() -> Result<PathBuf> {
    let other = std::env::var_os("DEV_FOLDER").filter(|folder| !folder.is_empty());
    folder(other.map_or_else(|| root().join(".local"), PathBuf::from))
}

/// The folder of cargo's programs, which contains this one.
pub fn programs() -> Result<PathBuf> {
    let program = std::env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
    Ok(program.parent().unwrap_or(&program).to_path_buf())
}

/// This program. A build may have replaced its file since it was started; the system then gives another name for the running one.
pub fn this_program() -> Result<PathBuf> {
    Ok(programs()?.join(format!("xtask{}", std::env::consts::EXE_SUFFIX)))
}

/// Tools installed by this program; git-ignored.
pub fn tools() -> Result<PathBuf> {
    folder(root().join(".tools"))
}

/// Creates a folder, or empties it.
pub fn empty(folder: &Path) -> Result<()> {
    let failed = |error: std::io::Error| format!("cannot empty {}: {error}", folder.display());
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(failed)?;
    }
    std::fs::create_dir_all(folder).map_err(failed)
}

fn folder(path: PathBuf) -> Result<PathBuf> {
    std::fs::create_dir_all(&path).map_err(|error| format!("cannot create {}: {error}", path.display()))?;
    Ok(path)
}
