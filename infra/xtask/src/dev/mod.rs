//! `cargo xtask dev`: the whole API on this machine, until Ctrl-C.
//!
//! ```text
//! curl -> gateway (--host, --port) -> function processes -> [fault proxy] -> store
//! ```
//! Invariant: the options are checked before anything is built; `.local/dev.env` is written last, when the API answers. No process is
//! left behind.

mod front;
mod greeting;
mod host;
mod keys;
mod landing;
mod log;
mod schedule;
mod stack;
mod watch;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::Args;

use self::front::Faults;
use crate::{
    Result,
    environment::{self, Environment},
    process_group::{ProcessGroups, interrupted},
    progress::note,
    store::Choice,
};

/// The whole API on this machine; Ctrl-C ends it.
#[derive(Args)]
pub struct Options {
    /// The port; 0 takes a free one.
    #[arg(long, value_name = "N", default_value_t = 9000)]
    port: u16,
    /// The address; anything but this machine's own lets others read the keys, which go over plain HTTP.
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
    /// The store: embedded, dynamodb-local or http://HOST:PORT.
    #[arg(long, value_name = "STORE", default_value = "embedded")]
    store: Choice,
    /// Empties the embedded store first.
    #[arg(long)]
    fresh: bool,
    /// The most processes of a function, 1 to 100; more requests than that wait.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=100))]
    concurrency: u16,
    /// Lets N requests a second through to each route; the gateway answers 429 to more.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    throttle: Option<u32>,
    /// A file of rules by which the store fails (docs/faults.md).
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
}

impl Options {
    /// Checks that concern more than one option.
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
    let faults = options.faults.as_deref().map(Faults::read).transpose()?;
    let locked = environment::lock(Duration::from_secs(1))?;
    let _only_one =
        locked.ok_or("another `cargo xtask dev` runs in this work tree; end it first (Ctrl-C in its terminal)")?;
    free(SocketAddr::new(options.host, options.port))?;
    if !options.host.is_loopback() {
        note(&format!("warning: --host {}: others can reach it, and keys go over plain HTTP", options.host));
    }
    let old = Environment::load()?;
    let groups = ProcessGroups::start()?;
    let outcome = tokio::select! {
        fault = stack::run(&options, faults, &groups, &old) => fault,
        () = interrupted() => {
            note("stopping");
            Ok(())
        }
    };
    groups.end_all().await;
    outcome.map(|()| ExitCode::SUCCESS)
}

/// An error, before anything is built, if the address is not free.
fn free(address: SocketAddr) -> Result<()> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            format!("{address} is taken; end what listens there, or take a free port: cargo xtask dev --port 0")
        }
        _ => format!("cannot listen on {address}: {error}"),
    };
    TcpListener::bind(address).map(|_| ()).map_err(failed)
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
        assert!(options.host.is_loopback());
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
