//! Checks that every reference in documents and comments exists: links and headings, paths, tests, sections of docs/contract.md, cases and
//! rules of docs/reliability.md, decisions. Run by the stage `unit`.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
    sync::{LazyLock, Mutex},
};

use regex::Regex;

use crate::tree;

/// The possible targets of references.
#[derive(Default)]
struct Known {
    /// Files and folders, by their path from the root.
    paths: BTreeSet<String>,
    /// The anchors of each document's headings.
    anchors: BTreeMap<String, BTreeSet<String>>,
    /// `2` and `2.7`.
    sections: BTreeSet<String>,
    /// `A1` and `R1`.
    cases: BTreeSet<String>,
    /// `0012`.
    decisions: BTreeSet<String>,
    /// The names of functions, tests among them.
    functions: BTreeSet<String>,
}

const CONTRACT: &str = "docs/contract.md";
const RELIABILITY: &str = "docs/reliability.md";
const TESTS: &str = "tests/README.md";

/// A pattern, compiled once.
fn regex(pattern: &'static str) -> Regex {
    static COMPILED: LazyLock<Mutex<HashMap<&str, Regex>>> = LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().unwrap();
    compiled.entry(pattern).or_insert_with(|| Regex::new(pattern).unwrap()).clone()
}

/// All matches of a pattern's first group.
fn all<'a>(pattern: &'static str, text: &'a str) -> Vec<&'a str> {
    regex(pattern).captures_iter(text).map(|found| found.get(1).unwrap().as_str()).collect()
}

/// Collects the files below a folder, except for build output and installed packages.
fn collect(root: &Path, folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let is_hidden = name.starts_with('.') && ![".github", ".ci", ".cargo", ".gitignore"].contains(&&*name);
        if is_hidden || ["target", "node_modules", "cdk.out"].contains(&&*name) {
            continue;
        }
        found.push(path.strip_prefix(root).unwrap().to_string_lossy().into_owned());
        if path.is_dir() {
            collect(root, &path, found);
        }
    }
}

/// A document without its code blocks.
fn without_blocks(text: &str) -> String {
    text.split("```").step_by(2).collect()
}

/// The text of a document, or the comments of a source file as one line.
fn prose(path: &str, text: &str) -> String {
    let marks: &[&str] = match path.rsplit('.').next() {
        Some("md") => return without_blocks(text),
        Some("rs" | "ts") => &["//!", "///", "//"],
        _ => &["#"],
    };
    let comment = |line: &str| -> Option<String> {
        let line = line.trim_start();
        let start = marks.iter().find_map(|mark| line.strip_prefix(mark));
        let trailing = || Some(line.split_once(&format!(" {} ", marks.last()?))?.1);
        start.or_else(trailing).map(|comment| comment.trim().to_owned())
    };
    text.lines().filter_map(comment).collect::<Vec<_>>().join(" ")
}

/// The anchor of a heading, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let text =
        heading.trim().to_lowercase().chars().filter(|c| c.is_alphanumeric() || "-_ ".contains(*c)).collect::<String>();
    text.replace(' ', "-")
}

impl Known {
    fn add(&mut self, path: &str, text: &str) {
        if path.ends_with(".rs") {
            self.functions.extend(all(r"\bfn (\w+)", text).into_iter().map(str::to_owned));
        }
        if path.ends_with(".md") {
            let text = without_blocks(text);
            self.anchors.insert(path.to_owned(), all(r"(?m)^#+ (.*)$", &text).into_iter().map(anchor).collect());
        }
        if path == CONTRACT {
            self.sections.extend(all(r"(?m)^#+ (\d+(?:\.\d+)?)\.? ", text).into_iter().map(str::to_owned));
        }
        if path == RELIABILITY {
            self.cases.extend(all(r"(?m)^\| ([A-NR]\d+) \|", text).into_iter().map(str::to_owned));
        }
        if let Some(number) = path.strip_prefix("docs/decisions/").and_then(|name| name.get(..4)) {
            self.decisions.insert(number.to_owned());
        }
    }

    fn has_path(&self, folder: &str, path: &str) -> bool {
        resolved(folder, path).is_some_and(|path| path.is_empty() || self.paths.contains(&path))
    }

    /// The references of a file whose target does not exist.
    fn broken(&self, path: &str, text: &str) -> Vec<String> {
        let prose = prose(path, text);
        let words = regex(r"`[^`]*`").replace_all(&prose, "code").into_owned();
        // References may be wrapped across lines.
        let mut broken = self.numbers(&prose.replace('\n', " "), &words);
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        broken.extend(self.outside(folder, &prose));
        if path.ends_with(".md") {
            broken.extend(self.links(path, folder, &words));
            broken.extend(self.code(path, folder, &prose));
        }
        broken.into_iter().map(|reference| format!("{path}: {reference}")).collect()
    }

    /// Sections, decisions, cases and rules.
    fn numbers(&self, prose: &str, words: &str) -> Vec<String> {
        let mut broken = Vec::new();
        let sections = r"\b[Cc]ontract(?:,? sections?)? (\d+(?:\.\d+)*(?:(?:, | and | to )\d+(?:\.\d+)*)*)";
        for section in all(sections, prose).into_iter().flat_map(|list| list.split([' ', ','])) {
            let is_number = section.starts_with(|first: char| first.is_ascii_digit());
            if is_number && !self.sections.contains(section) {
                broken.push(format!("{CONTRACT} has no section {section}"));
            }
        }
        for decision in all(r"\b[Dd]ecisions? (\d+)\b", prose) {
            if !self.decisions.contains(&format!("{decision:0>4}")) {
                broken.push(format!("there is no decision {decision}"));
            }
        }
        // Percent-encoded text looks the same: `%C3%A9`.
        for case in all(r"(?:^|[^\w%#/.])([A-NR]\d{1,2})(?:$|[^\w%])", &words.replace(['-', ' '], "  ")) {
            if !self.cases.contains(case) {
                broken.push(format!("{RELIABILITY} has no {case}"));
            }
        }
        broken
    }

    /// Paths that begin with `..`.
    fn outside(&self, folder: &str, prose: &str) -> Vec<String> {
        let up = all(r"(?:^|[\s`(])((?:\.\./)+[\w][\w./-]*)", prose);
        let up = up.into_iter().map(|path| path.trim_end_matches('.'));
        up.filter(|path| !self.has_path(folder, path)).map(|path| format!("there is no {path}")).collect()
    }

    /// Links to files and headings.
    fn links(&self, path: &str, folder: &str, words: &str) -> Vec<String> {
        let mut broken = Vec::new();
        for target in all(r"\]\(([^()\s]+)\)", words) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (file, heading) =
                target.split_once('#').map_or((target, None), |(file, heading)| (file, Some(heading)));
            let file = if file.is_empty() { Some(path.to_owned()) } else { resolved(folder, file) };
            let is_there = file.as_ref().is_some_and(|file| self.paths.contains(file));
            let anchors = file.and_then(|file| self.anchors.get(&file));
            let has_heading = heading.is_none_or(|heading| anchors.is_some_and(|anchors| anchors.contains(heading)));
            if !is_there || !has_heading {
                broken.push(format!("the link to {target} is broken"));
            }
        }
        broken
    }

    /// Paths in backticks; where tests are named, also their names.
    fn code(&self, path: &str, folder: &str, prose: &str) -> Vec<String> {
        // The files of a superseded decision may no longer exist.
        let is_history = path.starts_with("docs/decisions/") && prose.contains("uperseded");
        let bases = [folder, "", "shared/src", "tests/tests"];
        let mut broken = Vec::new();
        for code in all(r"`([^`\n]*)`", prose) {
            let is_path = regex(r"^[A-Za-z0-9_][\w.-]*/[\w./-]*$").is_match(code)
                && regex(r"(/|\.(rs|md|ya?ml|toml|json|txt|sh|py|ts|pem))$").is_match(code);
            let is_output = ["target/", "bench/", "node_modules/"].iter().any(|folder| code.starts_with(folder));
            if is_path && !is_output && !is_history {
                let code = code.trim_end_matches('/');
                if !bases.iter().any(|base| self.has_path(base, code)) {
                    broken.push(format!("there is no file or folder {code}"));
                }
            }
            let names_tests = [TESTS, "CONTRIBUTING.md"].contains(&path);
            let is_test = names_tests && regex(r"^[a-z]+[a-z0-9]*(_[a-z0-9]+){3,}$").is_match(code);
            if is_test && !self.functions.contains(code) {
                broken.push(format!("there is no test {code}"));
            }
        }
        broken
    }
}

/// Resolves a path that is relative to a folder; `None` if it is outside the root.
fn resolved(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match part {
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The single cases of a list like `A1, B2-B4`.
fn expanded(list: &str) -> Vec<String> {
    let case = |text: &str| Some((text.get(..1)?.to_owned(), text.get(1..)?.parse::<u32>().ok()?));
    let mut cases = Vec::new();
    for item in list.split(", ") {
        let (first, last) = item.split_once('-').unwrap_or((item, item));
        if let Some(((group, first), (_, last))) = case(first).zip(case(last)) {
            cases.extend((first..=last).map(|number| format!("{group}{number}")));
        }
    }
    cases
}

/// The cases in the table of tests.
fn tested(text: &str) -> BTreeSet<String> {
    all(r"(?m)^\| ([A-N]\d[\w ,-]*) \|", text).into_iter().flat_map(expanded).collect()
}

/// The texts of all files by path, and the possible targets.
fn repository() -> (BTreeMap<String, String>, Known) {
    let root = tree::root();
    let (mut found, mut known) = (Vec::new(), Known::default());
    collect(&root, &root, &mut found);
    let read = |path: String| {
        let is_read =
            [".rs", ".md", ".yaml", ".yml", ".toml", ".sh", ".py", ".ts"].iter().any(|end| path.ends_with(end));
        let text = is_read.then(|| std::fs::read_to_string(root.join(&path)).ok()).flatten()?;
        Some((path, text))
    };
    known.paths.extend(found.iter().cloned());
    let texts: BTreeMap<String, String> = found.into_iter().filter_map(read).collect();
    texts.iter().for_each(|(path, text)| known.add(path, text));
    (texts, known)
}

#[test]
fn every_reference_has_a_target() {
    let (texts, known) = repository();
    assert!(texts.len() > 200 && known.sections.len() > 20 && known.cases.len() > 140, "the documents are not read");
    // This file is excluded: its tests contain broken references.
    let others = texts.iter().filter(|(path, _)| !path.ends_with("xtask/src/references.rs"));
    let broken: Vec<String> = others.flat_map(|(path, text)| known.broken(path, text)).collect();
    assert!(broken.is_empty(), "{} broken references:\n{}", broken.len(), broken.join("\n"));
}

#[test]
fn every_case_has_its_test_in_the_table() {
    let (texts, known) = repository();
    let cases = known.cases.into_iter().filter(|case| !case.starts_with('R')).collect::<BTreeSet<_>>();
    let tested = tested(&texts[TESTS]);
    let missing: Vec<&String> = cases.difference(&tested).collect();
    assert!(missing.is_empty(), "{TESTS} has no test of {missing:?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        let paths =
            ["docs", "docs/a.md", "shared/src/store", "shared/src/store/keys.rs", "tests/tests/races.rs", "README.md"];
        let mut known = Known { paths: paths.map(str::to_owned).into(), ..Known::default() };
        known.add("docs/a.md", "# One thing\n```\n# no heading\n```\n## What's `this`, then?\n");
        known.add(CONTRACT, "# The contract\n## 1. Who\n## 2. How\n### 2.7 Tags\n");
        known.add(RELIABILITY, "| A1 | x |\n| D12 | x |\n| R5 | x |\n");
        known.add("docs/decisions/0012-x.md", "");
        known.add("tests/tests/races.rs", "async fn of_64_creators_one_wins() {}");
        known
    }

    #[track_caller]
    fn expect(path: &str, text: &str, expected: &[&str]) {
        let expected: Vec<String> = expected.iter().map(|reference| format!("{path}: {reference}")).collect();
        assert_eq!(known().broken(path, text), expected, "{text}");
    }

    #[test]
    fn a_missing_section_is_reported() {
        expect("a.rs", "//! One (contract section 2.7), others (contract sections 1 and 2), `x` (contract 1).\n", &[]);
        expect("a.rs", "/// One (contract section 2.8).\n", &["docs/contract.md has no section 2.8"]);
        expect("a.rs", "// Wrapped (contract\n// section 6).\n", &["docs/contract.md has no section 6"]);
        expect("a.rs", "let a = 1; // (contract sections 1, 3)\n", &["docs/contract.md has no section 3"]);
        expect(
            "a.yaml",
            "# ---- Keys (contract 4) ----\na: 1 # contract section 2.9\n",
            &["docs/contract.md has no section 4", "docs/contract.md has no section 2.9"],
        );
        expect("docs/a.md", "As contract section 7.1 says.", &["docs/contract.md has no section 7.1"]);
        // Not a reference: RFC 9110, section 13; and code.
        expect("a.rs", "//! RFC 9110, section 13\nlet a = \"contract section 9\";\n", &[]);
    }

    #[test]
    fn a_missing_case_rule_or_decision_is_reported() {
        expect("a.rs", "//! Cases A1-A1, D12 (rule R5; decision 12): `G1` %C3%A9 g1pk UTF-8 E2E x86_64 H100\n", &[]);
        expect("a.rs", "/// A2: lost.\n", &["docs/reliability.md has no A2"]);
        expect("a.rs", "//! (A1, D13)\n", &["docs/reliability.md has no D13"]);
        expect("a.rs", "//! cases A1-A14\n", &["docs/reliability.md has no A14"]);
        expect(
            "tests/README.md",
            "| D12, N9 | words | rule R6 |\n",
            &["docs/reliability.md has no N9", "docs/reliability.md has no R6"],
        );
        expect("docs/a.md", "See decision 13.", &["there is no decision 13"]);
    }

    #[test]
    fn a_broken_link_or_path_is_reported() {
        expect("README.md", "[a](docs/a.md) [b](docs/a.md#one-thing) [c](docs) [d](https://example.com/x.md)", &[]);
        expect(
            "docs/a.md",
            "[a](#whats-this-then) [b](../README.md) `store/keys.rs` `shared/src/store/` `races.rs`",
            &[],
        );
        expect("docs/a.md", "[a](#no-heading)", &["the link to #no-heading is broken"]);
        expect("README.md", "[a](docs/b.md)", &["the link to docs/b.md is broken"]);
        expect("README.md", "[a](docs/a.md#two)", &["the link to docs/a.md#two is broken"]);
        expect("docs/a.md", "[a](../../x.md)", &["there is no ../../x.md", "the link to ../../x.md is broken"]);
        expect(
            "docs/a.md",
            "`shared/src/store/doubt.rs` and `docs/b/`",
            &["there is no file or folder shared/src/store/doubt.rs", "there is no file or folder docs/b"],
        );
        expect(
            "docs/a.md",
            "`GET /tenants/{id}` `/problems/x.md` `target/a.json` `a/b` `https://x/y.md`\n```\n`b/c.rs`\n```\n",
            &[],
        );
        expect("infra/a.rs", "//! In `../elsewhere/notes`, and ../README.md.\n", &["there is no ../elsewhere/notes"]);
    }

    #[test]
    fn a_missing_test_is_reported() {
        expect(TESTS, "`of_64_creators_one_wins` `time_to_live` `preserve_order` `races.rs`", &[]);
        expect(TESTS, "`of_65_creators_one_wins`", &["there is no test of_65_creators_one_wins"]);
    }

    #[test]
    fn a_range_is_expanded_to_its_cases() {
        let cases = tested("| case | test |\n| A1-A3, B7 | x | y |\n| N2 | x | y |\n");
        assert_eq!(Vec::from_iter(cases), ["A1", "A2", "A3", "B7", "N2"]);
    }
}
