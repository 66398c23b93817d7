//! The project's commands: `cargo xtask dev`, `cargo xtask test` and what belongs to them.
//!
//! Invariant: links neither the AWS SDK nor the embedded engine, so that it builds in seconds; both are programs that it starts.
//! Not here: anything that is deployed, and anything about one endpoint.

mod arguments;
mod bench;
mod cargo;
mod chaos;
mod dev;
mod environment;
mod leash;
mod operator_key;
mod progress;
mod router;
mod store;
mod test;
mod tools;
mod tree;

use std::process::ExitCode;

/// What a failed step says to the person at the terminal: what is missing, and how to get it.
type Result<T, E = String> = std::result::Result<T, E>;

const USAGE: &str = "\
usage:
  cargo xtask dev [--port 9000] [--store embedded|dynamodb-local|http://...] [--fresh] [--concurrency 2] [--faults FILE]
      the whole API on this machine; Ctrl-C ends it
  cargo xtask test [STAGE or NAME...] [--store embedded|dynamodb-local|http://...]
      everything, some stages (cargo xtask test --list names them), or the tests whose name contains NAME
      cargo xtask test ratchets --write: records what the functions cost now in infra/ratchets.json
  cargo xtask bench [--all] [--rounds 11] [--peers] [--peers-options '...'] [--write] [--store ...]
      what the functions cost: three of them, the sizes of --all; --peers: beside ../shared/peers, with options for its `run`;
      --write: into docs/performance.md
  cargo xtask chaos --minutes N [--seed S]
      random operations under random faults, for that long; a failure tells its seed
  cargo xtask operator-key create --operator NAME [--scopes a,b] | list --operator NAME | revoke KEY_ID --operator NAME
      [--endpoint URL] [--table NAME]; without them: the running dev stack, where there is one
  cargo xtask router [--check|--write]
      cargo-lambda's own router, made from template.yaml";

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.is_empty() {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    }
    let command = arguments.remove(0);
    if command == leash::COMMAND {
        return leash::hold();
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(async {
        match command.as_str() {
            "bench" => bench::run(arguments).await,
            "chaos" => chaos::run(arguments),
            "dev" => dev::run(arguments).await,
            "test" => test::run(arguments).await,
            "operator-key" => operator_key::run(arguments),
            "router" => router::run(arguments),
            "help" | "--help" | "-h" => {
                eprintln!("{USAGE}");
                Ok(ExitCode::SUCCESS)
            }
            _ => Err(format!("unknown command {command}\n{USAGE}")),
        }
    });
    // Not awaited: a thread that reads a pipe must not keep the command from ending.
    runtime.shutdown_background();
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}
