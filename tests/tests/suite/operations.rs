//! The metric filters, rules and saved queries of template.yaml over every line that the functions logged in the suite, each compared
//! with what plain reading of the lines finds.

use std::collections::BTreeMap;
use tests::logs::{Pattern, Query, Rule, selected};
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

#[test]
fn customers_have_all_lines_that_name_them() {
    let lines = lines();
    let mut expected: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for (_, line) in &lines {
        if let Some(customer) = line["customer"].as_str() {
            let (requests, units) = expected.entry(customer.to_owned()).or_default();
            *requests += 1.0;
            *units += line["write"].as_f64().unwrap_or_default();
        }
    }
    assert!(expected.len() > 10, "{} customers are recorded", expected.len());
    let body = property("RequestsByCustomer", "RuleBody")["Fn::Sub"].as_str().unwrap();
    let requests = Rule::parse(body).contributors(lines.iter().map(|(_, line)| line));
    assert_eq!(requests, expected.iter().map(|(customer, (requests, _))| (customer.clone(), *requests)).collect());

    // The limit of the query is above the number of customers of the suite only where few tests ran.
    let text = property("CostQuery", "QueryString").as_str().unwrap().replace("limit 1000", "limit 1000000");
    let rows = Query::parse(&text, &[]).run(lines.iter().map(|(line, _)| (1, line.as_str())), 1);
    assert_eq!(rows.len(), expected.len());
    for row in rows {
        let (requests, units) = expected[row["customer"].as_str().unwrap()];
        assert_eq!((row["requests"].as_f64(), row["write_units"].as_f64()), (Some(requests), Some(units)), "{row:?}");
        assert!(row["usd"].as_f64().is_some_and(|usd| usd > requests * 1.2e-6), "{row:?}");
    }
}
