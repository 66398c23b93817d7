//! Missing tools, and the stages that are skipped without them.
//!
//! Invariant: with CI set in the environment nothing is skipped; the command fails instead, before anything is built.

use std::sync::{Mutex, PoisonError};

use super::Stage;
use crate::{Result, progress::note, tools};

/// The skipped parts of the running stage, with the reason.
static SKIPPED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Reports that a part of the running stage is skipped because a tool is not installed; in CI that is an error.
pub fn skip_part(what: &str) -> Result<()> {
    if in_ci() {
        return Err(format!("{what}. {CI}"));
    }
    note(what);
    SKIPPED.lock().unwrap_or_else(PoisonError::into_inner).push(what.to_owned());
    Ok(())
}

/// Returns the parts that were skipped since the last call.
pub fn take_skipped() -> Vec<String> {
    std::mem::take(&mut *SKIPPED.lock().unwrap_or_else(PoisonError::into_inner))
}

const CI: &str = "CI is set in the environment, so nothing may be skipped";

fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty())
}

/// Checks the tools of these stages before anything is built, and reports the missing ones.
pub fn check<'a>(stages: impl Iterator<Item = &'a Stage>) -> Result<()> {
    let lines: Vec<String> = stages
        .flat_map(|stage| {
            let whole = not_installed(stage.needs).into_iter().map(|tool| (tool, "skipped"));
            let parts = not_installed(stage.parts).into_iter().map(|tool| (tool, "partly skipped"));
            whole.chain(parts).map(|(tool, what)| format!("{tool} is not installed: {} is {what}", stage.name))
        })
        .collect();
    if lines.is_empty() {
        return Ok(());
    }
    if in_ci() {
        return Err(format!("{}\n{CI}", lines.join("\n")));
    }
    lines.iter().for_each(|line| note(line));
    Ok(())
}

/// Those of these tools that are not on PATH.
pub fn not_installed(names: &[&'static str]) -> Vec<&'static str> {
    names.iter().copied().filter(|name| tools::on_path(name).is_none()).collect()
}
