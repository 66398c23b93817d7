//! The function processes: several of each binary, polling cargo-lambda's Runtime API.
//!
//! Invariant: a process that ends is started again, more slowly each time it ends soon. Each holds at most one event, so
//! requests meet only as far as there are several processes of a function.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant, SystemTime},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::Command,
    task::JoinSet,
    time,
};

use crate::{leash::Leash, progress::note};

/// The first pause before a process that ended is started again; doubled up to `LONGEST_PAUSE`.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// A process that lived this long ended for a reason of its own, not because it cannot start.
const HEALTHY: Duration = Duration::from_secs(10);

/// One function as this machine runs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// The binary's name, which is also the name that events are posted to.
    pub name: String,
    /// The binary.
    pub program: PathBuf,
    /// When it was built: another time is another program.
    pub built: SystemTime,
    /// All of its environment.
    pub environment: Vec<(String, String)>,
}

/// Running processes; dropping it ends them.
pub struct Fleet {
    leash: Leash,
    running: BTreeMap<String, (Function, JoinSet<()>)>,
}

impl Fleet {
    /// No process yet.
    pub fn new(leash: &Leash) -> Self {
        Self { leash: leash.clone(), running: BTreeMap::new() }
    }

    /// Makes it so many processes of each of these functions, and no others. Those that are as before go on running; answers
    /// with the names of those that were started.
    pub fn run(&mut self, functions: &[Function], concurrency: usize) -> Vec<String> {
        self.running.retain(|_, (function, _)| functions.contains(function));
        let mut started = Vec::new();
        for function in functions {
            let entry = self.running.entry(function.name.clone());
            let (_, processes) = entry.or_insert_with(|| (function.clone(), JoinSet::new()));
            if processes.len() < concurrency {
                started.push(function.name.clone());
            }
            while processes.len() < concurrency {
                processes.spawn(keep_running(self.leash.clone(), function.clone()));
            }
        }
        started
    }
}

async fn keep_running(leash: Leash, function: Function) {
    let mut pause = FIRST_PAUSE;
    loop {
        let started = Instant::now();
        let ended = run(&leash, &function).await;
        pause = if started.elapsed() > HEALTHY { FIRST_PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
        note(&format!("{}: {ended}; starting it again in {:.1} s", function.name, pause.as_secs_f64()));
        time::sleep(pause).await;
    }
}

/// One process from its start to its end, in words.
async fn run(leash: &Leash, function: &Function) -> String {
    let mut command = Command::new(&function.program);
    // Nothing of this machine's environment: in Lambda there is none of it either, and no AWS profile leaks in.
    command.env_clear().envs(function.environment.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = match leash.spawn(&mut command) {
        Ok(process) => process,
        Err(error) => return error,
    };
    let (out, err) = (process.child.stdout.take(), process.child.stderr.take());
    let (_, _, status) = tokio::join!(relay(&function.name, out), relay(&function.name, err), process.wait());
    match status {
        Ok(status) => format!("its process ended ({status})"),
        Err(error) => error,
    }
}

/// Shows a process's log lines under the function's name.
async fn relay(name: &str, pipe: Option<impl AsyncRead + Unpin>) {
    let Some(pipe) = pipe else { return };
    let mut lines = BufReader::new(pipe).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        note(&format!("{name} | {line}"));
    }
}
