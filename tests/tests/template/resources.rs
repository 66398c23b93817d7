//! What template.yaml deploys: least privilege, a table that is not lost, functions within their limits
//! (L2, L6, L7, L8, L12).

use tests::{Value, json, template};

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

fn resources(kind: &str) -> Vec<(&'static String, &'static Value)> {
    let all = template().document["Resources"].as_object().unwrap();
    all.iter()
        .filter(|(_, resource)| resource["Type"] == kind)
        .map(|(id, resource)| (id, &resource["Properties"]))
        .collect()
}

/// A member of a function, or the one for all functions.
fn setting<'a>(properties: &'a Value, name: &str) -> &'a Value {
    match &properties[name] {
        Value::Null => &template().document["Globals"]["Function"][name],
        own => own,
    }
}

#[test]
fn no_function_may_do_everything_or_read_the_whole_table() {
    for function in &template().functions {
        assert!(!function.statements.is_empty(), "{} has no role of its own", function.logical_id);
        for statement in &function.statements {
            for action in texts(&statement["Action"]) {
                assert!(
                    !action.contains('*') && !action.ends_with(":Scan") && !action.contains("Table"),
                    "{statement}"
                );
                let is_tracing = action.starts_with("xray:");
                assert_eq!(texts(&statement["Resource"]).contains(&"*"), is_tracing, "{statement}");
                if action.starts_with("dynamodb:") {
                    let keys = &statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"];
                    assert!(!texts(keys).is_empty() && !texts(keys).contains(&"*"), "no leading keys: {statement}");
                    assert_eq!(statement["Condition"]["Null"]["dynamodb:LeadingKeys"], "false", "{statement}");
                }
            }
        }
    }
}

#[test]
fn functions_without_a_table_have_no_right_to_it() {
    for name in ["get-health", "get-openapi", "list-problems", "get-problem", "answer-unmatched"] {
        let function = template().function(name).unwrap();
        assert!(function.statements.iter().all(|statement| !statement.to_string().contains("dynamodb:")), "{name}");
    }
}

#[test]
fn the_table_is_not_lost() {
    let [(id, table)] = resources("AWS::DynamoDB::Table")[..] else { panic!("there is one table") };
    let document = &template().document["Resources"][id];
    assert_eq!((&document["DeletionPolicy"], &document["UpdateReplacePolicy"]), (&json!("Retain"), &json!("Retain")));
    assert_eq!(table["BillingMode"], "PAY_PER_REQUEST");
    assert_eq!(table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true);
    assert_eq!(table["DeletionProtectionEnabled"], true);
    assert_eq!(table["SSESpecification"]["SSEEnabled"], true);
    assert_eq!(table["TimeToLiveSpecification"], json!({ "AttributeName": "ttl", "Enabled": true }));
    assert!(table["LocalSecondaryIndexes"].is_null());
    // What a stream would carry is for the operations issue to say.
    assert!(table["StreamSpecification"].is_null());
}

#[test]
fn functions_are_within_their_limits() {
    for (id, function) in resources("AWS::Serverless::Function") {
        assert_eq!(setting(function, "Architectures"), &json!(["arm64"]), "{id}");
        assert!(setting(function, "Timeout").as_u64().is_some_and(|seconds| seconds <= 10), "{id}");
        assert!(setting(function, "MemorySize").is_u64(), "{id}");
        assert_eq!(setting(function, "Tracing"), "Active", "{id}");
        assert!(function["FunctionUrlConfig"].is_null(), "{id} has an address of its own");
        let group = function["LoggingConfig"]["LogGroup"]["Ref"].as_str().unwrap_or_default();
        assert!(!template().document["Resources"][group]["Properties"]["RetentionInDays"].is_null(), "{id}: {group}");
        let variables = function["Environment"]["Variables"].as_object();
        assert!(variables.is_none(), "{id}: what functions are told is the same for all");
    }
    let told = &template().document["Globals"]["Function"]["Environment"]["Variables"];
    assert_eq!(told, &json!({ "TABLE_NAME": { "Ref": "Table" }, "PUBLIC_URL": { "Ref": "PublicUrl" } }));
}

#[test]
fn what_the_clock_starts_is_alone_and_reports_its_failures() {
    let scheduled = template().functions.iter().filter(|function| !function.schedules.is_empty());
    for function in scheduled {
        let properties = &template().document["Resources"][&function.logical_id]["Properties"];
        assert_eq!(properties["ReservedConcurrentExecutions"], 1, "{}", function.logical_id);
        for event in properties["Events"].as_object().unwrap().values() {
            assert!(!event["Properties"]["DeadLetterConfig"]["Arn"].is_null(), "{}", function.logical_id);
        }
        let reports = resources("AWS::Lambda::EventInvokeConfig").into_iter().any(|(_, config)| {
            config["FunctionName"]["Ref"] == function.logical_id.as_str()
                && !config["DestinationConfig"]["OnFailure"].is_null()
        });
        assert!(reports, "nobody hears when {} fails", function.logical_id);
    }
}

#[test]
fn the_gateway_answers_nothing_by_itself() {
    for (id, api) in resources("AWS::Serverless::HttpApi") {
        assert!(api["CorsConfiguration"].is_null(), "{id} would answer OPTIONS");
        assert!(!api["DefaultRouteSettings"]["ThrottlingRateLimit"].is_null(), "{id}");
        let format = api["AccessLogSettings"]["Format"].as_str().unwrap_or_default().to_ascii_lowercase();
        assert!(!format.contains("authorization") && !format.contains("path"), "{format}");
    }
}
