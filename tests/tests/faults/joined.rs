//! One request in the client's hands, in the gateway's log and in the function's: they are joined by ids, also where a function does not
//! answer at all.

use super::lambda::binaries_with;
use super::until;
use local::lambda::{Deadline, kill};
use std::time::Duration;
use tests::{Action, App, Exchange, Rule, Value, json};

/// The gateway's line of an answer, by the id in its header.
fn access_line(app: &App, answer: &Exchange) -> Value {
    let id = answer.header("apigw-requestid").unwrap_or_else(|| panic!("the gateway names each request: {answer}"));
    let lines = app.access_log().into_iter().map(|line| serde_json::from_str::<Value>(&line).expect("a line is JSON"));
    let own: Vec<Value> = lines.filter(|line| line["id"] == id).collect();
    let [line] = &own[..] else { panic!("{own:?}") };
    assert_eq!(line["status"], answer.status.to_string(), "{line}");
    line.clone()
}

/// What Lambda reports of the invocation that the gateway's line names.
async fn report(app: &App, access: &Value) -> Value {
    let id = access["function"].as_str().unwrap();
    let log = app.lambda.log_with("platform.report").await.unwrap();
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line is JSON"));
    let mut own = lines.filter(|line| line["type"] == "platform.report" && line["record"]["requestId"] == id);
    own.next().unwrap_or_else(|| panic!("no report of {id}: {log}"))
}

#[tokio::test]
async fn an_answer_is_joined_with_both_logs() {
    let binaries = binaries_with("get-role", env!("CARGO_BIN_EXE_panics"));
    let app = App::start_with(|options| options.binaries = binaries).await;
    let key = app.new_integration("acme-corp").await;
    let tenant = app.new_tenant(&key, "one").await;
    let found = format!("/tenants/{}", tenant["id"].as_str().unwrap());
    let (of_tenant, of_role) = ("GET /tenants/{tenant_id}", "GET /roles/{role_id}");
    let nil = "tnt_00000000000000000000000000";
    for (path, route, status) in [
        (&*found, of_tenant, 200),
        (&format!("/tenants/{nil}"), of_tenant, 404),
        ("/roles/rol_00000000000000000000000000", of_role, 500),
        ("/nowhere", "$default", 404),
    ] {
        let answer = app.with_key(&key, "GET", path).send_unchecked().await.expect_status(status);
        let (access, line) = (access_line(&app, &answer), app.line_of(&answer).await);
        assert_eq!((&line["gateway"], &line["route"]), (&access["id"], &access["route"]), "{line} {access}");
        assert_eq!((&line["route"], &line["status"]), (&json!(route), &json!(status)), "{line}");
        let function = access["function"].as_str().unwrap();
        assert_eq!(
            (function.len(), &access["function_status"], &access["error"]),
            (36, &json!("200"), &json!("-")),
            "{access}"
        );
        if status == 500 {
            // The panic itself has no id of the gateway.
            let log = app.lambda.log_text();
            let panic = log.lines().find(|line| line.contains("\"a panic\"")).unwrap();
            assert!(panic.contains(&format!("\"lambda\":\"{function}\"")), "{panic}");
        }
    }
}

#[tokio::test]
async fn a_time_out_is_joined_with_lambdas_report() {
    let app = App::start_with(|options| {
        options.timeouts.insert("get-tenant".to_owned(), Duration::from_secs(1));
    })
    .await;
    let key = app.new_integration("acme-corp").await;
    app.lambda.warm("get-tenant", 1).await.unwrap();
    // The function would give up by itself before the deadline that it gets.
    app.lambda.set_deadline(Deadline::In(Duration::from_secs(60)));
    app.faults([Rule::always(Action::Delay { ms: 60_000 })]);
    let answer = app.with_key(&key, "GET", "/tenants/x").send_unchecked().await.expect_status(500);
    assert_eq!(answer.body, r#"{"message":"Internal Server Error"}"#);
    let access = access_line(&app, &answer);
    assert_eq!(access["error"], "INTEGRATION_FAILURE", "{access}");
    let report = report(&app, &access).await;
    assert_eq!(report["record"]["status"], "timeout", "{report}");
}

#[tokio::test]
async fn a_crash_is_joined_with_lambdas_report() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    app.lambda.warm("get-tenant", 1).await.unwrap();
    let pid = app.lambda.processes("get-tenant")[0];
    app.faults([Rule::always(Action::Delay { ms: 60_000 })]);
    let begun = app.proxy.log_len();
    let crash = async {
        until("the read", || !app.proxy.log_from(begun).is_empty()).await;
        kill(pid, "KILL").await.unwrap();
    };
    let (answer, ()) = tokio::join!(app.with_key(&key, "GET", "/tenants/x").send_unchecked(), crash);
    let access = access_line(&app, &answer.expect_status(500));
    let report = report(&app, &access).await;
    assert_eq!(
        (&report["record"]["status"], &report["record"]["errorType"]),
        (&json!("error"), &json!("Runtime.ExitError"))
    );
}

#[tokio::test]
async fn what_the_gateway_refuses_has_no_function() {
    let app = App::start().await;
    let long = "x".repeat(11_000);
    let answer = app.anonymous("GET", &format!("/health?{long}")).send_unchecked().await.expect_status(414);
    let access = access_line(&app, &answer);
    assert_eq!(
        (&access["function"], &access["route"], &access["error"]),
        (&json!("-"), &json!("-"), &json!("DEFAULT_4XX"))
    );
}

/// The line names the caller once its credential was accepted, also where the request is refused then.
#[tokio::test]
async fn the_line_has_the_callers_ids() {
    let app = App::start().await;
    let customer = app.new_customer("acme-corp").await;
    let keys = app.operator("POST", "/v1/customers/acme-corp/keys");
    let issued = keys.json(json!({ "name": "all" })).send().await.expect_status(201);
    let line = app.line_of(&issued).await;
    assert!(line["customer"].is_null() && line["key"].as_str().is_some_and(|id| id.starts_with("key_")), "{line}");
    let (key, id) = (issued.json()["api_key_once"].as_str().unwrap().to_owned(), issued.json()["key_id"].clone());
    for (path, status) in [("/tenants", 200), ("/tenants?limit=0", 422), ("/tenants/x", 404), ("/v1/customers", 403)] {
        let answer = app.with_key(&key, "GET", path).send_unchecked().await.expect_status(status);
        let line = app.line_of(&answer).await;
        assert_eq!((&line["customer"], &line["key"], &line["user"]), (&customer["id"], &id, &Value::Null), "{line}");
        assert!(line["read"].as_f64().unwrap() >= 1.0, "{line}");
    }
    for token in [&key[..key.len() - 1], "x"] {
        let answer = app.with_key(token, "GET", "/tenants").send_unchecked().await.expect_status(401);
        let line = app.line_of(&answer).await;
        assert!(line["customer"].is_null() && line["key"].is_null() && line["read"].is_null(), "{line}");
    }
    // A key that was revoked is no proof of anything.
    let revoke = format!("/v1/customers/acme-corp/keys/{}", id.as_str().unwrap());
    app.operator("DELETE", &revoke).send().await.expect_status(204);
    let answer = app.with_key(&key, "GET", "/tenants").send().await.expect_status(401);
    let line = app.line_of(&answer).await;
    assert!(line["customer"].is_null() && line["key"].is_null() && line["read"].is_number(), "{line}");
}

#[tokio::test]
async fn the_first_request_of_a_process_is_cold() {
    let app = App::start().await;
    for path in ["/health", "/tenants"] {
        for cold in [json!(true), Value::Null, Value::Null] {
            let answer = app.anonymous("GET", path).send().await;
            assert_eq!(app.line_of(&answer).await["cold"], cold, "{path}");
        }
    }
}
