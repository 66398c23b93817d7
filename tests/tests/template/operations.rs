//! What an engineer on call gets from template.yaml: each metric filter, rule and saved query over lines. tests/suite runs the same
//! over the lines that the other tests recorded; alarms.rs has the alarms.

use std::collections::{BTreeMap, BTreeSet};
use tests::logs::{Pattern, Query, Row, Rule, selected};
use tests::{Value, json, template};

/// The resources of a type, by their logical ids.
pub fn resources(kind: &str) -> BTreeMap<&'static str, &'static Value> {
    let all = template().document["Resources"].as_object().unwrap();
    let of_kind = all.iter().filter(|(_, resource)| resource["Type"] == kind);
    of_kind.map(|(id, resource)| (id.as_str(), &resource["Properties"])).collect()
}

/// Lines of the functions, one per event, each with what is to be counted of it: metric, value.
fn function_lines() -> Vec<(Value, Vec<(&'static str, f64)>)> {
    let line = |status: u16, more: Value| {
        let mut line = json!({
            "route": "GET /tenants/{tenant_id}", "status": status, "milliseconds": 7, "request_id": "req_1", "gateway": "g1=",
        });
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        line
    };
    let report = |status: &str| {
        let record = json!({ "requestId": "l1", "status": status, "metrics": { "durationMs": 10_000.0 } });
        json!({ "time": "2026-01-01T00:00:00.000Z", "type": "platform.report", "record": record })
    };
    let ms = ("Milliseconds", 7.0);
    vec![
        (
            line(200, json!({ "customer": "cust_1", "key": "key_1", "read": 2.5, "write": 4, "cold": true })),
            vec![ms, ("ReadUnits", 2.5), ("WriteUnits", 4.0), ("ColdStarts", 1.0)],
        ),
        (line(204, json!({})), vec![ms]),
        (line(401, json!({ "read": 1 })), vec![ms, ("ReadUnits", 1.0), ("Unauthorized", 1.0)]),
        (line(429, json!({ "customer": "cust_1" })), vec![ms, ("Limited", 1.0)]),
        (line(500, json!({ "level": "error", "cause": "a bug" })), vec![ms, ("Bugs", 1.0)]),
        (line(503, json!({ "level": "error", "cause": "a time-out" })), vec![ms, ("Unavailable", 1.0)]),
        (json!({ "level": "fatal", "cause": "the table is missing" }), vec![("Bugs", 1.0)]),
        (json!({ "level": "error", "cause": "a panic", "place": "a.rs:1:1" }), vec![("Bugs", 1.0)]),
        (report("timeout"), vec![("Bugs", 1.0)]),
        (report("error"), vec![("Bugs", 1.0)]),
        (report("success"), vec![]),
        (json!({ "type": "platform.runtimeDone", "record": { "requestId": "l1", "status": "timeout" } }), vec![]),
        (
            json!({ "jobs": 3, "oldest_job_seconds": 61, "milliseconds": 20, "write": 12 }),
            vec![("OldestSweepJob", 61.0), ("WriteUnits", 12.0)],
        ),
        (json!({ "jobs": 0, "oldest_job_seconds": 0, "milliseconds": 2 }), vec![("OldestSweepJob", 0.0)]),
    ]
}

/// Lines of the access log. The gateway writes texts, and `-` for what there is not.
fn access_lines() -> Vec<(Value, Vec<(&'static str, f64)>)> {
    let line = |status: &str, function: &str| json!({ "id": "g1=", "route": "GET /health", "status": status, "function": function });
    vec![
        (line("200", "l1"), vec![]),
        (line("429", "l1"), vec![]),
        (line("429", "-"), vec![("ThrottledByGateway", 1.0)]),
        (line("503", "-"), vec![]),
    ]
}

/// What the filters of a log group make of a line.
fn counted(log_group: &str, line: &Value) -> Vec<(String, f64)> {
    let mut counted = Vec::new();
    for filter in resources("AWS::Logs::MetricFilter").into_values() {
        if filter["LogGroupName"] != json!({ "Ref": log_group }) {
            continue;
        }
        if Pattern::parse(filter["FilterPattern"].as_str().unwrap()).matches(line) {
            let metric = &filter["MetricTransformations"][0];
            let text = metric["MetricValue"].as_str().unwrap();
            let value = selected(line, text).and_then(Value::as_f64).or_else(|| text.parse().ok());
            let value = value.unwrap_or_else(|| panic!("{text} is no number in {line}"));
            counted.push((metric["MetricName"].as_str().unwrap().to_owned(), value));
        }
    }
    counted.sort_by(|one, other| one.0.cmp(&other.0));
    counted
}

#[test]
fn each_metric_filter_counts_its_lines_and_no_other() {
    let mut metrics = BTreeSet::new();
    for (log_group, lines) in [("FunctionLogGroup", function_lines()), ("ApiLogGroup", access_lines())] {
        for (line, expected) in lines {
            let mut expected: Vec<_> = expected.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            expected.sort_by(|one, other| one.0.cmp(&other.0));
            assert_eq!(counted(log_group, &line), expected, "{line}");
            metrics.extend(expected.into_iter().map(|(name, _)| name));
        }
    }
    let filters = resources("AWS::Logs::MetricFilter");
    assert_eq!(filters.len(), metrics.len(), "a filter without a line that it counts: {metrics:?}");
    for (id, filter) in filters {
        let [metric] = &filter["MetricTransformations"].as_array().unwrap()[..] else { panic!("{id}") };
        assert_eq!(metric["MetricNamespace"], json!({ "Ref": "AWS::StackName" }), "{id}");
        // A dimension must be bounded: there are as many routes as functions.
        let by_route = json!([{ "Key": "Route", "Value": "$.route" }]);
        let expected = if metric["MetricName"] == "Milliseconds" { &by_route } else { &Value::Null };
        assert_eq!(&metric["Dimensions"], expected, "{id}");
    }
}

#[test]
fn patterns_and_queries_that_are_not_understood_are_errors() {
    for text in
        ["{ $.a = 1", "{ a = 1 }", "{ $.a ~ 1 }", "{ $.a < \"x\" }", "{ $.a = \"x*\" }", "{ $.a = 1 } x", "[a, b]"]
    {
        assert!(std::panic::catch_unwind(|| Pattern::parse(text)).is_err(), "{text}");
    }
    for text in ["parse @message", "fields a +", "stats count(*) by", "sort a", "filter a = {{id}}", "limit 1 1"] {
        assert!(std::panic::catch_unwind(|| Query::parse(text, &[])).is_err(), "{text}");
    }
    let line = json!({ "a": { "b": 3 }, "c": "x", "d": true, "e": null });
    for (text, expected) in [
        ("{ $.a.b >= 3 && $.c = \"x\" }", true),
        ("{ $.a.b > 3 || ($.c != \"x\" && $.d IS TRUE) }", false),
        ("{ $.c = 3 }", false),
        ("{ $.none != 3 }", false),
        ("{ $.none NOT EXISTS && $.a = \"*\" }", true),
        ("{ $.c IS TRUE }", false),
    ] {
        assert_eq!(Pattern::parse(text).matches(&line), expected, "{text}");
    }
}

#[test]
fn rules_find_the_largest_customers() {
    let lines = [
        json!({ "customer": "cust_1", "status": 200, "write": 4 }),
        json!({ "customer": "cust_1", "status": 503, "level": "error" }),
        json!({ "customer": "cust_2", "status": 500, "write": 1.5, "level": "error" }),
        json!({ "customer": "cust_2", "status": 404, "read": 2 }),
        json!({ "customer": "cust_2", "status": 201, "write": 6 }),
        json!({ "status": 401 }),
        json!({ "jobs": 3, "write": 12, "oldest_job_seconds": 0 }),
    ];
    let expected = BTreeMap::from([
        ("RequestsByCustomer", [("cust_1", 2.0), ("cust_2", 3.0)]),
        ("WriteUnitsByCustomer", [("cust_1", 4.0), ("cust_2", 7.5)]),
        ("FailuresByCustomer", [("cust_1", 1.0), ("cust_2", 1.0)]),
    ]);
    let rules = resources("AWS::CloudWatch::InsightRule");
    assert_eq!(
        rules.keys().collect::<Vec<_>>(),
        expected.keys().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>()
    );
    for (id, rule) in rules {
        let body = rule["RuleBody"]["Fn::Sub"].as_str().unwrap();
        assert!(body.contains("\"LogGroupNames\": [\"${FunctionLogGroup}\"]"), "{body}");
        let found = Rule::parse(body).contributors(lines.iter());
        let expected = expected[id].iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        assert_eq!(found, expected, "{id}");
    }
    // Hot keys of the table and of each index, at no cost while there are none.
    let throttled = json!({ "Enabled": true, "Mode": "THROTTLED_KEYS" });
    let table = resources("AWS::DynamoDB::Table")["Table"];
    assert_eq!(table["ContributorInsightsSpecification"], throttled);
    for index in table["GlobalSecondaryIndexes"].as_array().unwrap() {
        assert_eq!(index["ContributorInsightsSpecification"], throttled, "{index}");
    }
}

const DAY: u64 = 24 * 60 * 60 * 1000;
const NOW: u64 = 400 * DAY;

/// The result of a saved query over lines with their times.
fn query(id: &str, parameters: &[(&str, &str)], lines: &[(u64, Value)]) -> Vec<Row> {
    let definition = resources("AWS::Logs::QueryDefinition")[id];
    let declared = definition["Parameters"].as_array().into_iter().flatten().map(|parameter| &parameter["Name"]);
    assert!(declared.eq(parameters.iter().map(|(name, _)| name)), "{id}");
    let lines: Vec<(u64, String)> = lines.iter().map(|(time, line)| (*time, line.to_string())).collect();
    let query = Query::parse(definition["QueryString"].as_str().unwrap(), parameters);
    query.run(lines.iter().map(|(time, line)| (*time, line.as_str())), NOW / 1000)
}

/// One member of each row.
fn column<'a>(rows: &'a [Row], name: &str) -> Vec<&'a Value> {
    rows.iter().map(|row| &row[name]).collect()
}

#[test]
fn the_query_for_errors_finds_all_of_them_and_nothing_else() {
    let lines: Vec<(u64, Value)> = (1..).zip(function_lines().into_iter().map(|(line, _)| line)).collect();
    let times =
        column(&query("ErrorsQuery", &[], &lines), "@timestamp").into_iter().map(Value::as_u64).collect::<Vec<_>>();
    let is_error = |line: &&(u64, Value)| {
        line.1["level"].is_string() || line.1["type"] == "platform.report" && line.1["record"]["status"] != "success"
    };
    let expected: Vec<_> = lines.iter().rev().filter(is_error).map(|line| Some(line.0)).collect();
    assert_eq!(times, expected);
    assert_eq!(times.len(), 6);
}

#[test]
fn the_query_by_request_id_finds_a_request_by_each_of_its_ids() {
    let lines = [
        (1, json!({ "id": "g1=", "route": "GET /health", "status": "200", "function": "l1" })),
        (2, json!({ "route": "GET /health", "status": 200, "request_id": "req_1", "gateway": "g1=" })),
        (3, json!({ "type": "platform.report", "record": { "requestId": "l1", "status": "timeout" } })),
        (4, json!({ "level": "error", "cause": "late", "lambda": "l1" })),
        (
            5,
            json!({ "route": "GET /health", "status": 200, "request_id": "req_2", "gateway": "g2=", "caller_request_id": "c2" }),
        ),
    ];
    for (id, expected) in
        [("req_1", vec![2]), ("c2", vec![5]), ("g1=", vec![1, 2]), ("l1", vec![1, 3, 4]), ("req_3", vec![])]
    {
        let found = query("RequestQuery", &[("id", id)], &lines);
        assert_eq!(
            column(&found, "@timestamp").into_iter().filter_map(Value::as_u64).collect::<Vec<_>>(),
            expected,
            "{id}"
        );
    }
}

#[test]
fn the_query_for_costs_prices_each_customer() {
    let line = |customer: &str, more: Value| {
        let mut line = json!({ "customer": customer, "status": 200, "milliseconds": 10 });
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        line
    };
    let lines = [
        (1, line("cust_1", json!({ "read": 2.5 }))),
        (2, line("cust_2", json!({ "read": 1, "write": 8 }))),
        (3, line("cust_1", json!({}))),
        (4, json!({ "status": 401, "milliseconds": 5 })),
    ];
    let found = query("CostQuery", &[], &lines);
    assert_eq!(column(&found, "customer"), ["cust_2", "cust_1"], "the most expensive one first");
    let one = &found[1];
    for (name, expected) in [("requests", 2.0), ("ms", 20.0), ("read_units", 2.5), ("write_units", 0.0)] {
        assert_eq!(one[name].as_f64(), Some(expected), "{name}");
    }
    let bytes = lines[0].1.to_string().len() + lines[2].1.to_string().len();
    assert_eq!(one["bytes"].as_f64(), Some(bytes as f64));
    let expected = 2.0 * 1.2e-6 + 20.0 * 1.67e-9 + 2.5 * 1.25e-7 + bytes as f64 * 5e-10;
    assert!((one["usd"].as_f64().unwrap() - expected).abs() < 1e-12, "{one:?}");
}

#[test]
fn the_audit_has_what_a_key_has_changed() {
    let line = |key: &str, route: &str, status: u16| json!({ "customer": "cust_1", "key": key, "route": route, "status": status });
    let lines = [
        (1, line("key_1", "PATCH /tenants/{tenant_id}", 200)),
        (2, line("key_1", "GET /tenants/{tenant_id}", 200)),
        (3, line("key_2", "DELETE /tenants/{tenant_id}", 204)),
        (4, line("key_1", "DELETE /tenants/{tenant_id}", 403)),
    ];
    let found = query("AuditQuery", &[("key", "key_1")], &lines);
    assert_eq!(column(&found, "status"), [&json!(403), &json!(200)]);
}

#[test]
fn the_query_for_unused_keys_finds_those_that_were_last_used_90_days_ago() {
    let used = |days: u64, key: &str| (NOW - days * DAY, json!({ "customer": "cust_1", "key": key, "status": 200 }));
    let lines = [
        used(200, "key_1"),
        used(91, "key_1"),
        used(100, "key_2"),
        used(1, "key_2"),
        used(300, "key_3"),
        used(89, "key_4"),
    ];
    let found = query("UnusedKeysQuery", &[], &lines);
    assert_eq!(column(&found, "key"), ["key_3", "key_1"]);
    assert_eq!(column(&found, "requests"), [&json!(1), &json!(2)]);
}

#[test]
fn alarms_and_dashboard_show_metrics_that_filters_make() {
    let made: BTreeSet<&str> = resources("AWS::Logs::MetricFilter")
        .into_values()
        .map(|filter| filter["MetricTransformations"][0]["MetricName"].as_str().unwrap())
        .collect();
    let own = json!({ "Ref": "AWS::StackName" });
    for (id, alarm) in resources("AWS::CloudWatch::Alarm") {
        if alarm["Namespace"] == own {
            assert!(made.contains(alarm["MetricName"].as_str().unwrap()), "{id}");
            assert!(alarm["Dimensions"].is_null(), "{id}");
        }
    }
    let body = resources("AWS::CloudWatch::Dashboard")["Dashboard"]["DashboardBody"]["Fn::Sub"].as_str().unwrap();
    let dashboard: Value = serde_json::from_str(body).expect("the dashboard is JSON");
    let mut shown = BTreeSet::new();
    for widget in dashboard["widgets"].as_array().unwrap() {
        let mut namespace = "";
        for metric in widget["properties"]["metrics"].as_array().into_iter().flatten() {
            let name = |at: usize| metric[at].as_str().unwrap_or_default();
            namespace = if name(0) == "." { namespace } else { name(0) };
            if namespace == "${AWS::StackName}" {
                shown.insert(name(1));
            }
        }
    }
    // The one with a dimension is found by a search.
    assert!(body.contains("MetricName=\\\"Milliseconds\\\""));
    shown.insert("Milliseconds");
    assert_eq!(shown, made);
    for id in resources("AWS::CloudWatch::Alarm").keys().filter(|id| **id != "CanaryAlarm") {
        assert!(body.contains(&format!("${{{id}.Arn}}")), "{id} is not on the dashboard");
    }
}

/// A role that a service of AWS assumes for something in an account can be misused from another account unless it names its own.
#[test]
fn services_assume_roles_for_this_account_only() {
    let own = json!({ "StringEquals": { "aws:SourceAccount": { "Ref": "AWS::AccountId" } } });
    for (id, role) in resources("AWS::IAM::Role") {
        let statement = &role["AssumeRolePolicyDocument"]["Statement"][0];
        // Lambda assumes a role that a function names, and a function can only name a role of its account.
        let is_lambda = statement["Principal"]["Service"] == "lambda.amazonaws.com";
        assert_eq!(statement["Condition"], if is_lambda { Value::Null } else { own.clone() }, "{id}");
    }
    for function in template().functions.iter().filter(|function| !function.schedules.is_empty()) {
        let properties = &template().document["Resources"][&function.logical_id]["Properties"];
        for event in properties["Events"].as_object().unwrap().values() {
            assert_eq!(event["Properties"]["RoleArn"], json!({ "Fn::GetAtt": ["SweepScheduleRole", "Arn"] }));
        }
    }
}

/// The parameters that a condition compares.
fn references(condition: &Value) -> Vec<&str> {
    match condition {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, value)| match value.as_str() {
                Some(parameter) if name == "Ref" => vec![parameter],
                _ => references(value),
            })
            .collect(),
        Value::Array(parts) => parts.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn optional_parts_are_off_by_default() {
    let document = &template().document;
    let default = |parameter: &str| document["Parameters"][parameter]["Default"].clone();
    for (name, condition) in document["Conditions"].as_object().unwrap() {
        for parameter in references(condition) {
            assert!(
                [json!(""), json!(0)].contains(&default(parameter)),
                "{name}: {parameter} is {}",
                default(parameter)
            );
        }
    }
    assert_eq!(default("GradualDeployments"), "false");
}
