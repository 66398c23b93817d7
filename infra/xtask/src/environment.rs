//! `.local/dev.env`: where the running dev stack is and the keys that open it.
//!
//! Invariant: a starting stack writes the file when the API answers, and not before. When the stack has ended, in whatever way, the
//! keys alone are left in it, for the next start.

use std::{
    collections::BTreeMap,
    fs::File,
    os::unix::fs::OpenOptionsExt,
    path::Path,
    time::{Duration, Instant},
};

use crate::{Result, process_group::ProcessGroups, tree};

/// The lines `NAME=value` of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<String, String>);

/// Credentials and a region for every local store. DynamoDB Local accepts letters and digits only.
pub const LOCAL_AWS: [(&str, &str); 3] =
    [("AWS_ACCESS_KEY_ID", "local"), ("AWS_SECRET_ACCESS_KEY", "local"), ("AWS_REGION", "eu-central-1")];

/// The file's name.
const FILE: &str = "dev.env";

/// What is kept when a stack has ended.
const KEYS: [&str; 2] = ["OPERATOR_KEY", "INTEGRATION_KEY"];

const RUNNING: &str = "The dev stack that runs; written by cargo xtask dev.";
const ENDED: &str = "The dev stack has ended; the next cargo xtask dev takes these keys up again.";

/// The file of a running stack. Dropping this removes everything but the keys.
pub struct Published;

impl Drop for Published {
    fn drop(&mut self) {
        let _ = retire();
    }
}

/// Removes everything but the keys from the file: the addresses are no longer valid. A file without addresses is not written, so that one
/// which was removed after the stack ended does not come back.
fn retire() -> Result<()> {
    let mut environment = Environment::load()?;
    let is_key = |name: &String| KEYS.contains(&name.as_str());
    if environment.0.keys().all(is_key) {
        return Ok(());
    }
    environment.0.retain(|name, _| is_key(name));
    environment.save(ENDED)
}

/// The same for a stack that was killed. If another one runs already, the file belongs to that one.
pub fn retire_dead() -> Result<()> {
    // The kernel closes the files of a killed process one by one: its lock may outlive its pipes for a moment.
    match lock(Duration::from_secs(5))? {
        Some(_held) => retire(),
        None => Ok(()),
    }
}

/// The lock of this tree's stack, held while the file is open; None if another stack has it.
pub fn lock(patience: Duration) -> Result<Option<File>> {
    let path = tree::local()?.join("dev.lock");
    let failed = |error: std::io::Error| format!("cannot open {}: {error}", path.display());
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    let started = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(_) if started.elapsed() < patience => std::thread::sleep(Duration::from_millis(20)),
            Err(_) => return Ok(None),
        }
    }
}

impl Environment {
    /// The file of this stack; empty if there is none.
    pub fn load() -> Result<Self> {
        Ok(Self::read(&tree::local()?))
    }

    /// The file of the stack that has this folder; empty if there is none.
    pub fn read(folder: &Path) -> Self {
        Self::parse(&std::fs::read_to_string(folder.join(FILE)).unwrap_or_default())
    }

    /// Writes the file; it lasts until the result is dropped or this program ends.
    pub fn publish(&self, groups: &ProcessGroups) -> Result<Published> {
        groups.retire_environment();
        self.save(RUNNING)?;
        Ok(Published)
    }

    /// Replaces the file atomically; it holds keys, so only its owner may read it.
    fn save(&self, comment: &str) -> Result<()> {
        let path = tree::local()?.join(FILE);
        let part = path.with_extension("env.part");
        let failed = |error: std::io::Error| format!("cannot write {}: {error}", path.display());
        let _ = std::fs::remove_file(&part);
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(&part).map_err(failed)?;
        std::io::Write::write_all(&mut file, format!("# {comment}\n{self}").as_bytes()).map_err(failed)?;
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
        Self(text.lines().filter(|line| !line.starts_with('#')).filter_map(line).collect())
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
