//! The write ids of an item: that of the last write in `w`, the earlier ones in the list `ws`, oldest first. They show whether a write
//! was applied if its response was lost (docs/decisions/0012-a-write-is-bound-to-what-it-read.md).

use super::item::{Item, get_text, text};
use crate::domain::WriteId;
use aws_sdk_dynamodb::types::AttributeValue;

/// The attribute with the ids of the earlier writes. It always has [`MAX_EARLIER_WRITES`] entries.
pub(super) const EARLIER_WRITES: &str = "ws";

/// The number of earlier writes that an item has.
pub(super) const MAX_EARLIER_WRITES: usize = 32;

/// The entry in place of a write that did not happen.
const NO_WRITE: &str = "-";

/// The list of earlier writes of a new item.
pub(super) fn empty() -> AttributeValue {
    AttributeValue::L(vec![text(NO_WRITE); MAX_EARLIER_WRITES])
}

/// A write id as items have it: the last twelve characters of its ULID, 60 random bits. A new id is one of those that
/// the item remembers once in 10^16 writes.
pub(super) fn short_id(id: WriteId) -> String {
    let mut ulid = id.ulid();
    ulid.drain(..ulid.len() - 12);
    ulid
}

/// The status of a write according to the write ids of its item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WriteStatus {
    /// It is the last write.
    Latest,
    /// It directly followed the write to which it is bound. Others followed it.
    DirectSuccessor,
    /// It was applied; other writes came before and after it.
    Applied,
    /// It was not applied and never will be: another write followed the one to which it is bound.
    NotApplied,
    /// The item does not have its id. It may have been applied before the oldest write that the item has.
    Unknown,
}

/// The status of the write `w`, which is bound to the state after the write `bound_to`.
pub(super) fn write_status(item: &Item, w: &str, bound_to: Option<&str>) -> WriteStatus {
    let earlier = item.get(EARLIER_WRITES).and_then(|list| list.as_l().ok()).map(Vec::as_slice).unwrap_or_default();
    let earlier = earlier.iter().rev().map(|id| id.as_s().ok().map(String::as_str));
    let newest_first = std::iter::once(get_text(item, "w")).chain(earlier);
    let place = |id: &str| newest_first.clone().position(|write| write == Some(id));
    match (place(w), bound_to.and_then(place)) {
        (Some(0), _) => WriteStatus::Latest,
        (Some(own), Some(bound)) if bound == own + 1 => WriteStatus::DirectSuccessor,
        (Some(_), _) => WriteStatus::Applied,
        (None, Some(bound)) if bound > 0 => WriteStatus::NotApplied,
        (None, _) => WriteStatus::Unknown,
    }
}

/// An item after these writes, newest first.
#[cfg(test)]
pub(super) fn item_after(writes: &[&str]) -> Item {
    let mut writes = writes.iter().map(|id| text(*id)).chain(std::iter::repeat(text(NO_WRITE)));
    let last = writes.next().unwrap();
    let mut earlier: Vec<_> = writes.take(MAX_EARLIER_WRITES).collect();
    earlier.reverse();
    Item::from([("w".to_owned(), last), (EARLIER_WRITES.to_owned(), AttributeValue::L(earlier))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_write_is_applied_or_not_wherever_its_predecessor_is_remembered() {
        let others: Vec<String> = (0..=MAX_EARLIER_WRITES).map(|number| format!("other {number}")).collect();
        let others: Vec<&str> = others.iter().map(String::as_str).collect();
        for (writes, expected) in [
            (vec!["ours", "read"], WriteStatus::Latest),
            (vec!["ours", "a", "read"], WriteStatus::Latest),
            (vec!["c", "b", "ours", "read"], WriteStatus::DirectSuccessor),
            (vec!["c", "ours", "b", "read"], WriteStatus::Applied),
            (vec!["b", "a", "read"], WriteStatus::NotApplied),
            // No other write followed: a delayed copy of this one may still be applied.
            (vec!["read", "a"], WriteStatus::Unknown),
            ([&others[..MAX_EARLIER_WRITES], &["ours"][..]].concat(), WriteStatus::Applied),
            ([&others[..MAX_EARLIER_WRITES], &["read"][..]].concat(), WriteStatus::NotApplied),
            (others.clone(), WriteStatus::Unknown),
        ] {
            assert_eq!(write_status(&item_after(&writes), "ours", Some("read")), expected, "{writes:?}");
        }
        assert_eq!(write_status(&item_after(&["a"]), "ours", None), WriteStatus::Unknown);
        assert_eq!(write_status(&Item::new(), "ours", Some("read")), WriteStatus::Unknown);
    }

    #[test]
    fn a_write_id_is_the_random_end_of_its_ulid() {
        let id = WriteId::new(crate::domain::Timestamp::from_milliseconds(0), u128::MAX);
        assert_eq!(short_id(id), "zzzzzzzzzzzz");
    }
}
