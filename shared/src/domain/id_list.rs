//! Lists by id, newest first, with a position as cursor (contract section 4.3).

use super::{Id, Kind};
use serde::Serialize;

/// Where a page begins. The id need not exist.
pub enum Position<K> {
    /// At the newest.
    Newest,
    /// Past this id, towards older ones.
    StartingAfter(Id<K>),
    /// Before this id, towards newer ones.
    EndingBefore(Id<K>),
}

/// A page that was asked for.
pub struct IdList<K> {
    /// At most this many: 1 to 100.
    pub limit: usize,
    /// Where it begins.
    pub position: Position<K>,
}

impl<K: Kind> IdList<K> {
    /// Whether an id lies where the page may look.
    pub fn admits(&self, id: Id<K>) -> bool {
        match &self.position {
            Position::Newest => true,
            Position::StartingAfter(position) => id < *position,
            Position::EndingBefore(position) => id > *position,
        }
    }

    /// Whether the page looks towards newer rows.
    pub fn is_backward(&self) -> bool {
        matches!(self.position, Position::EndingBefore(_))
    }
}

/// A page in the Integration API's form.
#[derive(Debug, Serialize)]
pub struct IdPage<T> {
    object: &'static str,
    data: Vec<T>,
    has_more: bool,
    next_cursor: Option<String>,
}

impl<T> IdPage<T> {
    /// A page of rows in list order. `next_cursor`: after which the next page begins, while more may follow.
    pub fn new(data: Vec<T>, next_cursor: Option<String>) -> Self {
        Self { object: "list", data, has_more: next_cursor.is_some(), next_cursor }
    }
}
