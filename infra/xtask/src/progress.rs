//! What a person sees while a step is under way: on a terminal a spinner, or a bar where the end is known; elsewhere plain lines.
//!
//! Invariant: a step that takes longer than a second says so while it runs, with the time that it has taken; a short one says nothing.
//! Lines that are written during a step do not mix with its spinner, if [`note`] or [`print()`] writes them.

use std::{
    future::Future,
    io::{IsTerminal, Write},
    sync::LazyLock,
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    time,
};

use crate::Result;

/// A step may be silent for this long.
const PATIENCE: Duration = Duration::from_secs(1);

/// Without a terminal, a long step writes a line this often.
const STILL: Duration = Duration::from_secs(15);

/// How often a spinner moves.
const TICK: Duration = Duration::from_millis(100);

/// The spinners and bars that are shown. Hidden unless standard error is a terminal.
static SHOWN: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// How far a step is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Far {
    pub done: u64,
    /// Of how many; unknown if None.
    pub all: Option<u64>,
    /// Of what: `crates`.
    pub what: &'static str,
}

/// Runs one step, named in the "-ing" form; progress goes to standard error.
pub async fn step<T>(name: &str, work: impl Future<Output = Result<T>>) -> Result<T> {
    step_with(name, Far::default, work).await
}

/// The same with how far it is.
pub async fn step_with<T>(name: &str, far: impl Fn() -> Far, work: impl Future<Output = Result<T>>) -> Result<T> {
    let started = Instant::now();
    let mut work = std::pin::pin!(work);
    let outcome = match time::timeout(PATIENCE, &mut work).await {
        Ok(outcome) => outcome,
        Err(_) => {
            let outcome = match is_interactive() {
                true => with_bar(name, &far, started, work).await,
                false => with_lines(name, &far, started, work).await,
            };
            if outcome.is_ok() {
                note(&format!("  {name}: done in {:.1} s", started.elapsed().as_secs_f64()));
            }
            outcome
        }
    };
    outcome.map_err(|error| format!("{name}: {error}"))
}

async fn with_lines<T>(
    name: &str,
    far: &impl Fn() -> Far,
    started: Instant,
    mut work: impl Future<Output = Result<T>> + Unpin,
) -> Result<T> {
    loop {
        note(&format!("  {name}: {} s so far{}", started.elapsed().as_secs(), words(far())));
        if let Ok(outcome) = time::timeout(STILL, &mut work).await {
            return outcome;
        }
    }
}

async fn with_bar<T>(
    name: &str,
    far: &impl Fn() -> Far,
    started: Instant,
    mut work: impl Future<Output = Result<T>> + Unpin,
) -> Result<T> {
    let bar = SHOWN.add(ProgressBar::new_spinner().with_message(name.to_owned()).with_elapsed(started.elapsed()));
    bar.set_style(style("  {spinner} {msg} {elapsed}"));
    bar.enable_steady_tick(TICK);
    let mut has_end = false;
    let outcome = loop {
        match time::timeout(TICK, &mut work).await {
            Ok(outcome) => break outcome,
            Err(_) => {
                let Far { done, all, what } = far();
                if let Some(all) = all {
                    if !has_end {
                        bar.set_style(style(&format!(
                            "  {{spinner}} {{msg}} [{{wide_bar}}] {{pos}}/{{len}} {what} {{elapsed}}"
                        )));
                        has_end = true;
                    }
                    bar.set_length(all.max(done));
                    bar.set_position(done);
                }
            }
        }
    };
    bar.finish_and_clear();
    outcome
}

/// A template that is not understood shows indicatif's own bar.
fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.progress_chars("=> ")
}

/// `, 12 of 40 crates`
fn words(Far { done, all, what }: Far) -> String {
    match (done, all) {
        (0, _) => String::new(),
        (done, Some(all)) => format!(", {done} of {all} {what}"),
        (done, None) => format!(", {done} {what}"),
    }
}

/// Whether a person looks at standard error.
pub fn is_interactive() -> bool {
    std::io::stderr().is_terminal()
}

/// Writes the lines of another program's standard error as they come.
pub async fn relay(pipe: Option<impl AsyncRead + Unpin>) {
    let Some(pipe) = pipe else { return };
    let mut lines = BufReader::new(pipe).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        note(&line);
    }
}

/// One line for the person, on standard error.
pub fn note(line: &str) {
    SHOWN.suspend(|| eprintln!("{line}"));
}

/// A headline: bold on a terminal.
pub fn headline(line: &str) {
    match is_interactive() {
        true => note(&format!("\x1b[1m{line}\x1b[0m")),
        false => note(line),
    }
}

/// What the command was asked for, on standard output.
pub fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    SHOWN
        .suspend(|| writeln!(out, "{text}").and_then(|()| out.flush()))
        .map_err(|error| format!("cannot write to standard output: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_a_step_is_in_words() {
        let far = |done, all| words(Far { done, all, what: "crates" });
        assert_eq!(
            [far(0, Some(40)), far(12, Some(40)), far(12, None)],
            ["", ", 12 of 40 crates", ", 12 crates"].map(str::to_owned)
        );
    }

    #[tokio::test]
    async fn a_step_gives_its_outcome_and_names_itself_in_an_error() {
        assert_eq!(step("counting", async { Ok(3) }).await, Ok(3));
        let slow = async {
            time::sleep(PATIENCE + Duration::from_millis(300)).await;
            Err::<(), _>("no numbers".to_owned())
        };
        assert_eq!(step("counting", slow).await, Err("counting: no numbers".to_owned()));
    }
}
