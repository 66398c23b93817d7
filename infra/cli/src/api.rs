//! `tare api GROUP COMMAND`: from the command line to the result.

use std::time::Duration;

use clap::ArgMatches;

use crate::answer;
use crate::client::Client;
use crate::commands::{DRY_RUN, HEADERS, LIMIT, PROFILE, RETRIES, TIMEOUT, YES};
use crate::failure::{Failure, Result};
use crate::json::Json;
use crate::operation::{Operation, Place};
use crate::output::Output;
use crate::pages;
use crate::request::Request;
use crate::settings::Settings;
use crate::terminal;

/// Runs the command that was parsed.
pub fn run(matches: &ArgMatches) -> Result<()> {
    let group = matches.subcommand();
    let command = group.and_then(|(group, matches)| Some((group, matches.subcommand()?)));
    let found = command.and_then(|(group, (command, matches))| Some((Operation::find(group, command)?, matches)));
    let (operation, matches) = found.ok_or_else(|| Failure::usage("there is no such command"))?;
    let output = Output::new(operation, matches)?;
    let request = Request::new(operation, matches)?;
    let client = client(matches)?;
    if matches.get_flag(DRY_RUN) {
        return show_request(&client.settings, operation, &request);
    }
    if operation.is_destructive() && !matches.get_flag(YES) && terminal::is_interactive() {
        confirm(operation, matches)?;
    }
    let value = match operation.rows {
        Some(_) => pages::all(&client, operation, request, matches.get_one(LIMIT).copied())?,
        None => answer::value(client.send(&request, operation.caller)?, operation)?,
    };
    match value {
        Json::Null => Ok(()),
        value => output.show(&value),
    }
}

/// The client that the global options describe.
pub fn client(matches: &ArgMatches) -> Result<Client> {
    let settings = Settings::load(matches.get_one::<String>(PROFILE).map(String::as_str))?;
    let timeout = Duration::from_secs(matches.get_one(TIMEOUT).copied().unwrap_or(30));
    let shows_headers = matches.try_get_one::<bool>(HEADERS).is_ok_and(|given| given.copied().unwrap_or_default());
    Ok(Client::new(settings, timeout, matches.get_one(RETRIES).copied().unwrap_or(3), shows_headers))
}

fn confirm(operation: &'static Operation, matches: &ArgMatches) -> Result<()> {
    let values = operation.arguments_in(Place::Path).filter_map(|argument| matches.get_one::<String>(argument.flag));
    let values: Vec<&str> = values.map(String::as_str).collect();
    let question = format!("{}: {}?", operation.about, terminal::clean(&values.join(", ")));
    match terminal::confirms(&question)? {
        true => Ok(()),
        false => Err(Failure::usage("nothing was sent")),
    }
}

/// The request as it would be sent, without its key.
fn show_request(settings: &Settings, operation: &Operation, request: &Request) -> Result<()> {
    let address = settings.base_url.split_once("://").map_or("", |(_, address)| address);
    let (host, path) = address.split_at(address.find('/').unwrap_or(address.len()));
    let key = settings.key(operation.caller)?.map(|key| {
        let kind = ["sk_ops_", "sk_int_"].into_iter().find(|kind| key.starts_with(kind)).unwrap_or_default();
        format!("Authorization: Bearer {kind}…\n")
    });
    let (method, target) = (request.method, request.target());
    let key = key.unwrap_or_default();
    terminal::print(&format!("{method} {path}{target} HTTP/1.1\nHost: {host}\n{key}{request}"))
}
