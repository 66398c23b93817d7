//! The words of comments: plain English, without words that other engineers of this field would not use.

use super::sources::{Source, sources};

/// The folders whose comments are checked.
const FOLDERS: [&str; 3] = ["functions/", "shared/", "tests/"];

/// Words that comments do not use. A comment states the rule and names who does what.
const WORDS: [&str; 16] = [
    "anybody",
    "boiled",
    "everybody",
    "everybody's",
    "leash",
    "nobody",
    "nobody's",
    "outrank",
    "outranks",
    "somebody",
    "stands",
    "tell",
    "tells",
    "told",
    "weather",
    "whoever",
];

/// The comment of a line of Rust; URLs in strings are not comments.
fn comment(line: &str) -> Option<&str> {
    let line = line.trim_start();
    if line.starts_with("//") { Some(line) } else { line.split_once(" // ").map(|(_, comment)| comment) }
}

/// The lines of a source with such a word in a comment, each with the word.
fn odd_lines(source: &Source) -> Vec<String> {
    let mut odd = Vec::new();
    for (number, line) in (1..).zip(source.text.lines()) {
        let words = comment(line).unwrap_or_default().split(|c: char| !c.is_alphabetic() && c != '\'');
        let found = words.map(str::to_lowercase).filter(|word| WORDS.contains(&word.as_str()));
        odd.extend(found.map(|word| format!("{}:{number}: {word}", source.path)));
    }
    odd
}

#[test]
fn comments_are_plain_english() {
    // This file has the words in a string that looks like a comment.
    let is_checked = |source: &Source| source.is_in(&FOLDERS) && !source.path.ends_with("/wording.rs");
    let sources: Vec<Source> = sources().into_iter().filter(is_checked).collect();
    for folder in FOLDERS {
        assert!(sources.iter().any(|source| source.is_in(&[folder])), "{folder} has no sources");
    }
    assert_eq!(sources.iter().flat_map(odd_lines).collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn a_word_is_found_in_every_kind_of_comment_and_in_no_code() {
    let text = "//! Nobody's.\nfn told() { \"https://told\" } // It stands.\n    /// Who is\n    // told?\n//Tells\nfn f() {}\n";
    let source = Source { path: "a.rs".to_owned(), text: text.to_owned() };
    assert_eq!(odd_lines(&source), ["a.rs:1: nobody's", "a.rs:2: stands", "a.rs:4: told", "a.rs:5: tells"]);
}
