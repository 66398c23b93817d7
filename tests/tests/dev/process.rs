//! A `cargo xtask dev` that a test starts: its folder, its output, its end.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use std::{env, fs};

use local::http::{Client, Response};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::timeout;

/// A start may have to build, on a machine that does other things as well.
const PATIENCE: Duration = Duration::from_secs(600);

/// A new empty folder, in the place of `.local`.
pub fn folder() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = env::temp_dir().join(format!("tenancy-dev-{}-{count}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// `dev.env` of a folder.
pub fn written(folder: &Path) -> String {
    fs::read_to_string(folder.join("dev.env")).unwrap_or_default()
}

/// A value of such a text.
pub fn value(text: &str, name: &str) -> Option<String> {
    let mut lines = text.lines().filter_map(|line| line.split_once('='));
    lines.find(|(found, _)| *found == name).map(|(_, value)| value.to_owned())
}

/// The command, not started: of this tree, whatever tree the program was built in.
pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let program = tests::functions_folder().join("xtask");
    assert!(program.exists(), "{} is missing: run the tests by `cargo xtask test`", program.display());
    let mut command = Command::new(program);
    command.arg("dev").args(arguments).env("DEV_FOLDER", folder);
    command.env("CARGO_PKG_NAME", "xtask").env("CARGO_MANIFEST_DIR", tests::repository_root().join("infra/xtask"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// A start that fails: how it ended and what it said.
pub async fn refused(mut command: Command) -> (ExitStatus, String) {
    let output = timeout(PATIENCE, command.output()).await.expect("it ends").unwrap();
    (output.status, String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A stack that answers.
pub struct Dev {
    pub folder: PathBuf,
    pub base: String,
    pub greeting: String,
    process: Child,
    said: watch::Receiver<String>,
}

impl Dev {
    /// Starts one on a free port and waits for its greeting.
    pub async fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut process = command(folder, &[&["--port", "0"], arguments].concat()).spawn().unwrap();
        let mut greeting = collect(process.stdout.take().unwrap());
        let said = collect(process.stderr.take().unwrap());
        let complete = greeting.wait_for(|text| text.contains("suspended")).await.map(|text| text.clone());
        let greeting = complete.unwrap_or_else(|_| panic!("it did not start:\n{}", *said.borrow()));
        let base = value(&written(folder), "BASE_URL").expect("the file says where it is");
        Self { folder: folder.to_owned(), base, greeting, process, said }
    }

    /// A value that it wrote.
    pub fn value(&self, name: &str) -> String {
        value(&written(&self.folder), name).unwrap_or_else(|| panic!("{name} is missing"))
    }

    /// Waits until it has said this; all that it has said.
    pub async fn says(&mut self, text: &str) -> String {
        let found = timeout(PATIENCE, self.said.wait_for(|said| said.contains(text))).await.map(|found| found.is_ok());
        assert_eq!(found, Ok(true), "it never said {text:?}, but\n{}", *self.said.borrow());
        self.said.borrow().clone()
    }

    /// One request.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
        let url = format!("{}{path}", self.base);
        Client::new().request(method, &url, headers, body.to_owned()).await.unwrap()
    }

    /// One request with a key; a body is JSON.
    pub async fn call(&self, key: &str, method: &str, path: &str, body: &str) -> Response {
        let authorization = format!("Bearer {key}");
        let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
        self.send(method, path, &headers, body).await
    }

    /// Sends a signal to it alone, and waits for its end.
    pub async fn end(mut self, signal: &str) -> ExitStatus {
        self.signal(signal);
        self.ended().await
    }

    pub fn signal(&self, signal: &str) {
        let pid = self.process.id().expect("it runs").to_string();
        assert!(std::process::Command::new("kill").args([&format!("-{signal}"), &pid]).status().unwrap().success());
    }

    pub async fn ended(&mut self) -> ExitStatus {
        timeout(PATIENCE, self.process.wait()).await.expect("it ends").unwrap()
    }

    /// The processes that belong to it: its store, and the functions that use it.
    pub fn processes(&self) -> Vec<u32> {
        let (folder, store) = (format!("DEV_FOLDER={}", self.folder.display()), self.value("DYNAMODB_ENDPOINT"));
        let store = format!("AWS_ENDPOINT_URL_DYNAMODB={store}");
        let mine = |pid: &u32| Some(*pid) != self.process.id() && has(*pid, &[&folder, &store]);
        let all = fs::read_dir("/proc").unwrap().flatten();
        all.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(mine).collect()
    }

    /// The processes of one program that it has started itself.
    pub fn processes_of(&self, name: &str) -> Vec<u32> {
        let parent = format!("PPid:\t{}", self.process.id().expect("it runs"));
        let is_it = |pid: &u32| {
            fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|program| program.ends_with(name))
                && fs::read_to_string(format!("/proc/{pid}/status"))
                    .is_ok_and(|status| status.lines().any(|line| line == parent))
        };
        let all = fs::read_dir("/proc").unwrap().flatten();
        all.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(is_it).collect()
    }

    /// The process of its embedded store.
    pub fn store(&self) -> u32 {
        *self.processes_of("embedded-store").first().expect("the store runs")
    }
}

/// Whether a living process has one of these in its environment.
pub fn has(pid: u32, variables: &[&str]) -> bool {
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    environment.split(|byte| *byte == 0).any(|own| variables.iter().any(|variable| own == variable.as_bytes()))
}

/// What a pipe says, as it grows; the sender is dropped at its end.
fn collect(pipe: impl AsyncRead + Unpin + Send + 'static) -> watch::Receiver<String> {
    let (sender, receiver) = watch::channel(String::new());
    tokio::spawn(async move {
        let mut lines = BufReader::new(pipe).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            sender.send_modify(|text| {
                text.push_str(&line);
                text.push('\n');
            });
        }
    });
    receiver
}
