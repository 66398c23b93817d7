//! `cargo xtask bench`: what the functions cost as they are deployed, as tables in Markdown.
//!
//! By itself always; with `--peers FOLDER` side by side with reference implementations in other languages (`infra/bench/src/peers.rs` says
//! what is expected of that folder).
//! Invariant: what is measured is an optimised build for this machine's processor: `cargo build --release`, as the ratchets have it, or with
//! `--pgo` by a profile as well, as `cargo xtask build` does.

mod contention;
pub mod ratchets;
mod report;

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use crate::{
    Result,
    bench_program::{self, Wanted},
    build, cargo,
    process_group::{ProcessGroups, interrupted},
    progress::{note, print, step},
    store::{self, Choice},
    tools, tree,
};

/// The functions that are measured, and compared with `infra/ratchets.json`.
pub const MEASURED: [&str; 3] = ["get-tenant", "update-tenant", "upsert-tenant-by-external-id"];

/// Cold starts per function, where no number is given.
const ROUNDS: u32 = 11;

/// What the functions cost: three of them, and the sizes of --all.
#[derive(Args)]
pub struct Options {
    /// The sizes of every function, not of the three alone.
    #[arg(long)]
    all: bool,
    /// Cold starts per function (11); with --contention, races per function (101).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,
    /// Instead: how long the last of 64 callers waits who change one tenant at once.
    #[arg(long)]
    contention: bool,
    /// The functions are here, and not built.
    #[arg(long, value_name = "FOLDER")]
    functions: Option<PathBuf>,
    /// Builds by a profile, as what is deployed is built: in twice the time.
    #[arg(long, conflicts_with = "functions")]
    pgo: bool,
    /// The functions of another build are here; both are measured in turns.
    #[arg(long, value_name = "FOLDER")]
    base: Option<PathBuf>,
    /// With --contention: each request to the store waits so many milliseconds on its way, and requests are counted.
    #[arg(long, value_name = "MS", requires = "contention")]
    delay: Option<u64>,
    /// Beside the reference implementations in other languages of this folder, which has a bench `run`.
    #[arg(long, value_name = "FOLDER", conflicts_with = "contention")]
    peers: Option<PathBuf>,
    /// Options for the `run` of --peers.
    #[arg(long, value_name = "OPTIONS", allow_hyphen_values = true, requires = "peers")]
    peers_options: Option<String>,
    /// Writes the report into docs/performance.md.
    #[arg(long, conflicts_with = "contention")]
    write: bool,
    /// The store: embedded, dynamodb-local or http://HOST:PORT.
    #[arg(long)]
    store: Option<Choice>,
}

impl Options {
    /// The folder with what is measured.
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
    let wanted = Wanted {
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
    let figures = step("measuring", bench_program::run(groups, &program, &wanted)).await?;
    tells_foreign_apart(&figures)?;
    let beside = match options.peers.is_some() {
        true => Some(bench_program::peers_report()?),
        false => None,
    };
    let words: Vec<String> = std::env::args().skip(2).collect();
    Ok(report::markdown(&words, rounds, &figures, beside.as_deref()))
}

/// Case D2: nobody learns from the time that an answer takes whether somebody else has what it is about.
fn tells_foreign_apart(figures: &serde_json::Value) -> Result<()> {
    match figures.pointer("/get-tenant/foreign_to_unknown").and_then(serde_json::Value::as_f64) {
        Some(ratio) if (ratio - 1.0).abs() <= 0.05 => Ok(()),
        ratio => Err(format!("a foreign id takes {ratio:?} x the time of an unknown one: more than 5 % apart")),
    }
}
