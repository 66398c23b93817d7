//! `cargo xtask smoke --url URL`: checks that a deployed API answers; the same on AWS and on the dev stack.
//!
//! Requests are sent by curl, because this program links no TLS. The key goes to curl by its standard input, so it is in no process list.
//! Invariant: reads only, unless `--write` is given.

mod answer;

use std::{
    io::Read,
    net::IpAddr,
    process::{ExitCode, Stdio},
    str::FromStr,
    time::Instant,
};

use clap::Args;
use tokio::{io::AsyncWriteExt, process::Command};

use self::answer::Answer;
use crate::{Result, progress::print};

/// The variable that holds the key if `--key` is not given.
const KEY: &str = "SMOKE_KEY";

/// How long curl waits for an answer, in seconds: longer than a cold start and a function's time-out.
const PATIENCE: &str = "15";

/// Checks that a deployed API answers: public documents, 401, 404, and with a key one read.
#[derive(Args)]
pub struct Options {
    /// The API's base URL: https://, or http:// on this machine.
    #[arg(long, value_name = "URL")]
    url: Url,
    /// An integration or operator key; `-` reads it from standard input [default: the variable SMOKE_KEY].
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Also creates, reads and deletes a tenant; needs an integration key.
    #[arg(long)]
    write: bool,
}

/// A base URL without a slash at its end, by which a key may be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Url(String);

impl FromStr for Url {
    type Err = String;

    fn from_str(text: &str) -> Result<Self> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        let authority = rest.split('/').next().unwrap_or_default();
        let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host).trim_matches(['[', ']']);
        let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        if !(scheme == "https" || (scheme == "http" && is_here)) || host.is_empty() {
            return Err("it begins with https://, or with http:// and an address of this machine".to_owned());
        }
        if text.contains(|odd: char| !odd.is_ascii_graphic() || "?#\"\\@".contains(odd)) {
            return Err("it is a base URL without a query, a fragment or a user".to_owned());
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }
}

/// Checks everything, and fails if any check does.
pub async fn run(options: &Options) -> Result<ExitCode> {
    let key = match options.key.as_deref() {
        Some("-") => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map_err(|error| format!("cannot read the key: {error}"))?;
            Some(text.trim().to_owned())
        }
        Some(key) => Some(key.to_owned()),
        None => std::env::var(KEY).ok().filter(|key| !key.is_empty()),
    };
    let odd = |key: &String| key.contains(|odd: char| !odd.is_ascii_graphic() || "\"\\".contains(odd));
    if key.as_ref().is_some_and(odd) {
        return Err("the key has characters that no key has".to_owned());
    }
    let is_integration = key.as_deref().is_some_and(|key| key.starts_with("sk_int_"));
    if options.write && !is_integration {
        return Err("--write needs an integration key (sk_int_...)".to_owned());
    }
    let mut smoke = Smoke { url: options.url.0.clone(), checks: 0, failures: 0 };
    smoke.public().await?;
    match &key {
        None => print(&format!("left out  what needs a key: neither --key nor {KEY} is set"))?,
        Some(key) => smoke.read(key, is_integration).await?,
    }
    if let (true, Some(key)) = (options.write, &key) {
        smoke.write(key).await?;
    }
    print(&format!("{} checks, {} failed", smoke.checks, smoke.failures))?;
    Ok(if smoke.failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The checks on one API.
struct Smoke {
    url: String,
    checks: usize,
    failures: usize,
}

/// A request and the status that it must be answered with.
struct Check<'a> {
    method: &'a str,
    path: &'a str,
    key: &'a str,
    body: &'a str,
    status: u16,
}

impl<'a> Check<'a> {
    fn get(path: &'a str, key: &'a str, status: u16) -> Self {
        Self { method: "GET", path, key, body: "", status }
    }
}

impl Smoke {
    async fn public(&mut self) -> Result<()> {
        self.check(Check::get("/health", "", 200), |answer| answer.member("/status", "ok")).await?;
        self.check(Check::get("/openapi.json", "", 200), |answer| answer.has("/openapi")).await?;
        self.check(Check::get("/problems", "", 200), |answer| answer.has("/data/0/slug")).await?;
        self.check(Check::get("/.well-known/jwks.json", "", 200), |answer| answer.has("/keys")).await?;
        self.check(Check::get("/no/such/path", "", 404), |answer| answer.problem("not-found")).await?;
        for path in ["/integration/self", "/v1/customers"] {
            let challenged = |answer: &Answer| answer.problem("insufficient-scope").and_then(|()| answer.challenge());
            self.check(Check::get(path, "", 401), challenged).await?;
        }
        // Of the right form and never issued.
        let unknown = format!("sk_int_01arz3ndektsv4rrffq69g5fav_{}", "0".repeat(43));
        self.check(Check::get("/integration/self", &unknown, 401), Answer::challenge).await.map(drop)
    }

    async fn read(&mut self, key: &str, is_integration: bool) -> Result<()> {
        let (path, member) = match is_integration {
            true => ("/integration/self", "/customer_id"),
            false => ("/v1/customers?page.page_size=1", "/customers"),
        };
        self.check(Check::get(path, key, 200), |answer| answer.has(member)).await.map(drop)
    }

    /// One tenant without an external id, which is gone afterwards.
    async fn write(&mut self, key: &str) -> Result<()> {
        let body = r#"{\"name\": \"smoke test\"}"#;
        let create = Check { method: "POST", path: "/tenants", key, body, status: 201 };
        let made = self.check(create, |answer| answer.has("/id")).await?;
        let Some(id) = made.text("/id") else { return Ok(()) };
        let path = format!("/tenants/{id}");
        self.check(Check::get(&path, key, 200), |answer| answer.member("/id", &id)).await?;
        self.check(Check { method: "DELETE", ..Check::get(&path, key, 204) }, |_| Ok(())).await?;
        self.check(Check::get(&path, key, 404), |answer| answer.problem("not-found")).await.map(drop)
    }

    /// Sends a request, tests the answer, prints a line.
    async fn check(&mut self, check: Check<'_>, test: impl FnOnce(&Answer) -> Result<()>) -> Result<Answer> {
        let started = Instant::now();
        let answer = send(&self.url, &check).await;
        let found = answer.as_ref().map_err(Clone::clone).and_then(|answer| match answer.status == check.status {
            true => test(answer),
            false => Err(format!("{}, not {}: {}", answer.status, check.status, answer.beginning())),
        });
        self.checks += 1;
        let what = format!("{} {}", check.method, check.path);
        match found {
            Ok(()) => print(&format!("ok        {what} {} in {} ms", check.status, started.elapsed().as_millis()))?,
            Err(why) => {
                self.failures += 1;
                print(&format!("FAILED    {what}: {why}"))?;
            }
        }
        Ok(answer.unwrap_or_default())
    }
}

/// Sends a request by curl; an error is that there was no answer.
async fn send(url: &str, check: &Check<'_>) -> Result<Answer> {
    let mut config = format!("url = \"{url}{}\"\nrequest = \"{}\"\n", check.path, check.method);
    if !check.key.is_empty() {
        config.push_str(&format!("header = \"Authorization: Bearer {}\"\n", check.key));
    }
    if !check.body.is_empty() {
        config.push_str(&format!("header = \"Content-Type: application/json\"\ndata = \"{}\"\n", check.body));
    }
    let mut curl = Command::new("curl");
    // The first flag keeps the user's own configuration out.
    curl.args(["--disable", "--silent", "--show-error", "--include", "--suppress-connect-headers"]);
    curl.args(["--max-time", PATIENCE, "--config", "-"]);
    curl.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let failed = |error: std::io::Error| format!("cannot run curl: {error} (Debian: apt-get install curl)");
    let mut curl = curl.spawn().map_err(failed)?;
    let mut input = curl.stdin.take().ok_or("curl has no standard input")?;
    input.write_all(config.as_bytes()).await.map_err(failed)?;
    drop(input);
    let output = curl.wait_with_output().await.map_err(failed)?;
    match output.status.success() {
        true => Answer::parse(&String::from_utf8_lossy(&output.stdout)),
        false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_only_sent_by_tls_or_within_this_machine() {
        for (url, base) in [
            ("https://api.example.com/tenancy/", "https://api.example.com/tenancy"),
            ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
            ("http://[::1]:9000/", "http://[::1]:9000"),
            ("http://localhost:9000", "http://localhost:9000"),
        ] {
            assert_eq!(url.parse::<Url>(), Ok(Url(base.to_owned())));
        }
        for url in [
            "http://api.example.com",
            "http://localhost.example.com",
            "ftp://127.0.0.1",
            "api.example.com",
            "https://",
            "https://a.example.com?x",
            "https://a.example.com/\"\nurl",
            "https://user@a.example.com",
            "http://127.0.0.1@a.example.com",
        ] {
            assert!(url.parse::<Url>().is_err(), "{url}");
        }
    }
}
