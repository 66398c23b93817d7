//! `tare`: the command line of the API. `tare api ...` calls its operations, a table made from infra/openapi.yaml; the other commands
//! are about the set-up, and about what no endpoint does.
//!
//! Invariant: links no AWS SDK and no async runtime, so that it starts at once; `operator-keys` starts a program that does.

mod answer;
mod api;
mod client;
mod commands;
mod configure;
mod doctor;
mod failure;
mod json;
mod operation;
mod operator_keys;
mod output;
mod pages;
mod request;
mod scripts;
mod settings;
mod terminal;
mod variables;

use std::process::ExitCode;

use clap::ArgMatches;

use crate::failure::Failure;

fn main() -> ExitCode {
    // Exits with 2 if the command line is wrong, with 0 if it asks for help.
    let matches = commands::tare().get_matches();
    match run(&matches) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run(matches: &ArgMatches) -> failure::Result<()> {
    match matches.subcommand() {
        Some(("api", matches)) => api::run(matches),
        Some(("operator-keys", matches)) => operator_keys::operator_keys(matches),
        Some(("signing-keys", matches)) => operator_keys::signing_keys(matches),
        Some(("doctor", matches)) => doctor::run(matches),
        Some(("configure", matches)) => configure::run(matches),
        Some(("completion", matches)) => scripts::completion(matches),
        Some(("man", matches)) => scripts::man(matches),
        _ => Err(Failure::usage("there is no such command")),
    }
}
