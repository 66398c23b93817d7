//! The items that writes under way use. As in DynamoDB, a transaction conflicts with every other write that uses one of its items at the
//! same time, and single writes do not conflict with each other. Engines on one machine execute requests one by one and have no conflicts.
//!
//! Not here: reads and BatchWriteItem, which use no item and never conflict. In DynamoDB, TransactGetItems does.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use super::request::Part;
use crate::error::lock;

/// An item: its table, its partition key and its sort key.
type Place = (String, String, String);

/// What uses an item.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Transaction,
    /// So many single writes.
    Writes(usize),
}

/// All items in use.
#[derive(Default)]
pub(super) struct Items(Mutex<HashMap<Place, Use>>);

/// The items that one request uses, until it is dropped.
pub(super) struct Held {
    items: Arc<Items>,
    places: Vec<Place>,
}

impl Items {
    /// Begins to use the items of a request; `None` for a request that uses none. If there is a conflict, no item is used, and the error is
    /// for each part whether it conflicts.
    pub fn hold(self: &Arc<Self>, operation: &str, parts: &[Part]) -> Result<Option<Held>, Vec<bool>> {
        let is_transaction = operation == "TransactWriteItems";
        if !is_transaction && !["PutItem", "UpdateItem", "DeleteItem"].contains(&operation) {
            return Ok(None);
        }
        let places: Vec<Place> = parts.iter().map(place).collect();
        let mut used = lock(&self.0);
        let conflicts = |place| match used.get(place) {
            None => false,
            Some(Use::Transaction) => true,
            Some(Use::Writes(_)) => is_transaction,
        };
        let conflicts: Vec<bool> = places.iter().map(conflicts).collect();
        if conflicts.contains(&true) {
            return Err(conflicts);
        }
        for place in &places {
            let writes = match used.get(place) {
                Some(Use::Writes(count)) => count + 1,
                _ => 1,
            };
            used.insert(place.clone(), if is_transaction { Use::Transaction } else { Use::Writes(writes) });
        }
        Ok(Some(Held { items: self.clone(), places }))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut used = lock(&self.items.0);
        for place in &self.places {
            match used.get_mut(place) {
                Some(Use::Writes(count)) if *count > 1 => *count -= 1,
                _ => drop(used.remove(place)),
            }
        }
    }
}

fn place(part: &Part) -> Place {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    (part.table.clone(), text(&part.partition), text(&part.sort))
}
