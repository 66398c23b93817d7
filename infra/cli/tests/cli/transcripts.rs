//! Documents whose console blocks are typed into a bash: the tour of README.md, and `transcripts/`. What is shown must be what is written.
//!
//! `SNAPSHOTS=overwrite cargo xtask test cli` writes what is shown into the documents.

use std::path::Path;

use regex::{Captures, Regex};
use snapbox::assert_data_eq;

use super::process::{Set, bash, feed};

/// What ends each command's output.
const END: char = '\u{1e}';

const DOCUMENTED_URL: &str = "http://127.0.0.1:9000";
const DOCUMENTED_TIME: &str = "2026-01-31T12:00:00.000Z";

/// Runs a document's commands in one bash, with a dev stack in the current folder, and compares.
async fn check(file: &str) {
    let set = Set::new().await.with_dev_stack();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let document = std::fs::read_to_string(&path).unwrap_or_default();
    let commands = commands(&document);
    assert!(commands.len() >= 3, "{file} has {} commands", commands.len());
    let mut script = String::new();
    for command in &commands {
        let command = command.replace(DOCUMENTED_URL, &set.app.url());
        script +=
            &format!("{{ {command}\n}} 2>&1; code=$?; [ $code = 0 ] || echo \"[exit code $code]\"; printf '{END}'\n");
    }
    let mut shell = bash(&set.home);
    let output = feed(
        {
            shell.arg("-s");
            shell
        },
        &script,
    )
    .await;
    let shown = String::from_utf8(output.stdout).expect("text");
    let mut shown: Vec<&str> = shown.split(END).collect();
    assert_eq!(shown.pop(), Some(""), "{file}: the shell ended early: {shown:?}");
    let actual = normalised(&with_outputs(&document, &shown), &set);
    assert_data_eq!(actual, snapbox::Data::read_from(&path, None).raw());
}

/// The commands of the console blocks; a command that ends in a backslash goes on.
fn commands(document: &str) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    for (line, is_console) in lines(document) {
        match (line.strip_prefix("$ "), line.strip_prefix("> "), commands.last_mut()) {
            (Some(command), _, _) if is_console => commands.push(command.to_owned()),
            (_, Some(more), Some(command)) if is_console && command.ends_with('\\') => {
                command.push('\n');
                command.push_str(more);
            }
            _ => {}
        }
    }
    commands
}

/// The document with other outputs.
fn with_outputs(document: &str, shown: &[&str]) -> String {
    let (mut text, mut shown) = (String::new(), shown.iter());
    let mut continues = false;
    for (line, is_console) in lines(document) {
        let is_command = is_console && (line.starts_with("$ ") || continues);
        continues = is_command && line.ends_with('\\');
        if !is_console || is_command || line.starts_with("```") {
            text += line;
            text.push('\n');
        }
        if is_command && !continues {
            text += shown.next().expect("an output per command");
        }
    }
    text
}

/// The lines, and whether each is in a console block.
fn lines(document: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut is_console = false;
    document.lines().map(move |line| {
        is_console = match line {
            "```console" => return (line, std::mem::replace(&mut is_console, true)),
            "```" => false,
            _ => is_console,
        };
        (line, is_console)
    })
}

/// Ids in the order in which they are shown, one time, one URL, no secrets: all as wide as before.
fn normalised(text: &str, set: &Set) -> String {
    let text = text.replace(&set.app.url(), DOCUMENTED_URL).replace(set.home.to_str().unwrap(), "/home/jane/tenancy");
    let host = |url: &str| url.trim_start_matches("http://").to_owned();
    let text = text.replace(&host(&set.app.url()), &host(DOCUMENTED_URL));
    let secret = Regex::new(r"sk_(int|ops)_[0-9A-Za-z_]+|tare-[0-9a-f]{32}").unwrap();
    let text = secret.replace_all(&text, |found: &Captures| match found.get(1) {
        Some(kind) => format!("sk_{}_…", kind.as_str()),
        None => "tare-6f1c5e0e9b3a4d7c8a2b1c0d9e8f7a6b".to_owned(),
    });
    let time = Regex::new(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z").unwrap();
    let text = time.replace_all(&text, DOCUMENTED_TIME);
    let suffix = Regex::new(r#""suffix": "[^"]*""#).unwrap();
    let text = suffix.replace_all(&text, r#""suffix": "…""#);
    let mut known = Vec::new();
    let id = Regex::new(r"\b(cust|key|tnt|rep|usr|rol|con|msg|req)_([0-7][0-9a-hjkmnp-tv-z]{25})\b").unwrap();
    let renamed = id.replace_all(&text, |found: &Captures| {
        let number = known.iter().position(|id| *id == found[2]).unwrap_or_else(|| {
            known.push(found[2].to_owned());
            known.len() - 1
        });
        format!("{}_01kaq7n0z2w4y6x8v0tqrst{:03}", &found[1], number + 1)
    });
    renamed.into_owned()
}

#[tokio::test]
async fn the_tour_of_the_readme_is_what_happens() {
    check("README.md").await;
}

#[tokio::test]
async fn lists_are_shown_as_tables_json_yaml_ids_and_by_queries() {
    check("tests/transcripts/output.md").await;
}

#[tokio::test]
async fn problems_are_shown_for_persons() {
    check("tests/transcripts/problems.md").await;
}

#[tokio::test]
async fn requests_are_shown_and_not_sent() {
    check("tests/transcripts/requests.md").await;
}

#[test]
fn commands_and_outputs_are_kept_apart() {
    let document = "# x\n```console\n$ a \\\n> b\nold\n$ c\n```\n```sh\n$ d\n```\nend\n";
    assert_eq!(commands(document), ["a \\\nb", "c"]);
    let shown = with_outputs(document, &["1\n2\n", ""]);
    assert_eq!(shown, "# x\n```console\n$ a \\\n> b\n1\n2\n$ c\n```\n```sh\n$ d\n```\nend\n");
}
