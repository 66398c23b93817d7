//! `cargo xtask test`: everything that is checked before a change lands, in one table of stages.
//!
//! Invariant: after a failed stage the next ones still run, and any failed stage fails the command.

mod cargo_lambda;
mod clients;
mod deny;
mod docs;
mod missing;
mod mutants;
mod named;
mod once;
mod ratchets;
mod reference;
mod stages;
mod suite;
mod upgrade;

use std::{
    future::Future,
    pin::Pin,
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Args;
use tokio::{process::Command, sync::OnceCell};

use self::missing::skip_part;
use crate::{
    Result,
    cargo::Programs,
    process_group::{ProcessGroups, interrupted},
    progress::{headline, print},
    store::{Choice, Store},
    tools,
};

type Running<'a> = Pin<Box<dyn Future<Output = Result<()>> + 'a>>;

/// One named group of checks.
struct Stage {
    name: &'static str,
    about: &'static str,
    /// Programs without which it is skipped.
    needs: &'static [&'static str],
    /// Programs without which a part of it is skipped.
    parts: &'static [&'static str],
    run: fn(&Context) -> Running<'_>,
}

/// In the order in which they run: fast ones first, then those that need the output of `build`.
const STAGES: &[Stage] = &[
    Stage {
        name: "fmt",
        about: "the sources are formatted",
        needs: &[],
        parts: &[],
        run: |at| Box::pin(stages::fmt(at)),
    },
    Stage {
        name: "clippy",
        about: "clippy has no warnings",
        needs: &[],
        parts: &[],
        run: |at| Box::pin(stages::clippy(at)),
    },
    Stage {
        name: "deny",
        about: "dependencies comply with deny.toml",
        needs: &["python3"],
        parts: &[],
        run: |at| Box::pin(deny::deny(at)),
    },
    Stage {
        name: "doc",
        about: "the documentation builds without a warning",
        needs: &[],
        parts: &[],
        run: |at| Box::pin(stages::doc(at)),
    },
    Stage {
        name: "template",
        about: "SAM and CloudFormation accept template.yaml; the documents' commands and the workflows are valid",
        needs: &["python3"],
        parts: &[],
        run: |at| Box::pin(docs::template(at)),
    },
    Stage {
        name: "cdk",
        about: "CDK creates the same stack as SAM",
        needs: &["python3", "npm"],
        parts: &[],
        run: |at| Box::pin(docs::cdk(at)),
    },
    Stage {
        name: "deploy",
        about: "a function is built for arm64, and sam deploy deploys it without a question (no AWS account)",
        needs: &["python3"],
        parts: &[],
        run: |at| Box::pin(docs::deploy(at)),
    },
    Stage {
        name: "openapi",
        about: "infra/openapi.yaml is valid and has no linter warnings",
        needs: &["python3"],
        parts: &["npm"],
        run: |at| Box::pin(docs::openapi(at)),
    },
    Stage {
        name: "reference",
        about: "a browser shows every operation on the page of cargo xtask docs",
        needs: &[],
        parts: &[],
        run: |at| Box::pin(reference::reference(at)),
    },
    Stage {
        name: "build",
        about: "all functions are built",
        needs: &[],
        parts: &[],
        run: |at| Box::pin(suite::build(at)),
    },
    Stage {
        name: "pgo",
        about: "a function is built with a profile, for this machine's architecture",
        needs: &["python3"],
        parts: &[],
        run: |at| Box::pin(docs::pgo(at)),
    },
    Stage {
        name: "unit",
        about: "tests inside the crates",
        needs: &[],
        parts: &[],
        run: |at| Box::pin(stages::unit(at)),
    },
    Stage {
        name: "api",
        about: "black-box tests of the API, on a real store",
        needs: &[],
        parts: &[],
        run: |at| Box::pin(suite::api(at)),
    },
    Stage {
        name: "upgrade",
        about: "the previous release and this one read and change what the other has written",
        needs: &["tar", "gzip"],
        parts: &[],
        run: |at| Box::pin(upgrade::upgrade(at)),
    },
    Stage {
        name: "cli",
        about: "tare, the command line, as a person types it: every operation, faults, the tour of infra/cli/README.md",
        needs: &[],
        parts: &[],
        run: |at| Box::pin(suite::cli(at)),
    },
    Stage {
        name: "cargo-lambda",
        about: "cargo lambda watch and cargo lambda invoke run the functions, as docs/operations.md says",
        needs: &["python3"],
        parts: &[],
        run: |at| Box::pin(cargo_lambda::cargo_lambda(at)),
    },
    Stage {
        name: "clients",
        about: "infra/clients is as generated and passes its tests; generated clients (also Java, Rust) use the API",
        needs: &["python3"],
        parts: &["node", "npm", "go", "java", "javac", "mvn"],
        run: |at| Box::pin(clients::clients(at)),
    },
    Stage {
        name: "schemathesis",
        about: "generated requests are answered as infra/openapi.yaml says",
        needs: &["python3"],
        parts: &[],
        run: |at| Box::pin(clients::schemathesis(at)),
    },
    Stage {
        name: "suite",
        about: "all recorded requests and log lines: conditions, roots, policies, secrets",
        needs: &[],
        parts: &[],
        run: |at| Box::pin(suite::suite(at)),
    },
    Stage {
        name: "iam",
        about: "an IAM simulator allows each role what was recorded, and nothing that is forbidden",
        needs: &["python3", "npm"],
        parts: &[],
        run: |at| Box::pin(docs::iam(at)),
    },
    Stage {
        name: "mutants",
        about: "each deliberately broken build is detected by a test that names the error",
        needs: &[],
        parts: &[],
        run: |at| Box::pin(mutants::mutants(at)),
    },
    Stage {
        name: "ratchets",
        about: "release builds have not become larger or slower",
        needs: &[],
        parts: &["valgrind"],
        run: |at| Box::pin(ratchets::ratchets(at)),
    },
];

/// The context of all stages.
struct Context {
    groups: ProcessGroups,
    choice: Choice,
    filters: Vec<String>,
    store: OnceCell<Store>,
    programs: OnceCell<Programs>,
    /// Whether the numbers of the ratchets, or the previous release, are replaced.
    write: bool,
}

/// Runs all checks, or a part of them.
#[derive(Args)]
pub struct Options {
    /// Stages (see --list), or parts of the names of tests; everything if none is given.
    #[arg(value_name = "STAGE or NAME")]
    words: Vec<String>,
    /// Lists the stages.
    #[arg(long)]
    list: bool,
    /// With the stage ratchets: records the current numbers in infra/ratchets.json. With the stage upgrade: makes the commit that is checked out the previous release.
    #[arg(long)]
    write: bool,
    /// The store: embedded, dynamodb-local or http://HOST:PORT.
    #[arg(long)]
    store: Option<Choice>,
}

/// Runs the named stages, or all; a word that is not a stage selects tests by their name.
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
    if write && names != ["ratchets"] && names != ["upgrade"] {
        return Err(
            "--write is for one of the stages ratchets and upgrade: cargo xtask test ratchets --write".to_owned()
        );
    }
    named::check(&filters)?;
    let chosen = || STAGES.iter().filter(|stage| everything || names.iter().any(|name| name == stage.name));
    missing::check(chosen())?;
    let groups = ProcessGroups::start()?;
    let (store, programs) = (OnceCell::new(), OnceCell::new());
    let context = Context { groups: groups.clone(), choice, filters, store, programs, write };

    let all = async {
        let mut done = Vec::new();
        for stage in chosen() {
            done.push(run_stage(stage, &context).await);
        }
        let tests = if context.filters.is_empty() { None } else { Some(named::run(&context).await) };
        (done, tests)
    };
    let done = tokio::select! {
        done = all => Some(done),
        () = interrupted() => None,
    };
    drop(context);
    groups.end_all().await;
    let (done, tests) = done.ok_or("interrupted")?;
    let mut passed = true;
    if !done.is_empty() {
        table(&done).iter().try_for_each(|line| print(line))?;
        passed = !done.iter().any(|stage| matches!(stage.outcome, Outcome::Failed(_)));
    }
    if let Some(count) = tests.transpose()? {
        print(&format!("tests: {} passed, {} failed", count.passed, count.failed))?;
        passed &= count.failed == 0;
    }
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The result of a stage.
struct StageResult {
    name: &'static str,
    outcome: Outcome,
    elapsed: Duration,
}

enum Outcome {
    Passed,
    /// Passed, but a part was skipped for this reason.
    PartlySkipped(String),
    Skipped(String),
    Failed(String),
}

async fn run_stage(stage: &Stage, context: &Context) -> StageResult {
    let name = stage.name;
    headline(&format!("--- {name}"));
    let started = Instant::now();
    let missing = missing::not_installed(stage.needs);
    let outcome = if missing.is_empty() {
        let outcome = (stage.run)(context).await;
        match (outcome, missing::take_skipped().join("; ")) {
            (Err(error), _) => Outcome::Failed(error),
            (Ok(()), reasons) if reasons.is_empty() => Outcome::Passed,
            (Ok(()), reasons) => Outcome::PartlySkipped(reasons),
        }
    } else {
        Outcome::Skipped(format!("{} is not installed", missing.join(", ")))
    };
    if let Outcome::Failed(error) = &outcome {
        headline(&format!("--- {name} FAILED: {error}"));
    }
    StageResult { name, outcome, elapsed: started.elapsed() }
}

/// One line per stage, and the totals. A partly skipped stage counts as passed.
fn table(done: &[StageResult]) -> Vec<String> {
    let mut lines = vec!["\nstage             time".to_owned()];
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for stage in done {
        let (word, why, count) = match &stage.outcome {
            Outcome::Passed => ("ok", "", &mut passed),
            Outcome::PartlySkipped(why) => ("partly skipped", why.as_str(), &mut passed),
            Outcome::Skipped(why) => ("skipped", why.as_str(), &mut skipped),
            Outcome::Failed(error) => ("FAILED", error.lines().next().unwrap_or_default(), &mut failed),
        };
        *count += 1;
        let line = format!("{:<12} {:>7.1} s  {word}  {why}", stage.name, stage.elapsed.as_secs_f64());
        lines.push(line.trim_end().to_owned());
    }
    lines.push(format!("{:<12} {:>7.1} s", "all", done.iter().map(|stage| stage.elapsed.as_secs_f64()).sum::<f64>()));
    let skipped = if skipped == 0 { String::new() } else { format!(", {skipped} skipped") };
    lines.push(format!("stages: {passed} passed, {failed} failed{skipped}"));
    lines
}

/// Runs a program and shows its output; an exit code other than 0 fails the stage.
async fn check(context: &Context, command: &mut Command) -> Result<()> {
    let line = tools::spell(command);
    let mut process = context.groups.spawn(command.stdin(std::process::Stdio::null()))?;
    match process.wait().await? {
        status if status.success() => Ok(()),
        status => Err(format!("`{line}` failed ({status})")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skipped_stage_is_neither_ok_nor_counted_as_passed() {
        let result = |name, outcome| StageResult { name, outcome, elapsed: Duration::from_millis(1500) };
        let lines = table(&[
            result("fmt", Outcome::Passed),
            result("clients", Outcome::PartlySkipped("go is not installed".to_owned())),
            result("cdk", Outcome::Skipped("npm is not installed".to_owned())),
            result("doc", Outcome::Failed("broken\nlinks".to_owned())),
        ]);
        let expected = [
            "\nstage             time",
            "fmt              1.5 s  ok",
            "clients          1.5 s  partly skipped  go is not installed",
            "cdk              1.5 s  skipped  npm is not installed",
            "doc              1.5 s  FAILED  broken",
            "all              6.0 s",
            "stages: 2 passed, 1 failed, 1 skipped",
        ];
        assert_eq!(lines, expected);
        assert_eq!(table(&[result("fmt", Outcome::Passed)]).last().unwrap(), "stages: 1 passed, 0 failed");
    }
}
