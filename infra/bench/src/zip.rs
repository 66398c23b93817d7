//! The size of a deployed function: a zip with one file, `bootstrap`.

use std::path::Path;

use local::{Error, Result};
use serde_json::{Map, Value, json};

use crate::binary;

/// The bytes of a zip in addition to its only file's deflated bytes: two headers with the file's name, and the end of the directory.
const OVERHEAD: usize = 30 + 46 + 22 + 2 * "bootstrap".len();

/// The sizes of a function's binary, plain and deflated at level 9.
pub fn sizes(folder: &Path, function: &str) -> Result<Map<String, Value>> {
    let file = binary(folder, function);
    let bytes = std::fs::read(&file).map_err(|error| Error::new(format!("cannot read {}: {error}", file.display())))?;
    let zip = miniz_oxide::deflate::compress_to_vec(&bytes, 9).len() + OVERHEAD;
    Ok([("binary_bytes", bytes.len()), ("zip_bytes", zip)]
        .map(|(name, size)| (name.to_owned(), json!(size)))
        .into_iter()
        .collect())
}
