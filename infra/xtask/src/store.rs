//! The DynamoDB endpoint that a run works on: the embedded engine, the real DynamoDB Local, or one that is already there.
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
    leash::{Leash, Leashed},
    progress::step,
    tools,
};

/// Newer versions' dependencies did not all resolve.
const DYNAMODB_LOCAL: &str = "3.1.0";

/// The first Java that DynamoDB Local 3 runs on.
const JAVA: u32 = 17;

/// DynamoDB Local is ready in about three seconds; a machine busy with other things gets more.
const READY: Duration = Duration::from_secs(60);

/// How often a store that was not started here is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// How long it may refuse connections: it may be started anew.
const GONE: Duration = Duration::from_secs(5);

/// Which store a person asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// `infra/embedded-store`.
    Embedded,
    /// The real one, by Docker or by Java.
    DynamoDbLocal,
    /// Whatever answers there.
    Endpoint(String),
}

impl Choice {
    /// `--store` of the tests: `DYNAMODB_ENDPOINT`, else the real DynamoDB Local.
    pub fn of_tests(option: Option<Self>) -> Result<Self> {
        let endpoint = std::env::var("DYNAMODB_ENDPOINT").ok().filter(|endpoint| !endpoint.is_empty());
        match (option, endpoint) {
            (Some(choice), _) => Ok(choice),
            (None, Some(endpoint)) => endpoint.parse().map_err(|error| format!("DYNAMODB_ENDPOINT: {error}")),
            (None, None) => Ok(Self::DynamoDbLocal),
        }
    }
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(word: &str) -> Result<Self> {
        match word {
            "embedded" => Ok(Self::Embedded),
            "dynamodb-local" => Ok(Self::DynamoDbLocal),
            url if url.starts_with("http://") => Ok(Self::Endpoint(url.trim_end_matches('/').to_owned())),
            _ => Err("--store takes embedded, dynamodb-local or http://HOST:PORT".to_owned()),
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
    process: Option<Leashed>,
    /// The embedded store ends when this closes.
    _input: Option<ChildStdin>,
}

impl Store {
    /// Waits until it ends, which it should not, or for one that was not started here until nothing answers there any more.
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

/// Starts what was chosen and waits until it answers. The embedded engine is one of the programs built before; `file` is where it
/// keeps its data, none = in memory.
pub async fn start(leash: &Leash, choice: &Choice, programs: &Programs, file: Option<PathBuf>) -> Result<Store> {
    match choice {
        Choice::Endpoint(endpoint) => {
            answers(&address(endpoint), GONE).await.map_err(|_| format!("nothing answers at {endpoint}"))?;
            Ok(Store { endpoint: endpoint.clone(), container: None, process: None, _input: None })
        }
        Choice::Embedded => embedded(leash, programs, file).await,
        Choice::DynamoDbLocal if docker_runs().await => by_docker(leash).await,
        Choice::DynamoDbLocal => by_java(leash).await,
    }
}

async fn embedded(leash: &Leash, programs: &Programs, file: Option<PathBuf>) -> Result<Store> {
    let program = programs.get("embedded-store").ok_or("cargo made no program embedded-store")?;
    let mut command = Command::new(program);
    if let Some(file) = file {
        command.arg("--file").arg(file);
    }
    let mut process = leash.spawn(command.stdin(Stdio::piped()).stdout(Stdio::piped()))?;
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

async fn by_docker(leash: &Leash) -> Result<Store> {
    let port = free_port()?;
    let name = format!("tenancy-dynamodb-local-{port}");
    let mut command = Command::new("docker");
    command.args(["run", "--rm", "--name", &name, "--publish", &format!("127.0.0.1:{port}:8000")]);
    command.arg(format!("amazon/dynamodb-local:{DYNAMODB_LOCAL}"));
    command.args(["-jar", "DynamoDBLocal.jar", "-inMemory", "-sharedDb", "-disableTelemetry"]);
    serve(leash, command, port, Some(name)).await
}

async fn by_java(leash: &Leash) -> Result<Store> {
    let java = java().await?;
    let folder = jars(leash).await?;
    let port = free_port()?;
    let mut command = Command::new(java);
    command.arg(format!("-Djava.library.path={}", folder.display())).arg("-cp").arg(folder.join("*"));
    command.args([
        "software.amazon.dynamodb.services.local.main.ServerRunner",
        "-inMemory",
        "-sharedDb",
        "-disableTelemetry",
    ]);
    command.args(["-port", &port.to_string()]);
    serve(leash, command, port, None).await
}

/// Starts a DynamoDB Local; what it prints is of no interest unless it fails to come up.
async fn serve(leash: &Leash, mut command: Command, port: u16, container: Option<String>) -> Result<Store> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut process = leash.spawn(&mut command)?;
    let address = format!("127.0.0.1:{port}");
    let ready = async {
        tokio::select! {
            ready = answers(&address, READY) => ready,
            status = process.wait() => Err(format!("it ended ({:?}); started as `{}`", status, tools::spell(&command))),
        }
    };
    step("starting DynamoDB Local", ready).await?;
    Ok(Store { endpoint: format!("http://{address}"), container, process: Some(process), _input: None })
}

/// The jars of DynamoDB Local, by Maven, from a pom of a dozen lines.
async fn jars(leash: &Leash) -> Result<PathBuf> {
    let pom = format!(
        "<project><modelVersion>4.0.0</modelVersion><groupId>tenancy</groupId><artifactId>dynamodb-local</artifactId>\
         <version>1</version><packaging>pom</packaging><dependencies><dependency><groupId>software.amazon.dynamodb</groupId>\
         <artifactId>DynamoDBLocal</artifactId><version>{DYNAMODB_LOCAL}</version></dependency></dependencies></project>\n"
    );
    let maven = tools::on_path("mvn").ok_or_else(|| missing("Maven is not on PATH"))?;
    let folder = tools::install(&format!("dynamodb-local-{DYNAMODB_LOCAL}"), &pom, |folder| async {
        std::fs::write(folder.join("pom.xml"), &pom).map_err(|error| format!("cannot write pom.xml: {error}"))?;
        let mut command = Command::new(maven);
        command
            .args(["--batch-mode", "--quiet", "dependency:copy-dependencies", "-DoutputDirectory=lib"])
            .current_dir(folder);
        step("fetching DynamoDB Local with Maven", tools::run(leash, &mut command)).await
    })
    .await?;
    Ok(folder.join("lib"))
}

/// A Java that is new enough.
async fn java() -> Result<PathBuf> {
    let java = tools::on_path("java").ok_or_else(|| missing("Java is not on PATH"))?;
    let output =
        Command::new(&java).arg("-version").output().await.map_err(|error| format!("cannot run java: {error}"))?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    match major(&text) {
        Some(version) if version >= JAVA => Ok(java),
        _ => Err(missing(&format!("this Java is too old ({})", text.lines().next().unwrap_or_default()))),
    }
}

/// The major version in what `java -version` prints: `openjdk version "17.0.15" 2025-04-15`.
fn major(text: &str) -> Option<u32> {
    text.split('"').nth(1)?.split(['.', '-', '+']).next()?.parse().ok()
}

fn missing(what: &str) -> String {
    format!(
        "{what}. DynamoDB Local needs a running Docker engine, or Java {JAVA} or newer with Maven (Debian: apt-get install \
         openjdk-17-jre-headless maven). Or set DYNAMODB_ENDPOINT, or choose --store embedded"
    )
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
    fn the_version_of_java_is_understood() {
        assert_eq!(major("openjdk version \"17.0.15\" 2025-04-15\n"), Some(17));
        assert_eq!(major("openjdk version \"21-ea\" 2023-09-19"), Some(21));
        assert_eq!(major("java version \"1.8.0_402\""), Some(1));
        assert_eq!(major("no java"), None);
    }

    #[test]
    fn a_store_is_chosen_by_a_word_or_a_url() {
        assert_eq!("embedded".parse(), Ok(Choice::Embedded));
        assert_eq!("http://127.0.0.1:8000/".parse(), Ok(Choice::Endpoint("http://127.0.0.1:8000".to_owned())));
        assert!("mysql".parse::<Choice>().is_err());
    }
}
