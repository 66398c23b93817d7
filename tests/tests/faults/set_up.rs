//! Faults that no later attempt can mend: an engine without an operation, a policy that is too narrow. They are
//! 500, are not tried again, and their names are in the log.

use super::app;
use tests::{Action, Rule, json};

const FAULTS: [&str; 4] =
    ["UnknownOperationException", "AccessDeniedException", "UnrecognizedClientException", "ValidationException"];

#[tokio::test]
async fn a_fault_of_the_set_up_is_500_at_the_first_attempt() {
    let (app, key) = app().await;
    let tenant = app.new_tenant(&key, "one").await;
    let path = format!("/tenants/{}", tenant["id"].as_str().unwrap());
    let (read, list, put) = (("GET", "BatchGetItem"), ("GET", "Query"), ("POST", "PutItem"));
    let (update, transact) = (("PATCH", "UpdateItem"), ("POST", "TransactWriteItems"));
    for name in FAULTS {
        let body =
            json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{name}"), "message": "as it is set up" });
        for ((method, operation), path, request) in [
            (read, path.as_str(), None),
            (list, "/tenants", None),
            (put, "/tenants", Some(json!({ "name": "two" }))),
            (update, path.as_str(), Some(json!({ "name": "two" }))),
            (transact, "/tenants", Some(json!({ "external_id": "two" }))),
        ] {
            app.faults([Rule::on(operation, Action::status(400, body.to_string()))]);
            let call = app.with_key(&key, method, path);
            let call = request.map_or(call.clone(), |request| call.json(request));
            let (answer, log) = app.requests_of(call.send()).await;
            app.faults([]);
            answer.expect_problem(500, "internal-error");
            let attempts = log.iter().filter(|entry| entry.operation == operation).count();
            assert_eq!(attempts, 1, "{operation}, {name}");
        }
    }
}
