//! The files beside the code: one licence in every manifest, an index of all decisions, a short README, costs that add up.

use regex::Regex;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use tests::{Value, repository_root, template};

const LICENSE: &str = "Apache-2.0";
const MAX_README_LINES: usize = 150;

fn text(path: &str) -> String {
    fs::read_to_string(repository_root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The files below a folder with this name; neither what is built nor what is installed.
fn files_named(name: &str, folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let own = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !["target", "node_modules", "cdk.out"].contains(&&*own) && !own.starts_with('.') {
            files_named(name, &path, found);
        } else if own == name {
            found.push(path);
        }
    }
}

#[test]
fn every_package_has_the_repositorys_license() {
    assert!(text("LICENSE").contains("Apache License\n                           Version 2.0, January 2004"));
    assert!(text("NOTICE").contains("Apache License, Version 2.0"));
    assert!(text("infra/openapi.yaml").contains(&format!("identifier: {LICENSE}")));
    let (mut rust, mut node) = (Vec::new(), Vec::new());
    files_named("Cargo.toml", &repository_root(), &mut rust);
    files_named("package.json", &repository_root(), &mut node);
    assert!(rust.len() >= 9 && node.len() >= 3, "{rust:?} {node:?}");
    for path in rust {
        let own = fs::read_to_string(&path).unwrap();
        let named = own.contains("license.workspace = true") || own.contains(&format!("license = \"{LICENSE}\""));
        assert!(named, "{} names no license", path.display());
    }
    for path in node {
        let own: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(own["license"], LICENSE, "{}", path.display());
    }
}

/// The rows of the tables of a document, by their first cell.
fn rows(document: &str) -> BTreeMap<String, Vec<String>> {
    let cells = |line: &str| -> Option<Vec<String>> {
        let inner = line.strip_prefix('|')?.strip_suffix('|')?;
        Some(inner.split('|').map(|cell| cell.trim().to_owned()).collect())
    };
    document.lines().filter_map(cells).map(|mut row| (row.remove(0), row)).collect()
}

#[test]
fn every_decision_is_in_the_index() {
    let index = text("docs/decisions/README.md");
    let rows = rows(&index);
    let date = Regex::new(r"^20\d\d-\d\d-\d\d$").unwrap();
    let files = fs::read_dir(repository_root().join("docs/decisions")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let names: Vec<String> = names.filter(|name| name != "README.md").collect();
    assert!(names.len() >= 12, "{names:?}");
    for name in &names {
        let decision = text(&format!("docs/decisions/{name}"));
        let title = decision.lines().next().and_then(|line| line.strip_prefix("# "));
        let (number, title) = title.and_then(|title| title.split_once(". ")).expect("# NUMBER. TITLE");
        assert!(name.starts_with(&format!("{number:0>4}-")), "{name} is number {number}");
        let row = rows.get(number).unwrap_or_else(|| panic!("docs/decisions/README.md has no row for {name}"));
        assert_eq!(row[0], format!("[{title}]({name})"), "the title of {number}");
        assert!(date.is_match(&row[1]), "{name}: {}", row[1]);
        match row[2].strip_prefix("superseded by ") {
            Some(by) => assert!(decision.contains("uperseded") && index.contains(by), "{name} does not say so"),
            None => {
                assert_eq!(row[2], "accepted", "{name}");
                assert!(!decision.contains("\nSuperseded") && !decision.contains("\n**Superseded"), "{name} says so");
            }
        }
    }
    assert_eq!(index.matches("](0").count() - index.matches("superseded by [").count(), names.len(), "a row too many");
}

#[test]
fn the_readme_is_short() {
    let lines = text("README.md").lines().count();
    assert!(lines <= MAX_README_LINES, "README.md has {lines} lines");
}

/// The result of a cell: its last number, which is the product where it says `a x b = c`.
fn result(cell: &str) -> f64 {
    let (factors, written) = cell.split_once(" = ").unwrap_or(("", cell));
    let number = |text: &str| text.trim().parse::<f64>().unwrap_or_else(|_| panic!("{text:?} in {cell:?}"));
    if !factors.is_empty() {
        let product: f64 = factors.split(" x ").map(number).product();
        let digits = written.split_once('.').map_or(0, |(_, digits)| digits.len());
        assert_eq!(format!("{product:.digits$}"), written, "{factors}");
    }
    number(written)
}

/// The cells of a section's table by column, without its head and its sum, and the sums.
fn columns(costs: &str, heading: &str) -> Vec<(Vec<String>, String)> {
    let (_, section) = costs.split_once(&format!("## {heading}\n")).expect("the heading");
    let section = section.split("\n## ").next().unwrap_or_default();
    let lines = section.lines().filter(|line| line.starts_with('|')).skip(2);
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split('|').map(str::trim).collect()).collect();
    let (sums, parts) = rows.split_last().unwrap();
    assert_eq!(sums[1], "sum", "{heading}");
    let column = |at: usize| (parts.iter().map(|row| row[at].to_owned()).collect(), sums[at].to_owned());
    (2..sums.len() - 1).map(column).collect()
}

#[test]
fn the_costs_add_up_and_are_those_of_the_capacity_table() {
    let (costs, readme) = (text("docs/costs.md"), text("README.md"));
    for heading in ["Per million requests", "Per month at 100 requests/s", "What observing costs"] {
        for (cells, sum) in columns(&costs, heading) {
            let total: f64 = cells.iter().map(|cell| result(cell)).sum();
            let digits = sum.split_once('.').unwrap().1.len();
            assert_eq!(format!("{total:.digits$}"), sum, "{heading}: {cells:?}");
        }
    }
    let requests = costs.lines().find_map(|line| line.split_once(" requests, 95 %")).unwrap().0;
    assert_eq!(result(requests), 262_800_000.0);

    let capacity = rows(&text("docs/access-patterns.md"));
    let operations = ["getTenant", "updateTenant", "createTenant"];
    for (operation, (cells, sum)) in operations.iter().zip(columns(&costs, "Per million requests")) {
        let unit = |at: usize| cells[at].split(' ').next().unwrap().to_owned();
        let (read, written, units) = (unit(3), unit(4), capacity[*operation].last().unwrap());
        assert!(units.contains(&format!("{read} RCU")), "{operation} reads {units}, not {read}");
        assert!(
            written == "0" || units.contains(&format!("{written} WCU")),
            "{operation} writes {units}, not {written}"
        );
        assert_eq!(units.contains("WCU"), written != "0", "{operation}: {units}");
        let of_month = format!(" x {sum} = ");
        assert!(
            *operation == "createTenant" || costs.contains(&of_month),
            "the month counts another sum of {operation}"
        );
    }
    let million = columns(&costs, "Per million requests")[0].1.parse::<f64>().unwrap();
    let month = columns(&costs, "Per month at 100 requests/s")[0].1.parse::<f64>().unwrap();
    let said = format!("about ${million:.0} per million reads; ${month:.0} a month at 100 requests/s");
    assert!(readme.contains(&said), "README.md does not say {said:?}");
    let deployed = &columns(&costs, "What observing costs")[1];
    assert_eq!(deployed.1.parse::<f64>().unwrap(), month);
    let (parts, observing) = (&columns(&costs, "Per month at 100 requests/s")[0].0, result(&deployed.0[2]));
    let sum: f64 = parts[5..].iter().map(|part| result(part)).sum();
    assert_eq!(format!("{sum:.2}"), format!("{observing:.2}"), "{parts:?}");
}

/// The whole number before a unit in a cell of the capacity table, such as `8 + 4` before WCU; its first choice, and what is in brackets left out.
fn units(cell: &str, unit: &str) -> u32 {
    let found = Regex::new(&format!(r"(\d+)(?: \+ (\d+))? {unit}")).unwrap().captures(cell);
    let numbers = found.iter().flat_map(|found| found.iter().skip(1).flatten());
    numbers.map(|number| number.as_str().parse::<u32>().unwrap()).sum()
}

#[test]
fn the_cost_of_each_operation_is_that_of_its_units() {
    let costs = text("docs/costs.md");
    let (_, section) = costs.split_once("## Any operation, any customer\n").expect("the heading");
    let section = section.split("\n## ").next().unwrap();
    let capacity = rows(&text("docs/access-patterns.md"));
    // All of getTenant's parts that are not time and units.
    let (parts, sum) = &columns(&costs, "Per million requests")[0];
    let constant: f64 = sum.parse::<f64>().unwrap() - parts[2..5].iter().map(|part| result(part)).sum::<f64>();
    let mut count = 0;
    for (operation, cells) in rows(section).iter().filter(|(name, _)| !["operation", "---"].contains(&name.as_str())) {
        let [trips, read, written, cost] = cells.as_slice() else { panic!("{operation}: {cells:?}") };
        let [_, known_trips, known_units] = &capacity[operation][..] else { panic!("{operation}") };
        let known = [known_trips.clone(), units(known_units, "RCU").to_string(), units(known_units, "WCU").to_string()];
        assert_eq!([trips, read, written].map(String::clone), known, "{operation}: {known_units}");
        let seconds = [1250.0, 2000.0, 2625.0][trips.parse::<usize>().unwrap() - 1];
        let number = |text: &str| text.parse::<f64>().unwrap();
        let parts = [constant, seconds * 0.000_013_333_4, number(read) * 0.125, number(written) * 0.625];
        let written_parts = parts.map(|part| format!("{part:.3}")).join(" + ");
        let total: f64 = written_parts.split(" + ").map(number).sum();
        assert_eq!(*cost, format!("{written_parts} = {total:.3}"), "{operation}");
        count += 1;
    }
    assert!(count >= 13, "only {count} operations");
    let said = format!("requests x 0.00000{:.0} + ", constant * 100.0);
    assert!(costs.contains(&said), "docs/costs.md does not say {said:?}");
}

#[test]
fn the_costs_count_what_the_template_observes() {
    let costs = text("docs/costs.md");
    let all: Vec<&Value> = template().document["Resources"].as_object().unwrap().values().collect();
    let of = |kind: &str| -> Vec<&Value> { all.iter().copied().filter(|resource| resource["Type"] == kind).collect() };
    let (by_route, others): (Vec<&Value>, Vec<&Value>) = of("AWS::Logs::MetricFilter")
        .into_iter()
        .partition(|filter| filter["Properties"]["MetricTransformations"][0]["Dimensions"].is_array());
    assert_eq!(by_route.len(), 1);
    let routes: usize = template().functions.iter().map(|function| function.routes.len()).sum();
    let metrics = format!("| Metrics: {routes} routes, {} others | {} x", others.len(), routes + others.len());
    // The canary's alarm is the option's.
    let alarms = of("AWS::CloudWatch::Alarm").into_iter().filter(|alarm| alarm["Condition"].is_null());
    let read = |alarm: &Value| {
        let parts = alarm["Properties"]["Metrics"].as_array();
        let is_read =
            |part: &&Value| part["MetricStat"].is_object() || part.to_string().contains("INSIGHT_RULE_METRIC");
        parts.map_or(1, |parts| parts.iter().filter(is_read).count())
    };
    let alarms = format!("the metrics that they read | {} x", alarms.map(read).sum::<usize>());
    let rules = format!("Contributor Insights: rules | {} x", of("AWS::CloudWatch::InsightRule").len());
    for said in [metrics, alarms, rules] {
        assert!(costs.contains(&said), "docs/costs.md does not say {said:?}");
    }
    assert_eq!(of("AWS::ApplicationSignals::ServiceLevelObjective").len(), 2, "6 signals a minute");
}
