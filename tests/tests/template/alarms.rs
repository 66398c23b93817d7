//! The alarms of template.yaml: each with its line of docs/operations.md, and over points of its metrics, at what it fires and at what not.

use super::operations::resources;
use std::collections::BTreeSet;
use tests::logs::{Alarm, Point, State};
use tests::{Value, json, repository_root};

#[test]
fn each_alarm_has_its_line_in_the_runbook_and_notifies_the_topic() {
    let text = std::fs::read_to_string(repository_root().join("docs/operations.md")).unwrap();
    let section = text.split("\n## Alarms\n").nth(1).expect("docs/operations.md has a section Alarms");
    let rows = section.split("\n## ").next().unwrap().lines().filter_map(|line| line.strip_prefix("| **"));
    let documented: Vec<&str> = rows.filter_map(|row| row.split("**").next()).collect();
    let alarms = resources("AWS::CloudWatch::Alarm");
    let names = alarms.keys().map(|id| id.strip_suffix("Alarm").unwrap()).chain(["Budget"]);
    assert_eq!(documented.iter().copied().collect::<BTreeSet<_>>(), names.collect());
    assert_eq!(documented.len(), alarms.len() + 1, "a line is there twice");
    let topic = json!({ "Fn::If": ["HasAlarmTopic", [{ "Ref": "AlarmTopic" }], { "Ref": "AWS::NoValue" }] });
    for (id, alarm) in alarms {
        let name = id.strip_suffix("Alarm").unwrap();
        let description = alarm["AlarmDescription"].as_str().unwrap();
        assert!(description.ends_with(&format!(". docs/operations.md, alarm {name}.")), "{description}");
        assert_eq!((&alarm["AlarmActions"], &alarm["OKActions"]), (&topic, &topic), "{id}");
        assert!(alarm["TreatMissingData"].is_string(), "{id}");
    }
}

/// What an alarm says after some periods.
fn state(id: &str, points: &[Point]) -> State {
    Alarm::new(resources("AWS::CloudWatch::Alarm")[id]).state(points)
}

/// Periods, each with the same metrics.
fn periods(count: usize, metrics: &[(&'static str, f64)]) -> Vec<Point> {
    vec![Point::from_iter(metrics.iter().copied()); count]
}

#[test]
fn each_alarm_fires_above_its_limit_and_not_below() {
    let one = |value: f64| vec![("metric", value)];
    let gateway = |requests: f64, failures: f64| vec![("requests", requests), ("failures", failures)];
    let customer = |requests: f64, largest: f64| vec![("requests", requests), ("largest", largest)];
    let concurrency = |used: f64, quota: f64| vec![("used", used), ("quota", quota)];
    // Of so many periods so many fire; what is below the limit, at most, and what is above, at least.
    let cases = [
        ("FailuresAlarm", 3, 5, gateway(1000.0, 10.0), gateway(1000.0, 11.0)),
        ("FailuresAlarm", 3, 5, gateway(19.0, 19.0), gateway(20.0, 1.0)),
        ("LatencyAlarm", 3, 3, one(1000.0), one(1001.0)),
        ("BugsAlarm", 1, 1, one(0.0), one(1.0)),
        ("UnavailableAlarm", 1, 1, one(9.0), one(10.0)),
        ("ThrottledByGatewayAlarm", 2, 3, one(0.0), one(1.0)),
        ("ConcurrencyAlarm", 3, 3, concurrency(8.0, 10.0), concurrency(9.0, 10.0)),
        ("ConcurrencyAlarm", 3, 3, concurrency(800.0, 1000.0), concurrency(801.0, 1000.0)),
        ("TableThrottledAlarm", 2, 5, vec![("reads", 0.0), ("writes_gs1", 0.0)], vec![("reads", 1.0)]),
        ("TableThrottledAlarm", 2, 5, vec![], vec![("writes", 0.0), ("writes_gs1", 1.0)]),
        ("SweepFailedAlarm", 1, 1, one(0.0), one(1.0)),
        ("SweepLateAlarm", 2, 2, one(300.0), one(301.0)),
        ("UnauthorizedAlarm", 1, 1, one(100.0), one(101.0)),
        ("OneCustomerAlarm", 3, 3, customer(1000.0, 500.0), customer(1000.0, 501.0)),
        ("OneCustomerAlarm", 3, 3, customer(499.0, 499.0), customer(500.0, 499.0)),
        ("CanaryAlarm", 2, 3, one(100.0), one(99.0)),
    ];
    for (id, needed, all, below, above) in &cases {
        let quiet = periods(*all, below);
        assert_eq!(state(id, &quiet), State::Ok, "{id} fires at {below:?}");
        for bad in 0..=*all {
            let mut points = quiet.clone();
            points[..bad].fill(Point::from_iter(above.iter().copied()));
            let expected = if bad < *needed { State::Ok } else { State::Alarm };
            assert_eq!(state(id, &points), expected, "{id}: {bad} of {all} periods at {above:?}");
        }
    }
    let tested: BTreeSet<&str> = cases.iter().map(|case| case.0).collect();
    assert_eq!(tested, resources("AWS::CloudWatch::Alarm").into_keys().collect(), "not every alarm is tested");
}

/// A quiet stack fires nothing; a silent sweep and a silent canary do. A queue that was not used for six hours has no metric, and its
/// message is still there.
#[test]
fn missing_data_is_an_alarm_only_where_silence_is_a_failure() {
    for (id, alarm) in resources("AWS::CloudWatch::Alarm") {
        let count = alarm["EvaluationPeriods"].as_u64().unwrap() as usize;
        let expected = match id {
            "SweepLateAlarm" | "CanaryAlarm" => State::Alarm,
            "SweepFailedAlarm" => State::Unchanged,
            _ => State::Ok,
        };
        assert_eq!(state(id, &periods(count, &[])), expected, "{id}");
    }
    // Metrics of failures that never happened do not exist.
    let requests = periods(5, &[("requests", 1000.0)]);
    assert_eq!(state("FailuresAlarm", &requests), State::Ok);
}

/// The metrics of AWS, by the names and dimensions that its services give them.
#[test]
fn alarms_read_metrics_that_the_services_publish() {
    let published = [
        ("AWS/ApiGateway", "Count", vec!["ApiId"]),
        ("AWS/ApiGateway", "5xx", vec!["ApiId"]),
        ("AWS/ApiGateway", "Latency", vec!["ApiId"]),
        ("AWS/Usage", "ResourceCount", vec!["Class", "Resource", "Service", "Type"]),
        ("AWS/DynamoDB", "ReadThrottleEvents", vec!["TableName"]),
        ("AWS/DynamoDB", "WriteThrottleEvents", vec!["TableName"]),
        ("AWS/DynamoDB", "ReadThrottleEvents", vec!["GlobalSecondaryIndexName", "TableName"]),
        ("AWS/DynamoDB", "WriteThrottleEvents", vec!["GlobalSecondaryIndexName", "TableName"]),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible", vec!["QueueName"]),
        ("CloudWatchSynthetics", "SuccessPercent", vec!["CanaryName"]),
    ];
    let mut indexes = BTreeSet::new();
    let mut rules = BTreeSet::new();
    for (id, alarm) in resources("AWS::CloudWatch::Alarm") {
        let parts: Vec<&Value> = alarm["Metrics"].as_array().into_iter().flatten().collect();
        let stats =
            parts.iter().filter(|part| part["MetricStat"].is_object()).map(|part| &part["MetricStat"]["Metric"]);
        let metrics: Vec<&Value> = if parts.is_empty() { vec![alarm] } else { stats.collect() };
        assert!(metrics.len() <= 10, "{id}: CloudWatch allows ten metrics");
        for metric in metrics.iter().filter(|metric| metric["Namespace"] != json!({ "Ref": "AWS::StackName" })) {
            let dimensions = metric["Dimensions"].as_array().unwrap();
            let names: BTreeSet<&str> =
                dimensions.iter().map(|dimension| dimension["Name"].as_str().unwrap()).collect();
            let [namespace, name] = ["Namespace", "MetricName"].map(|member| metric[member].as_str().unwrap());
            let found = (namespace, name, names.into_iter().collect::<Vec<_>>());
            assert!(published.contains(&found), "{id}: {found:?}");
            if namespace == "AWS/DynamoDB" {
                let index = dimensions.iter().find(|dimension| dimension["Name"] == "GlobalSecondaryIndexName");
                indexes.insert((name, index.and_then(|dimension| dimension["Value"].as_str())));
            }
        }
        let calls = parts.iter().filter_map(|part| part["Expression"]["Fn::Sub"].as_str());
        rules.extend(calls.filter(|call| call.starts_with("INSIGHT_RULE_METRIC(")));
    }
    let of_table = |name: &'static str| [None, Some("gs1"), Some("gs2"), Some("gs3")].map(|index| (name, index));
    let expected = [of_table("ReadThrottleEvents"), of_table("WriteThrottleEvents")].concat();
    assert_eq!(indexes, expected.into_iter().collect());
    assert_eq!(
        rules.into_iter().collect::<Vec<_>>(),
        [r#"INSIGHT_RULE_METRIC("${AWS::StackName}-requests-by-customer", "MaxContributorValue")"#]
    );
    let rule = &resources("AWS::CloudWatch::InsightRule")["RequestsByCustomer"]["RuleName"];
    assert_eq!(rule, &json!({ "Fn::Sub": "${AWS::StackName}-requests-by-customer" }));
}

#[test]
fn the_objectives_are_those_of_the_runbook() {
    let objectives = resources("AWS::ApplicationSignals::ServiceLevelObjective");
    assert_eq!(objectives.keys().collect::<Vec<_>>(), [&"AvailabilityObjective", &"LatencyObjective"]);
    let metric = |query: &Value| {
        let part = &query[0]["MetricStat"];
        assert_eq!(part["Metric"]["Dimensions"], json!([{ "Name": "ApiId", "Value": { "Ref": "Api" } }]));
        ["Namespace", "MetricName"].map(|name| part["Metric"][name].as_str().unwrap().to_owned()).join(" ")
            + &format!(" {}", part["Stat"].as_str().unwrap())
    };
    let of_days = json!({ "RollingInterval": { "Duration": 28, "DurationUnit": "DAY" } });
    let availability = objectives["AvailabilityObjective"];
    let sli = &availability["RequestBasedSli"]["RequestBasedSliMetric"];
    assert_eq!(metric(&sli["TotalRequestCountMetric"]), "AWS/ApiGateway Count Sum");
    assert_eq!(metric(&sli["MonitoredRequestCountMetric"]["BadCountMetric"]), "AWS/ApiGateway 5xx Sum");
    assert_eq!((&availability["Goal"]["AttainmentGoal"], &availability["Goal"]["Interval"]), (&json!(99.9), &of_days));
    let latency = objectives["LatencyObjective"];
    assert_eq!(metric(&latency["Sli"]["SliMetric"]["MetricDataQueries"]), "AWS/ApiGateway Latency p99");
    assert_eq!(
        (&latency["Sli"]["MetricThreshold"], &latency["Sli"]["ComparisonOperator"], &latency["Goal"]["Interval"]),
        (&json!(1000), &json!("LessThan"), &of_days)
    );
    // The burn rate that the dashboard shows is one that an objective has.
    let (name, minutes) =
        (&availability["Name"]["Fn::Sub"], &availability["BurnRateConfigurations"][0]["LookBackWindowMinutes"]);
    let body = resources("AWS::CloudWatch::Dashboard")["Dashboard"]["DashboardBody"]["Fn::Sub"].as_str().unwrap();
    let shown = format!(r#""BurnRate", "SloName", {name}, "BurnRateWindowMinutes", "{minutes}""#);
    assert!(body.contains(&shown), "{shown}");
}
