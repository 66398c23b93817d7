//! Every process that this program starts ends with it, however it ends: by Ctrl-C, an error, or SIGKILL.
//!
//! Each child leads a process group of its own. A second copy of this program, the watchdog, reads the groups' ids from a pipe. When the
//! pipe closes, because this program is gone, the watchdog kills the groups that are left.
//! Not here: what the processes are.

use std::{
    collections::BTreeSet,
    io::{BufRead, Write},
    os::unix::process::CommandExt,
    process::{ChildStdin, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use tokio::{
    process::{Child, Command},
    signal::unix::{SignalKind, signal},
    time,
};

use crate::{Result, tree};

/// The hidden command under which this program is the watchdog.
pub const COMMAND: &str = "watch-process-groups";

/// The line by which the watchdog learns that there is a file of addresses.
const ENVIRONMENT: &str = "environment";

/// How long processes may take to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(2);

/// The process groups that run, here and in the watchdog.
#[derive(Clone)]
pub struct ProcessGroups(Arc<Mutex<Running>>);

struct Running {
    ids: BTreeSet<i32>,
    watchdog: ChildStdin,
}

impl ProcessGroups {
    /// Starts the watchdog.
    pub fn start() -> Result<Self> {
        let mut watchdog = std::process::Command::new(tree::this_program()?)
            .arg(COMMAND)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| format!("cannot start a second process of mine: {error}"))?;
        let watchdog = watchdog.stdin.take().ok_or("the watchdog has no standard input")?;
        Ok(Self(Arc::new(Mutex::new(Running { ids: BTreeSet::new(), watchdog }))))
    }

    /// Starts a program as the leader of its own process group, with a closed standard input unless one was set.
    pub fn spawn(&self, command: &mut Command) -> Result<ProcessGroup> {
        let name = command.as_std().get_program().to_string_lossy().into_owned();
        let child = command.process_group(0).spawn().map_err(|error| format!("cannot start {name}: {error}"))?;
        let id = child.id().and_then(|id| i32::try_from(id).ok()).ok_or_else(|| format!("{name} ended at once"))?;
        self.add(id);
        Ok(ProcessGroup { child, id, groups: self.clone(), ended: false })
    }

    /// Ends all groups that are left: SIGTERM, then SIGKILL for those that ignore it.
    pub async fn end_all(&self) {
        self.signal(Signal::TERM);
        let _ = time::timeout(GRACE, async {
            while self.any() {
                time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
        self.signal(Signal::KILL);
    }

    /// From now on `.local/dev.env` belongs to this program.
    pub fn retire_environment(&self) {
        let _ = writeln!(self.running().watchdog, "{ENVIRONMENT}");
    }

    fn signal(&self, signal: Signal) {
        for id in self.ids() {
            send(id, signal);
        }
    }

    fn any(&self) -> bool {
        self.ids().into_iter().filter_map(Pid::from_raw).any(|id| test_kill_process_group(id).is_ok())
    }

    fn ids(&self) -> BTreeSet<i32> {
        self.running().ids.clone()
    }

    // If the watchdog is gone, everything but SIGKILL still works: write errors are ignored.
    fn add(&self, id: i32) {
        let mut running = self.running();
        running.ids.insert(id);
        let _ = writeln!(running.watchdog, "+{id}");
    }

    fn remove(&self, id: i32) {
        let mut running = self.running();
        running.ids.remove(&id);
        let _ = writeln!(running.watchdog, "-{id}");
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Running> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running program; it and all that it started are killed when this is dropped.
pub struct ProcessGroup {
    /// The program itself, for its pipes.
    pub child: Child,
    id: i32,
    groups: ProcessGroups,
    ended: bool,
}

impl ProcessGroup {
    /// Waits until the program ends.
    pub async fn wait(&mut self) -> Result<ExitStatus> {
        let status = self.child.wait().await.map_err(|error| format!("cannot wait for a process: {error}"))?;
        self.ended = true;
        self.groups.remove(self.id);
        Ok(status)
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if !self.ended {
            send(self.id, Signal::KILL);
            self.groups.remove(self.id);
        }
    }
}

/// Resolves on SIGINT (Ctrl-C), SIGTERM or SIGHUP.
pub async fn interrupted() {
    let wait = async |kind| match signal(kind) {
        Ok(mut signal) => signal.recv().await,
        Err(_) => std::future::pending().await,
    };
    tokio::select! {
        _ = wait(SignalKind::interrupt()) => {}
        _ = wait(SignalKind::terminate()) => {}
        _ = wait(SignalKind::hangup()) => {}
    }
}

/// Errors are ignored: the group may have ended already.
fn send(id: i32, signal: Signal) {
    if let Some(id) = Pid::from_raw(id) {
        let _ = kill_process_group(id, signal);
    }
}

/// The watchdog: keeps the ids that it reads from standard input, and kills the groups that are left when it closes. Returns whether
/// `.local/dev.env` belonged to the program that is gone.
pub fn watch() -> bool {
    let (mut ids, mut has_environment) = (BTreeSet::new(), false);
    for line in std::io::stdin().lock().lines().map_while(|line| line.ok()) {
        has_environment |= line == ENVIRONMENT;
        match (line.strip_prefix('+').map(str::parse::<i32>), line.strip_prefix('-').map(str::parse::<i32>)) {
            (Some(Ok(id)), _) => ids.insert(id),
            (_, Some(Ok(id))) => ids.remove(&id),
            _ => false,
        };
    }
    for id in ids {
        send(id, Signal::KILL);
    }
    has_environment
}
