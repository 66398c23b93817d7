//! cargo-lambda as the Lambda service: it takes events and hands them to the function processes that ask for one.
//!
//! Only its APIs are used: it neither builds nor starts functions here, because it would run one process of each, one after the other.

use std::{path::Path, process::Stdio, time::Duration};

use hyper::body::Bytes;
use local::http::Client;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
    time,
};

use crate::{
    Result,
    leash::{Leash, Leashed},
    progress::note,
    store, tree,
};

/// It answers in a tenth of a second; a busy machine gets more.
const READY: Duration = Duration::from_secs(30);

/// An event whose process was killed is never answered by cargo-lambda; no function may take this long.
const LONGEST: Duration = Duration::from_secs(60);

/// A running cargo-lambda.
pub struct Lambda {
    /// Its address, `127.0.0.1:PORT`.
    pub address: String,
    process: Leashed,
}

impl Lambda {
    /// Starts it on a free port and waits until it listens.
    pub async fn start(leash: &Leash, program: &Path) -> Result<Self> {
        let port = store::free_port()?;
        let mut command = Command::new(program);
        command.args(["lambda", "watch", "--only-lambda-apis", "--quiet", "-A", "127.0.0.1", "-P", &port.to_string()]);
        command.current_dir(tree::root()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = leash.spawn(&mut command)?;
        // It tells on standard output how to start functions, and repeats on it what it answers: only errors are of interest.
        if let Some(out) = process.child.stdout.take() {
            tokio::spawn(relay_errors(BufReader::new(out)));
        }
        if let Some(err) = process.child.stderr.take() {
            tokio::spawn(relay_errors(BufReader::new(err)));
        }
        let address = format!("127.0.0.1:{port}");
        tokio::select! {
            ready = store::answers(&address, READY) => ready?,
            status = process.wait() => return Err(format!("cargo-lambda ended at once ({:?})", status?)),
        }
        Ok(Self { address, process })
    }

    /// Waits until it ends, which it should not.
    pub async fn ended(&mut self) -> String {
        match self.process.wait().await {
            Ok(status) => format!("cargo-lambda ended ({status})"),
            Err(error) => error,
        }
    }
}

/// What a process of this function is told to poll: the runtime joins a path to it only where it has a scheme.
pub fn runtime_api(address: &str, function: &str) -> String {
    format!("http://{address}/.rt/{function}")
}

/// Hands an event to a function and waits for its answer.
pub async fn invoke(client: &Client, address: &str, function: &str, event: impl Into<Bytes>) -> Result<Bytes> {
    let url = format!("http://{address}/2015-03-31/functions/{function}/invocations");
    let call = client.request("POST", &url, &[("content-type", "application/json")], event);
    let late = |_| format!("{function} did not answer in {} s", LONGEST.as_secs());
    let response = time::timeout(LONGEST, call).await.map_err(late)??;
    match response.status {
        200 => Ok(response.body),
        status => Err(format!("{function}: {status} {}", response.text())),
    }
}

async fn relay_errors(pipe: impl tokio::io::AsyncBufRead + Unpin) {
    let mut lines = pipe.lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if line.contains("ERROR") || line.contains("error:") {
            note(&format!("cargo-lambda | {line}"));
        }
    }
}
