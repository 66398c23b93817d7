//! A Lambda emulator: it runs real function binaries, each process an execution environment, by the Lambda Runtime API.
//!
//! Unlike cargo-lambda it gives real deadlines, kills at the timeout and keeps Lambda's limits. Invariant: an environment works on one event at a time; dropping the last clone kills all processes.
//! Not here: building the binaries, asynchronous invocations, retries.

mod environment;
mod log;
mod registry;
mod report;
mod runtime;

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use hyper::body::Bytes;
use tokio::{process::Command, sync::Semaphore};

use self::{
    environment::{Environment, NotTaken},
    log::Log,
    registry::Registry,
    runtime::Runtime,
};
pub use self::{log::Output, registry::Taken};
use crate::{
    Error, Result,
    error::{Context, lock},
};

/// The largest event that Lambda takes.
pub const MAX_EVENT: usize = 6_291_556;

/// Why an invocation gave no response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvokeError {
    /// The function did not answer in time and was killed.
    TimedOut,
    /// The process ended: how, and what it wrote last.
    Exited(String),
    /// The function's own error, as it reported it to the runtime.
    Function(String),
    /// The event or the response is larger than Lambda takes.
    TooLarge,
    /// No process could be started.
    Failed(String),
}

impl fmt::Display for InvokeError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => out.write_str("the function timed out"),
            Self::Exited(how) => write!(out, "the function's process ended: {how}"),
            Self::Function(error) => write!(out, "the function failed: {error}"),
            Self::TooLarge => out.write_str("the event or the response is too large"),
            Self::Failed(why) => out.write_str(why),
        }
    }
}

impl std::error::Error for InvokeError {}

impl From<Error> for InvokeError {
    fn from(error: Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// The value of the header `lambda-runtime-deadline-ms`. The process is killed at the timeout in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// The moment at which the process is killed, as on AWS.
    Timeout,
    /// So long after the event was taken.
    In(Duration),
    /// Milliseconds since 1970, always the same; 600000 in cargo-lambda.
    Fixed(u64),
}

/// How functions are run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder with the binaries: `<name>`, or `<name>/bootstrap` as cargo-lambda builds them.
    pub binaries: PathBuf,
    /// The environment variables of each function, besides Lambda's own.
    pub environment: BTreeMap<String, BTreeMap<String, String>>,
    /// How many environments a function may have; more events than that wait.
    pub concurrency: usize,
    /// How long a function may work on an event, unless `timeouts` has a time of its own for it.
    pub timeout: Duration,
    /// The timeouts of single functions.
    pub timeouts: BTreeMap<String, Duration>,
    /// How long a process may take until it asks for its first event.
    pub init_timeout: Duration,
    /// The deadline that functions see.
    pub deadline: Deadline,
    /// Where their output is kept, besides memory.
    pub log_file: Option<PathBuf>,
    /// Receives their output, line by line. Where this is set, nothing is kept in memory or written to `log_file`.
    pub output: Option<Output>,
}

impl Options {
    /// Eight environments, 10 s as in the template, real deadlines.
    pub fn new(binaries: impl Into<PathBuf>) -> Self {
        Self {
            binaries: binaries.into(),
            environment: BTreeMap::new(),
            concurrency: 8,
            timeout: Duration::from_secs(10),
            timeouts: BTreeMap::new(),
            init_timeout: Duration::from_secs(30),
            deadline: Deadline::Timeout,
            log_file: None,
            output: None,
        }
    }

    fn timeout_of(&self, function: &str) -> Duration {
        self.timeouts.get(function).copied().unwrap_or(self.timeout)
    }
}

/// Running functions. Clones are the same; the last one that is dropped kills the processes.
#[derive(Clone)]
pub struct Lambda(Arc<Inner>);

struct Inner {
    options: Options,
    deadline: Arc<Mutex<Deadline>>,
    registry: Arc<Registry>,
    runtime: Runtime,
    log: Log,
    pools: Mutex<HashMap<String, Arc<Pool>>>,
}

/// The environments of one function.
struct Pool {
    function: String,
    free: Semaphore,
    idle: Mutex<Vec<Arc<Environment>>>,
    invocations: AtomicU64,
}

impl Lambda {
    /// Starts the Runtime API; processes start when they are needed.
    pub async fn start(options: Options) -> Result<Self> {
        let log = Log::new(options.log_file.as_deref(), options.output.clone())?;
        let deadline = Arc::new(Mutex::new(options.deadline));
        let registry = Arc::new(Registry::new(options.output.is_none()));
        let runtime = Runtime::start(registry.clone(), deadline.clone()).await?;
        let pools = Mutex::default();
        Ok(Self(Arc::new(Inner { options, deadline, registry, runtime, log, pools })))
    }

    /// Invokes a function, by the name of its binary, and waits for its response. An invocation once begun goes on, also
    /// when this future is dropped.
    pub async fn invoke(&self, function: &str, payload: impl Into<Bytes>) -> Result<Bytes, InvokeError> {
        self.invoke_as(function, payload, &new_request_id()).await
    }

    /// The same with this request id, of [`new_request_id`].
    pub async fn invoke_as(&self, function: &str, payload: impl Into<Bytes>, id: &str) -> Result<Bytes, InvokeError> {
        let (this, pool, payload, id) = (self.clone(), self.pool(function), payload.into(), id.to_owned());
        if payload.len() > MAX_EVENT {
            return Err(InvokeError::TooLarge);
        }
        let work = tokio::spawn(async move {
            let _turn = pool.free.acquire().await.map_err(|error| InvokeError::Failed(error.to_string()))?;
            pool.invocations.fetch_add(1, Ordering::Relaxed);
            let started = Instant::now();
            let outcome = loop {
                let idle = pool.take();
                let fresh = idle.is_none();
                let environment = idle.map_or_else(|| this.spawn(&pool), Ok)?;
                let options = &this.0.options;
                match environment.invoke(&id, payload.clone(), options.init_timeout).await {
                    Ok(outcome) => {
                        if environment.is_alive() {
                            lock(&pool.idle).push(environment);
                        }
                        break outcome;
                    }
                    Err(NotTaken(how)) if fresh => break Err(InvokeError::Exited(how)),
                    // It ended while it was idle: another one takes the event.
                    Err(NotTaken(_)) => {}
                }
            };
            for line in outcome.as_ref().err().map_or_else(Vec::new, |error| report::lines(&id, error, started)) {
                this.0.log.add(&pool.function, &line);
            }
            outcome
        });
        work.await.map_err(|error| InvokeError::Failed(error.to_string()))?
    }

    /// Starts processes of a function until `count` are idle, and waits until they have asked for an event: the end of their cold start.
    pub async fn warm(&self, function: &str, count: usize) -> Result<(), InvokeError> {
        let pool = self.pool(function);
        if count > self.0.options.concurrency {
            return Err(InvokeError::Failed(format!("{count} environments are more than the options allow")));
        }
        let turns = u32::try_from(count).unwrap_or(u32::MAX);
        let _turns = pool.free.acquire_many(turns).await.map_err(|error| InvokeError::Failed(error.to_string()))?;
        let mut ready = Vec::new();
        while ready.len() < count {
            let idle = pool.take();
            ready.push(idle.map_or_else(|| self.spawn(&pool), Ok)?);
        }
        for environment in &ready {
            environment.ready(self.0.options.init_timeout).await?;
        }
        lock(&pool.idle).append(&mut ready);
        Ok(())
    }

    /// Closes the Runtime API and waits until every process has ended by itself, so that its exit handlers have run. An error after
    /// `patience`.
    pub async fn hang_up(&self, patience: Duration) -> Result<()> {
        self.0.runtime.close();
        let ended = async {
            while self.0.registry.any() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let late = |_| Error::new(format!("processes are still there after {} s", patience.as_secs()));
        tokio::time::timeout(patience, ended).await.map_err(late)
    }

    /// The ids of a function's running processes.
    pub fn processes(&self, function: &str) -> Vec<u32> {
        self.0.registry.of(function).iter().map(|environment| environment.pid).collect()
    }

    /// How many invocations of a function have begun.
    pub fn invocations(&self, function: &str) -> u64 {
        self.pool(function).invocations.load(Ordering::Relaxed)
    }

    /// Every event that a process took, in that order.
    pub fn taken(&self) -> Vec<Taken> {
        self.0.registry.taken()
    }

    /// Changes the deadline that functions see, from their next event on.
    pub fn set_deadline(&self, deadline: Deadline) {
        *lock(&self.0.deadline) = deadline;
    }

    /// The output of all processes. A line may arrive a moment after it was written.
    pub fn log_text(&self) -> String {
        self.0.log.text()
    }

    /// The log as soon as it holds this text; an error after five seconds.
    pub async fn log_with(&self, text: &str) -> Result<String> {
        self.0.log.with(text, Duration::from_secs(5)).await
    }

    fn pool(&self, function: &str) -> Arc<Pool> {
        let mut pools = lock(&self.0.pools);
        let new = || Pool {
            function: function.to_owned(),
            free: Semaphore::new(self.0.options.concurrency),
            idle: Mutex::default(),
            invocations: AtomicU64::new(0),
        };
        pools.entry(function.to_owned()).or_insert_with(|| Arc::new(new())).clone()
    }

    fn spawn(&self, pool: &Pool) -> Result<Arc<Environment>> {
        let inner = &self.0;
        inner.registry.start(&pool.function, &inner.options, inner.runtime.address(), &inner.log)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.registry.kill_all();
    }
}

impl Pool {
    /// The one used last, as on Lambda.
    fn take(&self) -> Option<Arc<Environment>> {
        let mut idle = lock(&self.idle);
        idle.retain(|environment| environment.is_alive());
        idle.pop()
    }
}

/// A request id as Lambda makes them. No two are equal.
pub fn new_request_id() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    format!("00000000-0000-4000-8000-{:012x}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Sends a signal, such as `STOP`, `CONT` or `KILL`, to a process. After `KILL` the process is gone.
pub async fn kill(pid: u32, signal: &str) -> Result<()> {
    let status = Command::new("kill").arg(format!("-{signal}")).arg(pid.to_string()).status().await;
    let status = status.context(|| "cannot run `kill`".to_owned())?;
    if !status.success() {
        return Err(Error::new(format!("process {pid} does not take the signal {signal}")));
    }
    // A dead process that its parent has not waited for yet has the state Z (zombie); its connections are closed when its last
    // thread has ended. Without /proc this does not wait.
    let process = PathBuf::from(format!("/proc/{pid}"));
    let lives = || {
        let threads = std::fs::read_dir(process.join("task")).map_or(0, Iterator::count);
        threads > 1 || std::fs::read_to_string(process.join("stat")).is_ok_and(|stat| !stat.contains(") Z "))
    };
    while signal == "KILL" && lives() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
