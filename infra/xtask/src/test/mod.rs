//! `cargo xtask test`: everything that is checked before a change lands, in one table of stages.
//!
//! Invariant: one failed stage does not keep the next from running, and any failed stage fails the command.

mod clients;
mod deny;
mod docs;
mod mutants;
mod ratchets;
mod stages;
mod suite;

use std::{
    future::Future,
    pin::Pin,
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Args;
use tokio::{process::Command, sync::OnceCell};

use crate::{
    Result,
    cargo::Programs,
    leash::Leash,
    progress::{headline, note, print},
    store::{Choice, Store},
    tools,
};

type Running<'a> = Pin<Box<dyn Future<Output = Result<()>> + 'a>>;

/// One named part of the whole.
struct Stage {
    name: &'static str,
    about: &'static str,
    run: fn(&Context) -> Running<'_>,
}

/// In the order in which they run: quick ones first, then those that need what `build` makes.
const STAGES: &[Stage] = &[
    Stage { name: "fmt", about: "the sources are formatted", run: |at| Box::pin(stages::fmt(at)) },
    Stage { name: "clippy", about: "no lint is broken", run: |at| Box::pin(stages::clippy(at)) },
    Stage { name: "deny", about: "no dependency is against deny.toml", run: |at| Box::pin(deny::deny(at)) },
    Stage { name: "doc", about: "the documentation builds without a warning", run: |at| Box::pin(stages::doc(at)) },
    Stage {
        name: "template",
        about: "template.yaml is what SAM and CloudFormation take",
        run: |at| Box::pin(docs::template(at)),
    },
    Stage { name: "cdk", about: "CDK makes the same stack as SAM", run: |at| Box::pin(docs::cdk(at)) },
    Stage {
        name: "deploy",
        about: "a function is built for arm64, and sam deploy takes it without a question (no AWS)",
        run: |at| Box::pin(docs::deploy(at)),
    },
    Stage { name: "openapi", about: "infra/openapi.yaml is valid and clean", run: |at| Box::pin(docs::openapi(at)) },
    Stage { name: "build", about: "every function's binary", run: |at| Box::pin(suite::build(at)) },
    Stage { name: "unit", about: "tests inside the crates", run: |at| Box::pin(stages::unit(at)) },
    Stage { name: "api", about: "the API from outside, on a real store", run: |at| Box::pin(suite::api(at)) },
    Stage {
        name: "clients",
        about: "generated clients (Python, TypeScript, Go) provision a tenant",
        run: |at| Box::pin(clients::clients(at)),
    },
    Stage {
        name: "schemathesis",
        about: "no request of its making is answered otherwise than infra/openapi.yaml says",
        run: |at| Box::pin(clients::schemathesis(at)),
    },
    Stage {
        name: "suite",
        about: "every request and log line of the three before: conditions, roots, policies, secrets",
        run: |at| Box::pin(suite::suite(at)),
    },
    Stage {
        name: "mutants",
        about: "builds that are broken on purpose are noticed, each by a test that names the fault",
        run: |at| Box::pin(mutants::mutants(at)),
    },
    Stage {
        name: "ratchets",
        about: "the shipping build is no larger and no slower than it was",
        run: |at| Box::pin(ratchets::ratchets(at)),
    },
];

/// What the stages share.
struct Context {
    leash: Leash,
    choice: Choice,
    filters: Vec<String>,
    store: OnceCell<Store>,
    programs: OnceCell<Programs>,
    /// Whether the ratchets' numbers are replaced.
    write: bool,
}

/// Everything that is checked before a change lands, or a part of it.
#[derive(Args)]
pub struct Options {
    /// Stages (--list names them), or words: the tests whose name contains one. None: everything.
    #[arg(value_name = "STAGE or NAME")]
    words: Vec<String>,
    /// Names the stages.
    #[arg(long)]
    list: bool,
    /// With the stage ratchets: records what the functions cost now in infra/ratchets.json.
    #[arg(long)]
    write: bool,
    /// The store: embedded, dynamodb-local or http://HOST:PORT.
    #[arg(long)]
    store: Option<Choice>,
}

/// Runs the stages named (none = all); a word that is no stage selects tests by their name.
pub async fn run(options: Options) -> Result<ExitCode> {
    if options.list {
        for stage in STAGES {
            print(&format!("{:<12} {}", stage.name, stage.about))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let choice = Choice::of_tests(options.store)?;
    let (words, write) = (options.words, options.write);
    let (names, filters): (Vec<_>, Vec<_>) =
        words.into_iter().partition(|word| STAGES.iter().any(|stage| stage.name == word));
    let everything = names.is_empty() && filters.is_empty();
    if write && names != ["ratchets"] {
        return Err("--write is for the stage ratchets: cargo xtask test ratchets --write".to_owned());
    }
    let leash = Leash::start()?;
    let (store, programs) = (OnceCell::new(), OnceCell::new());
    let context = Context { leash: leash.clone(), choice, filters, store, programs, write };

    let stages = STAGES.iter().filter(|stage| everything || names.iter().any(|name| name == stage.name));
    let all = async {
        let mut done = Vec::new();
        for stage in stages {
            done.push(run_stage(stage.name, (stage.run)(&context)).await);
        }
        if !context.filters.is_empty() {
            done.push(run_stage("tests", Box::pin(suite::some(&context))).await);
        }
        done
    };
    let done = tokio::select! {
        done = all => Some(done),
        () = crate::dev::interrupted() => None,
    };
    drop(context);
    leash.end_all().await;
    match done {
        Some(done) => summary(&done),
        None => Err("interrupted".to_owned()),
    }
}

/// How one stage ended.
struct Done {
    name: &'static str,
    outcome: Result<()>,
    took: Duration,
}

async fn run_stage(name: &'static str, stage: Running<'_>) -> Done {
    headline(&format!("--- {name}"));
    let started = Instant::now();
    let outcome = stage.await;
    if let Err(error) = &outcome {
        headline(&format!("--- {name} FAILED: {error}"));
    }
    Done { name, outcome, took: started.elapsed() }
}

fn summary(done: &[Done]) -> Result<ExitCode> {
    print("\nstage             time")?;
    for stage in done {
        let (word, why) = match &stage.outcome {
            Ok(()) => ("ok", ""),
            Err(error) => ("FAILED", error.lines().next().unwrap_or_default()),
        };
        print(&format!("{:<12} {:>7.1} s  {word}  {why}", stage.name, stage.took.as_secs_f64()))?;
    }
    let failed = done.iter().filter(|stage| stage.outcome.is_err()).count();
    print(&format!("{:<12} {:>7.1} s", "all", done.iter().map(|stage| stage.took.as_secs_f64()).sum::<f64>()))?;
    print(&format!("stages: {} passed, {failed} failed", done.len() - failed))?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Says that a part is left out because something is not installed here. A person is told; in CI, where nobody reads it, it
/// fails the stage.
fn left_out(what: &str) -> Result<()> {
    let in_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
    if in_ci {
        return Err(format!("{what}. CI is set in the environment, so nothing may be left out"));
    }
    note(what);
    Ok(())
}

/// Runs a program with its output as it comes; an exit code other than 0 fails the stage.
async fn check(context: &Context, command: &mut Command) -> Result<()> {
    let line = tools::spell(command);
    let mut process = context.leash.spawn(command.stdin(std::process::Stdio::null()))?;
    match process.wait().await? {
        status if status.success() => Ok(()),
        status => Err(format!("`{line}` failed ({status})")),
    }
}
