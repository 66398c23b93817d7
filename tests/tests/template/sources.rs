//! The rules of the sources that no lint knows: who may name what, and how files begin and end.

use std::fs;
use std::path::{Path, PathBuf};
use tests::repository_root;

const MAX_LINES: usize = 600;

/// A source file by its path in the repository.
pub struct Source {
    pub path: String,
    pub text: String,
}

impl Source {
    pub fn is_in(&self, folders: &[&str]) -> bool {
        folders.iter().any(|folder| self.path.starts_with(folder))
    }

    /// Whether the whole file is compiled for tests alone.
    fn is_of_tests(&self) -> bool {
        ["/tests.rs", "/properties.rs", "/fuzz.rs"].iter().any(|test| self.path.ends_with(test))
    }

    /// What is compiled into the functions: neither items that are only compiled for tests, nor comments.
    pub fn shipped(&self) -> String {
        let mut shipped = String::new();
        let mut lines = self.text.lines();
        while let Some(line) = lines.next() {
            if line.trim() == "#[cfg(test)]" {
                let indentation = line.len() - line.trim_start().len();
                let end = format!("{:indentation$}}}", "");
                let item = lines.by_ref().find(|line| !line.trim_start().starts_with(['#', '/'])).unwrap_or_default();
                // rustfmt puts the end of a block below its beginning.
                if item.ends_with('{') {
                    lines.by_ref().find(|line| *line == end);
                }
            } else if !line.trim_start().starts_with("//") {
                shipped.push_str(line);
                shipped.push('\n');
            }
        }
        shipped
    }
}

#[test]
fn what_follows_an_item_for_tests_is_scanned() {
    let text = "mod a;\n#[cfg(test)]\nmod tests;\nuse b;\nimpl C {\n    #[cfg(test)]\n    #[rustfmt::skip]\n    fn d() {\n        e\n    }\n    fn f() {}\n}\n\n#[cfg(test)]\nmod more {\n    fn g() {}\n}\nfn h() {}\n";
    let source = Source { path: "x.rs".to_owned(), text: text.to_owned() };
    assert_eq!(source.shipped(), "mod a;\nuse b;\nimpl C {\n    fn f() {}\n}\n\nfn h() {}\n");
    for source in sources().into_iter().filter(|source| source.is_in(&["shared/src/"]) && !source.is_of_tests()) {
        assert!(!source.shipped().contains("#[test]"), "{}: the end of its tests is not found", source.path);
    }
}

fn collect(folder: &Path, extensions: &[&str], files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !["target", "node_modules", "cdk.out"].contains(&&*name) && !name.starts_with('.') {
            collect(&path, extensions, files);
        } else if path.extension().is_some_and(|extension| extensions.iter().any(|known| extension == *known)) {
            files.push(path);
        }
    }
}

/// The files with one of these extensions.
pub fn files(extensions: &[&str]) -> Vec<Source> {
    let root = repository_root();
    let mut files = Vec::new();
    collect(&root, extensions, &mut files);
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        Source { path: path.strip_prefix(&root).unwrap().to_string_lossy().into_owned(), text }
    };
    files.into_iter().map(read).collect()
}

pub fn sources() -> Vec<Source> {
    let sources = files(&["rs"]);
    assert!(sources.len() > 100, "the sources are not where they were");
    sources
}

/// Says which files contain a text that their folders may not.
fn expect_only_in(folders: &[&str], text: &str) {
    // This file spells it too.
    let odd = sources().into_iter().filter(|source| !source.is_in(folders) && !source.is_in(&["tests/"]));
    let odd: Vec<String> = odd.filter(|source| source.text.contains(text)).map(|source| source.path).collect();
    assert!(odd.is_empty(), "{text} is named in {odd:?}; it may be in {folders:?} only");
}

#[test]
fn only_the_store_names_dynamodb_and_only_http_names_lambda() {
    expect_only_in(&["shared/src/store/", "infra/operator-key/"], "aws_sdk_dynamodb");
    expect_only_in(&["shared/src/store/", "infra/operator-key/"], "aws_smithy");
    expect_only_in(&["shared/src/http/"], "lambda_runtime");
    expect_only_in(&["shared/src/http/"], "lambda_http");
    expect_only_in(&["shared/src/http/log.rs"], "tracing::");
    expect_only_in(&["shared/src/http/", "shared/src/store/", "infra/"], "tokio");
}

#[test]
fn the_domain_is_pure() {
    for source in sources().into_iter().filter(|source| source.is_in(&["shared/src/domain/"])) {
        for impure in
            ["async ", ".await", "std::env", "SystemTime", "Instant", "crate::store", "crate::http", "getrandom"]
        {
            assert!(!source.shipped().contains(impure), "{} names {impure}", source.path);
        }
    }
}

#[test]
fn keys_are_spelled_in_one_file() {
    for source in sources().into_iter().filter(|source| source.is_in(&["shared/src/", "functions/src/"])) {
        for beginning in ["\"I#", "\"O#"] {
            let is_in = source.shipped().contains(beginning);
            assert!(!is_in || source.path == "shared/src/store/keys.rs", "{} spells a key: {beginning}", source.path);
        }
    }
}

#[test]
fn nothing_that_is_deployed_gives_up() {
    for source in sources().into_iter().filter(|source| source.is_in(&["shared/src/", "functions/src/"])) {
        if source.is_of_tests() {
            continue;
        }
        for word in [".unwrap()", ".expect(", "panic!(", "unreachable!(", "todo!(", "unimplemented!(", "assert!("] {
            assert!(!source.shipped().contains(word), "{} has {word}", source.path);
        }
    }
}

#[test]
fn every_file_says_what_it_is_for_and_is_short() {
    for source in sources() {
        assert!(source.text.starts_with("//!"), "{} does not begin with what it is for (//!)", source.path);
        let lines = source.text.lines().count();
        assert!(lines < MAX_LINES, "{} has {lines} lines", source.path);
        assert!(source.text.ends_with('\n'), "{} does not end its last line", source.path);
    }
}

#[test]
fn a_function_is_short_and_answers_by_the_one_way() {
    for source in sources().into_iter().filter(|source| source.is_in(&["functions/src/bin/"])) {
        let lines = source.text.lines().count();
        assert!(lines <= 45, "{} has {lines} lines", source.path);
        let runs = ["", "_querying", "_public", "_public_reading", "_sweep"].map(|how| format!("http::serve{how}("));
        assert!(runs.iter().any(|run| source.text.contains(run)), "{} is not run by http::serve", source.path);
    }
}
