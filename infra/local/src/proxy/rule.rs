//! Fault rules: which requests fail, and how. They are data, so that a test case reads like its row in a table.
//!
//! Each rule counts the requests that it matches; of the rules whose turn it is, the first one acts.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, de};

/// What happens to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Nothing.
    Pass,
    /// Closes the connection without forwarding.
    DropBefore,
    /// Forwards, then closes without an answer.
    DropAfter,
    /// Waits, then forwards.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// Forwards, and waits with the answer.
    DelayAfter {
        /// Milliseconds.
        ms: u64,
    },
    /// Closes the connection at once, and forwards later.
    LateArrival {
        /// Milliseconds.
        ms: u64,
    },
    /// Answers with this status, without forwarding.
    Status {
        /// The HTTP status.
        code: u16,
        /// The body, as it is sent.
        #[serde(default)]
        body: String,
        /// Headers besides the body's own.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        headers: BTreeMap<String, String>,
    },
    /// Answers ThrottlingException.
    Throttle,
    /// Answers ProvisionedThroughputExceededException.
    ThroughputExceeded,
    /// Answers as if another transaction had an item: TransactionConflict as the first reason of a cancelled transaction,
    /// TransactionConflictException for a single write.
    Conflict,
    /// Answers as [`Action::Conflict`] where another write under way uses an item, with TransactionConflict for exactly these items. Other
    /// writes use their items for a time, and are then forwarded; reads are forwarded at once.
    Contention {
        /// The time in milliseconds.
        ms: u64,
    },
    /// Answers TransactionInProgressException.
    InProgress,
    /// Resets the connection without forwarding.
    Reset,
    /// Forwards, and sends so many bytes of the answer's body under its full Content-Length.
    Truncate {
        /// How many.
        bytes: usize,
    },
    /// Forwards, and answers 200 with what is not JSON.
    Garbage,
    /// Leaves keys of a BatchGetItem unprocessed, and forwards the others.
    Unprocessed {
        /// Which: a pattern as in [`Rule::key`].
        key: String,
    },
}

impl Action {
    /// An answer of this status and body.
    pub fn status(code: u16, body: impl Into<String>) -> Self {
        Self::Status { code, body: body.into(), headers: BTreeMap::new() }
    }

    /// Keys of a BatchGetItem that are left unprocessed.
    pub fn unprocessed(key: &str) -> Self {
        Self::Unprocessed { key: key.to_owned() }
    }
}

/// A rule. What is not set matches everything.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The operation: `PutItem`. A part of a transaction is not an operation of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub op: Option<String>,
    /// Part of a key, or a pattern with `*` for the whole of it. A key is the partition's value, a blank, the sort value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The function's logical id: `CreateTenantFunction`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// From which match on, 1 being the first; then once, unless `times` says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// How often; without `nth` and `times`, always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// The probability, from 0 to 1; 1 unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// The seed of the random numbers: the same seed gives the same decisions, match by match.
    #[serde(default)]
    pub seed: u64,
    /// What happens: `drop_after`, `{"delay": {"ms": 400}}`.
    #[serde(deserialize_with = "action")]
    pub action: Action,
}

/// Deserialized through JSON, so that YAML too writes an action with data as a map and not as a tag.
fn action<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Action, D::Error> {
    serde_json::from_value(Deserialize::deserialize(deserializer)?).map_err(de::Error::custom)
}

impl Rule {
    /// A rule for every request.
    pub fn always(action: Action) -> Self {
        Self { op: None, key: None, function: None, nth: None, times: None, probability: None, seed: 0, action }
    }

    /// A rule for every request of an operation.
    pub fn on(op: &str, action: Action) -> Self {
        Self { op: Some(op.to_owned()), ..Self::always(action) }
    }

    /// For keys like this only.
    pub fn key(self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self }
    }

    /// For requests of this function only.
    pub fn function(self, logical_id: &str) -> Self {
        Self { function: Some(logical_id.to_owned()), ..self }
    }

    /// From the nth match on; once, unless `times` is set.
    pub fn nth(self, nth: u64) -> Self {
        Self { nth: Some(nth), ..self }
    }

    /// So often.
    pub fn times(self, times: u64) -> Self {
        Self { times: Some(times), ..self }
    }

    /// With this probability.
    pub fn probability(self, probability: f64, seed: u64) -> Self {
        Self { probability: Some(probability), seed, ..self }
    }

    /// Whether it acts on its match of this number.
    fn acts(&self, count: u64) -> bool {
        let first = self.nth.unwrap_or(1);
        let times = self.times.or(self.nth.map(|_| 1)).unwrap_or(u64::MAX);
        let chance = self.probability.is_none_or(|probability| chance(self.seed, count) < probability);
        count >= first && count - first < times && chance
    }
}

/// Rules with their counters.
#[derive(Default)]
pub(super) struct Rules(Vec<(Rule, u64)>);

impl Rules {
    pub fn new(rules: Vec<Rule>) -> Self {
        Self(rules.into_iter().map(|rule| (rule, 0)).collect())
    }

    /// What to do with a request.
    pub fn decide(&mut self, op: &str, function: &str, keys: &[String]) -> Action {
        let mut decided = None;
        for (rule, count) in &mut self.0 {
            let matches = rule.op.as_deref().is_none_or(|wanted| wanted == op)
                && rule.function.as_deref().is_none_or(|wanted| wanted == function)
                && rule.key.as_deref().is_none_or(|pattern| keys.iter().any(|key| like(pattern, key)));
            if matches {
                *count += 1;
                if decided.is_none() && rule.acts(*count) {
                    decided = Some(rule.action.clone());
                }
            }
        }
        decided.unwrap_or(Action::Pass)
    }
}

/// A substring, or with `*` a pattern for the whole.
pub(super) fn like(pattern: &str, text: &str) -> bool {
    let Some((first, pattern)) = pattern.split_once('*') else { return text.contains(pattern) };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = pattern.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// A number from 0 to 1 (splitmix64).
fn chance(seed: u64, count: u64) -> f64 {
    let mut state = seed.wrapping_add(count.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((state ^ (state >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decisions(rules: Vec<Rule>, count: usize) -> Vec<Action> {
        let mut rules = Rules::new(rules);
        (0..count).map(|_| rules.decide("PutItem", "F", &["I#1#T tnt".to_owned()])).collect()
    }

    #[test]
    fn rules_are_data() {
        let json =
            r##"[{"op": "PutItem", "key": "#T", "nth": 2, "action": "drop_after"}, {"action": {"delay": {"ms": 4}}}]"##;
        let rules: Vec<Rule> = serde_json::from_str(json).unwrap();
        let yaml: Vec<Rule> = serde_norway::from_str(
            "- {op: PutItem, key: '#T', nth: 2, action: drop_after}\n- action: {delay: {ms: 4}}",
        )
        .unwrap();
        let expected = [Action::Delay { ms: 4 }, Action::DropAfter, Action::Delay { ms: 4 }];
        assert_eq!(decisions(rules, 3), expected);
        assert_eq!(decisions(yaml, 3), expected);
        assert!(serde_json::from_str::<Rule>(r#"{"action": "drop"}"#).is_err());
        assert!(serde_json::from_str::<Rule>(r#"{"opp": "PutItem", "action": "pass"}"#).is_err());
    }

    #[test]
    fn nth_is_once_and_times_is_so_often() {
        use Action::{Pass, Reset};
        assert_eq!(decisions(vec![Rule::always(Reset)], 3), [Reset, Reset, Reset]);
        assert_eq!(decisions(vec![Rule::on("PutItem", Reset).nth(2)], 3), [Pass, Reset, Pass]);
        assert_eq!(decisions(vec![Rule::on("PutItem", Reset).times(2)], 3), [Reset, Reset, Pass]);
        assert_eq!(decisions(vec![Rule::always(Reset).nth(2).times(2)], 4), [Pass, Reset, Reset, Pass]);
        assert_eq!(decisions(vec![Rule::on("GetItem", Reset)], 1), [Pass]);
        assert_eq!(decisions(vec![Rule::always(Reset).function("G")], 1), [Pass]);
    }

    #[test]
    fn chance_is_repeatable_and_fair() {
        let rule = || vec![Rule::always(Action::Reset).probability(0.25, 7)];
        let decided = decisions(rule(), 10_000);
        assert_eq!(decided, decisions(rule(), 10_000));
        let hits = decided.iter().filter(|action| **action == Action::Reset).count();
        assert!((2300..2700).contains(&hits), "{hits}");
    }

    #[test]
    fn keys_match_by_part_or_pattern() {
        assert!(like("#T", "I#1#T tnt") && !like("#X", "I#1#T tnt"));
        assert!(like("I#*#T*", "I#1#T tnt") && like("*tnt", "I#1#T tnt") && like("*", ""));
        assert!(!like("I#*#T", "I#1#T tnt") && !like("#T*", "I#1#T tnt"));
    }
}
