//! The write ids of an item: its last writes, newest first. They tell whether a write whose answer was lost was applied
//! (docs/decisions/0012-a-write-is-bound-to-what-it-read.md).

use super::item::{Item, get_text};

/// The attributes with the ids of an item's last writes, newest first.
pub(super) const WRITE_IDS: [&str; 16] =
    ["w", "w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8", "w9", "w10", "w11", "w12", "w13", "w14", "w15"];

/// What an attribute holds for which there was no write yet.
pub(super) const NO_WRITE: &str = "-";

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
    let place = |id: &str| WRITE_IDS.iter().position(|name| get_text(item, name) == Some(id));
    match (place(w), bound_to.and_then(place)) {
        (Some(0), _) => Trace::Newest,
        (Some(own), Some(bound)) if bound == own + 1 => Trace::Next,
        (Some(_), _) => Trace::Applied,
        (None, Some(bound)) if bound > 0 => Trace::NotApplied,
        (None, _) => Trace::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::item::text;

    /// An item after these writes, the newest first.
    fn item(writes: &[&str]) -> Item {
        let ids = writes.iter().copied().chain(std::iter::repeat(NO_WRITE));
        WRITE_IDS.into_iter().map(str::to_owned).zip(ids.map(text)).collect()
    }

    #[test]
    fn a_bound_write_is_applied_or_not_wherever_its_predecessor_is_remembered() {
        let others = ["p", "o", "n", "m", "l", "k", "j", "i", "h", "g", "f", "e", "d", "c", "b", "a"];
        for (writes, expected) in [
            (vec!["ours", "read"], Trace::Newest),
            (vec!["ours", "a", "read"], Trace::Newest),
            (vec!["c", "b", "ours", "read"], Trace::Next),
            (vec!["c", "ours", "b", "read"], Trace::Applied),
            (vec!["b", "a", "read"], Trace::NotApplied),
            // No other write followed yet: a late copy of this one may still be applied.
            (vec!["read", "a"], Trace::Unknown),
            ([&others[..15], &["ours"][..]].concat(), Trace::Applied),
            ([&others[..15], &["read"][..]].concat(), Trace::NotApplied),
            (others.to_vec(), Trace::Unknown),
        ] {
            assert_eq!(trace(&item(&writes), "ours", Some("read")), expected, "{writes:?}");
        }
        assert_eq!(trace(&item(&["a"]), "ours", None), Trace::Unknown);
        assert_eq!(trace(&Item::new(), "ours", Some("read")), Trace::Unknown);
    }
}
