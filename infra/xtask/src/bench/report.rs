//! The report in Markdown, and its section in docs/performance.md.

use std::{fmt::Write, path::Path};

use serde_json::Value;

use super::MEASURED;
use crate::Result;

const BEGIN: &str = "<!-- written by `cargo xtask bench --write` -->";
const END: &str = "<!-- end of what the bench wrote -->";

/// A row: label, metric, divisor, decimals.
type Row = (&'static str, &'static str, f64, usize);

const ROWS: [Row; 16] = [
    ("init, ms", "init_ms", 1.0, 2),
    ("first response, ms", "first_ms", 1.0, 2),
    ("init + first response, ms", "init_and_first_ms", 1.0, 2),
    ("CPU to first response, ms", "cpu_to_first_ms", 1.0, 2),
    ("warm p50, us", "warm_p50_ms", 1e-3, 0),
    ("warm p99, us", "warm_p99_ms", 1e-3, 0),
    ("overhead over the store's time (mean), us", "overhead_ms", 1e-3, 0),
    ("CPU per warm request, us", "warm_cpu_ms", 1e-3, 0),
    ("instructions per warm request, k", "instructions_per_warm_request", 1e3, 0),
    ("requests to the store", "store_requests", 1.0, 1),
    ("peak RSS after 1,000 requests, MB", "peak_memory_bytes", 1e6, 1),
    ("log per request, bytes", "log_bytes_per_request", 1.0, 0),
    ("binary, MB", "binary_bytes", 1e6, 2),
    ("zip, MB", "zip_bytes", 1e6, 2),
    ("least CPU to first response, ms", "least_cpu_to_first_ms", 1.0, 2),
    ("404 for a foreign id, x one for an unknown id (median)", "foreign_to_unknown", 1.0, 3),
];

/// The whole report.
pub fn markdown(words: &[String], rounds: usize, figures: &Value, peers: Option<&str>) -> String {
    let command = words.iter().fold("cargo xtask bench".to_owned(), |line, word| match word.contains(' ') {
        true => format!("{line} '{word}'"),
        false => format!("{line} {word}"),
    });
    let mut out = String::new();
    line(&mut out, &format!("`{command}`\n\n{}\n", machine()));
    line(
        &mut out,
        &format!(
            "Medians of {rounds} cold starts; 1,000 warm requests after 100; TLS 1.3 to a store that answers repeated reads from memory."
        ),
    );
    line(
        &mut out,
        "updateTenant, upsert and createMessage write at every request, which goes on to the real engine.\n",
    );
    let columns = columns(figures);
    line(&mut out, &format!("| | {} |", columns.join(" | ")));
    line(&mut out, &format!("|---|{}", "---|".repeat(columns.len())));
    for row in ROWS {
        let cells: Vec<String> = columns.iter().map(|function| cell(figures, function, row)).collect();
        line(&mut out, &format!("| {} | {} |", row.0, cells.join(" | ")));
    }
    sizes(&mut out, figures);
    if let Some(peers) = peers {
        line(&mut out, "\n## Side by side with the peers (getTenant)\n");
        // Its headings are one level below this one.
        for text in peers.trim().lines() {
            line(&mut out, text);
        }
    }
    out
}

/// The measured functions, each followed by its base build if there is one.
fn columns(figures: &Value) -> Vec<String> {
    let builds = MEASURED.into_iter().flat_map(|function| [function.to_owned(), format!("{function} (base)")]);
    builds.filter(|build| figures.get(build).is_some()).collect()
}

/// The sizes of all functions, if more than the measured ones were built.
fn sizes(out: &mut String, figures: &Value) {
    let Some(all) = figures.as_object().filter(|all| all.len() > 2 * MEASURED.len()) else { return };
    line(out, "\n| function | binary, MB | zip, MB |\n|---|---|---|");
    for function in all.keys() {
        let cell = |metric| cell(figures, function, ("", metric, 1e6, 2));
        line(out, &format!("| {function} | {} | {} |", cell("binary_bytes"), cell("zip_bytes")));
    }
}

fn cell(figures: &Value, function: &str, (_, metric, unit, decimals): Row) -> String {
    let value = figures.get(function).and_then(|figures| figures.get(metric)?.as_f64());
    value.map_or_else(|| "-".to_owned(), |value| format!("{:.decimals$}", value / unit))
}

fn machine() -> String {
    let read = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
    let cpus = read("/proc/cpuinfo");
    let name = cpus.lines().find_map(|line| Some(line.strip_prefix("model name")?.split_once(": ")?.1.to_owned()));
    let name = name.unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let load = read("/proc/loadavg").split(' ').next().unwrap_or("?").to_owned();
    format!(
        "{cores} cores ({name}, {}), Linux {}, load average {load} at the end.",
        std::env::consts::ARCH,
        read("/proc/sys/kernel/osrelease").trim()
    )
}

fn line(out: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{text}");
}

/// Puts the report between the two markers, or at the end if there are none.
pub fn write(file: &Path, report: &str) -> Result<()> {
    let failed = |error: std::io::Error| format!("{}: {error}", file.display());
    let text = std::fs::read_to_string(file).map_err(failed)?;
    std::fs::write(file, replace(&text, report)).map_err(failed)
}

fn replace(text: &str, report: &str) -> String {
    let section = format!("{BEGIN}\n{}\n{END}\n", report.trim());
    match (text.split_once(BEGIN), text.split_once(END)) {
        (Some((before, _)), Some((_, after))) => format!("{before}{section}{}", after.trim_start_matches('\n')),
        _ => format!("{}\n\n{section}", text.trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_base_build_has_its_own_column() {
        let figures = json!({
            "get-tenant": {"init_ms": 1.0}, "get-tenant (base)": {"init_ms": 2.0},
            "update-tenant": {}, "upsert-tenant-by-external-id": {},
        });
        let report = markdown(&[], 1, &figures, None);
        assert!(
            report.contains("| | get-tenant | get-tenant (base) | update-tenant | upsert-tenant-by-external-id |\n")
        );
        assert!(report.contains("| init, ms | 1.00 | 2.00 | - | - |\n"), "{report}");
        assert!(!report.contains("| function |"), "no sizes of others: {report}");
    }

    #[test]
    fn writing_twice_replaces_what_was_written() {
        let first = replace("# Performance\n\nGoals.\n", "one");
        let second = replace(&first, "two");
        assert_eq!(second, format!("# Performance\n\nGoals.\n\n{BEGIN}\ntwo\n{END}\n"));
        assert_eq!(
            replace(&format!("{second}\nAfter.\n"), "x"),
            format!("# Performance\n\nGoals.\n\n{BEGIN}\nx\n{END}\nAfter.\n")
        );
    }
}
