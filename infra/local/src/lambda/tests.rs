//! The emulator with a real process: this test program itself, which plays a function when it is started by a script.

use std::{io::Write, os::unix::fs::PermissionsExt, time::Instant};

use serde_json::{Value, json};

use super::*;
use crate::http::Client;

/// A folder with the function `play`.
fn binaries(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("local-lambda-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let program = std::env::current_exe().unwrap();
    let script = format!("#!/bin/sh\nexec '{}' lambda::tests::function --exact --nocapture\n", program.display());
    let file = folder.join("play");
    std::fs::write(&file, script).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

async fn lambda(name: &str, change: impl FnOnce(&mut Options)) -> Lambda {
    let mut options = Options::new(binaries(name));
    change(&mut options);
    Lambda::start(options).await.unwrap()
}

async fn play(lambda: &Lambda, event: Value) -> Result<Value, InvokeError> {
    let response = lambda.invoke("play", event.to_string()).await?;
    Ok(serde_json::from_slice(&response).unwrap())
}

/// Not a test: the function that the other tests start. It does what its event says, and without a Runtime API nothing.
#[tokio::test]
async fn function() {
    let Ok(api) = std::env::var("AWS_LAMBDA_RUNTIME_API") else { return };
    let base = format!("{api}/2018-06-01/runtime/invocation");
    let client = Client::new();
    loop {
        let next = client.request("GET", &format!("{base}/next"), &[], "").await.unwrap();
        let (event, id) = (next.json(), next.header("lambda-runtime-aws-request-id").unwrap().to_owned());
        if let Some(line) = event["say"].as_str() {
            writeln!(std::io::stderr(), "{line}").unwrap();
        }
        tokio::time::sleep(Duration::from_millis(event["sleep"].as_u64().unwrap_or_default())).await;
        if event["exit"] == true {
            std::process::exit(3);
        }
        let answer = json!({
            "pid": std::process::id(),
            "deadline": next.header("lambda-runtime-deadline-ms").unwrap().parse::<u64>().unwrap(),
            "environment": std::env::vars().collect::<BTreeMap<_, _>>(),
        });
        let (kind, answer) =
            if event["fail"] == true { ("error", json!({"errorMessage": "no"})) } else { ("response", answer) };
        client.request("POST", &format!("{base}/{id}/{kind}"), &[], answer.to_string()).await.unwrap();
    }
}

#[tokio::test]
async fn a_function_is_started_once_and_finds_its_environment() {
    let lambda = lambda("environment", |options| {
        let own = BTreeMap::from([("TABLE_NAME".to_owned(), "t".to_owned())]);
        options.environment.insert("play".to_owned(), own);
    })
    .await;
    let (first, second) = (play(&lambda, json!({})).await.unwrap(), play(&lambda, json!({})).await.unwrap());
    assert_eq!(first["pid"], second["pid"]);
    assert_eq!(lambda.processes("play"), [first["pid"].as_u64().unwrap() as u32]);
    assert_eq!(lambda.invocations("play"), 2);
    let environment = &first["environment"];
    assert_eq!((&environment["TABLE_NAME"], &environment["AWS_ACCESS_KEY_ID"]), (&json!("t"), &json!("PlayFunction")));
    assert!(environment.get("HOME").is_none());
    assert_eq!(environment["AWS_SESSION_TOKEN"], first["environment"]["AWS_LAMBDA_LOG_STREAM_NAME"]);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as u64;
    assert!((now..=now + 10_000).contains(&first["deadline"].as_u64().unwrap()));
    lambda.set_deadline(Deadline::Fixed(600_000));
    assert_eq!(play(&lambda, json!({})).await.unwrap()["deadline"], 600_000);
}

#[tokio::test]
async fn every_event_is_kept_with_the_session_of_the_process_that_took_it() {
    let lambda = lambda("taken", |options| options.concurrency = 2).await;
    let events = [json!({"sleep": 100}), json!({"sleep": 101}), json!({})];
    let (one, other) = tokio::join!(play(&lambda, events[0].clone()), play(&lambda, events[1].clone()));
    let last = play(&lambda, events[2].clone()).await;
    let taken = lambda.taken();
    let mut sessions = std::collections::BTreeSet::new();
    for (event, answer) in events.into_iter().zip([one, other, last]) {
        let found = taken.iter().find(|taken| taken.event == event.to_string()).unwrap();
        assert_eq!(answer.unwrap()["environment"]["AWS_SESSION_TOKEN"], found.session);
        sessions.insert(&found.session);
    }
    assert_eq!((taken.len(), sessions.len()), (3, 2));
    assert!(taken.is_sorted_by_key(|taken| taken.at));
}

#[tokio::test]
async fn an_environment_of_ones_own_wins() {
    let lambda = lambda("own", |options| {
        let own = BTreeMap::from([("AWS_SESSION_TOKEN".to_owned(), "long".to_owned())]);
        options.environment.insert("play".to_owned(), own);
    })
    .await;
    assert_eq!(play(&lambda, json!({})).await.unwrap()["environment"]["AWS_SESSION_TOKEN"], "long");
}

#[tokio::test]
async fn parallel_events_go_to_parallel_processes_up_to_the_limit() {
    let lambda = lambda("parallel", |options| options.concurrency = 3).await;
    lambda.warm("play", 3).await.unwrap();
    let warm = lambda.processes("play");
    assert_eq!(warm.len(), 3);
    let started = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let lambda = lambda.clone();
        tasks.spawn(async move { play(&lambda, json!({"sleep": 200})).await.unwrap()["pid"].as_u64().unwrap() as u32 });
    }
    let pids: std::collections::BTreeSet<u32> = tasks.join_all().await.into_iter().collect();
    assert_eq!(pids, warm.into_iter().collect());
    assert!(started.elapsed() >= Duration::from_millis(400));
}

/// The record of Lambda's own report, the only one.
async fn reported(lambda: &Lambda) -> Value {
    let log = lambda.log_with("platform.report").await.unwrap();
    let [line] = log.lines().filter(|line| line.contains("platform.report")).collect::<Vec<_>>()[..] else {
        panic!("{log}")
    };
    serde_json::from_str::<Value>(line).unwrap()["record"].take()
}

#[tokio::test]
async fn a_report_names_the_invocation_and_a_success_has_none() {
    let lambda = lambda("report", |_| {}).await;
    play(&lambda, json!({})).await.unwrap();
    assert_eq!(lambda.log_text().matches("platform").count(), 0);
    let id = new_request_id();
    lambda.invoke_as("play", json!({"fail": true}).to_string(), &id).await.unwrap_err();
    let record = reported(&lambda).await;
    assert_eq!((&record["requestId"], &record["status"]), (&json!(id), &json!("error")));
}

#[tokio::test]
async fn a_function_may_have_a_timeout_of_its_own() {
    let lambda = lambda("own-timeout", |options| {
        options.timeout = Duration::from_millis(1);
        options.timeouts.insert("play".to_owned(), Duration::from_secs(60));
    })
    .await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as u64;
    let deadline = play(&lambda, json!({"sleep": 20})).await.unwrap()["deadline"].as_u64().unwrap();
    assert!(deadline >= now + 60_000);
}

#[tokio::test]
async fn a_timeout_kills() {
    let lambda = lambda("timeout", |options| options.timeout = Duration::from_millis(300)).await;
    let first = play(&lambda, json!({})).await.unwrap()["pid"].clone();
    let started = Instant::now();
    assert_eq!(play(&lambda, json!({"sleep": 60_000})).await, Err(InvokeError::TimedOut));
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(reported(&lambda).await["status"], "timeout");
    assert!(lambda.processes("play").is_empty());
    assert_ne!(play(&lambda, json!({})).await.unwrap()["pid"], first);
}

#[tokio::test]
async fn a_death_fails_the_event_at_hand_only() {
    let lambda = lambda("death", |_| {}).await;
    let Err(InvokeError::Exited(how)) = play(&lambda, json!({"say": "my last words", "exit": true})).await else {
        panic!()
    };
    assert!(how.contains("exit status: 3") && how.contains("my last words"), "{how}");
    assert!(lambda.log_with("my last words\n").await.is_ok());
    assert_eq!(reported(&lambda).await["errorType"], "Runtime.ExitError");
    let (victim, killer) = (lambda.clone(), lambda.clone());
    lambda.warm("play", 1).await.unwrap();
    let event = tokio::spawn(async move { play(&victim, json!({"sleep": 60_000})).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    kill(killer.processes("play")[0], "KILL").await.unwrap();
    assert!(matches!(event.await.unwrap(), Err(InvokeError::Exited(how)) if how.contains("signal: 9")));
    assert!(play(&lambda, json!({})).await.is_ok());
    // One that dies while it is idle takes no event with it, not even the very next.
    for _ in 0..5 {
        kill(lambda.processes("play")[0], "KILL").await.unwrap();
        assert!(play(&lambda, json!({})).await.is_ok());
    }
}

#[tokio::test]
async fn a_functions_own_error_leaves_the_process() {
    let lambda = lambda("error", |_| {}).await;
    let pid = play(&lambda, json!({})).await.unwrap()["pid"].clone();
    let error = play(&lambda, json!({"fail": true})).await.unwrap_err();
    assert_eq!(error, InvokeError::Function(r#"{"errorMessage":"no"}"#.into()));
    assert_eq!(play(&lambda, json!({})).await.unwrap()["pid"], pid);
    assert!(matches!(lambda.invoke("none", "{}").await, Err(InvokeError::Failed(_))));
    assert_eq!(lambda.invoke("play", vec![b' '; 7 << 20]).await, Err(InvokeError::TooLarge));
}

#[tokio::test]
async fn processes_end_with_the_emulator() {
    let lambda = lambda("end", |_| {}).await;
    let pid = play(&lambda, json!({})).await.unwrap()["pid"].as_u64().unwrap();
    drop(lambda);
    let started = Instant::now();
    while std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z ")) {
        assert!(started.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn who_is_hung_up_on_ends_by_itself() {
    let lambda = lambda("hung-up", |_| {}).await;
    play(&lambda, json!({})).await.unwrap();
    assert_eq!(lambda.processes("play").len(), 1);
    lambda.hang_up(Duration::from_secs(20)).await.unwrap();
    assert!(lambda.processes("play").is_empty());
    // Its own panic about the API that is gone: it was not killed.
    lambda.log_with("panicked at").await.unwrap();
}
