//! Points in time, to the millisecond: RFC 3339 in UTC with three digits and `Z` (contract section 2).

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::fmt;
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// Milliseconds since 1970, between the years 0000 and 9999. Its text sorts as the time does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The last millisecond of the year 9999: RFC 3339 has no later one.
    pub const MAX: Self = Self(253_402_300_799_999);
    const MIN: Self = Self(-62_167_219_200_000);

    /// From milliseconds since 1970, held within the years 0000 to 9999.
    pub fn from_milliseconds(milliseconds: i64) -> Self {
        Self(milliseconds.clamp(Self::MIN.0, Self::MAX.0))
    }

    /// Milliseconds since 1970.
    pub fn milliseconds(self) -> i64 {
        self.0
    }

    /// This much later, at most [`Timestamp::MAX`].
    pub fn plus_milliseconds(self, milliseconds: i64) -> Self {
        Self::from_milliseconds(self.0.saturating_add(milliseconds))
    }

    /// Reads RFC 3339 with any offset; digits past the millisecond are cut.
    pub fn parse(text: &str) -> Option<Self> {
        // The parser takes any separator, and letters of either case.
        if text.as_bytes().get(10) != Some(&b'T') || text.contains(['t', 'z']) {
            return None;
        }
        let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        let milliseconds = time.unix_timestamp_nanos().div_euclid(1_000_000);
        let timestamp = Self(i64::try_from(milliseconds).ok()?);
        (Self::MIN..=Self::MAX).contains(&timestamp).then_some(timestamp)
    }

    /// Reads RFC 3339 in UTC, as a request's body must have it: it ends in `Z`.
    pub fn parse_utc(text: &str) -> Option<Self> {
        text.ends_with('Z').then(|| Self::parse(text)).flatten()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = OffsetDateTime::from_unix_timestamp(self.0.div_euclid(1000))
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
            .to_offset(UtcOffset::UTC);
        write!(
            formatter,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            time.year(),
            u8::from(time.month()),
            time.day(),
            time.hour(),
            time.minute(),
            time.second(),
            self.0.rem_euclid(1000)
        )
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("not a timestamp"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn further_digits_are_cut_and_offsets_move_to_utc() {
        let text = |input| Timestamp::parse(input).map(|time| time.to_string());
        assert_eq!(text("2026-11-24T10:00:00.1239Z").as_deref(), Some("2026-11-24T10:00:00.123Z"));
        assert_eq!(text("2026-11-24T10:00:00+02:00").as_deref(), Some("2026-11-24T08:00:00.000Z"));
        assert_eq!(text("0000-01-01T00:00:00+01:00"), None);
        assert_eq!(text("9999-12-31T23:59:59.999Z").as_deref(), Some("9999-12-31T23:59:59.999Z"));
        assert_eq!(text("2026-11-24 10:00:00Z"), None);
        assert_eq!(text("2026-11-24_10:00:00Z"), None);
        assert_eq!(text("2026-02-30T10:00:00Z"), None);
    }

    #[test]
    fn a_request_must_use_utc() {
        assert!(Timestamp::parse_utc("2026-11-24T10:00:00+00:00").is_none());
        assert!(Timestamp::parse_utc("2026-11-24T10:00:00Z").is_some());
    }

    proptest! {
        #[test]
        fn text_round_trips_and_sorts_as_time(a in -62_167_219_200_000i64..253_402_300_799_999, b in -62_167_219_200_000i64..253_402_300_799_999) {
            let (a, b) = (Timestamp(a), Timestamp(b));
            prop_assert_eq!(Timestamp::parse(&a.to_string()), Some(a));
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }
    }
}
