//! `cargo xtask test` from outside: what it says before it builds anything.

#![expect(clippy::expect_used, reason = "tests")]

use std::process::{Command, Output};

/// The command with these arguments, on a machine that has no other program, and with CI set or not.
fn run(arguments: &[&str], ci: bool) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(arguments).env("PATH", "/nonexistent").env_remove("CI").env_remove("CARGO");
    if ci {
        command.env("CI", "true");
    }
    command.output().expect("xtask starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_mistyped_stage_fails_and_the_stages_are_named() {
    let output = run(&["test", &["sui", "tte"].concat()], false);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("no stage and no test is named") && said.contains("fmt, clippy, deny"), "{said}");
    assert_eq!(text(&output.stdout), "");
}

/// In a real bash: what it offers for a word that has been begun.
#[test]
fn commands_flags_and_values_are_completed() {
    let output = run(&["completions", "bash"], false);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let script = text(&output.stdout);
    for (words, completed) in [
        ("xtask operator", "operator-key"),
        ("xtask operator-key rev", "revoke"),
        ("xtask signing-key ret", "retire"),
        ("xtask dev --thr", "--throttle"),
        ("xtask build --target ar", "arm64"),
    ] {
        let last = words.split(' ').count() - 1;
        let line = format!(
            "{script}\nCOMP_WORDS=({words}); COMP_CWORD={last}; _xtask xtask \"${{COMP_WORDS[{last}]}}\" \"${{COMP_WORDS[{last}-1]}}\"; echo \"${{COMPREPLY[@]}}\""
        );
        let shell = Command::new("bash").args(["--norc", "-c", &line]).output().expect("bash starts");
        assert_eq!(text(&shell.stdout).trim(), completed, "{words}: {}", text(&shell.stderr));
    }
}

#[test]
fn a_stage_without_its_tool_is_skipped_and_says_so() {
    let output = run(&["test", "cdk"], false);
    let (said, table) = (text(&output.stderr), text(&output.stdout));
    assert!(said.contains("npm is not installed: cdk is skipped"), "{said}");
    assert!(table.contains("skipped  python3, npm is not installed"), "{table}");
    assert_eq!(table.lines().last(), Some("stages: 0 passed, 0 failed, 1 skipped"));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn in_ci_a_missing_tool_fails_before_anything_is_built() {
    let output = run(&["test", "fmt", "openapi", "ratchets"], true);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    for line in [
        "python3 is not installed: openapi is skipped",
        "npm is not installed: openapi is partly skipped",
        "valgrind is not installed: ratchets is partly skipped",
        "CI is set in the environment, so nothing may be skipped",
    ] {
        assert!(said.contains(line), "no {line:?} in:\n{said}");
    }
    assert!(!said.contains("--- fmt"), "it began nevertheless: {said}");
}
