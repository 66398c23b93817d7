//! Every key of the table. A key is made of a root that a credential opened, so that nothing outside the
//! caller's subtree can be addressed; there is no way to make one of a text.
//!
//! Free text stands last in a key; no fixed prefix is the beginning of another; the codec is injective
//! (property tests below). The table of entities is in docs/access-patterns.md.

use super::item::{Item, text};
use crate::domain::customer::Slug;
use crate::domain::principal::{CustomerRoot, OperatorRoot};
use crate::domain::{Id, Kind};
use aws_sdk_dynamodb::types::AttributeValue;
use std::collections::HashMap;

/// The sort key of an item that is alone in its partition.
const ALONE: &str = "#";

/// Where one item is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pk: String,
    sk: String,
}

impl Key {
    pub(super) fn into_attributes(self) -> HashMap<String, AttributeValue> {
        HashMap::from([("pk".to_owned(), text(self.pk)), ("sk".to_owned(), text(self.sk))])
    }

    /// Whether `item` is the one at this key.
    pub(super) fn is_of(&self, item: &Item) -> bool {
        let has = |name, value: &String| item.get(name).and_then(|found| found.as_s().ok()) == Some(value);
        has("pk", &self.pk) && has("sk", &self.sk)
    }
}

/// Items that are listed together, in the order of their sort keys.
#[derive(Clone, Debug)]
pub struct Partition {
    /// `None`: the table itself.
    pub(super) index: Option<&'static str>,
    pub(super) pk: String,
}

impl Partition {
    /// The attributes that hold the partition key and the sort key.
    pub(super) fn attributes(&self) -> (&'static str, &'static str) {
        if self.index.is_some() { ("g1pk", "g1sk") } else { ("pk", "sk") }
    }

    /// Puts an item into this partition of the sparse index.
    pub(super) fn index_attributes(&self, sk: String) -> [(&'static str, AttributeValue); 2] {
        [("g1pk", text(self.pk.clone())), ("g1sk", text(sk))]
    }
}

const INDEX: Option<&str> = Some("gs1");

fn alone(pk: String) -> Key {
    Key { pk, sk: ALONE.to_owned() }
}

/// No entity: what is read to open a connection.
pub(super) fn priming() -> Key {
    alone("prime".to_owned())
}

/// An operator: its keys, and what seals its page tokens.
pub fn operator(root: &OperatorRoot) -> Key {
    alone(format!("O#{}", root.operator()))
}

/// A customer.
pub fn customer(root: &OperatorRoot, slug: &Slug) -> Key {
    Key { pk: customers(root).pk, sk: slug.to_string() }
}

/// An operator's customers by slug.
pub fn customers(root: &OperatorRoot) -> Partition {
    Partition { index: None, pk: format!("O#{}#C", root.operator()) }
}

/// An operator's customers by creation.
pub fn customers_by_creation(root: &OperatorRoot) -> Partition {
    Partition { index: INDEX, ..customers(root) }
}

/// What list and rotate show of a customer's keys.
pub fn key_details(root: &OperatorRoot, slug: &Slug) -> Key {
    Key { pk: format!("O#{}#K", root.operator()), sk: slug.to_string() }
}

/// What authentication needs of a customer.
pub fn customer_root(root: &CustomerRoot) -> Key {
    alone(in_customer(root, ""))
}

/// An idempotency record; `digest` is the hash of the operation and the client's key.
pub fn record(root: &crate::domain::secret::Root, digest: &[u8; 32]) -> Key {
    use crate::domain::secret::Root;
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    alone(match root {
        Root::Operator(root) => format!("O#{}#Q#{hex}", root.operator()),
        Root::Customer(root) => in_customer(root, &format!("#Q#{hex}")),
    })
}

/// The sort key of an item that is named by its id.
pub(super) fn id_position<K: Kind>(id: Id<K>) -> String {
    id.ulid()
}

fn in_customer(root: &CustomerRoot, rest: &str) -> String {
    format!("I#{}{rest}", root.customer_id().ulid())
}
