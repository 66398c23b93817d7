//! Every process that this program starts ends with it, however it ends: by Ctrl-C, an error, or SIGKILL.
//!
//! Each child leads a process group of its own. A small second copy of this program (the holder) reads the groups' ids from
//! a pipe; when the pipe closes, because this program is gone, it kills the groups that are left, and takes the addresses out of
//! `.local/dev.env` where this program wrote them.
//! Not here: what the processes are.

use std::{
    collections::BTreeSet,
    io::{BufRead, Write},
    os::unix::process::CommandExt,
    process::{ChildStdin, ExitCode, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use tokio::{
    process::{Child, Command},
    time,
};

use crate::{Result, environment};

/// The hidden command under which this program is the holder.
pub const COMMAND: &str = "hold-the-leash";

/// What the holder reads where there is a file of addresses as well.
const ENVIRONMENT: &str = "environment";

/// How long processes may take to end by themselves after SIGTERM.
const GRACE: Duration = Duration::from_secs(2);

/// The process groups that live, here and in the holder.
#[derive(Clone)]
pub struct Leash(Arc<Mutex<Held>>);

struct Held {
    groups: BTreeSet<i32>,
    holder: ChildStdin,
}

impl Leash {
    /// Starts the holder.
    pub fn start() -> Result<Self> {
        let program = std::env::current_exe().map_err(|error| format!("cannot find my own program: {error}"))?;
        let mut holder = std::process::Command::new(program)
            .arg(COMMAND)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| format!("cannot start a second process of mine: {error}"))?;
        let holder = holder.stdin.take().ok_or("the holder has no standard input")?;
        Ok(Self(Arc::new(Mutex::new(Held { groups: BTreeSet::new(), holder }))))
    }

    /// Starts a program as the leader of its own process group, with a closed standard input unless one was set.
    pub fn spawn(&self, command: &mut Command) -> Result<Leashed> {
        let name = command.as_std().get_program().to_string_lossy().into_owned();
        let child = command.process_group(0).spawn().map_err(|error| format!("cannot start {name}: {error}"))?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).ok_or_else(|| format!("{name} ended at once"))?;
        self.tell('+', group);
        Ok(Leashed { child, group, leash: self.clone(), ended: false })
    }

    /// Ends all that is left: SIGTERM, and SIGKILL for those that do not listen.
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

    /// From now on `.local/dev.env` is this program's.
    pub fn retire_environment(&self) {
        let _ = writeln!(self.0.lock().unwrap_or_else(PoisonError::into_inner).holder, "{ENVIRONMENT}");
    }

    fn signal(&self, signal: Signal) {
        for group in self.groups() {
            send(group, signal);
        }
    }

    fn any(&self) -> bool {
        self.groups().into_iter().filter_map(Pid::from_raw).any(|group| test_kill_process_group(group).is_ok())
    }

    fn groups(&self) -> BTreeSet<i32> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).groups.clone()
    }

    fn tell(&self, sign: char, group: i32) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match sign {
            '+' => held.groups.insert(group),
            _ => held.groups.remove(&group),
        };
        // Should the holder be gone, all but SIGKILL still works.
        let _ = writeln!(held.holder, "{sign}{group}");
    }
}

/// A running program; it and all that it started end when this is dropped.
pub struct Leashed {
    /// The program itself, for its pipes.
    pub child: Child,
    group: i32,
    leash: Leash,
    ended: bool,
}

impl Leashed {
    /// Waits until the program ends.
    pub async fn wait(&mut self) -> Result<ExitStatus> {
        let status = self.child.wait().await.map_err(|error| format!("cannot wait for a process: {error}"))?;
        self.ended = true;
        self.leash.tell('-', self.group);
        Ok(status)
    }
}

impl Drop for Leashed {
    fn drop(&mut self) {
        if !self.ended {
            send(self.group, Signal::KILL);
            self.leash.tell('-', self.group);
        }
    }
}

/// A group that is gone already is as good as one that got the signal.
fn send(group: i32, signal: Signal) {
    if let Some(group) = Pid::from_raw(group) {
        let _ = kill_process_group(group, signal);
    }
}

/// The holder: remembers the groups named on its standard input and kills what is left when that closes.
pub fn hold() -> ExitCode {
    let (mut groups, mut has_environment) = (BTreeSet::new(), false);
    for line in std::io::stdin().lock().lines().map_while(|line| line.ok()) {
        has_environment |= line == ENVIRONMENT;
        match (line.strip_prefix('+').map(str::parse::<i32>), line.strip_prefix('-').map(str::parse::<i32>)) {
            (Some(Ok(group)), _) => groups.insert(group),
            (_, Some(Ok(group))) => groups.remove(&group),
            _ => false,
        };
    }
    for group in groups {
        send(group, Signal::KILL);
    }
    if has_environment {
        let _ = environment::retire_dead();
    }
    ExitCode::SUCCESS
}
