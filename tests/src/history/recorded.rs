//! What happened in a run, in a file: one round a line. Judged again, it comes to the same.

use super::{Event, Tenant, check_chains, check_invariants_before_the_sweep, check_order, check_records};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A round: what was done, and what was there when all was at rest.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// What was done, the reading at rest included.
    pub events: Vec<Event>,
    /// The tenants that the round was about, as they were read at rest.
    pub states: BTreeMap<usize, Tenant>,
    /// What was made with idempotency keys in this round and before: by name, and the id where it was answered.
    pub made: BTreeMap<String, Option<String>>,
    /// The whole table at rest; of the last round only, the others were right.
    pub items: Vec<Value>,
}

/// Writes a history.
pub fn write_history(file: &Path, rounds: &[Round]) {
    let line = |round: &Round| serde_json::to_string(round).expect("a round is plain") + "\n";
    fs::create_dir_all(file.parent().expect("the file is in a folder")).expect("the folder can be made");
    fs::write(file, rounds.iter().map(line).collect::<String>()).expect("the history can be written");
}

/// Reads one.
pub fn read_history(file: &Path) -> Vec<Round> {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    text.lines().map(|line| serde_json::from_str(line).expect("a line is a round")).collect()
}

/// Judges a whole history.
pub fn check_history(rounds: &[Round]) -> Result<(), String> {
    // The quick check first: it describes most faults in fewer words.
    check_chains(&rounds.iter().flat_map(|round| &round.events).cloned().collect::<Vec<_>>())?;
    let judge = |last: usize| check_last(&rounds[..=last]).map_err(|fault| format!("round {last}: {fault}"));
    (0..rounds.len()).try_for_each(judge)
}

/// Judges the last round of a history.
pub(super) fn check_last(rounds: &[Round]) -> Result<(), String> {
    let Some((last, before)) = rounds.split_last() else { return Ok(()) };
    for tenant in last.states.keys() {
        let of_tenant = |round: &Round| {
            round.events.iter().filter(|event| event.tenant == *tenant).cloned().collect::<Vec<Event>>()
        };
        check_chains(&rounds.iter().flat_map(of_tenant).collect::<Vec<_>>())?;
        let initial = before.iter().rev().find_map(|round| round.states.get(tenant)).cloned();
        check_order(initial.unwrap_or_default(), &of_tenant(last))?;
    }
    if last.items.is_empty() {
        return Ok(());
    }
    check_invariants_before_the_sweep(&last.items)?;
    check_records(&last.items, &last.made)
}
