//! Measures functions as they are deployed: their processes in the local Lambda, and between them and a real engine a stand-in
//! store behind TLS that answers repeated reads from memory.
//!
//! Prints one JSON object, by function; what it means for a goal is for the caller (`cargo xtask bench`, `cargo xtask test ratchets`).
//! Not here: building, limits, tables for people.

mod api;
mod contention;
mod instructions;
mod measure;
mod peers;
mod process;
mod seed;
mod stand_in;
mod train;
mod zip;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitCode,
    str::FromStr,
    time::Duration,
};

use local::{
    Error, Result,
    lambda::{Lambda, Options},
    template::Template,
};
use serde_json::{Map, Value, json};

use crate::{seed::Event, stand_in::StandIn};

const USAGE: &str = "usage: bench --endpoint URL --template FILE --seeding FOLDER --functions FOLDER --work FOLDER [--rounds N] [--requests N] \
                     [--instructions] [--foreign] [--plain] [--zip FUNCTION]... [--only FUNCTION] [--base FOLDER] [--peers FOLDER [--peers-options WORDS]]
       bench --contention --endpoint URL --template FILE --seeding FOLDER --functions FOLDER --work FOLDER [--base FOLDER] [--rounds N] \
                     [--only FUNCTION] [--delay MS]
       bench --train --endpoint URL --template FILE --seeding FOLDER --functions FOLDER --work FOLDER [--runner WORDS] [--rounds N]
  --endpoint      the engine that holds the data
  --seeding       where the binaries of all functions and of operator-key are, to seed the table with
  --functions     where the binaries are that are measured
  --work          for the events, certificates and wrappers
  --rounds        cold starts to measure; 0 leaves times out
  --instructions  also counts instructions, by valgrind
  --foreign       also compares what a foreign id takes with what an unknown one does
  --plain         HTTP instead of TLS to the store
  --zip           also sizes this function
  --only          measures one of the three functions
  --contention    instead, how long the last of 64 waits who change one tenant at once
  --train         instead, requests of all kinds to instrumented functions; their profiles are in WORK/raw
  --runner        what these are started with: an emulator of their processor
  --base          where the binaries of another build are: measured or raced in turns, and reported as `FUNCTION (base)`
  --delay         each request to the store waits so long on its way; counts them
  --peers         also runs the bench of this folder, with reference implementations in other languages, getTenant added";

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

/// A part of a session token. A whole one is as long as a real one: it is sent and signed with every request.
const SESSION_TOKEN: &str = "IQoJb3JpZ2luX2Vj";

/// The command line.
#[derive(Default)]
struct Arguments {
    flags: BTreeMap<String, String>,
    instructions: bool,
    foreign: bool,
    plain: bool,
    contention: bool,
    train: bool,
    zip: Vec<String>,
}

impl Arguments {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self> {
        let mut arguments = Self::default();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| Error::new(USAGE));
            match word.as_str() {
                "--instructions" => arguments.instructions = true,
                "--foreign" => arguments.foreign = true,
                "--plain" => arguments.plain = true,
                "--contention" => arguments.contention = true,
                "--train" => arguments.train = true,
                "--zip" => arguments.zip.push(value()?),
                "--endpoint" | "--template" | "--seeding" | "--functions" | "--work" | "--rounds" | "--requests"
                | "--only" | "--base" | "--delay" | "--runner" | "--peers" | "--peers-options" => {
                    let value = value()?;
                    arguments.flags.insert(word, value);
                }
                _ => return Err(Error::new(USAGE)),
            }
        }
        Ok(arguments)
    }

    fn get(&self, flag: &str) -> Result<&str> {
        self.flags.get(flag).map(String::as_str).ok_or_else(|| Error::new(format!("{flag} is missing\n{USAGE}")))
    }

    fn number<N: FromStr>(&self, flag: &str, default: N) -> Result<N> {
        let number = |text: &String| text.parse().map_err(|_| Error::new(format!("{flag} needs a number")));
        self.flags.get(flag).map_or(Ok(default), number)
    }
}

async fn run() -> Result<()> {
    let arguments = Arguments::read(std::env::args().skip(1))?;
    let template = Template::read(arguments.get("--template")?)?;
    let work = PathBuf::from(arguments.get("--work")?);
    std::fs::create_dir_all(&work).map_err(|error| Error::new(format!("cannot make {}: {error}", work.display())))?;
    let functions = PathBuf::from(arguments.get("--functions")?);
    let (rounds, requests) = (arguments.number("--rounds", 0)?, arguments.number("--requests", 1000)?);

    let endpoint = arguments.get("--endpoint")?;
    if arguments.contention {
        let plan = contention::Plan {
            template: &template,
            endpoint,
            seeding: Path::new(arguments.get("--seeding")?),
            functions: &functions,
            base: arguments.flags.get("--base").map(Path::new),
            work: &work,
            only: arguments.flags.get("--only").map(String::as_str),
            rounds,
            delay: arguments.flags.get("--delay").map(|_| arguments.number("--delay", 0)).transpose()?,
        };
        return print(&Value::Object(contention::race(&plan).await?));
    }
    if arguments.train {
        let plan = train::Plan {
            template: &template,
            endpoint,
            seeding: Path::new(arguments.get("--seeding")?),
            functions: &functions,
            work: &work,
            runner: arguments.flags.get("--runner").map(String::as_str),
            rounds: arguments.number("--rounds", train::ROUNDS)?,
        };
        return print(&Value::Object(train::train(&plan).await?));
    }
    let seed = seed::seed(&template, endpoint, &PathBuf::from(arguments.get("--seeding")?)).await?;
    seed.write(&work)?;
    let store = StandIn::start(endpoint, (!arguments.plain).then_some(work.as_path())).await?;
    let (base, table) = (arguments.flags.get("--base").map(PathBuf::from), seed.table.clone());
    let bench = Bench { template, table, endpoint: endpoint.to_owned(), functions, base, store };

    let mut report = Map::new();
    let only = arguments.flags.get("--only");
    for event in seed.events.iter().filter(|event| only.is_none_or(|only| *only == event.function)) {
        let builds = bench.builds(&event.function);
        let folders: Vec<&Path> = builds.iter().map(|(_, folder)| *folder).collect();
        let mut measured = vec![Map::new(); builds.len()];
        if rounds > 0 {
            measured = measure::measure(&bench, event, &folders, rounds, requests).await?;
        }
        for ((name, folder), mut figures) in builds.into_iter().zip(measured) {
            if arguments.instructions {
                let count = instructions::per_warm_request(&bench, event, folder, &work).await?;
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
            let sizes = zip::sizes(folder, function)?;
            if let Some(figures) = report.entry(name).or_insert_with(|| json!({})).as_object_mut() {
                figures.extend(sizes);
            }
        }
    }
    if let (Some(peers), Some(event)) = (arguments.flags.get("--peers"), seed.events.first()) {
        let options = arguments.flags.get("--peers-options").map(String::as_str).unwrap_or_default();
        peers::compare(&bench, event, peers.as_ref(), &work, options).await?;
    }
    seed.remove(endpoint).await?;
    print(&Value::Object(report))
}

#[expect(clippy::print_stdout, reason = "the report on standard output is what this program is for")]
fn print(report: &Value) -> Result<()> {
    println!("{report:#}");
    Ok(())
}

/// What all measurements share.
struct Bench {
    template: Template,
    table: String,
    endpoint: String,
    functions: PathBuf,
    /// Another build, to measure beside.
    base: Option<PathBuf>,
    store: StandIn,
}

impl Bench {
    /// The builds of a function, by the names that the report has for them.
    fn builds(&self, function: &str) -> Vec<(String, &Path)> {
        let base = self.base.iter().filter(|base| base.join(function).exists());
        let base = base.map(|base| (format!("{function} (base)"), base.as_path()));
        std::iter::once((function.to_owned(), self.functions.as_path())).chain(base).collect()
    }

    /// What the template gives a function.
    fn environment(&self, function: &str) -> Result<BTreeMap<String, String>> {
        let values = BTreeMap::from([("Table".to_owned(), self.table.clone())]);
        self.template.environment(function, &values)
    }

    /// A Lambda of its own, so that the first process of a function is a cold one.
    async fn lambda(&self, function: &str, binaries: PathBuf) -> Result<Lambda> {
        let mut environment = self.environment(function)?;
        environment.extend(self.store.environment());
        environment.insert("AWS_SESSION_TOKEN".to_owned(), SESSION_TOKEN.repeat(60));
        let mut options = Options::new(binaries);
        options.environment.insert(function.to_owned(), environment);
        options.concurrency = 1;
        // Under valgrind all takes fifty times as long.
        options.timeout = Duration::from_secs(60);
        options.init_timeout = Duration::from_secs(60);
        Lambda::start(options).await
    }
}

/// A function's binary, as cargo or as cargo-lambda puts it.
fn binary(folder: &Path, function: &str) -> PathBuf {
    let plain = folder.join(function);
    let bootstrap = plain.join("bootstrap");
    if bootstrap.is_file() { bootstrap } else { plain }
}

/// Sends an event and takes nothing but success for an answer.
async fn invoke(lambda: &Lambda, event: &Event, turn: usize) -> Result<()> {
    expect(lambda, event, turn, 200..300).await
}

/// Sends an event and takes nothing but these statuses for an answer.
async fn expect(lambda: &Lambda, event: &Event, turn: usize, statuses: std::ops::Range<u64>) -> Result<()> {
    let answer = lambda.invoke(&event.function, event.payload(turn)).await;
    let answer = answer.map_err(|error| Error::new(format!("{}: {error}\n{}", event.function, lambda.log_text())))?;
    let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
    match answer.get("statusCode").and_then(Value::as_u64) {
        Some(status) if statuses.contains(&status) => Ok(()),
        _ => Err(Error::new(format!("{} answered {answer}\n{}", event.function, lambda.log_text()))),
    }
}
