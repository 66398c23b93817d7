//! That files import in no circle: a file can be read without those that depend on it.

use super::sources::{Source, sources};
use std::collections::{BTreeMap, BTreeSet};

/// `a::{b, c::d}` as `a::b` and `a::c::d`.
fn paths(import: &str) -> Vec<String> {
    let Some((prefix, rest)) = import.split_once('{') else {
        return vec![import.split(" as ").next().unwrap_or_default().trim().to_owned()];
    };
    let (mut parts, mut depth) = (vec![String::new()], 0);
    for character in rest.strip_suffix('}').unwrap_or(rest).chars() {
        depth += match character {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        match character {
            ',' if depth == 0 => parts.push(String::new()),
            _ => parts.last_mut().unwrap().push(character),
        }
    }
    let parts = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty());
    parts.flat_map(|part| paths(&format!("{}{part}", prefix.trim()))).collect()
}

/// What a file imports by `use`, in one line each.
fn imports(source: &Source, beginning: &str) -> Vec<String> {
    let text = source.shipped().split_whitespace().collect::<Vec<_>>().join(" ");
    let mut found = Vec::new();
    for part in text.split(beginning).skip(1) {
        found.extend(paths(part.split(';').next().unwrap_or_default()));
    }
    found
}

/// The paths to other modules that code has in full, such as `super::text::hex(digest)`.
fn written_out(source: &Source) -> Vec<String> {
    let text = source.shipped();
    let begins_path =
        |at: usize| text[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && !"_:$".contains(c));
    let starts = ["super::", "crate::"].iter().flat_map(|start| text.match_indices(start)).map(|(at, _)| at);
    let path = |at: usize| text[at..].split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').next();
    let paths = starts.filter(|at| begins_path(*at)).filter_map(path);
    paths.map(|path| path.trim_end_matches(':').to_owned()).collect()
}

/// The module that a file of a crate is, `["http", "input"]`.
fn module(path: &str) -> Vec<String> {
    let path = path.split_once("/src/").map_or(path, |(_, path)| path).trim_end_matches(".rs");
    let mut segments: Vec<String> = path.split('/').map(str::to_owned).collect();
    segments.pop_if(|last| ["mod", "lib", "main"].contains(&last.as_str()));
    segments
}

struct Modules {
    /// Files by module.
    files: BTreeMap<Vec<String>, String>,
    /// What a module exports of another: where, and by which path.
    exports: BTreeMap<(Vec<String>, String), String>,
}

impl Modules {
    /// The file that a path names, seen from a module.
    fn file(&self, from: &[String], path: &str) -> Option<&String> {
        let mut module = from.to_vec();
        let mut segments = path.split("::").peekable();
        while let Some(up) = segments.next_if(|segment| ["super", "crate", "self"].contains(segment)) {
            match up {
                "super" => drop(module.pop()),
                "crate" => module.clear(),
                _ => {}
            }
        }
        while let Some(segment) = segments.peek() {
            let inner = [&module[..], &[(*segment).to_owned()]].concat();
            if !self.files.contains_key(&inner) {
                break;
            }
            module = inner;
            segments.next();
        }
        let exported = segments.peek().and_then(|name| self.exports.get(&(module.clone(), (*name).to_owned())));
        match exported {
            Some(path) => self.file(&module, path),
            None => self.files.get(&module),
        }
    }
}

fn modules(sources: &[Source]) -> Modules {
    let files = sources.iter().map(|source| (module(&source.path), source.path.clone())).collect();
    let mut exports = BTreeMap::new();
    for source in sources {
        for beginning in ["pub use ", "pub(super) use ", "pub(crate) use "] {
            for path in imports(source, beginning) {
                let name = path.rsplit("::").next().unwrap_or_default().to_owned();
                exports.insert((module(&source.path), name), path);
            }
        }
    }
    Modules { files, exports }
}

/// What each file of a crate imports of others.
fn imported(sources: &[Source]) -> Vec<(&Source, Vec<String>)> {
    let modules = modules(sources);
    let of = |source: &Source| {
        let from = module(&source.path);
        let own =
            imports(source, "use ").into_iter().filter(|path| path.starts_with("super") || path.starts_with("crate"));
        own.chain(written_out(source))
            .filter_map(|path| modules.file(&from, &path).cloned())
            .filter(|path| *path != source.path)
            .collect()
    };
    let shipped = sources.iter().filter(|source| !source.path.ends_with("/tests.rs"));
    shipped.map(|source| (source, of(source))).collect()
}

/// The same as a graph. A `mod.rs` re-exports what its files have and is left out.
fn graph(sources: &[Source]) -> BTreeMap<String, BTreeSet<String>> {
    let is_plain = |path: &str| !["/mod.rs", "/lib.rs", "/main.rs"].iter().any(|end| path.ends_with(end));
    let all = imported(sources).into_iter().filter(|(source, _)| is_plain(&source.path));
    all.map(|(source, paths)| (source.path.clone(), paths.into_iter().filter(|path| is_plain(path)).collect()))
        .collect()
}

/// What the modules at the root of a crate import of each other, each with all its files. The root itself is left out.
fn graph_of_folders(sources: &[Source]) -> BTreeMap<String, BTreeSet<String>> {
    let folder = |path: &str| module(path).into_iter().next();
    let mut graph = BTreeMap::<String, BTreeSet<String>>::new();
    for (source, paths) in imported(sources) {
        if let Some(from) = folder(&source.path) {
            let others = paths.iter().filter_map(|path| folder(path)).filter(|other| *other != from);
            graph.entry(from.clone()).or_default().extend(others);
        }
    }
    graph
}

/// The files of a graph that are in a circle: what is left when those that import nothing are taken away, over and over, and likewise
/// those that nothing imports.
fn in_circles(mut graph: BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    loop {
        let left: BTreeSet<String> = graph.values().flatten().cloned().collect();
        let before = graph.len();
        graph.retain(|file, imported| !imported.is_empty() && left.contains(file));
        let kept: BTreeSet<String> = graph.keys().cloned().collect();
        graph.values_mut().for_each(|imported| imported.retain(|file| kept.contains(file)));
        if graph.len() == before {
            return kept.into_iter().collect();
        }
    }
}

fn in_folders(folders: &[&str]) -> Vec<Source> {
    sources().into_iter().filter(|source| source.is_in(folders)).collect()
}

/// Each crate whose files are looked at, with a number of imports between files and between folders that it has at least.
const CRATES: [(&str, usize, usize); 3] =
    [("shared/src/", 40, 2), ("infra/local/src/", 10, 5), ("infra/xtask/src/", 40, 20)];

#[test]
fn files_import_in_no_circle() {
    for (folder, at_least, _) in CRATES {
        let graph = graph(&in_folders(&[folder]));
        let imports = graph.values().map(BTreeSet::len).sum::<usize>();
        assert!(imports > at_least, "{imports} imports are found only in {folder}");
        assert_eq!(in_circles(graph), Vec::<String>::new(), "these import from each other, directly or around");
    }
}

#[test]
fn folders_import_in_no_circle() {
    for (folder, _, at_least) in CRATES {
        let graph = graph_of_folders(&in_folders(&[folder]));
        let imports = graph.values().map(BTreeSet::len).sum::<usize>();
        assert!(imports >= at_least, "{imports} imports are found only in {folder}: {graph:?}");
        assert_eq!(in_circles(graph), Vec::<String>::new(), "these folders of {folder} import from each other");
    }
}

#[test]
fn a_circle_of_folders_is_found_also_by_way_of_their_mod_rs() {
    let source = |path: &str, text: &str| Source { path: format!("x/src/{path}.rs"), text: text.to_owned() };
    let sources = [
        source("lib", "pub use a::A;\n"),
        source("a/mod", "use crate::b::B;\n"),
        source("b/mod", "mod one;\n"),
        source("b/one", "use crate::{a::{self, A}, c};\n"),
        source("c", "use std::fmt;\n"),
    ];
    assert_eq!(in_circles(graph_of_folders(&sources)), ["a", "b"]);
    assert_eq!(in_circles(graph(&sources)), Vec::<String>::new());
}

#[test]
fn a_circle_is_found_also_by_way_of_exports_of_paths_in_code_and_after_items_for_tests() {
    let source = |path: &str, text: &str| Source { path: format!("shared/src/{path}.rs"), text: text.to_owned() };
    let sources = [
        source("a/mod", "pub use one::One;\n"),
        source("a/one", "use super::two::{\n    Two,\n    other::{self, Other},\n};\n"),
        source("a/two", "use crate::a::One as First;\nuse std::fmt;\n"),
        source("a/three", "// use super::four;\nuse super::one;\n"),
        source("a/four", "use super::three::Three;\n#[cfg(test)]\nmod tests {\n    use super::four;\n}\n"),
        source("a/five", "#[cfg(test)]\nmod tests;\nuse super::six;\n"),
        source("a/six", "fn six() -> super::super::a::five::Five {\n    crate::five()\n}\n"),
    ];
    let files = ["five", "one", "six", "two"].map(|name| format!("shared/src/a/{name}.rs"));
    assert_eq!(in_circles(graph(&sources)), files);
}
