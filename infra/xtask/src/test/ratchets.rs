//! The stage that prevents regressions of size and speed: compares release builds with `infra/ratchets.json`.
//!
//! If valgrind is missing, it says so and compares the rest; in CI it fails.

use super::{Context, skip_part, suite};
use crate::{
    Result,
    bench::{MEASURED, ratchets::Ratchets},
    bench_program::{self, Plan},
    progress::{note, step},
    tools,
};

/// The number of cold starts: the minimum of their CPU times is hardly affected by other processes.
const ROUNDS: usize = 20;

/// Builds the measured functions as they are deployed, measures and compares them.
pub async fn ratchets(context: &Context) -> Result<()> {
    let functions = MEASURED.map(str::to_owned);
    let (seeding, store) = suite::running(context).await?;
    let program = bench_program::build(&context.groups).await?;
    let shipping = bench_program::folder(&bench_program::build_shipping(&context.groups, &functions).await?)?;
    let instructions = tools::on_path("valgrind").is_some();
    if !instructions {
        skip_part(bench_program::NO_VALGRIND)?;
    }
    let plan = Plan {
        endpoint: &store.endpoint,
        seeding,
        functions: &shipping,
        base: None,
        sized: &functions,
        rounds: ROUNDS,
        instructions,
        foreign: false,
        peers: None,
    };
    let figures = step("measuring", bench_program::run(&context.groups, &program, &plan)).await?;
    let (file, architecture) = (Ratchets::load()?, std::env::consts::ARCH);
    if context.write {
        note(&format!("infra/ratchets.json: the numbers of {architecture} are written"));
        return file.write(architecture, &figures);
    }
    let verdict = file.judge(architecture, &figures);
    verdict.better.iter().for_each(|line| note(line));
    if verdict.worse.is_empty() { Ok(()) } else { Err(verdict.worse.join("\n")) }
}
