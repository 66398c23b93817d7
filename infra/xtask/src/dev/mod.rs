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

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use crate::{Result, environment::Environment, leash::Leash, progress::note, store::Choice, tree};

/// The whole API on this machine; Ctrl-C ends it.
#[derive(Args)]
pub struct Options {
    /// Where it listens.
    #[arg(long, value_name = "N", default_value_t = 9000)]
    port: u16,
    /// The store: embedded, dynamodb-local or http://HOST:PORT.
    #[arg(long, value_name = "STORE", default_value = "embedded")]
    store: Choice,
    /// Empties the embedded store first.
    #[arg(long)]
    fresh: bool,
    /// Processes per function.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=100))]
    concurrency: u16,
    /// A file of rules by which the store fails (docs/faults.md).
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
}

impl Options {
    /// What the command line alone does not tell.
    fn check(&self) -> Result<()> {
        if self.fresh && self.store != Choice::Embedded {
            return Err("--fresh is for the embedded store; others are not this command's to empty".to_owned());
        }
        Ok(())
    }
}

/// Runs until a signal or a fault ends it.
pub async fn run(options: Options) -> Result<ExitCode> {
    options.check()?;
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

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn parse(line: &str) -> Option<Options> {
        let words = std::iter::once("dev").chain(line.split_whitespace());
        <Line as clap::Parser>::try_parse_from(words).ok().map(|line| line.options)
    }

    #[test]
    fn the_defaults_are_port_9000_two_processes_and_the_embedded_store() {
        let options = parse("").unwrap();
        assert_eq!((options.port, options.concurrency, options.fresh), (9000, 2, false));
        assert_eq!(options.store, Choice::Embedded);
    }

    #[test]
    fn only_the_embedded_store_can_be_emptied() {
        assert!(parse("--fresh").unwrap().check().is_ok());
        assert!(parse("--fresh --store dynamodb-local").unwrap().check().is_err());
    }

    #[test]
    fn the_number_of_processes_has_bounds() {
        assert_eq!(parse("--concurrency=100").unwrap().concurrency, 100);
        assert!(parse("--concurrency 0").is_none());
        assert!(parse("--concurrency 101").is_none());
    }
}
