//! `cargo xtask router`: the table by which plain `cargo lambda watch` routes, made from template.yaml.
//!
//! The table is in the root Cargo.toml, where cargo-lambda reads it, from the line `[workspace.metadata.lambda.watch.router]` to the next
//! table or the end. Invariant: it is generated; a unit test and `--check` fail if it differs from what template.yaml gives.

use std::{collections::BTreeMap, process::ExitCode};

use clap::Args;
use local::template::Template;

use crate::{
    Result,
    progress::{note, print},
    tree,
};

const HEADER: &str = "[workspace.metadata.lambda.watch.router]";
const COMMENT: &str = "# Generated from template.yaml by `cargo xtask router --write`.";

/// cargo-lambda's own router, made from template.yaml.
#[derive(Args)]
pub struct Options {
    /// Checks that the one in Cargo.toml is what template.yaml gives.
    #[arg(long, conflicts_with = "write")]
    check: bool,
    /// Writes it into Cargo.toml.
    #[arg(long)]
    write: bool,
}

/// Prints the table, compares it (`--check`) or writes it to Cargo.toml (`--write`).
pub fn run(options: &Options) -> Result<ExitCode> {
    let table = table(&Template::read(tree::template())?);
    let path = tree::root().join("Cargo.toml");
    let manifest =
        std::fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let wanted = replace(&manifest, &table);
    if options.write {
        if wanted != manifest {
            std::fs::write(&path, wanted).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
            note("Cargo.toml: the router is as template.yaml says now");
        }
    } else if options.check {
        if wanted != manifest {
            return Err(
                "the router in Cargo.toml is not what template.yaml says; run `cargo xtask router --write`".to_owned()
            );
        }
        note("Cargo.toml: the router is as template.yaml says");
    } else {
        print(&table)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The table in TOML, one path per line, a path's methods in order.
pub fn table(template: &Template) -> String {
    let mut paths: BTreeMap<String, BTreeMap<&str, &str>> = BTreeMap::new();
    for function in &template.functions {
        for route in &function.routes {
            match route.path.as_str() {
                // For unknown paths. To a known path with another method cargo-lambda itself answers 404.
                "$default" => {
                    paths.entry("/".to_owned()).or_default().insert("ANY", &function.name);
                    paths.entry("/{*path}".to_owned()).or_default().insert("ANY", &function.name);
                }
                path => {
                    paths.entry(pattern(path)).or_default().insert(&route.method, &function.name);
                }
            }
        }
    }
    let mut lines = vec![COMMENT.to_owned(), HEADER.to_owned()];
    for (path, methods) in paths {
        let entry =
            |(method, function): (&&str, &&str)| format!("{{ method = \"{method}\", function = \"{function}\" }}");
        lines.push(match methods.get("ANY") {
            Some(function) => format!("\"{path}\" = \"{function}\""),
            None => format!("\"{path}\" = [{}]", methods.iter().map(entry).collect::<Vec<_>>().join(", ")),
        });
    }
    lines.join("\n") + "\n"
}

/// A path in the syntax of matchit, cargo-lambda's router: `{name+}` is `{*name}` there.
fn pattern(path: &str) -> String {
    let segment = |segment: &str| match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix("+}")) {
        Some(name) => format!("{{*{name}}}"),
        None => segment.to_owned(),
    };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

/// A manifest with this table in place of the old one, or at the end.
fn replace(manifest: &str, table: &str) -> String {
    let lines: Vec<&str> = manifest.lines().collect();
    let start = lines.iter().position(|line| line.trim() == HEADER);
    let start = start.map(|at| if at > 0 && lines.get(at - 1) == Some(&COMMENT) { at - 1 } else { at });
    let (before, after) = match start {
        None => (lines.as_slice(), &[][..]),
        Some(start) => {
            let (before, rest) = lines.split_at(start);
            let ends = |line: &&str| {
                line.starts_with('[') && line.trim() != HEADER || line.starts_with('#') && *line != COMMENT
            };
            let end = rest.iter().position(ends).unwrap_or(rest.len());
            (before, rest.split_at(end).1)
        }
    };
    let text = |lines: &[&str]| lines.join("\n").trim().to_owned();
    let parts = [text(before), table.trim().to_owned(), text(after)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_greedy_parameter_is_written_as_cargo_lambda_reads_it() {
        assert_eq!(pattern("/tenants/by-external-id/{external_id+}"), "/tenants/by-external-id/{*external_id}");
        assert_eq!(pattern("/v1/customers/{customer_id}/keys"), "/v1/customers/{customer_id}/keys");
    }

    #[test]
    fn the_table_is_replaced_where_it_stands_and_writing_twice_changes_nothing() {
        let table = format!("{COMMENT}\n{HEADER}\n\"/\" = \"a\"\n");
        let first = replace("[workspace]\n\n[profile.dev]\ndebug = false\n", &table);
        assert!(first.ends_with(&table));
        assert_eq!(replace(&first, &table), first);
        let middle = format!("[workspace]\n\n{HEADER}\n\"/old\" = \"x\"\n\n# What is deployed.\n[profile.release]\n");
        assert_eq!(
            replace(&middle, &table),
            format!("[workspace]\n\n{table}\n# What is deployed.\n[profile.release]\n")
        );
    }

    #[test]
    fn the_router_in_cargo_toml_is_what_the_template_says() {
        let table = table(&Template::read(tree::template()).unwrap());
        let manifest = std::fs::read_to_string(tree::root().join("Cargo.toml")).unwrap();
        assert!(manifest.contains(&table), "run `cargo xtask router --write`; it makes\n{table}");
    }
}
