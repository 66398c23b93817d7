//! Training for profile-guided optimisation: the instrumented functions answer requests of every kind, over TLS and with a real engine, and
//! write their profiles.
//!
//! A process writes its profile when it exits, so it is not killed: the Runtime API closes, and the function exits.
//! Invariant: an unexpected answer fails the training, and so does a function without a request.
//! Building, and merging and using the profile, are in infra/xtask/src/build/pgo.rs.

mod enforcement;
mod requests;

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use local::{Error, Result, keys, lambda::Lambda, proxy::FaultProxy, store::Endpoint, template::Template};
use serde_json::{Map, Value, json};

use self::requests::Requests;
use crate::{
    SESSION_TOKEN,
    api::{self, Api},
    caching_proxy::CachingProxy,
};

/// The default number of rounds: each has one cold start, which counts for as much as dozens of warm requests.
pub const ROUNDS: usize = 4;

/// How long the functions may take to write their profiles.
const EXIT_TIMEOUT: Duration = Duration::from_secs(60);

/// The functions to train, and how.
pub struct Plan<'a> {
    pub template: &'a Template,
    pub endpoint: &'a str,
    /// All functions and operator-key; functions that are not in `functions` run from here.
    pub seeding: &'a Path,
    pub functions: &'a Path,
    pub work: &'a Path,
    /// The command that runs a function: an emulator of another processor, with its options.
    pub runner: Option<&'a str>,
    /// How many times all requests are sent, each time to new processes.
    pub rounds: usize,
}

/// Trains the functions; returns the number of requests by function. The profiles are in `<work>/raw`.
pub async fn train(plan: &Plan<'_>) -> Result<Map<String, Value>> {
    let table = format!("training-{}", std::process::id());
    let engine = Endpoint::new(plan.endpoint);
    engine.create_table(plan.template, &table).await?;
    let proxy = FaultProxy::start(plan.endpoint, Vec::new()).await?;
    let store = CachingProxy::start(&proxy.url(), Some(plan.work)).await?;
    let (raw, binaries) = (plan.work.join("raw"), plan.work.join("trained"));
    for folder in [&raw, &binaries] {
        let _ = fs::remove_dir_all(folder);
        fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    }
    for function in &plan.template.functions {
        put(plan, &binaries, &function.name)?;
    }
    let mut environment: BTreeMap<String, String> = store.environment().collect();
    environment.insert("AWS_SESSION_TOKEN".to_owned(), SESSION_TOKEN.repeat(60));
    environment.insert("LLVM_PROFILE_FILE".to_owned(), raw.join("%p.profraw").display().to_string());
    let operator = keys::operator_key(plan.seeding, plan.endpoint, &table, "bench").await?;
    keys::signing_key(plan.seeding, plan.endpoint, &table).await?;

    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for round in 1..=plan.rounds {
        let lambda = api::functions(plan.template, &table, &binaries, 1, &environment).await?;
        let api = Api::start(plan.template, lambda.clone()).await?;
        let requests = Requests { api: &api, proxy: &proxy, operator: &operator, round };
        let sent = requests.all().await;
        sent.map_err(|error| {
            Error::new(format!("{error}; the functions' last lines:\n{}", last_lines(&lambda.log_text())))
        })?;
        sweep(&lambda).await?;
        for function in &plan.template.functions {
            *counts.entry(function.name.clone()).or_default() += lambda.invocations(&function.name);
        }
        lambda.hang_up(EXIT_TIMEOUT).await?;
    }
    engine.delete_table(&table).await?;
    match counts.iter().find(|(_, count)| **count == 0) {
        Some((function, _)) => Err(Error::new(format!("no request of the training reaches {function}"))),
        None => Ok(counts.into_iter().map(|(function, count)| (function, json!({ "requests": count }))).collect()),
    }
}

fn last_lines(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines.get(lines.len().saturating_sub(5)..).unwrap_or_default().join("\n")
}

/// Invokes the sweep as the schedule does.
async fn sweep(lambda: &Lambda) -> Result<()> {
    let event = json!({"version": "0", "source": "aws.scheduler", "detail-type": "Scheduled Event", "detail": {}});
    let swept = lambda.invoke("sweep-deprovisioned-tenants", event.to_string()).await;
    swept.map(drop).map_err(|error| Error::new(format!("the sweep: {error}")))
}

/// Writes a script `<folder>/<function>/bootstrap` that starts the function: the instrumented one with the runner or, if the function is not
/// trained, the plain one.
fn put(plan: &Plan<'_>, folder: &Path, function: &str) -> Result<()> {
    let trained = crate::binary(plan.functions, function);
    let (runner, program) = match trained.is_file() {
        true => (plan.runner.unwrap_or_default(), trained),
        false => ("", plan.seeding.join(function)),
    };
    let program = program.canonicalize().map_err(|error| failed(&program, &error))?;
    let script = folder.join(function).join("bootstrap");
    let text = format!("#!/bin/sh\nexec {runner} '{}'\n", program.display());
    let written = fs::create_dir_all(folder.join(function))
        .and_then(|()| fs::write(&script, text))
        .and_then(|()| fs::set_permissions(&script, fs::Permissions::from_mode(0o755)));
    written.map_err(|error| failed(&script, &error))
}

fn failed(path: &Path, error: &std::io::Error) -> Error {
    Error::new(format!("{}: {error}", path.display()))
}
