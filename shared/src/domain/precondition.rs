//! Entity tags and preconditions (RFC 9110, section 13; contract section 2.7).

use super::{Error, Result};

/// The strong entity tag of a version.
pub fn entity_tag(version: u64) -> String {
    format!("\"{version}\"")
}

/// The value of `If-Match` or `If-None-Match`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntityTags {
    /// `*`: any version.
    Any,
    /// A list of tags.
    Listed(Vec<EntityTag>),
}

/// One tag without its quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityTag {
    weak: bool,
    opaque: String,
}

impl EntityTags {
    /// Parses a field value. Empty list elements are skipped; at least one tag is required.
    pub fn parse(value: &str) -> Option<Self> {
        let blank = |character| character == ' ' || character == '\t';
        if value.trim_matches(blank) == "*" {
            return Some(Self::Any);
        }
        let mut tags = Vec::new();
        let mut rest = value;
        loop {
            rest = rest.trim_start_matches(|character| blank(character) || character == ',');
            if rest.is_empty() {
                break;
            }
            let (weak, quoted) = match rest.strip_prefix("W/") {
                Some(quoted) => (true, quoted),
                None => (false, rest),
            };
            let (opaque, after) = quoted.strip_prefix('"')?.split_once('"')?;
            // etagc of RFC 9110: any visible character but the quote, and any character outside ASCII.
            if !opaque.chars().all(|character| character == '!' || character >= '#' && character != '\u{7f}') {
                return None;
            }
            tags.push(EntityTag { weak, opaque: opaque.to_owned() });
            rest = after.trim_start_matches(blank);
            if !rest.is_empty() && !rest.starts_with(',') {
                return None;
            }
        }
        (!tags.is_empty()).then_some(Self::Listed(tags))
    }

    /// Whether a tag is weak. Weak tags never match in a strong comparison.
    pub fn has_weak(&self) -> bool {
        matches!(self, Self::Listed(tags) if tags.iter().any(|tag| tag.weak))
    }

    /// The versions that match in the strong comparison of `If-Match`; `None` for all.
    fn strong_versions(&self) -> Option<Vec<u64>> {
        match self {
            Self::Any => None,
            Self::Listed(tags) => Some(tags.iter().filter(|tag| !tag.weak).filter_map(EntityTag::version).collect()),
        }
    }

    /// Whether a version matches in the weak comparison of `If-None-Match`.
    pub fn matches_weakly(&self, version: u64) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(tags) => tags.iter().any(|tag| tag.version() == Some(version)),
        }
    }
}

impl EntityTag {
    /// The version of the tag, if the tag is in its canonical spelling.
    fn version(&self) -> Option<u64> {
        self.opaque.parse().ok().filter(|version: &u64| version.to_string() == self.opaque)
    }
}

/// The `If-Match` condition of a write. The default is that of a request without the header, which every version satisfies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IfMatch {
    /// The versions that satisfy it; `None` for all.
    versions: Option<Vec<u64>>,
    /// Whether the request has the header.
    is_present: bool,
}

impl IfMatch {
    /// The condition of these tags.
    pub fn from_tags(tags: &EntityTags) -> Self {
        Self { versions: tags.strong_versions(), is_present: true }
    }

    /// The condition that only this version satisfies.
    pub fn version(version: u64) -> Self {
        Self { versions: Some(vec![version]), is_present: true }
    }

    /// Whether the request has the header. The resource must then exist.
    pub fn is_present(&self) -> bool {
        self.is_present
    }

    /// Fails with 412 if the version does not satisfy the condition.
    pub fn check(&self, version: u64) -> Result<()> {
        let is_met = self.versions.as_ref().is_none_or(|versions| versions.contains(&version));
        if is_met { Ok(()) } else { Err(Error::PreconditionFailed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_stars_and_weak_tags_are_read() {
        assert_eq!(EntityTags::parse(" * "), Some(EntityTags::Any));
        let tags = EntityTags::parse(", \"1\",, W/\"2\" ,\"x,y\",").unwrap();
        assert_eq!(tags.strong_versions(), Some(vec![1]));
        assert!(tags.matches_weakly(2) && !tags.matches_weakly(3) && tags.has_weak());
        assert!(!EntityTags::parse("\"W/\", \"1\"").unwrap().has_weak());
        for text in ["", ",", "1", "\"1", "\"1\" \"2\"", "w/\"1\"", "*, \"1\"", "\"a b\"", "W/ \"1\"", "\"1\"x"] {
            assert_eq!(EntityTags::parse(text), None, "{text}");
        }
    }

    #[test]
    fn only_the_tag_as_given_out_matches() {
        let matches = |text: &str| EntityTags::parse(text).unwrap().matches_weakly(7);
        assert!(matches("\"7\""));
        assert!(!matches("\"07\"") && !matches("\"+7\"") && !matches("\"\""));
    }
}
