//! Entities as they were read: every change is bound to one of these.

use super::item::{Item, get_text};
use super::keys::Key;
use crate::domain::Result;

/// What an item holds.
pub trait Entity: Sized {
    /// The attributes that [`Entity::from_item`] needs; `None`: any, their names are not known beforehand.
    const ATTRIBUTES: Option<&'static [&'static str]>;

    /// Reads an item.
    fn from_item(item: Item) -> Result<Self>;
}

/// An entity, and the write that made it what it is.
#[derive(Clone, Debug)]
pub struct Snapshot<E> {
    pub(super) key: Key,
    /// The item's write id: a change holds only as long as it has this one.
    pub(super) w: String,
    /// What was read.
    pub entity: E,
}

impl<E: Entity> Snapshot<E> {
    /// Reads the item at `key`.
    pub(super) fn of(key: Key, item: Item) -> Result<Self> {
        let w = get_text(&item, "w").unwrap_or_default().to_owned();
        Ok(Self { key, w, entity: E::from_item(item)? })
    }
}
