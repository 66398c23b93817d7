//! Checks that the commands in the documents are commands of this program, with valid arguments.

use std::path::PathBuf;

use clap::{Parser, error::ErrorKind};

use crate::{CommandLine, tree};

/// The documents at the root, tests/README.md, those of the clients, and all of docs/.
fn documents() -> Vec<PathBuf> {
    let folder = std::fs::read_dir(tree::root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let files = folder.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let others = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "tests/README.md"];
    let clients = ["python", "typescript", "go"].map(|language| format!("infra/clients/{language}/README.md"));
    files.chain(others.map(str::to_owned).into_iter().chain(clients).map(|name| tree::root().join(name))).collect()
}

/// The arguments of this program in a document: from lines of code blocks, and from inline code.
fn commands<'a>(text: &'a str, program: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (index, block) in text.split("```").enumerate() {
        let codes: Vec<&str> = match index % 2 {
            1 => block.lines().collect(),
            _ => block.split('`').skip(1).step_by(2).collect(),
        };
        // Without the prompt, the shell comment and the redirection.
        let before = |code: &'a str, mark: &str| code.split_once(mark).map_or(code, |(before, _)| before);
        let codes = codes.into_iter().map(|code| before(before(code.trim_start_matches("$ "), " #"), " > "));
        found.extend(codes.filter_map(|code| code.strip_prefix(program)).map(|rest| rest.trim().to_owned()));
    }
    found
}

/// The words of a command line: 1 instead of N, without the brackets of optional parts; a quoted text is one word.
fn filled(command: &str) -> Vec<String> {
    let word = |word: &str| match word.trim_matches(['[', ']']) {
        "N" | "S" => "1".to_owned(),
        word => word.to_owned(),
    };
    let parts = command.split('\'').enumerate().map(|(index, part)| match index % 2 {
        0 => part.split_whitespace().map(word).collect(),
        _ => vec![part.to_owned()],
    });
    parts.flatten().collect()
}

#[test]
fn every_command_in_the_documents_is_valid() {
    let mut count = 0;
    for path in documents() {
        for command in commands(&std::fs::read_to_string(&path).unwrap(), "cargo xtask") {
            // `cargo xtask` alone, or with `...`, is not a complete command.
            if command.is_empty() || command.contains("...") || command.contains('…') {
                continue;
            }
            let line = ["xtask".to_owned()].into_iter().chain(filled(&command));
            let error = CommandLine::try_parse_from(line).err().filter(|error| error.kind() != ErrorKind::DisplayHelp);
            let error = error.map(|error| error.to_string());
            // `cargo xtask operator-key` without an action only refers to the command.
            let error = error.filter(|error| command.contains(' ') || !error.contains("Usage"));
            assert_eq!(error, None, "{}: cargo xtask {command}", path.display());
            count += 1;
        }
    }
    assert!(count >= 15, "only {count} commands were found");
}

/// What needs AWS is marked. What is not marked is run by tests/tests/dev/runbook.rs, and what has `cargo lambda` by the stage of that name.
#[test]
fn a_block_of_the_runbooks_needs_aws_as_a_whole_or_not_at_all() {
    let read = |name: &str| std::fs::read_to_string(tree::root().join("docs").join(name)).unwrap();
    let text = format!("{}\n{}", read("runbooks.md"), read("operations.md"));
    let mut marked = 0;
    for block in text.split("```").skip(1).step_by(2) {
        let block = block.replace("\\\n", " ");
        let (kind, lines) = block.split_once('\n').unwrap();
        let needs_aws =
            |line: &&str| ["aws ", "sam ", "npx cdk ", "--table TABLE"].iter().any(|program| line.contains(program));
        match kind {
            "sh aws" => assert_eq!(lines.lines().find(|line| !needs_aws(line)), None, "in a block that needs AWS"),
            "sh" | "console" => assert_eq!(lines.lines().find(needs_aws), None, "in a block that is run"),
            _ => panic!("a block that is neither run nor marked: {kind:?}"),
        }
        marked += usize::from(kind == "sh aws");
    }
    assert!(marked >= 15, "{marked}");
}

#[test]
fn commands_are_found_in_blocks_and_in_sentences() {
    let text = "Run `cargo xtask dev`, or `other`.\n```sh\ncargo xtask build # all\n$ cargo xtask test a\n```\n`cargo xtask router`";
    assert_eq!(commands(text, "cargo xtask"), ["dev", "build", "test a", "router"]);
    assert_eq!(filled("chaos --minutes N [--seed S]"), ["chaos", "--minutes", "1", "--seed", "1"]);
    assert_eq!(filled("bench --peers-options '--only go'"), ["bench", "--peers-options", "--only go"]);
}
