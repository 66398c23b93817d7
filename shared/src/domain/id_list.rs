//! Lists by id, newest first, with an id as cursor (contract section 4.3).

use super::{Id, Kind};
use serde::Serialize;

/// Where a page begins. The id does not have to exist.
pub enum Position<K> {
    /// At the newest resource.
    Newest,
    /// After this id, towards older resources.
    StartingAfter(Id<K>),
    /// Before this id, towards newer resources.
    EndingBefore(Id<K>),
}

/// A request for one page.
pub struct IdList<K> {
    /// The maximum number of resources: 1 to 100.
    pub limit: usize,
    /// Where the page begins.
    pub position: Position<K>,
    /// Whether the list begins with the oldest resource, as that of messages does. The position is then one of that order.
    pub is_ascending: bool,
}

impl<K: Kind> IdList<K> {
    /// Whether an id is on this side of the position.
    pub fn includes(&self, id: Id<K>) -> bool {
        match &self.position {
            Position::Newest => true,
            Position::StartingAfter(position) => id < *position,
            Position::EndingBefore(position) => id > *position,
        }
    }

    /// Whether the page goes towards newer resources.
    pub fn is_backward(&self) -> bool {
        matches!(self.position, Position::EndingBefore(_))
    }
}

/// A page of the Integration API.
#[derive(Debug, Serialize)]
pub struct IdPage<T> {
    object: &'static str,
    data: Vec<T>,
    has_more: bool,
    next_cursor: Option<String>,
}

impl<T> IdPage<T> {
    /// A page of resources in list order. `next_cursor` is the id after which the next page begins, if there may be more.
    pub fn new(data: Vec<T>, next_cursor: Option<String>) -> Self {
        Self { object: "list", data, has_more: next_cursor.is_some(), next_cursor }
    }

    /// The resources in list order.
    pub fn data(&self) -> &[T] {
        &self.data
    }

    /// The page without the resources that `is_included` rejects.
    #[must_use]
    pub fn filtered(mut self, is_included: impl FnMut(&T) -> bool) -> Self {
        self.data.retain(is_included);
        self
    }
}
