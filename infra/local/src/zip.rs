//! The size of a deployed function: a zip with one file, `bootstrap`.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::{Error, Result};

/// The bytes of a zip in addition to its only file's deflated bytes: two headers with the file's name, and the end of the directory.
const OVERHEAD: usize = 30 + 46 + 22 + 2 * "bootstrap".len();

/// The sizes of a binary in bytes: `binary_bytes`, and `zip_bytes` deflated at level 9.
pub fn sizes(binary: &Path) -> Result<Map<String, Value>> {
    let failed = |error: std::io::Error| Error::new(format!("cannot read {}: {error}", binary.display()));
    let bytes = std::fs::read(binary).map_err(failed)?;
    let zip = miniz_oxide::deflate::compress_to_vec(&bytes, 9).len() + OVERHEAD;
    let sizes = [("binary_bytes", bytes.len()), ("zip_bytes", zip)];
    Ok(sizes.map(|(name, size)| (name.to_owned(), json!(size))).into_iter().collect())
}
