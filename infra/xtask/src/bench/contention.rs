//! `cargo xtask bench --contention`: measures how long the last of 64 callers waits that change one tenant at the same time.

use std::{fmt::Write, path::Path};

use serde_json::Value;

use super::Options;
use crate::{
    Result, bench_program, cargo,
    process_group::ProcessGroups,
    progress::step,
    store::{self, Choice},
};

/// The functions that are raced.
const RACED: [&str; 3] = ["update-tenant", "upsert-tenant-by-external-id", "attach-tenant-repository"];

/// The default number of races per function: enough for a 99th percentile.
const ROUNDS: u32 = 101;

/// Builds, races, reports. An answer other than 2xx is an error, which is reported after the table.
pub async fn measure(options: &Options, groups: &ProcessGroups) -> Result<(String, Result<()>)> {
    let choice = Choice::of_tests(options.store.clone())?;
    let programs = cargo::build(groups, &cargo::PROGRAMS).await?;
    let seeding = bench_program::folder(&programs)?;
    let functions = options.built(groups, &RACED.map(str::to_owned)).await?;
    let program = bench_program::build_fast(groups).await?;
    let store = store::start(groups, &choice, &programs, None).await?;
    let mut command = bench_program::command(&program, &store.endpoint, &seeding, &functions, &bench_program::work());
    let rounds = options.rounds.unwrap_or(ROUNDS);
    command.args(["--contention", "--rounds", &rounds.to_string()]);
    if let Some(base) = &options.base {
        command.arg("--base").arg(base);
    }
    if let Some(delay) = options.delay {
        command.args(["--delay", &delay.to_string()]);
    }
    let figures = step("racing", bench_program::figures(groups, command)).await?;
    Ok((markdown(rounds, &functions, options, &figures), refusals(&figures)))
}

fn markdown(rounds: u32, functions: &Path, options: &Options, figures: &Value) -> String {
    let mut out = format!(
        "64 callers change one tenant at once, {rounds} times for each function; ms until the last of them has its answer.\n\
         now: {}\n",
        functions.display()
    );
    // Writing to a string cannot fail.
    if let Some(base) = &options.base {
        let _ = writeln!(out, "base: {}", base.display());
    }
    if let Some(delay) = options.delay {
        let _ = writeln!(out, "Each request to the store is delayed by {delay} ms.");
    }
    out.push_str("\n| function | build | last p50 | last p99 | last max | each p50 | store requests p50 | not 2xx |\n");
    out.push_str("|---|---|---|---|---|---|---|---|\n");
    for (function, builds) in figures.as_object().into_iter().flatten() {
        for (build, figures) in builds.as_object().into_iter().flatten().filter(|(_, figures)| figures.is_object()) {
            let cell = |name: &str| figures.get(name).and_then(Value::as_f64);
            let cell = |name: &str| cell(name).map_or_else(|| "-".to_owned(), |value| format!("{value:.1}"));
            let cells = ["last_p50_ms", "last_p99_ms", "last_max_ms", "each_p50_ms", "store_requests_p50"].map(cell);
            let _ = writeln!(out, "| {function} | {build} | {} | {} |", cells.join(" | "), refused(figures));
        }
        if let Some(ratio) = builds.get("in_round_ratio").and_then(Value::as_f64) {
            let p99 = |build: &str| builds.pointer(&format!("/{build}/last_p99_ms")).and_then(Value::as_f64);
            let p99 = p99("now").zip(p99("base")).map_or(0.0, |(now, base)| now / base);
            let _ = writeln!(out, "| {function} | now x base | {ratio:.2} (in rounds) | {p99:.2} | | | | |");
        }
    }
    out
}

/// The number of answers that were not 2xx.
fn refused(figures: &Value) -> u64 {
    let counts = figures.get("refused").and_then(Value::as_object).into_iter().flatten();
    counts.filter_map(|(_, count)| count.as_u64()).sum()
}

fn refusals(figures: &Value) -> Result<()> {
    let mut lines = Vec::new();
    for (function, builds) in figures.as_object().into_iter().flatten() {
        for (build, figures) in builds.as_object().into_iter().flatten() {
            for (answer, count) in figures.get("refused").and_then(Value::as_object).into_iter().flatten() {
                lines.push(format!("{function} ({build}): {count} x {answer}"));
            }
        }
    }
    if lines.is_empty() { Ok(()) } else { Err(format!("not all callers were answered 2xx:\n{}", lines.join("\n"))) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_other_than_2xx_is_an_error_that_names_it() {
        let build = |refused: Value| json!({"last_p50_ms": 1.0, "refused": refused});
        let all = json!({"update-tenant": {"now": build(json!({})), "base": build(json!({})), "in_round_ratio": 1.5}});
        assert_eq!(refusals(&all), Ok(()));
        let some = json!({"update-tenant": {"now": build(json!({"503 too busy": 2, "409 raced": 1}))}});
        let error = refusals(&some).unwrap_err();
        assert!(
            error.ends_with("update-tenant (now): 1 x 409 raced\nupdate-tenant (now): 2 x 503 too busy"),
            "{error}"
        );
        assert_eq!(refused(some.pointer("/update-tenant/now").unwrap()), 3);
    }
}
