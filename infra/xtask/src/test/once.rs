//! Each crate is compiled once, whichever way the programs and the tests are built.
//!
//! Cargo compiles a crate anew for another set of features, and unites the features of the packages that a command names. So no command
//! of the dev profile names one (infra/xtask/src/cargo.rs). The AWS SDK, which takes longest, is looked at for all.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Context;
use crate::{Result, cargo};

/// Ways to build: what a person types, what `cargo xtask dev` and the stages do.
const WAYS: [&[&str]; 5] = [
    &["build"],
    &["build", "--bin", "operator-key"],
    &["build", "--bin", "serve"],
    &["test", "--no-run", "--lib"],
    &["test", "--no-run", "--test", "tenants"],
];

/// The crate that is looked at.
const CRATE: &str = concat!("aws_sdk", "_dynamodb");

/// Fails where two ways to build compile the AWS SDK twice. What they build is needed later anyway.
pub async fn compiled_once(context: &Context) -> Result<()> {
    let mut all = libraries(context, &[&["build"], cargo::PROGRAMS.as_slice()].concat()).await?;
    for way in WAYS {
        let more = libraries(context, way).await?;
        if more != all {
            return Err(format!("`cargo {}` compiles the AWS SDK once more: {more:?} beside {all:?}", way.join(" ")));
        }
        all.extend(more);
    }
    match all.len() {
        1 => Ok(()),
        count => Err(format!("the AWS SDK is compiled {count} times: {all:?}")),
    }
}

/// The files that one call of cargo made or found of the crate.
async fn libraries(context: &Context, way: &[&str]) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    cargo::messages(&context.groups, way, |line| found.extend(library(line))).await?;
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

    /// Packages are named only where the release profile has features of its own: what is deployed, and what measures it.
    #[test]
    fn no_command_of_the_dev_profile_names_a_package() {
        let flags = [["\"--", "package\""].concat(), ["\"-", "p="].concat()];
        // `cargo tree` builds nothing, and mutants are built in a folder of their own.
        let excepted = ["-p=embedded-store", "--quiet"];
        let files = named::sources(&tree::root().join("infra/xtask/src"));
        assert!(files.len() > 20, "{files:?}");
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            for line in text.lines().filter(|line| flags.iter().any(|flag| line.contains(flag))) {
                let right = line.contains("--release") || excepted.iter().any(|known| line.contains(known));
                assert!(right, "{}: {line}", file.display());
            }
        }
        let alias = fs::read_to_string(tree::root().join(".cargo/config.toml")).unwrap();
        assert!(alias.contains("\"run --bin xtask --\""), "{alias}");
        assert!(!fs::read_to_string(tree::root().join("Cargo.toml")).unwrap().contains("\ndefault-members"));
    }
}
