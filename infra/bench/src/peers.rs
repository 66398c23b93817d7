//! Compares getTenant with reference implementations in other languages: `--peers FOLDER`. The folder is not part of this
//! repository. It has an executable `run`, a benchmark, which
//! - accepts a function as `--add NAME COMMAND`, followed by `--event FILE` (the event to send, answered with 2xx), `--upstream URL` (the
//!   engine with the data) and `--env NAME=VALUE`,
//! - starts it as Lambda does: `AWS_LAMBDA_RUNTIME_API`, credentials, `AWS_ENDPOINT_URL_DYNAMODB` for a store over TLS, `SSL_CERT_FILE`,
//! - writes its results in Markdown to `--markdown FILE`, and reports a failure by its exit code,
//! - has its root certificate as `tls/root.pem` in `PEERS_CACHE`, or in `~/.cache/tenancy-peers`.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use local::{Error, Result};
use tokio::process::Command;

use crate::{Bench, binary, seed::Event};

/// Runs the folder's `run` with these options and adds the function twice: `tenancy-<function>` trusts the 150 roots of the benchmark's
/// `SSL_CERT_FILE`, as the peers do; `tenancy-few-roots` trusts only the benchmark's own root, because on AWS five roots are compiled in.
/// Another build of the function is added as `base` and `base-few-roots`. The results go to standard error, like the progress, and to
/// `<work>/peers.md`.
pub async fn compare(bench: &Bench, event: &Event, peers: &Path, work: &Path, options: &str) -> Result<()> {
    let mut command = Command::new(peers.join("run"));
    let function = &event.function;
    let now = [(format!("tenancy-{function}"), false), ("tenancy-few-roots".to_owned(), true)];
    let mut builds = now.map(|(name, few)| (name, few, binary(&bench.functions, function))).to_vec();
    if let Some(base) = bench.base.as_ref().map(|base| binary(base, function)).filter(|base| base.is_file()) {
        builds.extend(
            [("base", false), ("base-few-roots", true)].map(|(name, few)| (name.to_owned(), few, base.clone())),
        );
    }
    for (name, few_roots, binary) in builds {
        command.arg("--add").arg(&name).arg(&binary);
        command.arg("--event").arg(work.join(format!("{function}.json")));
        command.arg("--upstream").arg(&bench.endpoint);
        for (name, value) in bench.environment(function)? {
            command.arg("--env").arg(format!("{name}={value}"));
        }
        if few_roots {
            command.arg("--env").arg(format!("SSL_CERT_FILE={}", cache().join("tls/root.pem").display()));
        }
    }
    command.arg("--markdown").arg(work.join("peers.md")).args(options.split_whitespace());
    command.stdin(Stdio::null()).stdout(std::io::stderr());
    let status = command.status().await.map_err(|error| Error::new(format!("{}: {error}", peers.display())))?;
    if status.success() { Ok(()) } else { Err(Error::new(format!("{}/run failed ({status})", peers.display()))) }
}

/// The folder in which the peers cache builds and certificates.
fn cache() -> PathBuf {
    let named = std::env::var_os("PEERS_CACHE").map(PathBuf::from);
    named.unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache/tenancy-peers"))
}
