//! The write ids of an item: its last write in `w`, those before in the list `ws`, oldest first. They tell whether a write whose answer
//! was lost was applied (docs/decisions/0012-a-write-is-bound-to-what-it-read.md).

use super::item::{Item, get_text, text};
use crate::domain::WriteId;
use aws_sdk_dynamodb::types::AttributeValue;

/// The attribute with the ids of the writes before the last one. It always has as many entries as an item remembers.
pub(super) const EARLIER: &str = "ws";

/// So many writes before the last one are remembered.
pub(super) const REMEMBERED: usize = 32;

/// The entry of a write that never was.
const NO_WRITE: &str = "-";

/// The earlier writes of an item that had none.
pub(super) fn none() -> AttributeValue {
    AttributeValue::L(vec![text(NO_WRITE); REMEMBERED])
}

/// A write's id as items have it: the last twelve characters of its ULID, 60 random bits. Of the writes that one item remembers, two
/// have the same once in 10^15 writes.
pub(super) fn short(id: WriteId) -> String {
    let mut ulid = id.ulid();
    ulid.drain(..ulid.len() - 12);
    ulid
}

/// What an item tells of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trace {
    /// It is the last one.
    Newest,
    /// It followed the write to which it is bound directly; others followed it.
    Next,
    /// It was applied, after others and before others.
    Applied,
    /// It was not applied and never will be: another write followed the one to which it is bound.
    NotApplied,
    /// The item has no trace of it. It may have been applied before the oldest write that the item remembers.
    Unknown,
}

/// Looks for the write `w`, which is bound to the item as the write `bound_to` left it.
pub(super) fn trace(item: &Item, w: &str, bound_to: Option<&str>) -> Trace {
    let earlier = item.get(EARLIER).and_then(|list| list.as_l().ok()).map(Vec::as_slice).unwrap_or_default();
    let earlier = earlier.iter().rev().map(|id| id.as_s().ok().map(String::as_str));
    let newest_first = std::iter::once(get_text(item, "w")).chain(earlier);
    let place = |id: &str| newest_first.clone().position(|write| write == Some(id));
    match (place(w), bound_to.and_then(place)) {
        (Some(0), _) => Trace::Newest,
        (Some(own), Some(bound)) if bound == own + 1 => Trace::Next,
        (Some(_), _) => Trace::Applied,
        (None, Some(bound)) if bound > 0 => Trace::NotApplied,
        (None, _) => Trace::Unknown,
    }
}

/// An item after these writes, the newest first.
#[cfg(test)]
pub(super) fn item_after(writes: &[&str]) -> Item {
    let mut writes = writes.iter().map(|id| text(*id)).chain(std::iter::repeat(text(NO_WRITE)));
    let last = writes.next().unwrap();
    let mut earlier: Vec<_> = writes.take(REMEMBERED).collect();
    earlier.reverse();
    Item::from([("w".to_owned(), last), (EARLIER.to_owned(), AttributeValue::L(earlier))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_write_is_applied_or_not_wherever_its_predecessor_is_remembered() {
        let others: Vec<String> = (0..=REMEMBERED).map(|number| format!("other {number}")).collect();
        let others: Vec<&str> = others.iter().map(String::as_str).collect();
        for (writes, expected) in [
            (vec!["ours", "read"], Trace::Newest),
            (vec!["ours", "a", "read"], Trace::Newest),
            (vec!["c", "b", "ours", "read"], Trace::Next),
            (vec!["c", "ours", "b", "read"], Trace::Applied),
            (vec!["b", "a", "read"], Trace::NotApplied),
            // No other write followed yet: a late copy of this one may still be applied.
            (vec!["read", "a"], Trace::Unknown),
            ([&others[..REMEMBERED], &["ours"][..]].concat(), Trace::Applied),
            ([&others[..REMEMBERED], &["read"][..]].concat(), Trace::NotApplied),
            (others.clone(), Trace::Unknown),
        ] {
            assert_eq!(trace(&item_after(&writes), "ours", Some("read")), expected, "{writes:?}");
        }
        assert_eq!(trace(&item_after(&["a"]), "ours", None), Trace::Unknown);
        assert_eq!(trace(&Item::new(), "ours", Some("read")), Trace::Unknown);
    }

    #[test]
    fn a_write_id_is_the_random_end_of_its_ulid() {
        let id = WriteId::new(crate::domain::Timestamp::from_milliseconds(0), u128::MAX);
        assert_eq!(short(id), "zzzzzzzzzzzz");
    }
}
