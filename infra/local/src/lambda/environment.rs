//! An execution environment: one process of a function and the event it works on.

use std::{
    io,
    net::SocketAddr,
    path::PathBuf,
    process::Stdio,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hyper::body::Bytes;
use tokio::{
    process::{Child, Command},
    sync::{Notify, mpsc, oneshot, watch},
    time,
};

use super::{InvokeError, Options, log::Log};
use crate::{
    Error, Result,
    error::{Context, lock},
    template::logical_id,
};

pub(super) type Outcome = Result<Bytes, InvokeError>;

/// The process ended before it took the event: how.
pub(super) struct NotTaken(pub String);

/// One event on its way to a process.
pub(super) struct Invocation {
    pub id: String,
    pub payload: Bytes,
    pub taken: oneshot::Sender<()>,
    pub done: oneshot::Sender<Outcome>,
}

/// The state of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Starting,
    Ready,
    Exited(String),
}

/// One process.
pub(super) struct Environment {
    pub id: String,
    pub function: String,
    pub pid: u32,
    /// How long it may work on an event.
    pub timeout: Duration,
    pub phase: watch::Sender<Phase>,
    pub queue: tokio::sync::Mutex<mpsc::UnboundedReceiver<Invocation>>,
    pub current: Mutex<Option<(String, oneshot::Sender<Outcome>)>>,
    events: mpsc::UnboundedSender<Invocation>,
    kill: Notify,
}

/// The process of an environment, and its output.
pub(super) struct Process {
    child: Child,
    /// Resolves when the output has ended.
    written: oneshot::Receiver<()>,
    /// What it wrote last.
    tail: Arc<Mutex<String>>,
}

impl Environment {
    /// Starts a process, which then asks the Runtime API for events. [`wait`](Self::wait) has to be called with it.
    pub fn spawn(function: &str, options: &Options, runtime: SocketAddr, log: &Log) -> Result<(Arc<Self>, Process)> {
        static COUNT: AtomicU64 = AtomicU64::new(1);
        let id = format!("{function}-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let mut command = Command::new(binary(options, function)?);
        command.env_clear().envs(variables(function, &id, options, runtime));
        let (output, input) = io::pipe().context(|| "cannot make a pipe".to_owned())?;
        let errors = input.try_clone().context(|| "cannot make a pipe".to_owned())?;
        command.stdin(Stdio::null()).stdout(input).stderr(errors).kill_on_drop(true);
        let child = command.spawn().context(|| format!("cannot start {function}"))?;
        // `command` holds the pipe's other end open.
        drop(command);
        let pid = child.id().ok_or_else(|| Error::new(format!("{function} ended at once")))?;
        let tail = Arc::new(Mutex::new(String::new()));
        let written = log.follow(function, output, tail.clone());
        let (events, queue) = mpsc::unbounded_channel();
        let environment = Arc::new(Self {
            id,
            function: function.to_owned(),
            pid,
            timeout: options.timeout_of(function),
            phase: watch::Sender::new(Phase::Starting),
            queue: queue.into(),
            current: Mutex::default(),
            events,
            kill: Notify::new(),
        });
        Ok((environment, Process { child, written, tail }))
    }

    /// Waits until the process ends; how it ended, and what it wrote last.
    pub async fn wait(&self, mut process: Process) -> String {
        let how = loop {
            tokio::select! {
                status = process.child.wait() => {
                    break status.map_or_else(|error| error.to_string(), |status| status.to_string());
                }
                () = self.kill.notified() => drop(process.child.start_kill()),
            }
        };
        // A grandchild may hold the pipe open.
        let _ = time::timeout(Duration::from_millis(500), process.written).await;
        format!("{how}\n{}", lock(&process.tail)).trim_end().to_owned()
    }

    /// Marks the environment as ended.
    pub fn exit(&self, how: String) {
        self.phase.send_replace(Phase::Exited(how));
    }

    /// Whether the process runs.
    pub fn is_alive(&self) -> bool {
        !matches!(*self.phase.borrow(), Phase::Exited(_))
    }

    /// SIGKILL, soon.
    pub fn kill(&self) {
        self.kill.notify_one();
    }

    /// Waits for the first request for an event.
    pub async fn ready(&self, patience: Duration) -> Result<(), InvokeError> {
        let mut phase = self.phase.subscribe();
        let reached = phase.wait_for(|phase| *phase != Phase::Starting);
        match time::timeout(patience, reached).await.map(|reached| reached.map(|phase| phase.clone())) {
            Ok(Ok(Phase::Exited(how))) => Err(InvokeError::Exited(how)),
            Ok(_) => Ok(()),
            Err(_) => {
                self.kill();
                Err(InvokeError::TimedOut)
            }
        }
    }

    /// Passes an event to the process and waits for its outcome. The timeout starts when the process takes the event.
    pub async fn invoke(&self, id: &str, payload: Bytes, init_timeout: Duration) -> Result<Outcome, NotTaken> {
        let id = id.to_owned();
        let ((taken, was_taken), (done, mut was_done)) = (oneshot::channel(), oneshot::channel());
        let gone = || InvokeError::Failed("the environment is gone".to_owned());
        self.events.send(Invocation { id, payload, taken, done }).map_err(|_| NotTaken(gone().to_string()))?;
        tokio::select! {
            how = self.exited() => return Err(NotTaken(how)),
            () = time::sleep(init_timeout) => return Ok(Err(self.time_out().await)),
            taken = was_taken => taken.map_err(|_| NotTaken(gone().to_string()))?,
        }
        Ok(tokio::select! {
            // A response counts, even if the process ends right after it.
            biased;
            outcome = &mut was_done => outcome.unwrap_or_else(|_| Err(gone())),
            how = self.exited() => Err(InvokeError::Exited(how)),
            () = time::sleep(self.timeout) => Err(self.time_out().await),
        })
    }

    async fn time_out(&self) -> InvokeError {
        self.kill();
        self.exited().await;
        InvokeError::TimedOut
    }

    /// Waits for the process's end.
    async fn exited(&self) -> String {
        let mut phase = self.phase.subscribe();
        let exited = phase.wait_for(|phase| matches!(phase, Phase::Exited(_))).await.map(|phase| phase.clone());
        match exited {
            Ok(Phase::Exited(how)) => how,
            _ => String::new(),
        }
    }
}

/// The binary of a function, as cargo or as cargo-lambda puts it.
fn binary(options: &Options, function: &str) -> Result<PathBuf> {
    let plain = options.binaries.join(function);
    let candidates = [plain.join("bootstrap"), plain];
    let found = candidates.into_iter().find(|path| path.is_file());
    found.ok_or_else(|| Error::new(format!("there is no binary {function} in {}", options.binaries.display())))
}

/// Lambda's own variables, then those of the template.
fn variables(function: &str, id: &str, options: &Options, runtime: SocketAddr) -> Vec<(String, String)> {
    let path = std::env::var("PATH").unwrap_or_default();
    let lambda = [
        ("PATH", path),
        ("TZ", ":UTC".to_owned()),
        // The runtime client accepts a path only behind a scheme.
        ("AWS_LAMBDA_RUNTIME_API", format!("http://{runtime}/{id}")),
        ("AWS_LAMBDA_FUNCTION_NAME", function.to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128".to_owned()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{function}")),
        ("AWS_LAMBDA_LOG_STREAM_NAME", id.to_owned()),
        ("AWS_REGION", "eu-central-1".to_owned()),
        ("AWS_DEFAULT_REGION", "eu-central-1".to_owned()),
        // DynamoDB Local wants letters and digits; the fault proxy reads the function's name from it.
        ("AWS_ACCESS_KEY_ID", logical_id(function)),
        ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
        // Each process has its own, as on AWS: it identifies the process in requests to DynamoDB.
        ("AWS_SESSION_TOKEN", id.to_owned()),
        ("LAMBDA_TASK_ROOT", options.binaries.display().to_string()),
        ("LAMBDA_RUNTIME_DIR", options.binaries.display().to_string()),
        ("_HANDLER", "bootstrap".to_owned()),
    ];
    let own = options.environment.get(function).into_iter().flatten();
    let own = own.map(|(name, value)| (name.clone(), value.clone()));
    lambda.map(|(name, value)| (name.to_owned(), value)).into_iter().chain(own).collect()
}
