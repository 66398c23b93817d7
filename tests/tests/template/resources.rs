//! What template.yaml deploys: least privilege, a table that is not lost, functions within their limits
//! (H7, L2, L6, L7, L8, L12).

use local::template::Function;
use std::collections::BTreeSet;
use tests::iam::{Access, allows};
use tests::operations::{Caller, operations_of};
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
            let (actions, resources) = (texts(&statement["Action"]), texts(&statement["Resource"]));
            // What is not named is neither an action nor a resource of the lists that are looked at here.
            assert!(statement["NotAction"].is_null() && statement["NotResource"].is_null(), "{statement}");
            assert!(!actions.is_empty() && !resources.is_empty(), "{statement}");
            let is_tracing = actions.iter().all(|action| action.starts_with("xray:"));
            let are_named = !resources.iter().any(|resource| has_wildcard(resource));
            assert!(are_named || is_tracing && resources == ["*"], "not every resource is named: {statement}");
            for action in actions {
                assert!(
                    !has_wildcard(action) && !action.ends_with(":Scan") && !action.contains("Table"),
                    "{statement}"
                );
                if action.starts_with("dynamodb:") {
                    let keys = &statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"];
                    assert!(!texts(keys).is_empty() && !texts(keys).contains(&"*"), "no leading keys: {statement}");
                    assert_eq!(statement["Condition"]["Null"]["dynamodb:LeadingKeys"], "false", "{statement}");
                }
            }
        }
    }
}

/// The template reads as the index of the API: all functions with their routes, then what each may do, in the same order.
#[test]
fn the_functions_come_first_and_their_roles_after() {
    let text = std::fs::read_to_string(tests::repository_root().join("template.yaml")).unwrap();
    let place = |id: &str| text.find(&format!("\n  {id}:")).unwrap_or_else(|| panic!("template.yaml lacks {id}"));
    let role = |id: &str| place(&id.replace("Function", "Role"));
    let mut ids: Vec<&str> = template().functions.iter().map(|function| &*function.logical_id).collect();
    ids.sort_by_key(|id| place(id));
    assert!(ids.is_sorted_by_key(|id| role(id)), "roles are in another order than functions");
    assert!(ids.last().map(|id| place(id)) < ids.first().map(|id| role(id)), "a role is among the functions");
}

/// Whether a name in a policy has a wildcard.
fn has_wildcard(name: &str) -> bool {
    name.contains(['*', '?'])
}

#[test]
fn every_function_has_a_role_of_its_own_and_writes_to_the_log_of_all() {
    for function in &template().functions {
        let (role, log_group) = (function.logical_id.replace("Function", "Role"), "FunctionLogGroup");
        let all = &template().document["Resources"];
        let properties = &all[&function.logical_id]["Properties"];
        assert_eq!(properties["Role"], json!({ "Fn::GetAtt": [role, "Arn"] }), "{}", function.logical_id);
        assert_eq!(properties["LoggingConfig"], Value::Null, "{}", function.logical_id);
        let policies = all[&role]["Properties"]["Policies"].as_array().unwrap();
        let statements = policies.iter().flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().unwrap());
        let logging: Vec<&Value> = statements.filter(|statement| is_about_logs(statement)).collect();
        let expected = json!({
            "Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": { "Fn::GetAtt": [log_group, "Arn"] },
        });
        assert_eq!(logging, [&expected], "{role} writes elsewhere than to {log_group}");
        let shared = function.statements.iter().filter(|statement| is_about_logs(statement)).count();
        assert_eq!(shared, 1, "a policy that several roles share writes logs, too: {role}");
    }
    let globals = &template().document["Globals"]["Function"]["LoggingConfig"];
    assert_eq!(globals["LogGroup"], json!({ "Ref": "FunctionLogGroup" }));
    // The log of who did what outlives the stack.
    let group = &template().document["Resources"]["FunctionLogGroup"];
    assert_eq!((&group["DeletionPolicy"], &group["UpdateReplacePolicy"]), (&json!("Retain"), &json!("Retain")));
    assert_eq!(group["Properties"]["RetentionInDays"], json!({ "Ref": "LogRetentionDays" }));
    assert_eq!(template().document["Parameters"]["LogRetentionDays"]["Default"], 400);
    // The policies that are looked at here are all there are.
    for kind in ["AWS::IAM::Policy", "AWS::Lambda::Permission"] {
        assert!(resources(kind).is_empty(), "{kind}");
    }
    let [(_, schedule)] = resources("AWS::IAM::RolePolicy")[..] else { panic!("there is one, of the schedule's role") };
    assert_eq!(schedule["RoleName"], json!({ "Ref": "SweepScheduleRole" }));
}

fn is_about_logs(statement: &Value) -> bool {
    texts(&statement["Action"]).iter().any(|action| action.starts_with("logs:"))
}

#[test]
fn functions_without_a_table_have_no_right_to_it() {
    // One public document is made of items: `only_exchange_token_reads_private_signing_keys` is about what it may read.
    let public = operations_of(Caller::Anyone).map(|operation| &*operation.function);
    let names: Vec<&str> = public.filter(|name| *name != "get-jwks").chain(["answer-unmatched"]).collect();
    assert_eq!(names.len(), 5, "{names:?}");
    for name in names {
        let function = template().function(name).unwrap();
        assert!(function.statements.iter().all(|statement| !statement.to_string().contains("dynamodb:")), "{name}");
    }
}

/// With a private signing key one can be any user of any customer.
#[test]
fn only_exchange_token_reads_private_signing_keys() {
    let reads = ["BatchGetItem", "GetItem", "Query", "PartiQLSelect", "TransactGetItems"];
    // A transaction reads by its refusals: they show the old item.
    let writes = ["PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem", "BatchWriteItem"];
    let is_allowed = |function: &Function, action: &str, key: &str| {
        let indexes = [None, Some("gs1"), Some("gs2"), Some("gs3")].map(|index| index.map(str::to_owned));
        indexes.into_iter().any(|index| {
            let access = Access {
                action: format!("dynamodb:{action}"),
                index,
                keys: vec![key.to_owned()],
                attributes: BTreeSet::new(),
            };
            allows(function, &access).unwrap()
        })
    };
    let mut readers = Vec::new();
    for function in &template().functions {
        let granted = reads.into_iter().chain(writes).filter(|action| is_allowed(function, action, "S#P"));
        readers.extend(granted.map(|action| (&*function.name, action)));
        // The rotation is the operator's: no function changes any part of a key.
        let changed =
            writes.into_iter().find(|action| *action != "ConditionCheckItem" && is_allowed(function, action, "S"));
        assert_eq!(changed, None, "{}", function.name);
    }
    assert_eq!(readers, [("exchange-token", "Query")]);
    let queries_public = |function: &&Function| is_allowed(function, "Query", "S");
    let names: Vec<&str> = template().functions.iter().filter(queries_public).map(|function| &*function.name).collect();
    assert_eq!(names, ["get-jwks"]);
}

/// The items of an index are found by the attributes in shared/src/store/keys.rs. Those of conversations change with each message: an index
/// of keys only is written at the price of a key.
#[test]
fn the_table_has_the_indexes_of_its_keys() {
    let [(_, table)] = resources("AWS::DynamoDB::Table")[..] else { panic!("there is one table") };
    let indexes = table["GlobalSecondaryIndexes"].as_array().unwrap().iter().map(|index| {
        let keys = index["KeySchema"].as_array().unwrap().iter().map(|key| (&key["AttributeName"], &key["KeyType"]));
        (&index["IndexName"], keys.collect::<Vec<_>>(), &index["Projection"])
    });
    let (all, keys_only) = (json!({ "ProjectionType": "ALL" }), json!({ "ProjectionType": "KEYS_ONLY" }));
    let [gs1, gs2, gs3, hash, range] = ["gs1", "gs2", "gs3", "HASH", "RANGE"].map(Value::from);
    let [g1pk, g1sk, g2pk, g2sk, g3pk] = ["g1pk", "g1sk", "g2pk", "g2sk", "g3pk"].map(Value::from);
    let expected = [
        (&gs1, vec![(&g1pk, &hash), (&g1sk, &range)], &all),
        (&gs2, vec![(&g2pk, &hash), (&g2sk, &range)], &keys_only),
        (&gs3, vec![(&g3pk, &hash), (&g2sk, &range)], &keys_only),
    ];
    assert_eq!(indexes.collect::<Vec<_>>(), expected);
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
    // Nothing reads a stream.
    assert!(table["StreamSpecification"].is_null());
}

#[test]
fn functions_are_within_their_limits() {
    for (id, function) in resources("AWS::Serverless::Function") {
        assert_eq!(setting(function, "Architectures"), &json!(["arm64"]), "{id}");
        // A request has less than the gateway's 30 s, a run of the sweep the minute until the next.
        let most = if id == "SweepDeprovisionedTenantsFunction" { 60 } else { 10 };
        assert!(setting(function, "Timeout").as_u64().is_some_and(|seconds| seconds <= most), "{id}");
        assert!(setting(function, "MemorySize").is_u64(), "{id}");
        assert_eq!(setting(function, "Tracing"), "Active", "{id}");
        assert!(function["FunctionUrlConfig"].is_null(), "{id} has an address of its own");
        let variables = function["Environment"]["Variables"].as_object();
        assert!(variables.is_none(), "{id}: all functions have the same variables");
    }
    let variables = &template().document["Globals"]["Function"]["Environment"]["Variables"];
    // Nothing of it is a secret.
    let names: Vec<&String> = variables.as_object().unwrap().keys().collect();
    assert_eq!(names, ["GLIBC_TUNABLES", "PUBLIC_URL", "TABLE_NAME"]);
    assert_eq!(variables["TABLE_NAME"], json!({ "Ref": "Table" }));
    let domain = json!({ "Fn::Sub": "https://${DomainName}" });
    assert_eq!(variables["PUBLIC_URL"], json!({ "Fn::If": ["HasDomain", domain, { "Ref": "PublicUrl" }] }));
}

/// H7. Nothing is tried again: the next minute does so, and what failed is in the table until it is done. Each failure is a
/// message that stays for as long as a queue keeps one.
#[test]
fn what_the_clock_starts_reports_its_failures() {
    let [(queue, properties)] = resources("AWS::SQS::Queue")[..] else { panic!("there is one queue") };
    assert_eq!(properties["MessageRetentionPeriod"], 14 * 24 * 60 * 60, "the longest there is");
    let arn = json!({ "Fn::GetAtt": [queue, "Arn"] });
    let scheduled = template().functions.iter().filter(|function| !function.schedules.is_empty());
    for function in scheduled {
        let id = &function.logical_id;
        let properties = &template().document["Resources"][id]["Properties"];
        for event in properties["Events"].as_object().unwrap().values() {
            let event = &event["Properties"];
            assert_eq!(event["RetryPolicy"]["MaximumRetryAttempts"], 0, "{id}");
            assert_eq!(event["DeadLetterConfig"]["Arn"], arn, "no message when {id} cannot be started");
        }
        let configs = resources("AWS::Lambda::EventInvokeConfig").into_iter();
        let own = configs.filter(|(_, config)| config["FunctionName"] == json!({ "Ref": id })).collect::<Vec<_>>();
        let [(_, config)] = own[..] else { panic!("{id} has not one EventInvokeConfig: {own:?}") };
        // Settings hold for one alias: the one that the schedule invokes, as every function has it.
        assert!(properties["AutoPublishAlias"].is_null(), "{id}");
        assert!(config["Qualifier"].to_string().contains(&format!("${{{id}.Alias}}")), "{config}");
        assert_eq!(config["MaximumRetryAttempts"], 0, "{id}");
        assert_eq!(config["MaximumEventAgeInSeconds"], 60, "{id}: an older tick is the next one's");
        assert_eq!(config["DestinationConfig"]["OnFailure"]["Destination"], arn, "no message when {id} fails");
        let role = &template().document["Resources"][id.replace("Function", "Role")]["Properties"];
        let may_send = json!({ "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn });
        let statements = role["Policies"][0]["PolicyDocument"]["Statement"].as_array().unwrap();
        assert!(statements.contains(&may_send), "{id} may not send to {queue}");
    }
}

/// An account's concurrency quota is 10 until it is raised, and Lambda refuses to reserve any of those: the stack could not be made.
#[test]
fn no_function_reserves_concurrency() {
    for function in &template().functions {
        let id = &function.logical_id;
        let properties = &template().document["Resources"][id]["Properties"];
        assert!(properties["ReservedConcurrentExecutions"].is_null(), "{id}");
        assert!(properties["ProvisionedConcurrencyConfig"].is_null(), "{id}");
    }
}

/// A panic's message may quote a request: `cargo xtask dev` alone has it in the log.
#[test]
fn no_deployed_function_shows_the_message_of_a_panic() {
    let text = std::fs::read_to_string(tests::repository_root().join("template.yaml")).unwrap();
    assert!(!text.contains("SHOW_PANIC_MESSAGES"));
}

#[test]
fn the_gateway_answers_nothing_by_itself() {
    for (id, api) in resources("AWS::Serverless::HttpApi") {
        assert!(api["CorsConfiguration"].is_null(), "{id} would answer OPTIONS");
        assert!(!api["DefaultRouteSettings"]["ThrottlingRateLimit"].is_null(), "{id}");
        let format = api["AccessLogSettings"]["Format"].as_str().unwrap_or_default();
        let lower = format.to_ascii_lowercase();
        assert!(!lower.contains("authorization") && !lower.contains("path"), "{format}");
        // Free text, which may contain quotation marks, breaks a line of JSON.
        assert!(!lower.contains("message") && !format.contains("$context.integration.error"), "{format}");
        assert!(serde_json::from_str::<Value>(format).is_ok_and(|line| line["id"] == "$context.requestId"), "{format}");
    }
}
