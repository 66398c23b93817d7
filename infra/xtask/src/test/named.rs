//! `cargo xtask test WORD...`: the black-box and unit tests whose name contains one of the words.
//!
//! Invariant: a word that is in no test's name is an error. Only targets that may have such tests are built: a test's name is
//! in its source, or is the name of its file. Documentation tests are not included, nor those of `suite`, which check a whole run.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

use super::{Context, suite};
use crate::{
    Result, cargo,
    progress::{note, print},
    tree,
};

/// How many tests passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub passed: u64,
    pub failed: u64,
}

/// A cargo target that has tests, and its sources.
struct Target {
    /// The flag that selects it.
    flag: String,
    sources: Vec<PathBuf>,
}

/// A built target.
struct Built {
    name: String,
    program: PathBuf,
    /// The working folder in which cargo would start it.
    folder: PathBuf,
    is_black_box: bool,
}

/// Fails if a word cannot be part of any test's name. Reads only the sources.
pub fn check(words: &[String]) -> Result<()> {
    let targets = targets()?;
    let none = words.iter().filter(|word| !targets.iter().any(|target| target.may_have(word)));
    unknown(none.map(String::as_str).collect())
}

fn unknown(words: Vec<&str>) -> Result<()> {
    if words.is_empty() {
        return Ok(());
    }
    let stages: Vec<&str> = super::STAGES.iter().map(|stage| stage.name).collect();
    Err(format!("no stage and no test is named {}; the stages are: {}", words.join(", "), stages.join(", ")))
}

/// Builds, lists and runs the tests. Failed tests are counted, and the others still run.
pub async fn run(context: &Context) -> Result<Count> {
    let words = &context.filters;
    let targets: Vec<Target> =
        targets()?.into_iter().filter(|target| words.iter().any(|word| target.may_have(word))).collect();
    let built = build(context, &targets).await?;
    let mut chosen = Vec::new();
    for target in built {
        let names = names(&target).await?;
        let matching = names.into_iter().filter(|name| words.iter().any(|word| name.contains(word.as_str())));
        chosen.push((target, matching.collect::<Vec<_>>()));
    }
    chosen.retain(|(_, names)| !names.is_empty());
    let found = |word: &String| chosen.iter().any(|(_, names)| names.iter().any(|name| name.contains(word.as_str())));
    unknown(words.iter().filter(|word| !found(word)).map(String::as_str).collect())?;
    note(&format!("{} tests", chosen.iter().map(|(_, names)| names.len()).sum::<usize>()));

    let mut count = Count::default();
    for (target, _) in &chosen {
        note(&format!("--- {}", target.name));
        let ran = run_one(context, target).await?;
        count = Count { passed: count.passed + ran.passed, failed: count.failed + ran.failed };
    }
    Ok(count)
}

/// The crates with unit tests, and the black-box tests; neither `suite` nor `hint`.
fn targets() -> Result<Vec<Target>> {
    let root = tree::root();
    let inside = [
        ("--lib", "shared/src"),
        ("--lib", "infra/local/src"),
        ("--bin=xtask", "infra/xtask/src"),
        ("--test=command", "infra/xtask/tests"),
        ("--bin=tare", "infra/cli/src"),
        ("--test=cli", "infra/cli/tests"),
    ];
    let inside = inside.map(|(flag, folder)| Target { flag: flag.to_owned(), sources: sources(&root.join(folder)) });
    let black_box = suite::black_box()?.into_iter().map(|name| {
        let folder = root.join("tests/tests");
        let file = folder.join(format!("{name}.rs"));
        let sources = sources(&folder.join(&name)).into_iter().chain([file]).collect();
        Target { flag: format!("--test={name}"), sources }
    });
    Ok(inside.into_iter().chain(black_box).collect())
}

/// The Rust files below a folder.
pub(super) fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => sources(&path),
            false if path.extension().is_some_and(|extension| extension == "rs") => vec![path],
            false => Vec::new(),
        })
        .collect()
}

impl Target {
    /// Whether each part of the word is in a source or in a source's file name.
    fn may_have(&self, word: &str) -> bool {
        let within = |part: &str| {
            self.sources.iter().any(|path| {
                path.to_string_lossy().contains(part) || fs::read_to_string(path).is_ok_and(|text| text.contains(part))
            })
        };
        word.split(':').filter(|part| !part.is_empty()).all(within)
    }
}

/// Builds the targets with one cargo command.
async fn build(context: &Context, targets: &[Target]) -> Result<Vec<Built>> {
    let flags: BTreeSet<&str> = targets.iter().map(|target| target.flag.as_str()).collect();
    let words: Vec<&str> = ["test", "--no-run"].into_iter().chain(flags).collect();
    let mut built = Vec::new();
    cargo::messages(&context.groups, &words, |line| built.extend(test_program(line))).await?;
    Ok(built)
}

/// The test program in one of cargo's messages.
fn test_program(message: &str) -> Option<Built> {
    let message: Value = serde_json::from_str(message).ok()?;
    let program = message.get("executable")?.as_str()?;
    let folder = Path::new(message.get("manifest_path")?.as_str()?).parent()?;
    message.pointer("/profile/test")?.as_bool()?.then(|| Built {
        name: message.pointer("/target/name").and_then(Value::as_str).unwrap_or_default().to_owned(),
        program: PathBuf::from(program),
        folder: folder.to_path_buf(),
        is_black_box: folder.ends_with("tests") || message.pointer("/target/name").is_some_and(|name| name == "cli"),
    })
}

/// The names of a program's tests.
async fn names(target: &Built) -> Result<Vec<String>> {
    let mut list = Command::new(&target.program);
    list.args(["--list", "--format", "terse"]).current_dir(&target.folder);
    let output = list.output().await.map_err(|error| format!("cannot start {}: {error}", target.program.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
}

async fn run_one(context: &Context, target: &Built) -> Result<Count> {
    let mut command = Command::new(&target.program);
    command.args(&context.filters).current_dir(&target.folder).env("CARGO_MANIFEST_DIR", &target.folder);
    if target.is_black_box {
        suite::on_store(context, &mut command).await?;
    }
    let mut process = context.groups.spawn(command.stdin(Stdio::null()).stdout(Stdio::piped()))?;
    let output = process.child.stdout.take().ok_or("a test program has no output")?;
    let mut lines = BufReader::new(output).lines();
    let mut count = None;
    while let Ok(Some(line)) = lines.next_line().await {
        count = result(&line).or(count);
        print(&line)?;
    }
    let status = process.wait().await?;
    match count {
        Some(count) if status.success() == (count.failed == 0) => Ok(count),
        _ => Err(format!("the tests of {} ended early ({status})", target.name)),
    }
}

/// `test result: FAILED. 3 passed; 1 failed; ...`
fn result(line: &str) -> Option<Count> {
    let numbers = line.strip_prefix("test result: ")?.split_once(". ")?.1;
    let number = |word: &str| numbers.split("; ").find_map(|part| part.strip_suffix(word)?.trim().parse().ok());
    Some(Count { passed: number("passed")?, failed: number("failed")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_parsed() {
        let line = "test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 7 filtered out; finished in 0.14s";
        assert_eq!(result(line), Some(Count { passed: 3, failed: 1 }));
        assert_eq!(result("test a ... ok"), None);
    }

    #[test]
    fn a_word_is_searched_in_names_of_files_and_in_sources() {
        let known = ["a_result_is_parsed", "named::tests", "tenants::", "two_sweepers"].map(str::to_owned);
        assert_eq!(check(&known), Ok(()));
        let mistyped = ["schemathe", "sis"].concat().replace("he", "eh");
        let error = check(&["a_result".to_owned(), mistyped.clone()]).unwrap_err();
        assert!(
            error.starts_with(&format!("no stage and no test is named {mistyped}; the stages are: fmt, ")),
            "{error}"
        );
    }

    #[test]
    fn test_programs_are_recognised_by_their_profile() {
        let message = |test: bool| {
            format!(
                r#"{{"executable":"/t/deps/races-1","manifest_path":"/w/tests/Cargo.toml","profile":{{"test":{test}}},"target":{{"name":"races"}}}}"#
            )
        };
        let built = test_program(&message(true)).unwrap();
        assert_eq!((built.name.as_str(), built.is_black_box), ("races", true));
        assert!(test_program(&message(false)).is_none());
    }
}
