//! The stage `mutants`: deliberately broken functions and templates, each of which a test must detect with a message that names the error.
//! It shows that the tests can fail.
//!
//! One build contains all mutants; the variable `MUTANT` selects one per process, so that a mutant costs one test and not a build. The tests
//! are those of this tree, as the other stages built them.
//!
//! Invariant: neither this tree nor its build output is changed.

mod list;

use std::{
    fs,
    path::{Path, PathBuf},
};

use self::list::MUTANTS;
use super::{Context, suite};
use crate::{
    Result, cargo,
    progress::{note, step},
    tools, tree,
};

/// A build that is wrong in one place.
struct Mutant {
    name: &'static str,
    change: Change,
    /// A test that runs before, with any result, if `test` checks recorded requests.
    after: Option<Test>,
    test: Test,
    /// A part of the failed test's output.
    says: &'static str,
}

enum Change {
    /// In a source file, replaces a text that occurs once by another, in which `MUTANT` is true for this mutant.
    Code(&'static str, &'static str, &'static str),
    /// Replaces a text in template.yaml.
    Template(&'static str, &'static str),
}

/// A test: its target in `tests/tests/`, and its name.
struct Test(&'static str, &'static str);

/// Applies the mutants to a copy of the tree, builds it, and runs each mutant's test.
pub async fn mutants(context: &Context) -> Result<()> {
    let folder = tree::root().join("target/mutants");
    tree::empty(&folder.join("tree"))?;
    copy(&tree::root(), &folder.join("tree"))?;
    for mutant in MUTANTS {
        if let Change::Code(file, is, becomes) = mutant.change {
            replace(&folder.join("tree").join(file), is, &becomes.replace("MUTANT", &is_selected(mutant)))?;
        }
    }
    append(&folder.join("tree/shared/src/lib.rs"), SELECTION)?;
    let functions = build(context, &folder).await?;
    let mut undetected = Vec::new();
    for mutant in MUTANTS {
        if let Err(why) = step(mutant.name, detect(context, mutant, &folder, &functions)).await {
            note(&format!("  {why}"));
            undetected.push(mutant.name);
        }
    }
    if undetected.is_empty() {
        note(&format!("  {} mutants, all detected", MUTANTS.len()));
        return Ok(());
    }
    Err(format!("no test detected that {}", undetected.join("; that ")))
}

/// Added to the copy's shared crate.
const SELECTION: &str = r#"
/// Whether this mutant is selected in this process.
pub fn mutant(name: &str) -> bool {
    std::env::var("MUTANT").is_ok_and(|given| given == name)
}
"#;

fn is_selected(mutant: &Mutant) -> String {
    format!("crate::mutant({:?})", mutant.name)
}

/// Builds the copy in a separate target folder, because cargo does not distinguish the packages of two copies of a tree.
async fn build(context: &Context, folder: &Path) -> Result<PathBuf> {
    let mut command = cargo::command(&["build", "--quiet", "-p=functions", "--bins"]);
    command.current_dir(folder.join("tree")).env("CARGO_TARGET_DIR", folder.join("build"));
    step("building the mutants", tools::run(&context.groups, &mut command)).await?;
    Ok(folder.join("build/debug"))
}

/// Runs a mutant's test: it must pass without the mutant, and fail with the expected message with it.
async fn detect(context: &Context, mutant: &Mutant, folder: &Path, functions: &Path) -> Result<()> {
    let name = mutant.test.1;
    if let Some(output) = run(context, mutant, false, folder, functions).await? {
        return Err(format!("{name} fails without the mutant: {output}"));
    }
    match run(context, mutant, true, folder, functions).await? {
        None => Err(format!("{name} passes although {}", mutant.name)),
        Some(output) if output.contains(mutant.says) => Ok(()),
        Some(output) => Err(format!("{name} fails without the message {:?}: {output}", mutant.says)),
    }
}

/// Runs a mutant's test, after the test whose requests it checks; returns its output if it failed.
async fn run(
    context: &Context,
    mutant: &Mutant,
    is_broken: bool,
    folder: &Path,
    functions: &Path,
) -> Result<Option<String>> {
    let template = folder.join("template.yaml");
    let failed = |error: std::io::Error| format!("cannot write {}: {error}", template.display());
    fs::copy(tree::template(), &template).map_err(failed)?;
    let environment = "        TABLE_NAME: !Ref Table\n";
    let selected = if is_broken { mutant.name } else { "none" };
    replace(&template, environment, &format!("{environment}        MUTANT: {selected}\n"))?;
    let mut log = suite::recorded();
    match mutant.change {
        Change::Code(..) => log = folder.join("log"),
        Change::Template(..) if !log.is_dir() => return Err("nothing is recorded: run the stage api first".to_owned()),
        Change::Template(is, becomes) if is_broken => replace(&template, is, becomes)?,
        Change::Template(..) => {}
    }
    let run = async |test: &Test| {
        let Test(target, name) = test;
        let mut command = cargo::command(&["test", "--quiet"]);
        suite::on_store(context, &mut command).await?;
        command.args(["--test", target, name]);
        command.env("FUNCTIONS_DIR", functions).env("TENANCY_TEMPLATE", &template).env("TENANCY_TEST_LOG", &log);
        command.env("RUST_BACKTRACE", "0");
        Ok::<_, String>(tools::run(&context.groups, &mut command).await.err())
    };
    if let Some(test) = &mutant.after {
        tree::empty(&log)?;
        run(test).await?;
    }
    run(&mutant.test).await
}

/// Copies the sources, without build output and tools.
fn copy(from: &Path, to: &Path) -> Result<()> {
    const EXCLUDED: [&str; 6] = [".git", ".local", ".tools", "cdk.out", "node_modules", "target"];
    let failed = |error: std::io::Error| format!("cannot copy {}: {error}", from.display());
    fs::create_dir_all(to).map_err(failed)?;
    for entry in fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let (name, kind) = (entry.file_name(), entry.file_type().map_err(failed)?);
        if EXCLUDED.iter().any(|excluded| name == *excluded) || kind.is_symlink() {
            continue;
        }
        let (from, to) = (entry.path(), to.join(&name));
        if kind.is_dir() {
            copy(&from, &to)?;
        } else {
            fs::copy(&from, &to).map_err(failed)?;
        }
    }
    Ok(())
}

/// Replaces a text that occurs once in a file.
fn replace(file: &Path, is: &str, becomes: &str) -> Result<()> {
    let failed = |error: std::io::Error| format!("{}: {error}", file.display());
    let text = fs::read_to_string(file).map_err(failed)?;
    match text.matches(is).count() {
        1 => fs::write(file, text.replacen(is, becomes, 1)).map_err(failed),
        count => Err(format!("{} has this text {count} times, not once:\n{is}", file.display())),
    }
}

fn append(file: &Path, text: &str) -> Result<()> {
    let failed = |error: std::io::Error| format!("{}: {error}", file.display());
    let before = fs::read_to_string(file).map_err(failed)?;
    fs::write(file, before + text).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mutant_has_one_place() {
        for Mutant { name, change, .. } in MUTANTS {
            let (file, is) = match *change {
                Change::Code(file, is, becomes) => {
                    assert!(becomes.contains("MUTANT"), "{name} is always broken");
                    (tree::root().join(file), is)
                }
                Change::Template(is, _) => (tree::template(), is),
            };
            let text = fs::read_to_string(&file).unwrap();
            assert_eq!(text.matches(is).count(), 1, "{name}: {}", file.display());
        }
    }
}
