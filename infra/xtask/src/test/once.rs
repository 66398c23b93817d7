//! Checks that each crate is compiled once, however programs and tests are built.
//!
//! Cargo compiles a crate again for another set of features, and unifies the features of the packages that a command names. So no command
//! of the dev profile names a package (infra/xtask/src/cargo.rs). The check looks at the AWS SDK, which takes longest.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Context;
use crate::{Result, cargo};

/// Build commands of users, `cargo xtask dev` and the stages.
const COMMANDS: [&[&str]; 5] = [
    &["build"],
    &["build", "--bin", "tare", "--bin", "operator-key"],
    &["build", "--bin", "serve"],
    &["test", "--no-run", "--lib"],
    &["test", "--no-run", "--test", "tenants"],
];

/// The crate that is checked.
const CRATE: &str = concat!("aws_sdk", "_dynamodb");

/// Fails if two of the commands compile the AWS SDK twice. Later stages need their output anyway.
pub async fn compiled_once(context: &Context) -> Result<()> {
    let mut all = libraries(context, &[&["build"], cargo::PROGRAMS.as_slice()].concat()).await?;
    for words in COMMANDS {
        let more = libraries(context, words).await?;
        if more != all {
            return Err(format!("`cargo {}` compiles the AWS SDK again: {more:?}, not {all:?}", words.join(" ")));
        }
        all.extend(more);
    }
    match all.len() {
        1 => Ok(()),
        count => Err(format!("the AWS SDK is compiled {count} times: {all:?}")),
    }
}

/// The crate's library files that a cargo command built or reused.
async fn libraries(context: &Context, words: &[&str]) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    cargo::messages(&context.groups, words, |line| found.extend(library(line))).await?;
    Ok(found)
}

fn library(message: &str) -> Option<String> {
    let message: Value = serde_json::from_str(message).ok()?;
    let is_crate = message.pointer("/target/name")?.as_str()? == CRATE;
    let file =
        message.get("filenames")?.as_array()?.iter().filter_map(Value::as_str).find(|file| file.ends_with(".rlib"));
    file.filter(|_| is_crate).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{super::named, *};
    use crate::tree;

    #[test]
    fn only_the_library_counts() {
        let message = |name: &str| {
            format!(r#"{{"target":{{"name":"{name}"}},"filenames":["/t/lib{name}-1.rlib","/t/lib{name}-1.rmeta"]}}"#)
        };
        assert_eq!(library(&message(CRATE)), Some(format!("/t/lib{CRATE}-1.rlib")));
        assert_eq!(library(&message("tokio")), None);
    }

    /// Only commands of the release profile may name packages: those for deployed functions and for the benchmark program.
    #[test]
    fn no_command_of_the_dev_profile_names_a_package() {
        let flags = [["\"--", "package\""].concat(), ["\"-", "p="].concat()];
        // `cargo tree` builds nothing, and mutants have their own target folder.
        let allowed = ["-p=embedded-store", "--quiet"];
        let files = named::sources(&tree::root().join("infra/xtask/src"));
        assert!(files.len() > 20, "{files:?}");
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            for line in text.lines().filter(|line| flags.iter().any(|flag| line.contains(flag))) {
                let is_allowed = line.contains("--release") || allowed.iter().any(|known| line.contains(known));
                assert!(is_allowed, "{}: {line}", file.display());
            }
        }
        let alias = fs::read_to_string(tree::root().join(".cargo/config.toml")).unwrap();
        assert!(alias.contains("\"run --bin xtask --\""), "{alias}");
        assert!(!fs::read_to_string(tree::root().join("Cargo.toml")).unwrap().contains("\ndefault-members"));
    }
}
