//! What a person sees while a step is under way.
//!
//! Invariant: a step that takes longer than a second says so while it runs; a short one says nothing.

use std::{
    future::Future,
    io::{IsTerminal, Write},
    time::{Duration, Instant},
};

use tokio::time;

use crate::Result;

/// A step may be silent for this long.
const PATIENCE: Duration = Duration::from_secs(1);

/// A long step says that it is still alive this often.
const STILL: Duration = Duration::from_secs(15);

/// Runs one step, named as "-ing" form, with progress lines on standard error.
pub async fn step<T>(name: &str, work: impl Future<Output = Result<T>>) -> Result<T> {
    step_with(name, String::new, work).await
}

/// The same with words of how far it is: `", 12 of 40 crates"`.
pub async fn step_with<T>(name: &str, far: impl Fn() -> String, work: impl Future<Output = Result<T>>) -> Result<T> {
    let started = Instant::now();
    let mut shown = false;
    let mut work = std::pin::pin!(work);
    let outcome = loop {
        let wait = if shown { STILL } else { PATIENCE };
        match time::timeout(wait, &mut work).await {
            Ok(outcome) => break outcome,
            Err(_) if shown => note(&format!("  {name}: {} s so far{}", started.elapsed().as_secs(), far())),
            Err(_) => note(&format!("  {name} ...")),
        }
        shown = true;
    };
    if shown && outcome.is_ok() {
        note(&format!("  {name}: done in {:.1} s", started.elapsed().as_secs_f64()));
    }
    outcome.map_err(|error| format!("{name}: {error}"))
}

/// One line for the person, on standard error.
pub fn note(line: &str) {
    eprintln!("{line}");
}

/// A headline: bold on a terminal.
pub fn headline(line: &str) {
    if std::io::stderr().is_terminal() {
        eprintln!("\x1b[1m{line}\x1b[0m");
    } else {
        eprintln!("{line}");
    }
}

/// What the command was asked for, on standard output.
pub fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")
        .and_then(|()| out.flush())
        .map_err(|error| format!("cannot write to standard output: {error}"))
}
