//! The command line: `tare api GROUP COMMAND`, made from the table of operations, and the commands about tare itself.

use clap::builder::{BoolValueParser, PossibleValue, PossibleValuesParser};
use clap::{Arg, ArgAction, Args, Command, value_parser};
use clap_complete::Shell;

use crate::operation::{Argument, GROUPS, Kind, OPERATIONS, Operation, Place};
use crate::operator_keys;

const ABOUT: &str = "The command line of the tenancy API.";

const LONG_ABOUT: &str = "The command line of the tenancy API.

The API and the key are those of AGENTROUTER_BASE_URL and AGENTROUTER_API_KEY in the environment; else of the profile that --profile \
names; else of a running `cargo xtask dev`, found in the current folder and those above it; else of the profile `default`, which \
`tare configure` writes.

Results are on standard output, everything else on standard error. Exit codes: 0 success, 1 refused by the API, 2 wrong usage, \
3 not reachable.";

/// Ids of the flags that are not in the table.
pub const BODY: &str = "body";
pub const UNSET: &str = "unset";
pub const LIMIT: &str = "limit";
pub const OUTPUT: &str = "output";
pub const QUERY: &str = "query";
pub const DRY_RUN: &str = "dry-run";
pub const HEADERS: &str = "headers";
pub const YES: &str = "yes";
pub const PROFILE: &str = "profile";
pub const TIMEOUT: &str = "timeout";
pub const RETRIES: &str = "retries";
pub const FOLDER: &str = "folder";
pub const SHELL: &str = "shell";
pub const BASE_URL: &str = "base-url";

/// The whole command line.
pub fn tare() -> Command {
    let shared = [
        flag(PROFILE).value_name("NAME").help("The profile that has the API's URL and the key"),
        flag(TIMEOUT).value_name("SECONDS").value_parser(value_parser!(u64).range(1..=3600)).default_value("30"),
        flag(RETRIES).value_name("N").value_parser(value_parser!(u32).range(0..=10)).default_value("3"),
    ];
    let [profile, timeout, retries] = shared.map(|arg| arg.global(true).help_heading("Global options"));
    Command::new("tare")
        .version(env!("CARGO_PKG_VERSION"))
        .about(ABOUT)
        .long_about(LONG_ABOUT)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(profile)
        .arg(timeout.help("How long one attempt may take"))
        .arg(retries.help("How often a request is repeated after 429, 503, 504 or without an answer"))
        .subcommand(api())
        .subcommand(operator_keys::Options::augment_args(Command::new("operator-keys")))
        .subcommand(operator_keys::SigningKeyOptions::augment_args(Command::new("signing-keys")))
        .subcommand(Command::new("doctor").about("Checks the set-up: URL, key, clock, version"))
        .subcommand(
            Command::new("configure")
                .about("Writes a profile; the key is read from a prompt or standard input")
                .arg(flag(BASE_URL).value_name("URL").help("The API's URL; asked for if it is not given")),
        )
        .subcommand(
            Command::new("completion")
                .about("Prints a shell's completion script: source <(tare completion bash)")
                .arg(Arg::new(SHELL).required(true).value_parser(value_parser!(Shell)).help("The shell")),
        )
        .subcommand(
            Command::new("man").about("Prints the man page, or writes one for each command into a folder").arg(
                flag(FOLDER).value_name("FOLDER").value_parser(value_parser!(std::path::PathBuf)).help("The folder"),
            ),
        )
}

fn api() -> Command {
    let groups = GROUPS.iter().map(|(name, about)| {
        let operations = OPERATIONS.iter().filter(|operation| operation.group == *name);
        let group = Command::new(*name).about(*about).subcommand_required(true).arg_required_else_help(true);
        group.subcommands(operations.map(command))
    });
    Command::new("api")
        .about("Calls an operation of the API")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(groups)
}

/// The command of an operation: its own flags, then those that all have.
fn command(operation: &'static Operation) -> Command {
    let mut command = Command::new(operation.command)
        .about(operation.about)
        .after_help(format!("Operation {}: {} {}", operation.id, operation.method, operation.path));
    if !operation.description.is_empty() {
        command = command.long_about(format!("{}.\n\n{}", operation.about, operation.description));
    }
    command = command.args(operation.arguments.iter().map(argument));
    if operation.takes_body {
        let body =
            flag(BODY).value_name("JSON").help("The body as JSON, or @FILE, or - for standard input; flags change it");
        command = command.arg(body);
        let nullable = operation.arguments_in(Place::Body).filter(|argument| argument.nullable);
        let names: Vec<_> = nullable.map(|argument| PossibleValue::new(argument.flag)).collect();
        if !names.is_empty() {
            let unset = flag(UNSET).value_name("FLAG").value_parser(PossibleValuesParser::new(names));
            command =
                command.arg(unset.action(ArgAction::Append).value_delimiter(',').help("Sends null for this flag"));
        }
    }
    if operation.rows.is_some() {
        let limit = flag(LIMIT).value_name("N").value_parser(value_parser!(usize));
        command = command.arg(limit.help("At most so many rows; all by default"));
    }
    if operation.is_destructive() {
        command = command.arg(flag(YES).short('y').action(ArgAction::SetTrue).help("Does not ask"));
    }
    let output = flag(OUTPUT).short('o').value_name("FORMAT").value_parser(["table", "json", "yaml", "ids"]);
    let output = output.help("How the result is shown: by default a table on a terminal, else json");
    let query = flag(QUERY).value_name("JMESPATH").help("What is shown of the result");
    let dry_run = flag(DRY_RUN).help("Shows the request, without its key, and sends nothing");
    let headers = flag(HEADERS).help("Shows status and headers of the answer, the ETag among them, on standard error");
    let switches = [headers, dry_run].map(|arg| arg.action(ArgAction::SetTrue));
    command.args([output, query].into_iter().chain(switches).map(|arg| arg.help_heading("Output")))
}

fn argument(argument: &'static Argument) -> Arg {
    let arg = flag(argument.flag).help(first_sentence(argument.about)).long_help(argument.about);
    let arg = match argument.kind {
        _ if !argument.values.is_empty() => arg.value_parser(values(argument)).value_name("VALUE"),
        Kind::Integer => arg.value_name("N").value_parser(value_parser!(i64)),
        Kind::Boolean => arg.value_parser(BoolValueParser::new()).num_args(0..=1).require_equals(true),
        Kind::Map => arg.value_name("KEY=VALUE"),
        Kind::Text | Kind::Texts if argument.prefix.is_some() => arg.value_name("ID"),
        Kind::Text | Kind::Texts => arg.value_name("TEXT"),
    };
    let arg = match argument.kind {
        Kind::Boolean => arg.default_missing_value("true").value_name("true|false"),
        Kind::Texts => arg.action(ArgAction::Append).value_delimiter(',').value_name("A,B"),
        Kind::Map => arg.action(ArgAction::Append),
        _ => arg,
    };
    match argument.place {
        Place::Body if argument.required => arg.required_unless_present(BODY),
        _ => arg.required(argument.required),
    }
}

/// The possible values; a list may be empty, too: `--scopes ''`.
fn values(argument: &'static Argument) -> PossibleValuesParser {
    let values = argument.values.iter().map(|value| PossibleValue::new(*value));
    let empty = (argument.kind == Kind::Texts).then(|| PossibleValue::new("").hide(true));
    PossibleValuesParser::new(values.chain(empty))
}

fn flag(name: &'static str) -> Arg {
    Arg::new(name).long(name)
}

fn first_sentence(text: &'static str) -> &'static str {
    text.split_once(". ").map_or(text, |(first, _)| first).trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound_and_every_part_of_it_has_a_description() {
        fn described(command: &Command) {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            for argument in command.get_arguments() {
                assert!(argument.get_help().is_some(), "{} {}", command.get_name(), argument.get_id());
            }
            command.get_subcommands().for_each(described);
        }
        tare().debug_assert();
        described(&tare());
    }
}
