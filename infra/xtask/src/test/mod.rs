//! `cargo xtask test`: everything that is checked before a change lands, in one table of stages.
//!
//! Invariant: one failed stage does not keep the next from running, and any failed stage fails the command.

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

use std::{
    future::Future,
    pin::Pin,
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Args;
use tokio::{process::Command, sync::OnceCell};

use self::missing::left_out;
use crate::{
    Result,
    cargo::Programs,
    process_group::{ProcessGroups, interrupted},
    progress::{headline, print},
    store::{Choice, Store},
    tools,
};

type Running<'a> = Pin<Box<dyn Future<Output = Result<()>> + 'a>>;

/// One named part of the whole.
struct Stage {
    name: &'static str,
    about: &'static str,
    /// Programs without which it is left out.
    needs: &'static [&'static str],
    /// Programs without which a part of it is left out.
    parts: &'static [&'static str],
    run: fn(&Context) -> Running<'_>,
}

/// In the order in which they run: quick ones first, then those that need what `build` makes.
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
        about: "no lint is broken",
        needs: &[],
        parts: &[],
        run: |at| Box::pin(stages::clippy(at)),
    },
    Stage {
        name: "deny",
        about: "no dependency is against deny.toml",
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
        about: "template.yaml is what SAM and CloudFormation take",
        needs: &["python3"],
        parts: &[],
        run: |at| Box::pin(docs::template(at)),
    },
    Stage {
        name: "cdk",
        about: "CDK makes the same stack as SAM",
        needs: &["python3", "npm"],
        parts: &[],
        run: |at| Box::pin(docs::cdk(at)),
    },
    Stage {
        name: "deploy",
        about: "a function is built for arm64, and sam deploy takes it without a question (no AWS)",
        needs: &["python3"],
        parts: &[],
        run: |at| Box::pin(docs::deploy(at)),
    },
    Stage {
        name: "openapi",
        about: "infra/openapi.yaml is valid and clean",
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
        about: "every function's binary",
        needs: &[],
        parts: &[],
        run: |at| Box::pin(suite::build(at)),
    },
    Stage {
        name: "pgo",
        about: "a function is built by its own profile, for this processor",
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
        about: "the API from outside, on a real store",
        needs: &[],
        parts: &[],
        run: |at| Box::pin(suite::api(at)),
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
        about: "generated clients (Python, TypeScript, Go, Java, Rust) use the API",
        needs: &["python3"],
        parts: &["node", "npm", "go", "java", "javac", "mvn"],
        run: |at| Box::pin(clients::clients(at)),
    },
    Stage {
        name: "schemathesis",
        about: "no request of its making is answered otherwise than infra/openapi.yaml says",
        needs: &["python3"],
        parts: &[],
        run: |at| Box::pin(clients::schemathesis(at)),
    },
    Stage {
        name: "suite",
        about: "every request and log line of the three before: conditions, roots, policies, secrets",
        needs: &[],
        parts: &[],
        run: |at| Box::pin(suite::suite(at)),
    },
    Stage {
        name: "mutants",
        about: "builds that are broken on purpose are noticed, each by a test that names the fault",
        needs: &[],
        parts: &[],
        run: |at| Box::pin(mutants::mutants(at)),
    },
    Stage {
        name: "ratchets",
        about: "the shipping build is no larger and no slower than it was",
        needs: &[],
        parts: &["valgrind"],
        run: |at| Box::pin(ratchets::ratchets(at)),
    },
];

/// What the stages share.
struct Context {
    groups: ProcessGroups,
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
    named::check(&filters)?;
    let chosen = || STAGES.iter().filter(|stage| everything || names.iter().any(|name| name == stage.name));
    missing::look(chosen())?;
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

/// How one stage ended.
struct Done {
    name: &'static str,
    outcome: Outcome,
    took: Duration,
}

enum Outcome {
    Passed,
    /// What was there passed; the rest was left out, for this reason.
    InPart(String),
    LeftOut(String),
    Failed(String),
}

async fn run_stage(stage: &Stage, context: &Context) -> Done {
    let name = stage.name;
    headline(&format!("--- {name}"));
    let started = Instant::now();
    let absent = missing::absent(stage.needs);
    let outcome = if absent.is_empty() {
        let outcome = (stage.run)(context).await;
        match (outcome, missing::taken().join("; ")) {
            (Err(error), _) => Outcome::Failed(error),
            (Ok(()), reasons) if reasons.is_empty() => Outcome::Passed,
            (Ok(()), reasons) => Outcome::InPart(reasons),
        }
    } else {
        Outcome::LeftOut(format!("{} is not here", absent.join(", ")))
    };
    if let Outcome::Failed(error) = &outcome {
        headline(&format!("--- {name} FAILED: {error}"));
    }
    Done { name, outcome, took: started.elapsed() }
}

/// A line per stage, and the sums. A stage that was left out counts as skipped, one in part as what its rest is: passed.
fn table(done: &[Done]) -> Vec<String> {
    let mut lines = vec!["\nstage             time".to_owned()];
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for stage in done {
        let (word, why, count) = match &stage.outcome {
            Outcome::Passed => ("ok", "", &mut passed),
            Outcome::InPart(why) => ("left out in part", why.as_str(), &mut passed),
            Outcome::LeftOut(why) => ("left out", why.as_str(), &mut skipped),
            Outcome::Failed(error) => ("FAILED", error.lines().next().unwrap_or_default(), &mut failed),
        };
        *count += 1;
        let line = format!("{:<12} {:>7.1} s  {word}  {why}", stage.name, stage.took.as_secs_f64());
        lines.push(line.trim_end().to_owned());
    }
    lines.push(format!("{:<12} {:>7.1} s", "all", done.iter().map(|stage| stage.took.as_secs_f64()).sum::<f64>()));
    let skipped = if skipped == 0 { String::new() } else { format!(", {skipped} skipped") };
    lines.push(format!("stages: {passed} passed, {failed} failed{skipped}"));
    lines
}

/// Runs a program with its output as it comes; an exit code other than 0 fails the stage.
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
    fn a_stage_that_was_left_out_is_neither_ok_nor_counted_as_passed() {
        let done = |name, outcome| Done { name, outcome, took: Duration::from_millis(1500) };
        let lines = table(&[
            done("fmt", Outcome::Passed),
            done("clients", Outcome::InPart("go is not here".to_owned())),
            done("cdk", Outcome::LeftOut("npm is not here".to_owned())),
            done("doc", Outcome::Failed("broken\nlinks".to_owned())),
        ]);
        let expected = [
            "\nstage             time",
            "fmt              1.5 s  ok",
            "clients          1.5 s  left out in part  go is not here",
            "cdk              1.5 s  left out  npm is not here",
            "doc              1.5 s  FAILED  broken",
            "all              6.0 s",
            "stages: 2 passed, 1 failed, 1 skipped",
        ];
        assert_eq!(lines, expected);
        assert_eq!(table(&[done("fmt", Outcome::Passed)]).last().unwrap(), "stages: 1 passed, 0 failed");
    }
}
