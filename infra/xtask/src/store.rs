//! The DynamoDB endpoint that a run works on: the embedded engine, DynamoDB Local by Docker, or one that is already there.
//!
//! Invariant: what was started here ends with the run. Not here: tables.

use std::{
    path::PathBuf,
    process::Stdio,
    str::FromStr,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpStream,
    process::{ChildStdin, Command},
    time,
};

use crate::{
    Result,
    cargo::Programs,
    process_group::{ProcessGroup, ProcessGroups},
    progress::{note, step},
    tools,
};

/// The official image. Its licence is AWS's own, so it is only ever fetched by the user's own Docker engine.
const DYNAMODB_LOCAL: &str = "amazon/dynamodb-local:3.1.0";

/// DynamoDB Local takes about three seconds; more on a busy machine.
const READY: Duration = Duration::from_secs(60);

/// How often a store that was not started here is checked.
const LOOK: Duration = Duration::from_secs(1);

/// How long it may refuse connections, as during a restart.
const GONE: Duration = Duration::from_secs(5);

/// The store that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// DynamoDB Local where a Docker engine runs, else the embedded engine.
    Any,
    /// `infra/embedded-store`.
    Embedded,
    /// DynamoDB Local by Docker.
    DynamoDbLocal,
    /// An engine at this URL.
    Endpoint(String),
}

impl Choice {
    /// `--store` of the tests, else `DYNAMODB_ENDPOINT`, else what can be had here.
    pub fn of_tests(option: Option<Self>) -> Result<Self> {
        Self::choose(option, std::env::var("DYNAMODB_ENDPOINT").ok())
    }

    fn choose(option: Option<Self>, endpoint: Option<String>) -> Result<Self> {
        match (option, endpoint.filter(|endpoint| !endpoint.is_empty())) {
            (Some(choice), _) => Ok(choice),
            (None, Some(endpoint)) => endpoint.parse().map_err(|error| format!("DYNAMODB_ENDPOINT: {error}")),
            (None, None) => Ok(Self::Any),
        }
    }

    /// What is started; `docker` says whether a Docker engine runs.
    fn engine(&self, docker: bool) -> Result<Engine> {
        match self {
            Self::Endpoint(endpoint) => Ok(Engine::Endpoint(endpoint.clone())),
            Self::Embedded => Ok(Engine::Embedded),
            Self::Any if !docker => Ok(Engine::Embedded),
            Self::Any | Self::DynamoDbLocal if docker => Ok(Engine::DynamoDbLocal),
            _ => Err("no Docker engine runs here, by which DynamoDB Local is started: start one, or set DYNAMODB_ENDPOINT to \
                      the URL of a DynamoDB Local of your own"
                .to_owned()),
        }
    }
}

/// The engine of a run.
#[derive(Debug, PartialEq, Eq)]
enum Engine {
    Embedded,
    DynamoDbLocal,
    Endpoint(String),
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(word: &str) -> Result<Self> {
        match word {
            "embedded" => Ok(Self::Embedded),
            "dynamodb-local" => Ok(Self::DynamoDbLocal),
            url if url.strip_prefix("http://").is_some_and(|host| host.contains(':')) => {
                Ok(Self::Endpoint(url.trim_end_matches('/').to_owned()))
            }
            _ => Err("it is embedded, dynamodb-local or http://HOST:PORT".to_owned()),
        }
    }
}

/// A store that answers.
pub struct Store {
    /// Its URL.
    pub endpoint: String,
    /// A container, which does not end with the client that started it.
    container: Option<String>,
    /// What was started here; dropping it ends it.
    process: Option<ProcessGroup>,
    /// The embedded store ends when this closes.
    _input: Option<ChildStdin>,
}

impl Store {
    /// Waits until it ends or, if it was not started here, until nothing answers at its address; returns the error message.
    pub async fn ended(&mut self) -> String {
        let endpoint = &self.endpoint;
        match &mut self.process {
            Some(process) => match process.wait().await {
                Ok(status) => format!("the store at {endpoint} ended ({status})"),
                Err(error) => error,
            },
            None => {
                let address = address(endpoint);
                while answers(&address, GONE).await.is_ok() {
                    time::sleep(LOOK).await;
                }
                format!("the store at {endpoint} does not answer any more")
            }
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if let Some(container) = &self.container {
            let _ = std::process::Command::new("docker").args(["rm", "-f", container]).stdout(Stdio::null()).status();
        }
    }
}

/// Starts the store that was chosen, waits until it answers, and notes which it is. The embedded engine is one of `programs`; it keeps its
/// data in `file`, or in memory.
pub async fn start(
    groups: &ProcessGroups,
    choice: &Choice,
    programs: &Programs,
    file: Option<PathBuf>,
) -> Result<Store> {
    let may_be_docker = matches!(choice, Choice::Any | Choice::DynamoDbLocal);
    let engine = choice.engine(may_be_docker && docker_runs().await)?;
    let (name, store) = match &engine {
        Engine::Endpoint(endpoint) => {
            answers(&address(endpoint), GONE).await.map_err(|_| format!("nothing answers at {endpoint}"))?;
            let store = Store { endpoint: endpoint.clone(), container: None, process: None, _input: None };
            ("an engine of your own", store)
        }
        Engine::Embedded => ("the embedded engine", embedded(groups, programs, file).await?),
        Engine::DynamoDbLocal => (DYNAMODB_LOCAL, by_docker(groups).await?),
    };
    note(&format!("the store is {name}, at {}", store.endpoint));
    Ok(store)
}

async fn embedded(groups: &ProcessGroups, programs: &Programs, file: Option<PathBuf>) -> Result<Store> {
    let program = programs.get("embedded-store").ok_or("cargo made no program embedded-store")?;
    let mut command = Command::new(program);
    if let Some(file) = file {
        command.arg("--file").arg(file);
    }
    let mut process = groups.spawn(command.stdin(Stdio::piped()).stdout(Stdio::piped()))?;
    let input = process.child.stdin.take();
    let output = process.child.stdout.take().ok_or("the embedded store has no output")?;
    let first = BufReader::new(output).lines().next_line().await.ok().flatten();
    let endpoint = first.ok_or("the embedded store ended; what it said is above")?;
    Ok(Store { endpoint, container: None, process: Some(process), _input: input })
}

/// `host:port` of a URL.
fn address(endpoint: &str) -> String {
    endpoint.trim_start_matches("http://").to_owned()
}

async fn docker_runs() -> bool {
    let mut info = Command::new("docker");
    info.args(["info"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    matches!(time::timeout(Duration::from_secs(5), info.status()).await, Ok(Ok(status)) if status.success())
}

async fn by_docker(groups: &ProcessGroups) -> Result<Store> {
    let mut inspect = Command::new("docker");
    inspect.args(["image", "inspect", DYNAMODB_LOCAL]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if !inspect.status().await.is_ok_and(|status| status.success()) {
        let mut pull = Command::new("docker");
        pull.args(["pull", "--quiet", DYNAMODB_LOCAL]);
        let pulled = step(&format!("fetching {DYNAMODB_LOCAL}"), tools::run(groups, &mut pull)).await;
        pulled.map_err(|error| format!("{error}; --store embedded needs no image"))?;
    }
    let port = free_port()?;
    let name = format!("tenancy-dynamodb-local-{port}");
    let mut command = Command::new("docker");
    command.args(["run", "--rm", "--name", &name, "--publish", &format!("127.0.0.1:{port}:8000")]);
    command.args([DYNAMODB_LOCAL, "-jar", "DynamoDBLocal.jar", "-inMemory", "-sharedDb", "-disableTelemetry"]);
    // Its output is dropped; a failure to start is reported below.
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut process = groups.spawn(&mut command)?;
    let address = format!("127.0.0.1:{port}");
    let ready = async {
        tokio::select! {
            ready = answers(&address, READY) => ready,
            status = process.wait() => Err(format!("it ended ({:?}); started as `{}`", status, tools::spell(&command))),
        }
    };
    step("starting DynamoDB Local", ready).await?;
    Ok(Store { endpoint: format!("http://{address}"), container: Some(name), process: Some(process), _input: None })
}

/// A port that was free a moment ago.
pub fn free_port() -> Result<u16> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    listener.map(|address| address.port()).map_err(|error| format!("no free port: {error}"))
}

/// Waits until something accepts connections at `host:port`.
pub async fn answers(address: &str, patience: Duration) -> Result<()> {
    let started = Instant::now();
    while started.elapsed() < patience {
        if TcpStream::connect(address).await.is_ok() {
            return Ok(());
        }
        time::sleep(Duration::from_millis(20)).await;
    }
    Err(format!("nothing answers at {address} after {} s", patience.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_chosen_by_a_word_or_a_url() {
        assert_eq!("embedded".parse(), Ok(Choice::Embedded));
        assert_eq!("dynamodb-local".parse(), Ok(Choice::DynamoDbLocal));
        assert_eq!("http://127.0.0.1:8000/".parse(), Ok(Choice::Endpoint("http://127.0.0.1:8000".to_owned())));
        for word in ["mysql", "http://localhost", "https://localhost:8000"] {
            assert!(word.parse::<Choice>().is_err(), "{word}");
        }
    }

    #[test]
    fn the_option_outranks_the_variable_and_that_what_can_be_had() {
        let url = || Some("http://127.0.0.1:8000".to_owned());
        assert_eq!(Choice::choose(Some(Choice::Embedded), url()), Ok(Choice::Embedded));
        assert_eq!(Choice::choose(None, url()), Ok(Choice::Endpoint("http://127.0.0.1:8000".to_owned())));
        assert_eq!(Choice::choose(None, Some(String::new())), Ok(Choice::Any));
        assert!(
            Choice::choose(None, Some("127.0.0.1:8000".to_owned())).unwrap_err().starts_with("DYNAMODB_ENDPOINT: ")
        );
    }

    #[test]
    fn dynamodb_local_is_started_by_docker_or_not_at_all() {
        assert_eq!(
            (Choice::Any.engine(true), Choice::Any.engine(false)),
            (Ok(Engine::DynamoDbLocal), Ok(Engine::Embedded))
        );
        assert_eq!(Choice::DynamoDbLocal.engine(true), Ok(Engine::DynamoDbLocal));
        let refused = Choice::DynamoDbLocal.engine(false).unwrap_err();
        assert!(refused.contains("Docker") && refused.contains("DYNAMODB_ENDPOINT"), "{refused}");
        assert_eq!(Choice::Embedded.engine(true), Ok(Engine::Embedded));
    }
}
