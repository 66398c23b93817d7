//! Rules of Contributor Insights: how much each contributor has of what matches.

use super::selected;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Debug)]
enum Filter {
    IsPresent(String),
    GreaterThan(String, f64),
}

/// A rule with one key.
#[derive(Debug)]
pub struct Rule {
    key: String,
    value: Option<String>,
    filters: Vec<Filter>,
}

impl Rule {
    /// Reads a rule's body; panics where it is not understood.
    pub fn parse(body: &str) -> Self {
        let body: Value = serde_json::from_str(body).expect("a rule is JSON");
        assert_eq!((&body["Schema"]["Name"], &body["LogFormat"]), (&"CloudWatchLogRule".into(), &"JSON".into()));
        let contribution = &body["Contribution"];
        let keys = contribution["Keys"].as_array().unwrap();
        let [Value::String(key)] = &keys[..] else { panic!("not one key: {body}") };
        let value = contribution["ValueOf"].as_str().map(str::to_owned);
        assert_eq!(body["AggregateOn"], if value.is_some() { "Sum" } else { "Count" }, "{body}");
        let filter = |filter: &Value| {
            let members = filter.as_object().unwrap();
            assert_eq!(members.len(), 2, "{filter}");
            let path = filter["Match"].as_str().unwrap().to_owned();
            if filter["IsPresent"] == true {
                return Filter::IsPresent(path);
            }
            Filter::GreaterThan(path, filter["GreaterThan"].as_f64().unwrap())
        };
        let filters: Vec<Filter> = contribution["Filters"].as_array().unwrap().iter().map(filter).collect();
        assert!(!filters.is_empty(), "only what matches is charged: {body}");
        Self { key: key.clone(), value, filters }
    }

    /// The contributors of some lines. A line without the key, or without the value, counts for none.
    pub fn contributors<'a>(&self, lines: impl Iterator<Item = &'a Value>) -> BTreeMap<String, f64> {
        let mut found = BTreeMap::new();
        for line in lines {
            let number = |selector: &str| selected(line, selector).and_then(Value::as_f64);
            let Some(key) = selected(line, &self.key).and_then(Value::as_str) else { continue };
            let matches = self.filters.iter().all(|filter| match filter {
                Filter::IsPresent(path) => selected(line, path).is_some(),
                Filter::GreaterThan(path, least) => number(path).is_some_and(|value| value > *least),
            });
            let value = self.value.as_ref().map_or(Some(1.0), |path| number(path));
            if let Some(value) = value.filter(|_| matches) {
                *found.entry(key.to_owned()).or_default() += value;
            }
        }
        found
    }
}
