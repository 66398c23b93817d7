//! `cargo xtask dev`: the whole API on this machine, until Ctrl-C.
//!
//! ```text
//! curl -> gateway (--port) -> cargo-lambda -> function processes -> [fault proxy] -> store
//! ```
//! Invariant: `.local/dev.env` is written last, when the API answers; the one of an earlier run is gone before anything starts.
//! No process stays behind.

mod front;
mod functions;
mod greeting;
mod keys;
mod lambda;
mod schedule;
mod stack;
mod watch;

use std::{fs::File, net::TcpListener, path::PathBuf, process::ExitCode};

use tokio::signal::unix::{SignalKind, signal};

use crate::{
    Result, arguments::Arguments, environment::Environment, leash::Leash, progress::note, store::Choice, tree,
};

/// The command line.
pub struct Options {
    port: u16,
    choice: Choice,
    fresh: bool,
    concurrency: usize,
    faults: Option<PathBuf>,
}

impl Options {
    fn parse(words: Vec<String>) -> Result<Self> {
        let mut arguments = Arguments::new(words);
        let options = Self {
            port: arguments.number("--port", 9000)?,
            choice: Choice::of_dev(arguments.value("--store")?)?,
            fresh: arguments.switch("--fresh"),
            concurrency: arguments.number("--concurrency", 2)?,
            faults: arguments.value("--faults")?.map(PathBuf::from),
        };
        arguments.finish()?;
        if options.concurrency == 0 {
            return Err("--concurrency is at least 1".to_owned());
        }
        if options.fresh && options.choice != Choice::Embedded {
            return Err("--fresh is for the embedded store; others are not this command's to empty".to_owned());
        }
        Ok(options)
    }
}

/// Runs until a signal or a fault ends it.
pub async fn run(words: Vec<String>) -> Result<ExitCode> {
    let options = Options::parse(words)?;
    let _only_one = only_one()?;
    free(options.port)?;
    let old = Environment::load()?;
    Environment::forget()?;
    let leash = Leash::start()?;
    let outcome = tokio::select! {
        fault = stack::run(&options, &leash, &old) => fault,
        () = interrupted() => {
            note("stopping");
            Ok(())
        }
    };
    leash.end_all().await;
    outcome.map(|()| ExitCode::SUCCESS)
}

/// Two stacks in one tree would share the data file and `.local/dev.env`.
fn only_one() -> Result<File> {
    let path = tree::local()?.join("dev.lock");
    let failed = |error: std::io::Error| format!("cannot open {}: {error}", path.display());
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(_) => {
            Err("another `cargo xtask dev` runs in this work tree; end it first (Ctrl-C in its terminal)".to_owned())
        }
    }
}

/// Says early, before anything is built, that the port cannot be had.
fn free(port: u16) -> Result<()> {
    let taken = |error| {
        format!(
            "port {port} is taken ({error}); end what listens there, or choose another: cargo xtask dev --port 9001"
        )
    };
    TcpListener::bind(("127.0.0.1", port)).map(|_| ()).map_err(taken)
}

/// Resolves when the person, or the system, wants this to end.
pub async fn interrupted() {
    let wait = async |kind| match signal(kind) {
        Ok(mut signal) => signal.recv().await,
        Err(_) => std::future::pending().await,
    };
    tokio::select! {
        _ = wait(SignalKind::interrupt()) => {}
        _ = wait(SignalKind::terminate()) => {}
        _ = wait(SignalKind::hangup()) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options> {
        Options::parse(line.split_whitespace().map(str::to_owned).collect())
    }

    #[test]
    fn the_defaults_are_port_9000_two_processes_and_the_embedded_store() {
        let options = parse("").unwrap();
        assert_eq!((options.port, options.concurrency, options.fresh), (9000, 2, false));
        assert_eq!(options.choice, Choice::Embedded);
    }

    #[test]
    fn only_the_embedded_store_can_be_emptied() {
        assert!(parse("--fresh").is_ok());
        assert!(parse("--fresh --store dynamodb-local").is_err());
        assert!(parse("--concurrency 0").is_err());
    }
}
