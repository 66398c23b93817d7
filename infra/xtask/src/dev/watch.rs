//! Notices that a source has changed: it compares the files' times twice a second.
//!
//! Polling works on every file system, and takes a millisecond for a few hundred files.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use tokio::time;

use crate::tree;

const EVERY: Duration = Duration::from_millis(500);

/// The sources of the functions.
const SOURCES: [&str; 5] = ["functions", "shared", "Cargo.toml", "template.yaml", "infra/openapi.yaml"];

/// The sources and their times.
pub struct Sources(BTreeMap<PathBuf, SystemTime>);

impl Sources {
    /// The current ones.
    pub fn now() -> Self {
        let mut files = BTreeMap::new();
        for source in SOURCES {
            collect(&tree::root().join(source), &mut files);
        }
        Self(files)
    }

    /// Waits until some file is new, changed or gone, and until an editor that saves several has finished.
    pub async fn changed(&mut self) -> PathBuf {
        loop {
            time::sleep(EVERY).await;
            let mut now = Self::now();
            let Some(file) = self.difference(&now) else { continue };
            loop {
                time::sleep(EVERY).await;
                let later = Self::now();
                if now.difference(&later).is_none() {
                    break;
                }
                now = later;
            }
            *self = now;
            return file.strip_prefix(tree::root()).map_or(file.clone(), Path::to_path_buf);
        }
    }

    fn difference(&self, other: &Self) -> Option<PathBuf> {
        let gone = self.0.keys().find(|file| !other.0.contains_key(*file));
        let changed = || other.0.iter().find(|(file, time)| self.0.get(*file) != Some(time)).map(|(file, _)| file);
        gone.or_else(changed).cloned()
    }
}

/// Collects the time of a file, or of all files below a folder. A file that cannot be read counts as absent.
fn collect(path: &Path, files: &mut BTreeMap<PathBuf, SystemTime>) {
    let Ok(metadata) = std::fs::metadata(path) else { return };
    if metadata.is_dir() {
        for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
            collect(&entry.path(), files);
        }
    } else if let Ok(time) = metadata.modified() {
        files.insert(path.to_path_buf(), time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_changed_and_missing_files_are_differences() {
        let at = |seconds: &[(&str, u64)]| {
            let entry = |(file, second): &(&str, u64)| {
                (PathBuf::from(file), SystemTime::UNIX_EPOCH + Duration::from_secs(*second))
            };
            Sources(seconds.iter().map(entry).collect())
        };
        let before = at(&[("a", 1), ("b", 1)]);
        assert_eq!(before.difference(&at(&[("a", 1), ("b", 1)])), None);
        assert_eq!(before.difference(&at(&[("a", 1), ("b", 2)])), Some(PathBuf::from("b")));
        assert_eq!(before.difference(&at(&[("b", 1)])), Some(PathBuf::from("a")));
        assert_eq!(before.difference(&at(&[("a", 1), ("b", 1), ("c", 1)])), Some(PathBuf::from("c")));
    }
}
