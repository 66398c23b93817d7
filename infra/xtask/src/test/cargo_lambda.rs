//! The stage that runs functions with cargo-lambda on a separate dev stack: the commands of docs/operations.md as they are written there,
//! and one route per HTTP method.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use local::http::{Client, Response};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::Command,
    time,
};

use super::Context;
use crate::{
    Result, cargo,
    environment::Environment,
    process_group::ProcessGroup,
    progress::{note, relay, step},
    store, tools, tree,
};

/// The document, and the section whose commands are run.
const PAGE: &str = "docs/operations.md";
const SECTION: &str = "\n## Local invocation with cargo-lambda\n";

/// How long cargo-lambda may take to listen, and to build a function that is up to date.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Starts a dev stack and `cargo lambda watch`, calls the routes and runs the document's commands.
pub async fn cargo_lambda(context: &Context) -> Result<()> {
    let program = tools::cargo_lambda(&context.groups).await?;
    let [watch, without_keys, with_keys] = commands()?;
    let place = Place { program, folder: tree::root().join("target/cargo-lambda"), port: store::free_port()? };
    tree::empty(&place.folder)?;
    let _dev = step("starting a dev stack", dev_stack(context, &place.folder)).await?;
    let environment = Environment::read(&place.folder);

    let log = place.folder.join("watch.log");
    let mut watching = place.command(&watch);
    let failed = |error: std::io::Error| format!("cannot write {}: {error}", log.display());
    let file = std::fs::File::create(&log).map_err(failed)?;
    watching.stdin(Stdio::null()).stdout(file.try_clone().map_err(failed)?).stderr(file);
    let _watching = context.groups.spawn(&mut watching)?;
    let outcome = invoked(context, &place, &environment, [&without_keys, &with_keys]).await;
    outcome.map_err(|error| format!("{error} (the log of cargo lambda watch is {})", log.display()))
}

/// Calls the routes and invokes the events.
async fn invoked(
    context: &Context,
    place: &Place,
    environment: &Environment,
    [without_keys, with_keys]: [&str; 2],
) -> Result<()> {
    step("starting cargo lambda watch", store::answers(&format!("127.0.0.1:{}", place.port), TIMEOUT)).await?;
    let api = Api { base: format!("http://127.0.0.1:{}", place.port), environment };
    step("calling a route of each method", routes(&api)).await?;

    let printed = step("invoking an event without a key", output(context, place.command(without_keys))).await?;
    let answers = answers(&printed);
    expect("the event without a key", &answers, &[(401, "/slug", "insufficient-scope")])?;
    let printed = step("invoking events with keys", output(context, place.command(with_keys))).await?;
    let tenant = api.call("GET", "/tenants/by-external-id/event", "INTEGRATION_KEY", None).await?.json();
    let id = tenant.get("id").and_then(Value::as_str).unwrap_or("no tenant");
    expect("the events", &self::answers(&printed), &[(200, "/id", id), (201, "/customer_id", "initech")])
}

/// The three code blocks of the section.
fn commands() -> Result<[String; 3]> {
    let path = tree::root().join(PAGE);
    let text = std::fs::read_to_string(&path).map_err(|error| format!("cannot read {PAGE}: {error}"))?;
    let section = text.split_once(SECTION).and_then(|(_, rest)| rest.split("\n## ").next());
    let section = section.ok_or_else(|| format!("{PAGE} has no section{SECTION}"))?;
    let blocks: Vec<String> =
        section.split("```sh\n").skip(1).filter_map(|block| block.split("```").next().map(str::to_owned)).collect();
    let count = blocks.len();
    blocks.try_into().map_err(|_| format!("{PAGE} has {count} code blocks, not 3, in its section{SECTION}"))
}

/// The replacements of `.local`, the port 9001, and the cargo-lambda on PATH.
struct Place {
    program: PathBuf,
    folder: PathBuf,
    port: u16,
}

impl Place {
    /// The document's commands, run by a shell with these replacements.
    fn command(&self, commands: &str) -> Command {
        let commands = commands.replace(".local/", &format!("{}/", self.folder.display()));
        let mut command = Command::new("sh");
        command.args(["-ec", &commands.replace("9001", &self.port.to_string())]).current_dir(tree::root());
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = self.program.parent().map(Path::to_path_buf).into_iter().chain(std::env::split_paths(&path));
        if let Ok(path) = std::env::join_paths(path) {
            command.env("PATH", path);
        }
        cargo::forget_cargo(command.as_std_mut());
        command
    }
}

/// Starts `cargo xtask dev` on a free port, and returns when it answers.
async fn dev_stack(context: &Context, folder: &Path) -> Result<ProcessGroup> {
    let mut command = Command::new(tree::this_program()?);
    command.args(["dev", "--port", "0"]).env("DEV_FOLDER", folder).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut process = context.groups.spawn(command.stderr(Stdio::piped()))?;
    tokio::spawn(relay(process.child.stderr.take()));
    let output = process.child.stdout.take().ok_or("the dev stack has no output")?;
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if line.starts_with("The API answers at ") {
            // The remaining output is read, so that the stack does not block.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Ok(process);
        }
    }
    Err("the dev stack ended; its messages are above".to_owned())
}

/// The API that `cargo lambda watch` serves.
struct Api<'a> {
    base: String,
    environment: &'a Environment,
}

impl Api<'_> {
    async fn call(&self, method: &str, path: &str, key: &str, body: Option<Value>) -> Result<Response> {
        let key = self.environment.get(key).ok_or_else(|| format!("the dev stack has written no {key}"))?;
        let authorization = format!("Bearer {key}");
        let mut headers = vec![("authorization", authorization.as_str())];
        headers.extend(body.as_ref().map(|_| ("content-type", "application/json")));
        let (url, body) = (format!("{}{path}", self.base), body.map(|body| body.to_string()).unwrap_or_default());
        let client = Client::new();
        let answer = time::timeout(TIMEOUT, client.request(method, &url, &headers, body)).await;
        Ok(answer.map_err(|_| format!("{method} {path}: no answer in {} s", TIMEOUT.as_secs()))??)
    }
}

/// Calls one route per method, and checks the status and a member of each answer.
async fn routes(api: &Api<'_>) -> Result<()> {
    const OPERATOR: &str = "OPERATOR_KEY";
    const INTEGRATION: &str = "INTEGRATION_KEY";
    let customer = json!({ "customer_id": "hooli" });
    let renamed = json!({ "display_name": "Hooli" });
    let tenant = "/tenants/by-external-id/hooli";
    let calls = [
        ("POST", "/v1/customers", OPERATOR, Some(customer), 201, "/customer_id", json!("hooli")),
        ("GET", "/v1/customers/hooli", OPERATOR, None, 200, "/customer_id", json!("hooli")),
        ("PATCH", "/v1/customers/hooli", OPERATOR, Some(renamed), 200, "/display_name", json!("Hooli")),
        ("PUT", tenant, INTEGRATION, Some(json!({})), 201, "/external_id", json!("hooli")),
        ("DELETE", tenant, INTEGRATION, None, 204, "", Value::Null),
        ("GET", tenant, INTEGRATION, None, 404, "/slug", json!("not-found")),
        ("GET", "/nowhere", INTEGRATION, None, 404, "/slug", json!("not-found")),
        // An answer of cargo-lambda; the API answers 405.
        ("PUT", "/v1/customers", OPERATOR, None, 404, "/title", json!("Default function disabled")),
    ];
    for (method, path, key, body, status, pointer, expected) in calls {
        let answer = api.call(method, path, key, body).await?;
        let found = answer.json().pointer(pointer).cloned().unwrap_or_default();
        if (answer.status, &found) != (status, &expected) {
            return Err(format!("{method} {path}: {} {}, not {status} with {expected}", answer.status, answer.text()));
        }
        note(&format!("  {method} {path}: {status} {found}"));
    }
    Ok(())
}

/// Runs commands; returns their output.
async fn output(context: &Context, mut command: Command) -> Result<String> {
    let mut process = context.groups.spawn(command.stdin(Stdio::null()).stdout(Stdio::piped()))?;
    let mut text = String::new();
    let mut pipe = process.child.stdout.take().ok_or("a command has no output")?;
    let read = time::timeout(TIMEOUT, pipe.read_to_string(&mut text)).await;
    read.map_err(|_| format!("the commands of {PAGE} did not end"))?.map_err(|error| error.to_string())?;
    match process.wait().await? {
        status if status.success() => Ok(text),
        status => Err(format!("the commands of {PAGE} failed ({status}): {text}")),
    }
}

/// The status and body of each answer that `cargo lambda invoke` printed.
fn answers(printed: &str) -> Vec<(u64, Value)> {
    let values = serde_json::Deserializer::from_str(printed).into_iter::<Value>().map_while(|value| value.ok());
    let answer = |answer: Value| {
        let body = answer.get("body")?.as_str()?;
        Some((answer.get("statusCode")?.as_u64()?, serde_json::from_str(body).ok()?))
    };
    values.filter_map(answer).collect()
}

/// Compares each answer with a status and a member.
fn expect(what: &str, answers: &[(u64, Value)], expected: &[(u64, &str, &str)]) -> Result<()> {
    let member = |(answer, (_, pointer, _)): (&(u64, Value), &(u64, &str, &str))| {
        (answer.0, answer.1.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned())
    };
    let found: Vec<(u64, String)> = answers.iter().zip(expected).map(member).collect();
    let wanted: Vec<(u64, String)> = expected.iter().map(|(status, _, text)| (*status, (*text).to_owned())).collect();
    match found == wanted && answers.len() == expected.len() {
        true => Ok(()),
        false => Err(format!("{what}: {answers:?}, not {wanted:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_has_the_three_blocks_that_the_stage_runs() {
        let [watch, without_keys, with_keys] = commands().unwrap();
        assert!(watch.starts_with("cargo lambda watch ") && watch.contains(" --env-file .local/dev.env"), "{watch}");
        assert!(without_keys.contains("--data-file tests/events/get-tenant.json"), "{without_keys}");
        for command in ["cargo lambda invoke get-tenant ", "cargo lambda invoke create-customer "] {
            assert!(with_keys.contains(command), "{with_keys}");
        }
    }

    #[test]
    fn all_answers_are_read_from_the_output() {
        let printed = r#"{"statusCode":200,"headers":{},"body":"{\"id\":\"tnt_1\"}","isBase64Encoded":false}
            {"statusCode":201,"body":"{\"customer_id\":\"a\"}"}"#;
        let answers = answers(printed);
        assert_eq!(expect("x", &answers, &[(200, "/id", "tnt_1"), (201, "/customer_id", "a")]), Ok(()));
        assert!(expect("x", &answers, &[(200, "/id", "tnt_1")]).is_err());
        assert!(expect("x", &answers, &[(200, "/id", "tnt_2"), (201, "/customer_id", "a")]).is_err());
        assert!(expect("x", &[], &[(200, "/id", "tnt_1")]).is_err());
    }
}
