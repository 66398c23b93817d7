//! What CloudWatch makes of lines and metrics: metric filters, rules of Contributor Insights and saved queries of template.yaml, run over
//! lines, and its alarms, run over points of metrics.
//!
//! Only what template.yaml uses is understood; anything else is an error.

mod alarm;
mod pattern;
mod query;
mod rule;
mod tokens;

pub use alarm::{Alarm, Point, State};
pub use pattern::Pattern;
pub use query::{Query, Row};
pub use rule::Rule;

use serde_json::Value;

/// A member of a line by its path, `record.status`.
fn member<'a>(line: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(line, |value, name| value.get(name))
}

/// The member that `$.record.status` selects.
pub fn selected<'a>(line: &'a Value, selector: &str) -> Option<&'a Value> {
    member(line, selector.strip_prefix("$.")?)
}
