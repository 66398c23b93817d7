//! Measures functions as they are deployed: as processes in the local Lambda, with a caching proxy behind TLS between them and a real
//! engine, which answers repeated reads from memory.
//!
//! Prints one JSON object, by function; the callers compare it with goals and limits (`cargo xtask bench`, `cargo xtask test ratchets`).
//! Building and reports are in infra/xtask.

mod api;
mod caching_proxy;
mod contention;
mod instructions;
mod measure;
mod peers;
mod process;
mod seed;
mod train;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::Parser;
use local::{
    Error, Result,
    lambda::{Lambda, Options},
    template::Template,
};
use serde_json::{Map, Value, json};

use crate::{caching_proxy::CachingProxy, seed::Event};

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let outcome = runtime.map_err(|error| Error::new(error.to_string())).and_then(|runtime| runtime.block_on(run()));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Repeated to a session token of realistic length, because the token is sent and signed with every request.
const SESSION_TOKEN: &str = "IQoJb3JpZ2luX2Vj";

/// Measures functions, and prints one JSON object with figures by function.
#[derive(Parser)]
struct Arguments {
    /// The engine that holds the data.
    #[arg(long, value_name = "URL")]
    endpoint: String,
    /// template.yaml.
    #[arg(long, value_name = "FILE")]
    template: PathBuf,
    /// The binaries of all functions and of operator-key, which seed the table.
    #[arg(long, value_name = "FOLDER")]
    seeding: PathBuf,
    /// The binaries to measure.
    #[arg(long, value_name = "FOLDER")]
    functions: PathBuf,
    /// A work folder for events, certificates and wrapper scripts.
    #[arg(long, value_name = "FOLDER")]
    work: PathBuf,
    /// The number of cold starts, races or rounds of training; 0 cold starts: times are not measured.
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,
    /// Warm requests to measure.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    requests: usize,
    /// Also counts instructions with valgrind.
    #[arg(long)]
    instructions: bool,
    /// Also compares the times for a foreign and for an unknown id.
    #[arg(long)]
    foreign: bool,
    /// HTTP instead of TLS to the store.
    #[arg(long)]
    plain: bool,
    /// Also reports the size of this function; may be repeated.
    #[arg(long, value_name = "FUNCTION")]
    zip: Vec<String>,
    /// Measures only this one of the functions.
    #[arg(long, value_name = "FUNCTION")]
    only: Option<String>,
    /// The binaries of another build: measured or raced alternately, and reported as `FUNCTION (base)`.
    #[arg(long, value_name = "FOLDER")]
    base: Option<PathBuf>,
    /// Also runs the benchmark in this folder, with reference implementations in other languages and getTenant.
    #[arg(long, value_name = "FOLDER")]
    peers: Option<PathBuf>,
    /// Options of that benchmark.
    #[arg(long, value_name = "WORDS", default_value = "", allow_hyphen_values = true)]
    peers_options: String,
    /// Instead, measures how long the last of 64 callers waits that change one tenant at once.
    #[arg(long)]
    contention: bool,
    /// With --contention: delays each request to the store, and counts the requests.
    #[arg(long, value_name = "MS")]
    delay: Option<u64>,
    /// Instead, sends requests of all kinds to instrumented functions, which write their profiles to WORK/raw.
    #[arg(long)]
    train: bool,
    /// With --train: the command that runs the functions, an emulator of their processor.
    #[arg(long, value_name = "WORDS", allow_hyphen_values = true)]
    runner: Option<String>,
}

async fn run() -> Result<()> {
    let arguments = Arguments::parse();
    let template = Template::read(&arguments.template)?;
    let Arguments { endpoint, work, functions, seeding, .. } = &arguments;
    std::fs::create_dir_all(work).map_err(|error| Error::new(format!("cannot make {}: {error}", work.display())))?;
    let requests = arguments.requests;

    if arguments.contention {
        let plan = contention::Plan {
            template: &template,
            endpoint,
            seeding,
            functions,
            base: arguments.base.as_deref(),
            work,
            only: arguments.only.as_deref(),
            rounds: arguments.rounds.unwrap_or_default(),
            delay: arguments.delay,
        };
        return print(&Value::Object(contention::race(&plan).await?));
    }
    if arguments.train {
        let plan = train::Plan {
            template: &template,
            endpoint,
            seeding,
            functions,
            work,
            runner: arguments.runner.as_deref(),
            rounds: arguments.rounds.unwrap_or(train::ROUNDS),
        };
        return print(&Value::Object(train::train(&plan).await?));
    }
    let seed = seed::seed(&template, endpoint, seeding).await?;
    seed.write(work)?;
    let store = CachingProxy::start(endpoint, (!arguments.plain).then_some(work.as_path())).await?;
    let (base, table) = (arguments.base.clone(), seed.table.clone());
    let (endpoint, functions) = (endpoint.clone(), functions.clone());
    let bench = Bench { template, table, endpoint, functions, base, store };

    let rounds = arguments.rounds.unwrap_or_default();
    let mut report = Map::new();
    let only = arguments.only.as_ref();
    for event in seed.events.iter().filter(|event| only.is_none_or(|only| *only == event.function)) {
        let builds = bench.builds(&event.function);
        let folders: Vec<&Path> = builds.iter().map(|(_, folder)| *folder).collect();
        let mut measured = vec![Map::new(); builds.len()];
        if rounds > 0 {
            measured = measure::measure(&bench, event, &folders, rounds, requests).await?;
        }
        for ((name, folder), mut figures) in builds.into_iter().zip(measured) {
            if arguments.instructions {
                let count = instructions::per_warm_request(&bench, event, folder, work).await?;
                figures.insert("instructions_per_warm_request".to_owned(), json!(count));
            }
            report.insert(name, Value::Object(figures));
        }
    }
    if arguments.foreign {
        let ratio = measure::foreign_to_unknown(&bench, &seed.missing, requests).await?;
        if let Some(figures) = report.get_mut(&seed.missing.function).and_then(Value::as_object_mut) {
            figures.insert("foreign_to_unknown".to_owned(), json!(ratio));
        }
    }
    for function in &arguments.zip {
        for (name, folder) in bench.builds(function) {
            let sizes = local::zip::sizes(&binary(folder, function))?;
            if let Some(figures) = report.entry(name).or_insert_with(|| json!({})).as_object_mut() {
                figures.extend(sizes);
            }
        }
    }
    if let (Some(peers), Some(event)) = (&arguments.peers, seed.events.first()) {
        peers::compare(&bench, event, peers, work, &arguments.peers_options).await?;
    }
    seed.remove(&bench.endpoint).await?;
    print(&Value::Object(report))
}

#[expect(clippy::print_stdout, reason = "the report on standard output is what this program is for")]
fn print(report: &Value) -> Result<()> {
    println!("{report:#}");
    Ok(())
}

/// The context of all measurements.
struct Bench {
    template: Template,
    table: String,
    endpoint: String,
    functions: PathBuf,
    /// Another build to compare with.
    base: Option<PathBuf>,
    store: CachingProxy,
}

impl Bench {
    /// The builds of a function, with their names in the report.
    fn builds(&self, function: &str) -> Vec<(String, &Path)> {
        let base = self.base.iter().filter(|base| base.join(function).exists());
        let base = base.map(|base| (format!("{function} (base)"), base.as_path()));
        std::iter::once((function.to_owned(), self.functions.as_path())).chain(base).collect()
    }

    /// The environment that the template gives a function.
    fn environment(&self, function: &str) -> Result<BTreeMap<String, String>> {
        let values = BTreeMap::from([("Table".to_owned(), self.table.clone())]);
        self.template.environment(function, &values)
    }

    /// Starts a new Lambda, so that the first process of a function is a cold start.
    async fn lambda(&self, function: &str, binaries: PathBuf) -> Result<Lambda> {
        let mut environment = self.environment(function)?;
        environment.extend(self.store.environment());
        environment.insert("AWS_SESSION_TOKEN".to_owned(), SESSION_TOKEN.repeat(60));
        let mut options = Options::new(binaries);
        options.environment.insert(function.to_owned(), environment);
        options.concurrency = 1;
        // Under valgrind everything takes fifty times as long.
        options.timeout = Duration::from_secs(60);
        options.init_timeout = Duration::from_secs(60);
        Lambda::start(options).await
    }
}

/// The path of a function's binary, in the layout of cargo or of cargo-lambda.
fn binary(folder: &Path, function: &str) -> PathBuf {
    let plain = folder.join(function);
    let bootstrap = plain.join("bootstrap");
    if bootstrap.is_file() { bootstrap } else { plain }
}

/// Sends an event; fails unless the answer is 2xx.
async fn invoke(lambda: &Lambda, event: &Event, turn: usize) -> Result<()> {
    expect(lambda, event, turn, 200..300).await
}

/// Sends an event; fails unless the answer has one of these statuses.
async fn expect(lambda: &Lambda, event: &Event, turn: usize, statuses: std::ops::Range<u64>) -> Result<()> {
    let answer = lambda.invoke(&event.function, event.payload(turn)).await;
    let answer = answer.map_err(|error| Error::new(format!("{}: {error}\n{}", event.function, lambda.log_text())))?;
    let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
    match answer.get("statusCode").and_then(Value::as_u64) {
        Some(status) if statuses.contains(&status) => Ok(()),
        _ => Err(Error::new(format!("{} answered {answer}\n{}", event.function, lambda.log_text()))),
    }
}
