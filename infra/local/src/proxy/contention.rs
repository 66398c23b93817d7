//! Conflicts between writes that are under way, as DynamoDB has them. An engine that serialises its writes never answers them.
//!
//! A transaction holds its items, those that it only checks included, from its arrival until its answer. A transaction that uses one of them
//! meanwhile is cancelled, and a single write of one is refused. Reads never conflict.

use std::{collections::BTreeMap, time::Duration};

use super::rule::Action;

/// The writes that are under way.
pub(super) struct Contention {
    /// How long a transaction takes besides the engine's own time.
    service_time: Duration,
    /// The items of each transaction, by the number of its request.
    held: BTreeMap<usize, Vec<String>>,
    conflicts: usize,
}

impl Contention {
    pub fn new(service_time: Duration) -> Self {
        Self { service_time, held: BTreeMap::new(), conflicts: 0 }
    }

    /// What happens to a request that no rule is about.
    pub fn decide(&mut self, number: usize, operation: &str, keys: &[String]) -> Action {
        let is_transaction = operation == "TransactWriteItems";
        if !is_transaction && !["PutItem", "UpdateItem", "DeleteItem"].contains(&operation) {
            return Action::Pass;
        }
        if self.held.values().flatten().any(|held| keys.contains(held)) {
            self.conflicts += 1;
            return Action::Conflict;
        }
        if !is_transaction {
            return Action::Pass;
        }
        self.held.insert(number, keys.to_vec());
        Action::Delay { ms: u64::try_from(self.service_time.as_millis()).unwrap_or(u64::MAX) }
    }

    /// Releases the items of a request that was answered.
    pub fn finish(&mut self, number: usize) {
        self.held.remove(&number);
    }

    /// How many writes were refused.
    pub fn conflicts(&self) -> usize {
        self.conflicts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_holds_its_items_until_its_answer() {
        let mut contention = Contention::new(Duration::from_millis(5));
        let mut decide = |number, operation: &str, keys: &[&str]| {
            contention.decide(number, operation, &keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>())
        };
        let held = Action::Delay { ms: 5 };
        assert_eq!(decide(1, "TransactWriteItems", &["a", "b"]), held);
        assert_eq!(decide(2, "TransactWriteItems", &["c"]), held);
        assert_eq!(decide(3, "TransactWriteItems", &["d", "b"]), Action::Conflict);
        assert_eq!(decide(4, "UpdateItem", &["a"]), Action::Conflict);
        assert_eq!(decide(5, "UpdateItem", &["d"]), Action::Pass);
        assert_eq!(decide(6, "BatchGetItem", &["a", "b"]), Action::Pass);
        contention.finish(1);
        assert_eq!(contention.decide(7, "TransactWriteItems", &["d".to_owned(), "b".to_owned()]), held);
        assert_eq!(contention.conflicts(), 2);
    }
}
