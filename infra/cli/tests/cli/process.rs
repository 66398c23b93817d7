//! A home folder and an API for `tare`, and ways to call it.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs};

use tests::{App, Value, functions_folder};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// The program under test.
pub const TARE: &str = env!("CARGO_BIN_EXE_tare");

/// An API, a folder that is home and current folder, and an integration key of the customer `demo`.
pub struct Set {
    pub app: App,
    pub home: PathBuf,
    pub integration_key: String,
}

impl Set {
    pub async fn new() -> Self {
        let app = App::start().await;
        let integration_key = app.new_integration("demo").await;
        Self { app, home: folder(), integration_key }
    }

    /// Writes the file of a running dev stack into the folder, as `cargo xtask dev` does.
    pub fn with_dev_stack(self) -> Self {
        let Self { app, home, integration_key } = &self;
        fs::create_dir_all(home.join(".local")).unwrap();
        let url = app.url();
        let lines = [
            ("BASE_URL", url.as_str()),
            ("DYNAMODB_ENDPOINT", app.store.url()),
            ("INTEGRATION_KEY", integration_key),
            ("OPERATOR_KEY", &app.operator_key),
            ("TABLE_NAME", &app.table),
        ];
        let text: String = lines.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        fs::write(home.join(".local/dev.env"), format!("# The dev stack that runs.\n{text}")).unwrap();
        self
    }

    /// `tare WORDS` with the API in its environment, and this key.
    pub async fn with_key(&self, key: &str, words: &[&str]) -> Said {
        self.at(&self.app.url(), key, words).await
    }

    /// As an operator.
    pub async fn operator(&self, words: &[&str]) -> Said {
        self.with_key(&self.app.operator_key, words).await
    }

    /// The same at another URL.
    pub async fn at(&self, url: &str, key: &str, words: &[&str]) -> Said {
        let environment = [("AGENTROUTER_BASE_URL", url), ("AGENTROUTER_API_KEY", key)];
        said(tare(&self.home, words).envs(environment).output().await.unwrap())
    }

    /// With nothing but a home folder.
    pub async fn alone(&self, words: &[&str], input: &str) -> Said {
        said(feed(tare(&self.home, words), input).await)
    }
}

/// What a program wrote and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

fn said(output: Output) -> Said {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Said { code: output.status.code().expect("no signal"), out: text(output.stdout), err: text(output.stderr) }
}

/// `tare` in a folder that is home, too, with no variables of this process.
pub fn tare(home: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(TARE);
    command.args(words);
    in_home(&mut command, home);
    command
}

/// A bash in a folder that is home, too, with `tare` on the PATH.
pub fn bash(home: &Path) -> Command {
    let mut command = Command::new("bash");
    command.args(["--noprofile", "--norc"]);
    in_home(&mut command, home);
    command
}

fn in_home(command: &mut Command, home: &Path) {
    let programs = Path::new(TARE).parent().unwrap().to_owned();
    let path = env::join_paths([programs, functions_folder(), "/usr/bin".into(), "/bin".into()]).unwrap();
    command.env_clear().env("HOME", home).env("PATH", path).current_dir(home).stdin(Stdio::null()).kill_on_drop(true);
}

/// Runs a command with this on its standard input.
pub async fn feed(mut command: Command, input: &str) -> Output {
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = pipes.spawn().unwrap();
    let mut pipe = process.stdin.take().unwrap();
    // A program that does not read has closed the pipe.
    let _ = pipe.write_all(input.as_bytes()).await;
    drop(pipe);
    process.wait_with_output().await.unwrap()
}

/// A new empty folder.
pub fn folder() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = env::temp_dir().join(format!("tare-{}-{count}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}
