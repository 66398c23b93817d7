//! The metric filters, rules and saved queries of template.yaml over every line that the functions logged in the suite, each compared
//! with what plain reading of the lines finds.

use std::collections::{BTreeMap, BTreeSet};
use tests::logs::{Pattern, Query, Row, Rule, selected};
use tests::recorded::recordings;
use tests::{Value, template};

/// Every recorded line.
fn lines() -> Vec<(String, Value)> {
    let logs: Vec<String> = recordings().map(|recording| recording.log).collect();
    let lines = logs.iter().flat_map(|log| log.lines());
    lines.map(|line| (line.to_owned(), serde_json::from_str(line).unwrap())).collect()
}

fn property(id: &str, name: &str) -> &'static Value {
    &template().document["Resources"][id]["Properties"][name]
}

/// How many lines a filter counts, and the sum of what it counts.
fn counted(id: &str, lines: &[(String, Value)]) -> (usize, f64) {
    let pattern = Pattern::parse(property(id, "FilterPattern").as_str().unwrap());
    let text = property(id, "MetricTransformations")[0]["MetricValue"].as_str().unwrap();
    let value = |line: &Value| text.parse().ok().or_else(|| selected(line, text)?.as_f64()).unwrap();
    let values: Vec<f64> =
        lines.iter().filter(|(_, line)| pattern.matches(line)).map(|(_, line)| value(line)).collect();
    (values.len(), values.iter().sum())
}

#[test]
fn the_metric_filters_count_what_they_should() {
    let lines = lines();
    let expected = |is_counted: &dyn Fn(&Value) -> Option<f64>| {
        let values: Vec<f64> = lines.iter().filter_map(|(_, line)| is_counted(line)).collect();
        (values.len(), values.iter().sum::<f64>())
    };
    let status = |status: u64| move |line: &Value| (line["status"] == status).then_some(1.0);
    let number = |name: &'static str| move |line: &Value| line[name].as_f64();
    let bug = |line: &Value| {
        let is_answer = line["status"].is_u64();
        let is_failure = line["level"].is_string() || line["type"] == "platform.report";
        (line["status"] == 500 || !is_answer && is_failure).then_some(1.0)
    };
    let of_route = |line: &Value| line["milliseconds"].as_f64().filter(|_| line["route"].is_string());
    for (id, is_counted) in [
        ("UnavailableFilter", &status(503) as &dyn Fn(&Value) -> Option<f64>),
        ("UnauthorizedFilter", &status(401)),
        ("LimitedFilter", &status(429)),
        ("ReadUnitsFilter", &number("read")),
        ("WriteUnitsFilter", &number("write")),
        ("OldestSweepJobFilter", &number("oldest_job_seconds")),
        ("ColdStartsFilter", &|line: &Value| line["cold"].as_bool().map(|_| 1.0)),
        ("LatencyFilter", &of_route),
        ("BugsFilter", &bug),
    ] {
        let (count, sum) = counted(id, &lines);
        let (expected_count, expected_sum) = expected(is_counted);
        assert!(count == expected_count && (sum - expected_sum).abs() < 1e-6, "{id}: {count}, {sum}");
        assert!(count > 0, "no recorded line is counted by {id}");
    }
}

/// The gateway's own 429, and not one that a function answered.
#[test]
fn the_throttle_of_the_gateway_is_counted_in_its_log() {
    let logs: Vec<String> = recordings().map(|recording| recording.access).collect();
    let parsed = |line: &str| (line.to_owned(), serde_json::from_str::<Value>(line).unwrap());
    let lines: Vec<(String, Value)> = logs.iter().flat_map(|log| log.lines()).map(parsed).collect();
    let expected = lines.iter().filter(|(_, line)| line["status"] == "429" && line["function"] == "-").count();
    assert!(expected > 0, "no request was throttled in the suite");
    assert_eq!(counted("ThrottledByGatewayFilter", &lines), (expected, expected as f64));
}

/// The logical ids of a type.
fn ids(kind: &str) -> BTreeSet<&'static str> {
    let all = template().document["Resources"].as_object().unwrap();
    all.iter().filter(|(_, resource)| resource["Type"] == kind).map(|(id, _)| id.as_str()).collect()
}

/// What a saved query finds in lines with their times; `now` in milliseconds. Its limit is for people who read it.
fn query(id: &str, parameters: &[(&str, &str)], lines: &[(u64, &str)], now: u64) -> Vec<Row> {
    let text = property(id, "QueryString").as_str().unwrap();
    let (before, _) = text.split_once("| limit").unwrap_or((text, ""));
    Query::parse(before, parameters).run(lines.iter().copied(), now / 1000)
}

/// The lines with their places as times.
fn timed(lines: &[(String, Value)]) -> Vec<(u64, &str)> {
    (1..).zip(lines).map(|(at, (line, _))| (at, line.as_str())).collect()
}

#[test]
fn nothing_that_counts_lines_is_left_out_here() {
    let filters = [
        "BugsFilter",
        "ColdStartsFilter",
        "LatencyFilter",
        "LimitedFilter",
        "OldestSweepJobFilter",
        "ReadUnitsFilter",
        "ThrottledByGatewayFilter",
        "UnauthorizedFilter",
        "UnavailableFilter",
        "WriteUnitsFilter",
    ];
    assert_eq!(ids("AWS::Logs::MetricFilter"), filters.into());
    let rules = ["FailuresByCustomer", "RequestsByCustomer", "WriteUnitsByCustomer"];
    assert_eq!(ids("AWS::CloudWatch::InsightRule"), rules.into());
    let queries = ["AuditQuery", "CostQuery", "ErrorsQuery", "RequestQuery", "UnusedKeysQuery"];
    assert_eq!(ids("AWS::Logs::QueryDefinition"), queries.into());
}

#[test]
fn customers_have_all_lines_that_name_them() {
    let lines = lines();
    let mut expected: BTreeMap<String, (f64, f64, f64)> = BTreeMap::new();
    for (_, line) in &lines {
        if let Some(customer) = line["customer"].as_str() {
            let (requests, units, failures) = expected.entry(customer.to_owned()).or_default();
            *requests += 1.0;
            *units += line["write"].as_f64().unwrap_or_default();
            *failures += f64::from(line["status"].as_u64().unwrap() >= 500);
        }
    }
    assert!(expected.len() > 10, "{} customers are recorded", expected.len());
    for (id, value) in [
        ("RequestsByCustomer", (|one| one.0) as fn(&(f64, f64, f64)) -> f64),
        ("WriteUnitsByCustomer", |one| one.1),
        ("FailuresByCustomer", |one| one.2),
    ] {
        let body = property(id, "RuleBody")["Fn::Sub"].as_str().unwrap();
        let found = Rule::parse(body).contributors(lines.iter().map(|(_, line)| line));
        let expected = expected.iter().map(|(customer, values)| (customer.clone(), value(values)));
        assert_eq!(found, expected.filter(|(_, value)| *value > 0.0).collect(), "{id}");
        assert!(!found.is_empty(), "no recorded line is counted by {id}");
    }

    let rows = query("CostQuery", &[], &timed(&lines), 1000);
    assert_eq!(rows.len(), expected.len());
    for row in rows {
        let (requests, units, _) = expected[row["customer"].as_str().unwrap()];
        assert_eq!((row["requests"].as_f64(), row["write_units"].as_f64()), (Some(requests), Some(units)), "{row:?}");
        assert!(row["usd"].as_f64().is_some_and(|usd| usd > requests * 1.2e-6), "{row:?}");
    }
}

#[test]
fn the_query_for_errors_finds_every_failure() {
    let lines = lines();
    let is_error = |line: &Value| line["level"].is_string() || line["type"] == "platform.report";
    let expected = lines.iter().filter(|(_, line)| is_error(line)).count();
    assert!(expected > 0, "no failure is recorded");
    assert_eq!(query("ErrorsQuery", &[], &timed(&lines), 1000).len(), expected);
}

/// The id of an answer finds the function's line, the gateway's id both lines, the function's id the gateway's line.
#[test]
fn the_query_by_request_id_joins_the_logs() {
    let mut joined = 0;
    for recording in recordings() {
        let both: Vec<&str> = recording.log.lines().chain(recording.access.lines()).collect();
        let lines: Vec<(u64, &str)> = (1..).zip(both.iter().copied()).collect();
        // Thousands of requests show no more than a few.
        let Some(access) = recording.access.lines().find(|line| line.contains("-4")) else { continue };
        if both.len() > 300 {
            continue;
        }
        let access: Value = serde_json::from_str(access).unwrap();
        let found = |id: &str| -> Vec<Value> {
            let rows = query("RequestQuery", &[("id", id)], &lines, 1000);
            rows.iter().map(|row| serde_json::from_str(row["@message"].as_str().unwrap()).unwrap()).collect()
        };
        let (gateway, function) = (access["id"].as_str().unwrap(), access["function"].as_str().unwrap());
        let by_gateway = found(gateway);
        assert!(by_gateway.contains(&access), "{gateway}: {by_gateway:?}");
        assert!(function == "-" || found(function).contains(&access), "{function}");
        if let Some(line) = by_gateway.iter().find(|line| line["gateway"] == gateway) {
            assert_eq!((by_gateway.len(), &line["route"]), (2, &access["route"]), "{by_gateway:?}");
            assert_eq!(found(line["request_id"].as_str().unwrap()), std::slice::from_ref(line));
            joined += 1;
        }
    }
    assert!(joined > 10, "{joined} requests of both logs are recorded");
}

#[test]
fn the_query_by_request_id_finds_the_callers_own_id() {
    let lines = lines();
    let is_plain = |id: &&str| id.len() > 5 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let id = lines.iter().find_map(|(_, line)| line["caller_request_id"].as_str().filter(is_plain));
    let id = id.expect("a caller's own id is recorded");
    let expected = lines.iter().filter(|(_, line)| line["caller_request_id"] == id).count();
    assert_eq!(query("RequestQuery", &[("id", id)], &timed(&lines), 1000).len(), expected, "{id}");
}

#[test]
fn the_queries_about_keys_name_them_all() {
    let lines = lines();
    let mut last: BTreeMap<&str, u64> = BTreeMap::new();
    let mut changes: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, (_, line)) in (1..).zip(&lines) {
        let Some(key) = line["key"].as_str() else { continue };
        last.insert(key, at);
        *changes.entry(key).or_default() += usize::from(!line["route"].as_str().unwrap().starts_with("GET "));
    }
    // As if a line were written every day: what was last used before the last 90 lines.
    let days = |at: u64| at * 24 * 60 * 60 * 1000;
    let daily: Vec<(u64, &str)> = timed(&lines).into_iter().map(|(at, line)| (days(at), line)).collect();
    let now = lines.len() as u64;
    let rows = query("UnusedKeysQuery", &[], &daily, days(now));
    let expected: BTreeSet<&str> = last.iter().filter(|(_, at)| **at + 90 < now).map(|(key, _)| *key).collect();
    assert_eq!(rows.iter().map(|row| row["key"].as_str().unwrap()).collect::<BTreeSet<_>>(), expected);
    assert!(!expected.is_empty(), "no key is recorded");

    let (key, count) = changes.into_iter().max_by_key(|(_, count)| *count).unwrap();
    assert!(count > 0, "no key has changed anything");
    assert_eq!(query("AuditQuery", &[("key", key)], &timed(&lines), 1000).len(), count, "{key}");
}
