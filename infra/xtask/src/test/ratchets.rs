//! The stage that keeps the functions as small and as fast as they are: the shipping build against `infra/ratchets.json`.
//!
//! Where valgrind is missing it says so and compares the rest; in CI that fails.

use super::{Context, left_out, suite};
use crate::{
    Result,
    bench::{MEASURED, ratchets::Ratchets},
    bench_program::{self, Wanted},
    progress::{note, step},
    tools,
};

/// Cold starts. The least CPU of so many is that of the function, not of its neighbours.
const ROUNDS: usize = 20;

/// Builds the measured functions as they ship, measures them, compares.
pub async fn ratchets(context: &Context) -> Result<()> {
    let functions = MEASURED.map(str::to_owned);
    let (seeding, store) = suite::running(context).await?;
    let program = bench_program::build(&context.groups).await?;
    let shipping = bench_program::folder(&bench_program::build_shipping(&context.groups, &functions).await?)?;
    let instructions = tools::on_path("valgrind").is_some();
    if !instructions {
        left_out(bench_program::NO_VALGRIND)?;
    }
    let wanted = Wanted {
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
    let figures = step("measuring", bench_program::run(&context.groups, &program, &wanted)).await?;
    let (file, architecture) = (Ratchets::load()?, std::env::consts::ARCH);
    if context.write {
        note(&format!("infra/ratchets.json: {architecture} is what was measured now"));
        return file.write(architecture, &figures);
    }
    let verdict = file.judge(architecture, &figures);
    verdict.better.iter().for_each(|line| note(line));
    if verdict.worse.is_empty() { Ok(()) } else { Err(verdict.worse.join("\n")) }
}
