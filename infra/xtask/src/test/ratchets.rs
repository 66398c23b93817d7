//! The stage that prevents regressions of size and speed: compares release builds with `infra/ratchets.json`.
//!
//! If valgrind is missing, it says so and compares the rest; in CI it fails.

use serde_json::{Map, Value};

use super::{Context, skip_part, suite};
use crate::{
    Result,
    bench::{MEASURED, ratchets::Ratchets},
    bench_program::{self, Plan},
    build,
    progress::{note, step},
    tools, tree,
};

/// The number of cold starts: the minimum of their CPU times is hardly affected by other processes.
const ROUNDS: usize = 20;

/// The functions whose size is compared for arm64 as well, which is what is deployed: one that reads, one that writes.
const SIZED_FOR_ARM64: [&str; 2] = ["get-tenant", "update-tenant"];

/// The name of arm64 in Rust, and in the file.
const AARCH64: &str = "aarch64";

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
    let here = judge(context, std::env::consts::ARCH, &figures);
    if std::env::consts::ARCH == AARCH64 {
        return here;
    }
    let there = judge(context, AARCH64, &sizes_for_arm64(context).await?);
    // Both are reported.
    match (here, there) {
        (Err(here), Err(there)) => Err(format!("{here}\n{there}")),
        (here, there) => here.and(there),
    }
}

/// Compares figures with the file, or writes them to it.
fn judge(context: &Context, architecture: &str, figures: &Value) -> Result<()> {
    let file = Ratchets::load()?;
    if context.write {
        note(&format!("infra/ratchets.json: the numbers of {architecture} are written"));
        return file.write(architecture, figures);
    }
    let verdict = file.judge(architecture, figures);
    verdict.better.iter().for_each(|line| note(line));
    if verdict.worse.is_empty() { Ok(()) } else { Err(verdict.worse.join("\n")) }
}

/// Builds functions for arm64, where they cannot run; returns their sizes.
async fn sizes_for_arm64(context: &Context) -> Result<Value> {
    if tools::on_path("python3").is_none() {
        skip_part("python3 is not installed, which installs the tools for arm64: sizes for arm64 are not compared")?;
        return Ok(Value::Null);
    }
    let folder = tree::root().join("target/ratchets");
    let functions = SIZED_FOR_ARM64.map(str::to_owned);
    step("building two functions for arm64", build::for_arm64(&context.groups, &functions, &folder)).await?;
    let mut figures = Map::new();
    for function in functions {
        let sizes = local::zip::sizes(&folder.join(&function).join("bootstrap"))?;
        figures.insert(function, sizes.into());
    }
    Ok(figures.into())
}
