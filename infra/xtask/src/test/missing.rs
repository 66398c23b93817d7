//! Tools that are not here, and what is left out for want of them.
//!
//! Invariant: with CI set in the environment nothing is left out; it fails instead, before anything is built.

use std::sync::{Mutex, PoisonError};

use super::Stage;
use crate::{Result, progress::note, tools};

/// What the running stage left out.
static LEFT_OUT: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Says that a part of the running stage is left out because something is not installed here; in CI that is an error.
pub fn left_out(what: &str) -> Result<()> {
    if in_ci() {
        return Err(format!("{what}. {CI}"));
    }
    note(what);
    LEFT_OUT.lock().unwrap_or_else(PoisonError::into_inner).push(what.to_owned());
    Ok(())
}

/// What was left out since the last time that this was asked.
pub fn taken() -> Vec<String> {
    std::mem::take(&mut *LEFT_OUT.lock().unwrap_or_else(PoisonError::into_inner))
}

const CI: &str = "CI is set in the environment, so nothing may be left out";

fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty())
}

/// Looks for the tools of these stages, before anything is built, and says which are not here.
pub fn look<'a>(stages: impl Iterator<Item = &'a Stage>) -> Result<()> {
    let lines: Vec<String> = stages
        .flat_map(|stage| {
            let whole = absent(stage.needs).into_iter().map(|tool| (tool, "left out"));
            let parts = absent(stage.parts).into_iter().map(|tool| (tool, "left out in part"));
            whole.chain(parts).map(|(tool, what)| format!("{tool} is not here: {} is {what}", stage.name))
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

/// The tools of these that are not on PATH.
pub fn absent(names: &[&'static str]) -> Vec<&'static str> {
    names.iter().copied().filter(|name| tools::on_path(name).is_none()).collect()
}
