//! The words of comments and documents: plain English, without words that other engineers of this field would not use.

use super::sources::{Source, files};

/// The extensions of the files that are checked.
const EXTENSIONS: [&str; 10] = ["rs", "md", "yaml", "yml", "toml", "sh", "py", "ts", "go", "java"];

/// Words that comments and documents do not use. A comment states the rule and names who does what.
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

/// The comment of a line of source; URLs in strings are not comments.
fn comment<'a>(marker: &str, line: &'a str) -> Option<&'a str> {
    let line = line.trim_start();
    if line.starts_with(marker) || line.starts_with('*') || line.starts_with("/*") {
        return Some(line);
    }
    line.split_once(&format!(" {marker} ")).map(|(_, comment)| comment)
}

/// A line of a document without its inline code.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect()
}

/// The lines of a file with such a word in a comment, or in the text of a document, each with the word.
fn odd_lines(source: &Source) -> Vec<String> {
    let (mut odd, mut is_code) = (Vec::new(), false);
    for (number, line) in (1..).zip(source.text.lines()) {
        let prose = match source.path.rsplit('.').next() {
            Some("md") => {
                let is_fence = line.trim_start().starts_with("```");
                is_code ^= is_fence;
                if is_code || is_fence { String::new() } else { without_code(line) }
            }
            Some("rs" | "ts" | "go" | "java") => comment("//", line).unwrap_or_default().to_owned(),
            _ => comment("#", line).unwrap_or_default().to_owned(),
        };
        let words = prose.split(|c: char| !c.is_alphabetic() && c != '\'').map(str::to_lowercase);
        let found = words.filter(|word| WORDS.contains(&word.as_str()));
        odd.extend(found.map(|word| format!("{}:{number}: {word}", source.path)));
    }
    odd
}

#[test]
fn comments_and_documents_are_plain_english() {
    // This file has the words in strings that look like comments.
    let files: Vec<Source> =
        files(&EXTENSIONS).into_iter().filter(|file| !file.path.ends_with("/wording.rs")).collect();
    for extension in EXTENSIONS {
        assert!(files.iter().any(|file| file.path.ends_with(&format!(".{extension}"))), "no file ends in .{extension}");
    }
    assert_eq!(files.iter().flat_map(odd_lines).collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn a_word_is_found_in_every_kind_of_comment_and_in_no_code() {
    for (path, text, expected) in [
        (
            "a.rs",
            "//! Nobody's.\nfn told() { \"https://told\" } // It stands.\n    /// Who is\n    // told?\n//Tells\nfn f() {}\n",
            "1: nobody's, 2: stands, 4: told, 5: tells",
        ),
        ("a.ts", "/**\n * Told.\n */\nconst told = 1;\n", "2: told"),
        ("a.yaml", "# Stands.\ntold: '#told' # tells\n", "1: stands, 2: tells"),
        ("a.md", "# Told\n`nobody` tells\n```sh\nnobody\n```\n| stands |\n", "1: told, 2: tells, 6: stands"),
    ] {
        let source = Source { path: path.to_owned(), text: text.to_owned() };
        let expected: Vec<String> = expected.split(", ").map(|line| format!("{path}:{line}")).collect();
        assert_eq!(odd_lines(&source), expected);
    }
}
