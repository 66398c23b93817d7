//! `.local/dev.env`: where the running dev stack is and the keys that open it.
//!
//! Invariant: a starting stack removes the file and writes it when the API answers. It outlives the stack, for the sake of the keys.

use std::{collections::BTreeMap, os::unix::fs::OpenOptionsExt, path::PathBuf};

use crate::{Result, tree};

/// The lines `NAME=value` of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<String, String>);

/// The credentials and the region that every local store takes. DynamoDB Local wants letters and digits only.
pub const LOCAL_AWS: [(&str, &str); 3] =
    [("AWS_ACCESS_KEY_ID", "local"), ("AWS_SECRET_ACCESS_KEY", "local"), ("AWS_REGION", "eu-central-1")];

fn path() -> Result<PathBuf> {
    Ok(tree::local()?.join("dev.env"))
}

impl Environment {
    /// The file as it is; empty where there is none.
    pub fn load() -> Result<Self> {
        Ok(Self::parse(&std::fs::read_to_string(path()?).unwrap_or_default()))
    }

    /// Removes the file: what it says no longer holds.
    pub fn forget() -> Result<()> {
        let path = path()?;
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(format!("cannot remove {}: {error}", path.display()))
            }
            _ => Ok(()),
        }
    }

    /// Writes the file in one go; it holds keys, so only its owner may read it.
    pub fn save(&self) -> Result<()> {
        let path = path()?;
        let part = path.with_extension("env.part");
        let failed = |error: std::io::Error| format!("cannot write {}: {error}", path.display());
        let _ = std::fs::remove_file(&part);
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(&part).map_err(failed)?;
        std::io::Write::write_all(&mut file, self.to_string().as_bytes()).map_err(failed)?;
        std::fs::rename(&part, &path).map_err(failed)
    }

    /// A value, unless it is empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Sets a value.
    pub fn set(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), value.to_owned());
    }

    fn parse(text: &str) -> Self {
        let line = |line: &str| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self(text.lines().filter_map(line).collect())
    }
}

impl std::fmt::Display for Environment {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|(name, value)| writeln!(out, "{name}={value}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let mut environment = Environment::default();
        environment.set("BASE_URL", "http://127.0.0.1:9000");
        environment.set("INTEGRATION_KEY", "");
        let read = Environment::parse(&environment.to_string());
        assert_eq!(read, environment);
        assert_eq!(read.get("BASE_URL"), Some("http://127.0.0.1:9000"));
        assert_eq!(read.get("INTEGRATION_KEY"), None);
    }
}
