//! The project's commands: `cargo xtask dev`, `cargo xtask test` and others.
//!
//! Invariant: links neither the AWS SDK nor the embedded engine, so that it builds in seconds; both are programs that it starts.
//! Not here: anything that is deployed, and anything about one endpoint.

mod bench;
mod bench_program;
mod build;
mod cargo;
mod chaos;
mod clients;
mod completions;
mod dev;
mod docs;
mod environment;
mod operator_key;
mod process_group;
mod progress;
mod restore_drill;
mod router;
mod smoke;
mod store;
mod test;
mod tools;
mod tree;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// An error is a message for the terminal: what is missing, and how to get it.
type Result<T, E = String> = std::result::Result<T, E>;

#[derive(Parser)]
#[command(bin_name = "cargo xtask", about = "The project's commands.")]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Build(build::Options),
    Dev(dev::Options),
    Test(test::Options),
    Bench(bench::Options),
    Chaos(chaos::Options),
    RestoreDrill(restore_drill::Options),
    Smoke(smoke::Options),
    OperatorKey(operator_key::Options),
    SigningKey(operator_key::SigningKeyOptions),
    Router(router::Options),
    Completions(completions::Options),
    Docs(docs::Options),
    Clients(clients::Options),
}

fn main() -> ExitCode {
    if std::env::args().nth(1).is_some_and(|word| word == process_group::COMMAND) {
        if process_group::watch() {
            // Errors are ignored: the terminal is gone.
            let _ = environment::retire_dead();
        }
        return ExitCode::SUCCESS;
    }
    // Exits if the command line is wrong or asks for help.
    let command = CommandLine::parse().command;
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(async {
        match command {
            Command::Build(options) => build::run(options).await,
            Command::Dev(options) => dev::run(options).await,
            Command::Test(options) => test::run(options).await,
            Command::Bench(options) => bench::run(options).await,
            Command::Chaos(options) => chaos::run(&options),
            Command::RestoreDrill(options) => restore_drill::run(&options).await,
            Command::Smoke(options) => smoke::run(&options).await,
            Command::OperatorKey(options) => operator_key::run(&options).await,
            Command::SigningKey(options) => operator_key::run_signing_key(&options).await,
            Command::Router(options) => router::run(&options),
            Command::Completions(options) => completions::run(&options),
            Command::Docs(options) => docs::run(&options),
            Command::Clients(options) => clients::run(&options).await,
        }
    });
    // In the background: a thread that reads a pipe must not keep the command from ending.
    runtime.shutdown_background();
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod documented;
#[cfg(test)]
mod references;

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn refused(line: &str) -> String {
        let words = std::iter::once("xtask").chain(line.split_whitespace());
        CommandLine::try_parse_from(words).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn the_command_line_is_sound_and_every_part_of_it_has_a_description() {
        fn described(command: &clap::Command) {
            let name = command.get_name();
            assert!(command.get_about().is_some(), "{name}");
            for argument in command.get_arguments().filter(|argument| argument.get_id() != "help") {
                assert!(argument.get_help().is_some(), "{name}: {}", argument.get_id());
            }
            command.get_subcommands().for_each(described);
        }
        let command = CommandLine::command();
        command.clone().debug_assert();
        described(&command);
    }

    #[test]
    fn help_is_there_for_every_command() {
        for command in [
            "",
            "build",
            "dev",
            "test",
            "bench",
            "chaos",
            "restore-drill",
            "smoke",
            "operator-key",
            "operator-key create",
            "signing-key",
            "signing-key retire",
            "router",
            "docs",
            "clients",
            "completions",
        ] {
            let help = refused(&format!("{command} --help"));
            assert!(help.contains(&format!("Usage: cargo xtask {command}").trim_end().to_owned()), "{command}: {help}");
        }
    }

    #[test]
    fn what_is_mistyped_is_refused_with_a_suggestion() {
        for (line, suggestion) in [
            ("devv", "'dev'"),
            ("dev --prot 1", "'--port'"),
            ("test --stroe embedded", "'--store'"),
            ("bench --round 3", "'--rounds'"),
            ("chaos --minute 1", "'--minutes'"),
            ("restore-drill --item 1", "'--items'"),
            ("smoke --url http://127.0.0.1:1 --writ", "'--write'"),
            ("operator-key creat", "'create'"),
            ("operator-key list --operatr acme", "'--operator'"),
            ("signing-key retir", "'retire'"),
            ("router --chek", "'--check'"),
            ("clients pyton", "'python'"),
            ("completions bahs", "'bash'"),
        ] {
            let error = refused(line);
            assert!(error.contains(suggestion), "{line}: {error}");
        }
    }

    #[test]
    fn values_are_checked_before_anything_is_done() {
        for (line, why) in [
            ("build --target riscv", "[possible values: arm64, x86_64]"),
            ("dev --port x", "invalid digit"),
            ("dev --port", "a value is required"),
            ("dev --store mysql", "it is embedded, dynamodb-local or http://HOST:PORT"),
            ("dev word", "unexpected argument 'word'"),
            ("bench --rounds 0", "0 is not in"),
            ("chaos", "--minutes <N>"),
            ("chaos --minutes 1 --seed x", "invalid digit"),
            ("restore-drill --items x", "invalid digit"),
            ("smoke", "--url <URL>"),
            ("smoke --url http://api.example.com", "https://"),
            ("smoke --url https://api.example.com/?a=b", "without a query"),
            ("operator-key create", "--operator <NAME>"),
            ("operator-key revoke --operator acme", "<KEY_ID>"),
            ("signing-key retire", "<KID>"),
            ("router --check --write", "cannot be used with"),
            ("clients java", "[possible values: python, typescript, go]"),
        ] {
            let error = refused(line);
            assert!(error.contains(why), "{line}: {error}");
        }
    }
}
