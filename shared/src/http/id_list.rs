//! The query parameters of lists by id: `limit`, `starting_after`, `ending_before`.

use super::input::Input;
use crate::domain::id_list::{IdList, Position};
use crate::domain::text::has_control;
use crate::domain::{Error, Id, Kind};

/// The name of a repository or of a role as a query parameter.
pub fn resource_name(text: &str) -> Result<String, String> {
    let right = text.chars().count() <= 255 && !has_control(text);
    right
        .then(|| text.to_owned())
        .ok_or_else(|| "must have 1 to 255 characters, none of them control characters".to_owned())
}

impl Input<'_> {
    /// Reads the position and the limit of a page.
    pub fn id_list<K: Kind>(&self) -> Option<IdList<K>> {
        let limit = self.query_integer("limit", 1, 100);
        let cursor = |name| {
            self.query_or_empty(name, |text| {
                Id::<K>::parse(text).ok_or_else(|| format!("must be an id such as {}01…", K::PREFIX))
            })
        };
        let starting_after = cursor("starting_after");
        let ending_before = cursor("ending_before");
        if self.has_value("starting_after") && self.has_value("ending_before") {
            self.refuse(Error::Malformed("starting_after and ending_before exclude each other.".to_owned()));
        }
        let position = match (starting_after?, ending_before?) {
            (Some(id), _) => Position::StartingAfter(id),
            (None, Some(id)) => Position::EndingBefore(id),
            (None, None) => Position::Newest,
        };
        Some(IdList { limit: limit?.unwrap_or(20), position, is_ascending: false })
    }
}
