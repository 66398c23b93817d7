//! `cargo xtask clients`: the generated parts of the packages in infra/clients, made from infra/openapi.yaml.
//!
//! Invariant: they are committed as the pinned generators write them; `--check` and the stage `clients` fail if they differ.
//! Not here: the packages' own code and tests (infra/clients), and how they are run (`test/clients/packages.rs`).

mod go;
mod python;
mod typescript;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, ValueEnum};

use crate::{
    Result,
    process_group::{ProcessGroups, interrupted},
    progress::{note, step},
    tools, tree,
};

/// Generates the clients' types and paths from infra/openapi.yaml.
#[derive(Args)]
pub struct Options {
    /// The languages; all if none is given.
    #[arg(value_name = "LANGUAGE")]
    languages: Vec<Language>,
    /// Checks that what is committed is what the generators write, and changes nothing.
    #[arg(long)]
    check: bool,
}

/// A language with a package in infra/clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Language {
    Python,
    Typescript,
    Go,
}

impl Language {
    const ALL: [Self; 3] = [Self::Python, Self::Typescript, Self::Go];

    fn name(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Typescript => "typescript",
            Self::Go => "go",
        }
    }

    /// The programs without which nothing can be generated.
    fn needs(self) -> &'static [&'static str] {
        match self {
            Self::Python => &["python3"],
            Self::Typescript => &["node", "npm"],
            Self::Go => &["go"],
        }
    }

    /// Those of them that are not installed.
    fn missing(self) -> Vec<&'static str> {
        self.needs().iter().copied().filter(|name| tools::on_path(name).is_none()).collect()
    }

    /// The folder of the committed files.
    fn generated(self) -> &'static str {
        match self {
            Self::Python => python::GENERATED,
            Self::Typescript => typescript::GENERATED,
            Self::Go => go::GENERATED,
        }
    }

    /// Whether only the generator writes a file of that folder.
    fn is_generated(self, file: &Path) -> bool {
        match self {
            Self::Python | Self::Typescript => true,
            // Methods are in the package of their type.
            Self::Go => file.to_string_lossy().ends_with(".gen.go"),
        }
    }

    /// The committed files that its generator has written.
    fn committed(self) -> Result<Files> {
        let mut files = files_below(&tree::root().join(self.generated()))?;
        files.retain(|file, _| self.is_generated(file));
        Ok(files)
    }

    /// Generates into an empty folder.
    async fn generate(self, groups: &ProcessGroups, into: &Path) -> Result<()> {
        match self {
            Self::Python => python::generate(groups, into).await,
            Self::Typescript => typescript::generate(groups, into).await,
            Self::Go => go::generate(groups, into).await,
        }
    }
}

/// Writes the generated files, or compares them.
pub async fn run(options: &Options) -> Result<ExitCode> {
    let languages = if options.languages.is_empty() { &Language::ALL } else { options.languages.as_slice() };
    for language in languages {
        if let missing @ [_, ..] = language.missing().as_slice() {
            return Err(format!("{}: {} is not installed", language.generated(), missing.join(", ")));
        }
    }
    let groups = ProcessGroups::start()?;
    let work = async {
        for language in languages {
            if options.check { check_one(&groups, *language).await? } else { write_one(&groups, *language).await? }
        }
        Ok(())
    };
    let done = tokio::select! {
        done = work => done,
        () = interrupted() => Err("interrupted".to_owned()),
    };
    groups.end_all().await;
    done.map(|()| ExitCode::SUCCESS)
}

/// Checks the languages whose generators can run here, all at once; one error per language.
pub async fn check(groups: &ProcessGroups) -> Vec<String> {
    let check = async |language: Language| {
        if language.missing().is_empty() { check_one(groups, language).await } else { Ok(()) }
    };
    let (python, typescript, go) =
        tokio::join!(check(Language::Python), check(Language::Typescript), check(Language::Go));
    [python, typescript, go].into_iter().filter_map(Result::err).collect()
}

/// Fails if a committed file differs from what its generator writes, and names every such file.
async fn check_one(groups: &ProcessGroups, language: Language) -> Result<()> {
    let files = generated(groups, language).await?;
    let (folder, committed) = (language.generated(), language.committed()?);
    let stale = differences(&committed, &files).into_iter();
    let stale: Vec<_> = stale.map(|(file, how)| format!("{folder}/{} {how}", file.display())).collect();
    if stale.is_empty() {
        return Ok(());
    }
    let command = format!("cargo xtask clients {}", language.name());
    Err(format!("not what the generator writes; run `{command}`:\n{}", stale.join("\n")))
}

async fn write_one(groups: &ProcessGroups, language: Language) -> Result<()> {
    let files = generated(groups, language).await?;
    let (folder, committed) = (tree::root().join(language.generated()), language.committed()?);
    if committed == files {
        note(&format!("{}: nothing has changed", language.generated()));
        return Ok(());
    }
    for file in committed.keys().filter(|file| !files.contains_key(*file)) {
        remove(&folder.join(file))?;
    }
    for (file, bytes) in &files {
        write(&folder.join(file), bytes)?;
    }
    note(&format!("{}: {} files are written", language.generated(), files.len()));
    Ok(())
}

/// Files by their path below a folder.
type Files = BTreeMap<PathBuf, Vec<u8>>;

/// What the generator of a language writes.
async fn generated(groups: &ProcessGroups, language: Language) -> Result<Files> {
    let name = language.name();
    let into = tree::root().join("target/clients/generated").join(name);
    tree::empty(&into)?;
    step(&format!("generating the client for {name}"), language.generate(groups, &into)).await?;
    let files = files_below(&into)?;
    if files.is_empty() { Err(format!("the generator for {name} has written no file")) } else { Ok(files) }
}

/// All files below a folder, without what Python compiles there; none if it does not exist.
fn files_below(folder: &Path) -> Result<Files> {
    let mut files = Files::new();
    let mut folders = if folder.exists() { vec![folder.to_path_buf()] } else { Vec::new() };
    while let Some(next) = folders.pop() {
        let failed = |error: std::io::Error| format!("cannot read {}: {error}", next.display());
        for entry in std::fs::read_dir(&next).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.is_dir() && path.ends_with("__pycache__") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).map_err(failed)?;
            files.insert(path.strip_prefix(folder).unwrap_or(&path).to_path_buf(), bytes);
        }
    }
    Ok(files)
}

fn remove(path: &Path) -> Result<()> {
    std::fs::remove_file(path).map_err(|error| format!("cannot remove {}: {error}", path.display()))
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |error: std::io::Error| format!("cannot write {}: {error}", path.display());
    path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(failed)?;
    std::fs::write(path, bytes).map_err(failed)
}

/// Each file that is not the same on both sides, and how.
fn differences<'a>(committed: &'a Files, generated: &'a Files) -> BTreeMap<&'a Path, &'static str> {
    let gone =
        committed.keys().filter(|file| !generated.contains_key(*file)).map(|file| (file, "is no longer generated"));
    let others = generated.iter().filter_map(|(file, bytes)| match committed.get(file) {
        None => Some((file, "is missing")),
        Some(known) if known != bytes => Some((file, "differs")),
        Some(_) => None,
    });
    gone.chain(others).map(|(file, how)| (file.as_path(), how)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(files: &[(&str, &str)]) -> Files {
        files.iter().map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec())).collect()
    }

    #[test]
    fn every_difference_is_named() {
        let committed = files(&[("a", "1"), ("b/c", "1"), ("old", "1")]);
        let generated = files(&[("a", "1"), ("b/c", "2"), ("new", "1")]);
        let found: Vec<_> = differences(&committed, &generated).into_iter().collect();
        let path = Path::new;
        let expected = [(path("b/c"), "differs"), (path("new"), "is missing"), (path("old"), "is no longer generated")];
        assert_eq!(found, expected);
        assert!(differences(&committed, &committed).is_empty());
    }

    #[test]
    fn a_go_file_is_generated_where_its_name_says_so() {
        let is_generated = |file| Language::Go.is_generated(Path::new(file));
        let files = ["methods.gen.go", "tenancyv1/types.gen.go", "client.go", "go.sum"];
        assert_eq!(files.map(is_generated), [true, true, false, false]);
        assert!(Language::Python.is_generated(Path::new("models/customer.py")));
    }

    #[test]
    fn files_are_read_without_what_python_compiles() {
        let folder = std::env::temp_dir().join(format!("xtask-clients-{}", std::process::id()));
        tree::empty(&folder).unwrap();
        for (file, text) in [("a.py", "1"), ("b/c.py", "2"), ("b/__pycache__/c.pyc", "3")] {
            write(&folder.join(file), text.as_bytes()).unwrap();
        }
        let found = files_below(&folder);
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(found.unwrap(), files(&[("a.py", "1"), ("b/c.py", "2")]));
        assert_eq!(files_below(&folder).unwrap(), Files::new());
    }
}
