//! No variable of the environment makes a function log more: neither what callers send nor the function's own credentials.

use super::lambda::binaries_with;
use std::collections::BTreeMap;
use tests::{App, Value, json, template};

/// The function's own secret key on AWS.
const SECRET_ACCESS_KEY: &str = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY";

/// Every variable that Lambda, its runtimes, Rust's loggers and Powertools know, as talkative as it can be.
const VARIABLES: [(&str, &str); 16] = [
    ("RUST_LOG", "trace"),
    ("RUST_LOG_STYLE", "always"),
    ("RUST_BACKTRACE", "full"),
    ("RUST_LIB_BACKTRACE", "1"),
    ("AWS_LAMBDA_LOG_LEVEL", "TRACE"),
    ("LOG_LEVEL", "TRACE"),
    ("LOGLEVEL", "TRACE"),
    ("TRACING_LEVEL", "trace"),
    ("POWERTOOLS_LOG_LEVEL", "DEBUG"),
    ("POWERTOOLS_LOGGER_LOG_EVENT", "true"),
    ("POWERTOOLS_DEV", "true"),
    ("POWERTOOLS_DEBUG", "true"),
    ("AWS_SDK_LOG_LEVEL", "trace"),
    ("AWS_SAM_LOCAL", "true"),
    ("AWS_LAMBDA_DEV", "true"),
    ("DEBUG", "*"),
];

/// An API whose functions find all variables, this format, and their secret key; `get-tenant` panics.
async fn app(format: &str) -> App {
    App::start_with(|options| {
        options.binaries = binaries_with("get-tenant", env!("CARGO_BIN_EXE_panics"));
        for function in options.environment.values_mut() {
            let more = VARIABLES.into_iter().chain([("AWS_LAMBDA_LOG_FORMAT", format)]);
            let more = more.chain([("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)]);
            function.extend(more.map(|(name, value)| (name.to_owned(), value.to_owned())).collect::<BTreeMap<_, _>>());
        }
    })
    .await
}

#[tokio::test]
async fn no_variable_makes_a_function_log_a_secret() {
    for format in ["JSON", "TEXT", ""] {
        let app = app(format).await;
        let key = app.new_integration("acme-corp").await;
        let body = json!({ "name": "shown-nowhere-1", "metadata": { "shown-nowhere-2": "shown-nowhere-3" } });
        let call = app.with_key(&key, "POST", "/tenants?shown-nowhere-4").json(body.clone());
        call.header("x-custom", "shown-nowhere-5").send().await.expect_status(422);
        app.with_key(&key, "POST", "/tenants").json(body).once("shown-nowhere-6").send().await.expect_status(201);
        app.with_key(&key, "GET", "/tenants?limit=1").send().await.expect_status(200);
        app.with_key("sk_int_shown-nowhere-7", "GET", "/tenants").send().await.expect_status(401);
        let panic = app.with_key(&key, "GET", "/tenants/shown-nowhere-8").send().await.expect_status(500);
        // An event that cannot be read.
        let event = json!({ "headers": { "authorization": format!("Bearer {key}"), "shown-nowhere-9": 1 } });
        app.lambda.invoke("list-tenants", event.to_string()).await.unwrap();

        let log = app.lambda.log_with(panic.header("x-request-id").unwrap()).await.unwrap();
        for secret in [&key, &app.operator_key, "shown-nowhere", SECRET_ACCESS_KEY, "on purpose", "Bearer", "bearer"] {
            let shown = log.lines().find(|line| line.contains(secret));
            assert_eq!(shown, None, "{format}: {secret} is in the log");
        }
        // The session token is the name of the process: the function's, a dash and a number.
        let mut tokens = template().functions.iter().map(|function| format!("{}-", function.name));
        assert_eq!(tokens.find(|token| log.contains(token)), None, "{format}: a session token is in the log: {log}");
        for line in log.lines() {
            let event: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{format}: one JSON line: {line}"));
            let is_answer = event["request_id"].is_string() && event["status"].is_u64();
            assert!(is_answer || event["cause"] == "a panic", "{format}: not ours: {line}");
        }
        assert!(log.lines().count() >= 8, "{log}");
    }
}
