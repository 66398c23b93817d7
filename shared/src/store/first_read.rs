//! The reads of an operation that are part of the request that authenticates its caller: one strongly consistent BatchGetItem. Their
//! data is returned only with the principal ([`Store::authenticate_and`](super::Store::authenticate_and)).

use super::item::Item;
use super::keys::Key;
use super::snapshot::{Entity, Snapshot};
use crate::domain::Result;

/// The keys of items to read, and a function that converts the items.
pub struct FirstRead<T> {
    pub(super) keys: Vec<Key>,
    /// The attributes to read; `None` for all.
    pub(super) attributes: Option<Vec<&'static str>>,
    #[allow(clippy::type_complexity)]
    read: Box<dyn FnOnce(&mut Vec<Item>) -> Result<T>>,
}

impl<T: 'static> FirstRead<T> {
    /// Reads nothing.
    pub(super) fn nothing(value: T) -> Self {
        Self { keys: Vec::new(), attributes: Some(Vec::new()), read: Box::new(|_| Ok(value)) }
    }

    /// Reads both in the same request.
    #[must_use]
    pub fn and<U: 'static>(mut self, other: FirstRead<U>) -> FirstRead<(T, U)> {
        self.keys.extend(other.keys);
        let attributes = self.attributes.zip(other.attributes).map(|(mut these, those)| {
            these.extend(those);
            these
        });
        let (one, two) = (self.read, other.read);
        FirstRead { keys: self.keys, attributes, read: Box::new(|items| Ok((one(items)?, two(items)?))) }
    }

    /// Converts the value.
    #[must_use]
    pub(super) fn map<U>(self, convert: impl FnOnce(T) -> Result<U> + 'static) -> FirstRead<U> {
        let read = self.read;
        FirstRead { keys: self.keys, attributes: self.attributes, read: Box::new(|items| convert(read(items)?)) }
    }

    /// Converts the items that were found.
    pub(super) fn finish(self, mut items: Vec<Item>) -> Result<T> {
        (self.read)(&mut items)
    }
}

impl FirstRead<Option<Item>> {
    /// One item with these attributes; `None` for all.
    pub(super) fn item(key: Key, attributes: Option<&'static [&'static str]>) -> Self {
        let own = key.clone();
        let read = Box::new(move |items: &mut Vec<Item>| {
            let at = items.iter().position(|item| own.is_of(item));
            Ok(at.map(|at| items.swap_remove(at)))
        });
        Self { keys: vec![key], attributes: attributes.map(<[_]>::to_vec), read }
    }
}

impl<E: Entity + 'static> FirstRead<Option<Snapshot<E>>> {
    /// One entity.
    pub(super) fn entity(key: Key) -> Self {
        let own = key.clone();
        let read = |item: Option<Item>| item.map(|item| Snapshot::new(own, item)).transpose();
        FirstRead::item(key, E::ATTRIBUTES).map(read)
    }
}
