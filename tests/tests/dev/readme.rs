//! The tour of README.md, run as it is written: each command's answer is the documented one, but for ids, times and secrets.

use regex::Regex;
use std::process::Stdio;
use tests::transcript::redacted;
use tests::{Value, repository_root};
use tokio::process::Command;

use super::process::{Dev, folder};

/// Where the tour's stack is.
const DOCUMENTED_BASE: &str = "http://127.0.0.1:9000";

/// What ends each command's output.
const END: char = '\u{1e}';

/// The commands of the tour and what is written below each.
pub fn steps(document: &str) -> Vec<(String, String)> {
    let (_, block) = document.split_once("```console\n").expect("the document has a tour");
    let (block, _) = block.split_once("```").expect("the tour ends");
    let mut steps: Vec<(String, String)> = Vec::new();
    for line in block.lines() {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => steps.push((command.to_owned(), String::new())),
            (None, Some((command, answer))) if answer.is_empty() && command.ends_with('\\') => {
                command.push('\n');
                command.push_str(line);
            }
            (None, Some((_, answer))) => answer.push_str(line.trim_start()),
            (None, None) => panic!("the tour begins with an answer: {line}"),
        }
    }
    steps
}

/// An answer without what differs from run to run: its JSON, if it is JSON, and the text that is left.
fn comparable(answer: &str) -> (Option<Value>, String) {
    let secret = Regex::new(r#"(sk_int_|"suffix":")[^"]*"#).unwrap();
    let answer = redacted(&secret.replace_all(answer.trim(), "${1}…"));
    match answer.rsplit_once(' ') {
        Some((body, status)) if body.starts_with('{') => {
            let json = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"));
            (Some(json), status.to_owned())
        }
        _ => (None, answer),
    }
}

/// What the tour answers, command by command, in a shell whose folder has `.local`.
pub async fn answers(dev: &Dev, steps: &[(String, String)]) -> Vec<String> {
    let script: String = steps.iter().map(|(command, _)| format!("{command}\nprintf '\\036'\n")).collect();
    let mut shell = Command::new("bash");
    shell.args(["-ec", &script]).stdin(Stdio::null()).current_dir(dev.folder.parent().unwrap());
    let output = shell.output().await.unwrap();
    assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap().replace(&dev.base, DOCUMENTED_BASE);
    text.split_terminator(END).map(str::to_owned).collect()
}

#[tokio::test]
async fn the_tour_answers_as_documented() {
    let readme = std::fs::read_to_string(repository_root().join("README.md")).unwrap();
    let steps = steps(&readme);
    let local = folder().join(".local");
    std::fs::create_dir(&local).unwrap();
    let dev = Dev::start(&local, &[]).await;
    let answers = answers(&dev, &steps).await;
    assert_eq!(answers.len(), steps.len());
    for ((command, documented), answer) in steps.iter().zip(&answers) {
        assert_eq!(comparable(answer), comparable(documented), "$ {command}\n{answer}");
    }
    let statuses: Vec<String> = answers.iter().map(|answer| comparable(answer).1).collect();
    assert!(statuses.iter().filter(|status| status.parse::<u16>().is_ok()).count() >= 5, "{statuses:?}");
    assert_eq!(statuses.last().unwrap(), "403", "it ends with a refusal");
    dev.end("INT").await;
}

#[test]
fn commands_and_answers_are_kept_apart() {
    let text = "# x\n```console\n$ a \\\n    b\n{\"c\": 1,\n \"d\": 2} 200\n$ e\n```\n";
    let expected = [("a \\\n    b", "{\"c\": 1,\"d\": 2} 200"), ("e", "")];
    assert_eq!(steps(text), expected.map(|(command, answer)| (command.to_owned(), answer.to_owned())));
}
