//! `cargo xtask bench`: measures the functions as they are deployed and prints tables in Markdown.
//!
//! With `--peers FOLDER` it also compares them with reference implementations in other languages (`infra/bench/src/peers.rs` describes
//! that folder).
//! Invariant: it measures an optimised build for this machine's processor: `cargo build --release`, like the ratchets, or with `--pgo` also
//! with a profile, like `cargo xtask build`.

mod contention;
pub mod ratchets;
mod report;

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use crate::{
    Result,
    bench_program::{self, Plan},
    build, cargo,
    process_group::{ProcessGroups, interrupted},
    progress::{note, print, step},
    store::{self, Choice},
    tools, tree,
};

/// The functions that are measured and compared with `infra/ratchets.json`.
pub const MEASURED: [&str; 4] = ["get-tenant", "update-tenant", "upsert-tenant-by-external-id", "create-message"];

/// The default number of cold starts per function.
const ROUNDS: u32 = 11;

/// Measures four functions: times, memory, log, instructions, sizes.
#[derive(Args)]
pub struct Options {
    /// Also reports the sizes of all functions.
    #[arg(long)]
    all: bool,
    /// Cold starts per function (11); with --contention, races per function (101).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,
    /// Instead, measures how long the last of 64 callers waits that change one tenant at once.
    #[arg(long)]
    contention: bool,
    /// Measures the functions in this folder instead of building them.
    #[arg(long, value_name = "FOLDER")]
    functions: Option<PathBuf>,
    /// Builds with a profile, like a deployment: takes twice the time.
    #[arg(long, conflicts_with = "functions")]
    pgo: bool,
    /// Compares with the functions of another build in this folder; measurements alternate.
    #[arg(long, value_name = "FOLDER")]
    base: Option<PathBuf>,
    /// With --contention: delays each request to the store by this many milliseconds, and counts the requests.
    #[arg(long, value_name = "MS", requires = "contention")]
    delay: Option<u64>,
    /// Also compares with the reference implementations in this folder, which has a benchmark `run`.
    #[arg(long, value_name = "FOLDER", conflicts_with = "contention")]
    peers: Option<PathBuf>,
    /// Options of that benchmark.
    #[arg(long, value_name = "OPTIONS", allow_hyphen_values = true, requires = "peers")]
    peers_options: Option<String>,
    /// Writes the report to docs/performance.md.
    #[arg(long, conflicts_with = "contention")]
    write: bool,
    /// The store: embedded, dynamodb-local or http://HOST:PORT.
    #[arg(long)]
    store: Option<Choice>,
}

impl Options {
    /// The folder of the measured functions; builds them if necessary.
    async fn built(&self, groups: &ProcessGroups, functions: &[String]) -> Result<PathBuf> {
        match &self.functions {
            Some(folder) => Ok(folder.clone()),
            None if self.pgo => {
                let folder = tree::root().join("target/bench/pgo");
                build::for_this_machine(groups, functions, &folder).await?;
                Ok(folder)
            }
            None => bench_program::folder(&bench_program::build_shipping(groups, functions).await?),
        }
    }
}

/// Builds, measures, prints.
pub async fn run(options: Options) -> Result<ExitCode> {
    let groups = ProcessGroups::start()?;
    let work = async {
        match options.contention {
            true => contention::measure(&options, &groups).await,
            false => measure(&options, &groups).await.map(|report| (report, Ok(()))),
        }
    };
    let report = tokio::select! {
        report = work => Some(report),
        () = interrupted() => None,
    };
    groups.end_all().await;
    let (report, judgement) = report.unwrap_or_else(|| Err("interrupted".to_owned()))?;
    print(&report)?;
    judgement?;
    if options.write {
        report::write(&tree::root().join("docs/performance.md"), &report)?;
        note("docs/performance.md: written");
    }
    Ok(ExitCode::SUCCESS)
}

async fn measure(options: &Options, groups: &ProcessGroups) -> Result<String> {
    if let Some(peers) = options.peers.as_ref().filter(|peers| !peers.join("run").is_file()) {
        return Err(format!("{} has no `run`: --peers needs a folder with reference implementations", peers.display()));
    }
    let choice = Choice::of_tests(options.store.clone())?;
    let rounds = usize::try_from(options.rounds.unwrap_or(ROUNDS)).unwrap_or(usize::MAX);
    let functions = match options.all {
        true => bench_program::functions()?,
        false => MEASURED.map(str::to_owned).to_vec(),
    };
    let programs = cargo::build(groups, &cargo::PROGRAMS).await?;
    let seeding = bench_program::folder(&programs)?;
    let shipping = options.built(groups, &functions).await?;
    let program = bench_program::build_fast(groups).await?;
    let store = store::start(groups, &choice, &programs, None).await?;

    let instructions = tools::on_path("valgrind").is_some();
    if !instructions {
        note(bench_program::NO_VALGRIND);
    }
    let plan = Plan {
        endpoint: &store.endpoint,
        seeding: &seeding,
        functions: &shipping,
        base: options.base.as_deref(),
        sized: &functions,
        rounds,
        instructions,
        foreign: true,
        peers: options.peers.as_deref().map(|peers| (peers, options.peers_options.as_deref().unwrap_or_default())),
    };
    let figures = step("measuring", bench_program::run(groups, &program, &plan)).await?;
    compare_foreign_with_unknown(&figures)?;
    let peers = match options.peers.is_some() {
        true => Some(bench_program::peers_report()?),
        false => None,
    };
    let words: Vec<String> = std::env::args().skip(2).collect();
    Ok(report::markdown(&words, rounds, &figures, peers.as_deref()))
}

/// Case D2: the time of an answer must not reveal whether another customer has the resource.
fn compare_foreign_with_unknown(figures: &serde_json::Value) -> Result<()> {
    match figures.pointer("/get-tenant/foreign_to_unknown").and_then(serde_json::Value::as_f64) {
        Some(ratio) if (ratio - 1.0).abs() <= 0.05 => Ok(()),
        ratio => Err(format!("a foreign id takes {ratio:?} x the time of an unknown one: more than 5 % apart")),
    }
}
