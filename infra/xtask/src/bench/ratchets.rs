//! `infra/ratchets.json`: limits for the cost of the functions. Its numbers are lowered with improvements and raised only deliberately.
//!
//! Invariant: its figures do not depend on the machine's speed, except for the CPU time, whose limit is far above the actual time.

use std::{collections::BTreeMap, path::PathBuf};

use serde_json::{Value, json};

use crate::{Result, tree};

/// The metrics that are compared with an earlier number for this architecture.
const RATCHETS: [&str; 2] = ["instructions_per_warm_request", "zip_bytes"];

/// The allowed relative difference: callgrind varies by 1 %, and the linker's layout changes the size of a zip by less.
const TOLERANCE: f64 = 0.03;

/// The command that replaces the numbers.
pub const WRITE: &str = "cargo xtask test ratchets --write";

/// The result of a comparison, one line per metric.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Worse than allowed.
    pub worse: Vec<String>,
    /// Better, or new: the file should be updated.
    pub better: Vec<String>,
}

/// The file.
pub struct Ratchets(Value);

fn path() -> PathBuf {
    tree::root().join("infra/ratchets.json")
}

impl Ratchets {
    /// Reads it.
    pub fn load() -> Result<Self> {
        let path = path();
        let failed = |error: String| format!("{}: {error}", path.display());
        let text = std::fs::read_to_string(&path).map_err(|error| failed(error.to_string()))?;
        serde_json::from_str(&text).map(Self).map_err(|error| failed(error.to_string()))
    }

    /// Compares figures by function with the numbers of an architecture and with the general limits.
    pub fn judge(&self, architecture: &str, figures: &Value) -> Verdict {
        let mut verdict = Verdict::default();
        for (function, figures) in figures.as_object().into_iter().flatten() {
            for metric in RATCHETS {
                let old = self.0.get(architecture).and_then(|all| number(all.get(function)?, metric));
                if let Some(new) = number(figures, metric) {
                    verdict.compare(&format!("{function} {metric} ({architecture})"), old, new);
                }
            }
            for (metric, limit) in self.0.get("limits").and_then(Value::as_object).into_iter().flatten() {
                if let (Some(limit), Some(new)) = (limit.as_f64(), number(figures, metric))
                    && new > limit
                {
                    verdict.worse.push(format!(
                        "{function} {metric}: {} is above the limit of {}",
                        show(new),
                        show(limit)
                    ));
                }
            }
        }
        verdict
    }

    /// Writes the figures to the file. Numbers that were not measured are kept.
    pub fn write(mut self, architecture: &str, figures: &Value) -> Result<()> {
        for (function, figures) in figures.as_object().into_iter().flatten() {
            for metric in RATCHETS {
                if let (Some(new), Some(file)) = (figures.get(metric), self.0.as_object_mut()) {
                    let entry = file.entry(architecture).or_insert_with(|| json!({}));
                    let functions =
                        entry.as_object_mut().map(|all| all.entry(function.as_str()).or_insert_with(|| json!({})));
                    if let Some(numbers) = functions.and_then(Value::as_object_mut) {
                        numbers.insert(metric.to_owned(), new.clone());
                    }
                }
            }
        }
        // Sorted, also if serde_json preserves the order of members.
        let sorted: BTreeMap<_, _> = self.0.as_object().into_iter().flatten().collect();
        let text = serde_json::to_string_pretty(&sorted).map_err(|error| error.to_string())?;
        std::fs::write(path(), text + "\n").map_err(|error| format!("cannot write {}: {error}", path().display()))
    }
}

impl Verdict {
    fn compare(&mut self, name: &str, old: Option<f64>, new: f64) {
        let Some(old) = old else {
            self.better.push(format!("{name}: {} is new; record it with `{WRITE}`", show(new)));
            return;
        };
        let change = new / old - 1.0;
        let line = format!("{name}: {} before, {} now ({:+.1} %)", show(old), show(new), change * 100.0);
        if change > TOLERANCE {
            self.worse.push(format!("{line}; if this is intended, record it with `{WRITE}`"));
        } else if change < -TOLERANCE {
            self.better.push(format!("{line}; lower the number with `{WRITE}`"));
        }
    }
}

fn number(figures: &Value, metric: &str) -> Option<f64> {
    figures.get(metric)?.as_f64()
}

/// A number with a thousands separator, or a small one with its fraction.
fn show(number: f64) -> String {
    if number < 1000.0 {
        return format!("{number:.1}").trim_end_matches(".0").to_owned();
    }
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(new: Value) -> Verdict {
        let file = Ratchets(json!({
            "limits": {"log_bytes_per_request": 300},
            "x86_64": {"get-tenant": {"instructions_per_warm_request": 1_000_000, "zip_bytes": 3_000_000}},
        }));
        file.judge("x86_64", &json!({ "get-tenant": new }))
    }

    #[test]
    fn a_difference_of_three_percent_is_ignored() {
        let verdict = judge(
            json!({"instructions_per_warm_request": 1_029_000, "zip_bytes": 2_911_000, "log_bytes_per_request": 300}),
        );
        assert_eq!(verdict, Verdict::default());
    }

    #[test]
    fn a_regression_names_metric_old_and_new() {
        let verdict = judge(json!({"instructions_per_warm_request": 1_031_000, "log_bytes_per_request": 301}));
        let instructions = "get-tenant instructions_per_warm_request (x86_64): 1 000 000 before, 1 031 000 now (+3.1 %); \
                            if this is intended, record it with `cargo xtask test ratchets --write`";
        assert_eq!(verdict.worse, [instructions, "get-tenant log_bytes_per_request: 301 is above the limit of 300"]);
        assert_eq!(verdict.better, Vec::<String>::new());
    }

    #[test]
    fn an_improvement_asks_to_lower_the_number() {
        let verdict = judge(json!({"zip_bytes": 2_800_000}));
        let zip = "get-tenant zip_bytes (x86_64): 3 000 000 before, 2 800 000 now (-6.7 %); lower the number with `cargo xtask test ratchets --write`";
        assert_eq!((verdict.worse, verdict.better), (vec![], vec![zip.to_owned()]));
    }
}
