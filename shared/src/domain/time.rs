//! Timestamps in milliseconds: RFC 3339 in UTC with three fractional digits and `Z` (contract section 2.5).

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::fmt;
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// Milliseconds since 1970, in the years 0000 to 9999. The text has the same order as the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The last millisecond of the year 9999, the latest time of RFC 3339.
    pub const MAX: Self = Self(253_402_300_799_999);
    const MIN: Self = Self(-62_167_219_200_000);

    /// From milliseconds since 1970, clamped to the years 0000 to 9999.
    pub fn from_milliseconds(milliseconds: i64) -> Self {
        Self(milliseconds.clamp(Self::MIN.0, Self::MAX.0))
    }

    /// Milliseconds since 1970.
    pub fn milliseconds(self) -> i64 {
        self.0
    }

    /// The time so many milliseconds later, at most [`Timestamp::MAX`].
    pub fn plus_milliseconds(self, milliseconds: i64) -> Self {
        Self::from_milliseconds(self.0.saturating_add(milliseconds))
    }

    /// Parses RFC 3339 with any offset. Digits after the milliseconds are dropped. Leap seconds are refused, because milliseconds since
    /// 1970 cannot represent them.
    pub fn parse(text: &str) -> Option<Self> {
        // `time` accepts any separator, and second 60 at the end of a month.
        let separator = text.as_bytes().get(10)?;
        if !matches!(separator, b'T' | b't') || text.get(17..19) == Some("60") {
            return None;
        }
        let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        let milliseconds = time.unix_timestamp_nanos().div_euclid(1_000_000);
        let timestamp = Self(i64::try_from(milliseconds).ok()?);
        (Self::MIN..=Self::MAX).contains(&timestamp).then_some(timestamp)
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

    fn read(text: &str) -> Option<String> {
        Timestamp::parse(text).map(|time| time.to_string())
    }

    #[test]
    fn every_date_time_of_rfc_3339_is_read_and_shown_in_utc() {
        for (text, shown) in [
            ("2026-11-24T10:00:00Z", "2026-11-24T10:00:00.000Z"),
            ("2026-11-24t10:00:00z", "2026-11-24T10:00:00.000Z"),
            ("2026-11-24T10:00:00+00:00", "2026-11-24T10:00:00.000Z"),
            ("2026-11-24T10:00:00-00:00", "2026-11-24T10:00:00.000Z"),
            ("2026-11-24T10:00:00+02:00", "2026-11-24T08:00:00.000Z"),
            ("2026-11-24T10:00:00-00:30", "2026-11-24T10:30:00.000Z"),
            ("2026-11-24T23:30:00-23:59", "2026-11-25T23:29:00.000Z"),
            ("2026-11-24T10:00:00.1Z", "2026-11-24T10:00:00.100Z"),
            ("2026-11-24T10:00:00.1239Z", "2026-11-24T10:00:00.123Z"),
            ("2026-11-24T10:00:00.9999999999999999999999999+05:45", "2026-11-24T04:15:00.999Z"),
            ("1969-12-31T23:59:59.9999Z", "1969-12-31T23:59:59.999Z"),
            ("2024-02-29T00:00:00+14:00", "2024-02-28T10:00:00.000Z"),
            ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z"),
            ("0001-01-01T00:00:00+02:00", "0000-12-31T22:00:00.000Z"),
            ("9999-12-31T23:59:59.9999Z", "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(read(text).as_deref(), Some(shown), "{text}");
        }
    }

    #[test]
    fn nothing_else_is_a_time() {
        for text in [
            "",
            "2026-11-24",
            "2026-11-24T10:00:00",
            "2026-11-24T10:00Z",
            "2026-11-24T10Z",
            "2026-11-24 10:00:00Z",
            "2026-11-24_10:00:00Z",
            "2026-11-24\u{e9}10:00:00Z",
            "2026-1-24T10:00:00Z",
            "2026-02-30T10:00:00Z",
            "2023-02-29T10:00:00Z",
            "2026-13-01T10:00:00Z",
            "2026-00-01T10:00:00Z",
            "2026-11-24T24:00:00Z",
            "2026-11-24T10:60:00Z",
            "2026-11-24T10:00:61Z",
            "2026-11-24T10:00:00.Z",
            "2026-11-24T10:00:00,5Z",
            "2026-11-24T10:00:00+0200",
            "2026-11-24T10:00:00+02",
            "2026-11-24T10:00:00+24:00",
            "2026-11-24T10:00:00+00:60",
            "2026-11-24T10:00:00 +02:00",
            "2026-11-24T10:00:00\u{2212}02:00",
            "2026-11-24T10:00:00ZZ",
            "2026-11-24T10:00:00Z ",
            " 2026-11-24T10:00:00Z",
            "20261124T100000Z",
            "+2026-11-24T10:00:00Z",
            "12026-11-24T10:00:00Z",
            "2026-W48-2T10:00:00Z",
            // Leap seconds, including real ones.
            "2016-12-31T23:59:60Z",
            "2016-12-31T23:59:60.5Z",
            "2017-01-01T08:59:60+09:00",
            "2016-12-31T12:00:60Z",
            // Outside the years 0000 to 9999 in UTC.
            "0000-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-00:01",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
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
