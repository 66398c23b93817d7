//! JSON as this API accepts it (contract section 2.3): RFC 8259 without duplicate members, numbers as doubles.
//!
//! A body is parsed into a tree, so that all errors can be reported. Idempotent requests are compared by the canonical bytes of the
//! tree.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::{collections::BTreeMap, fmt};

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number as the nearest double.
    Number(f64),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object. The order of members has no meaning.
    Object(Object),
}

/// The members of an object.
pub type Object = BTreeMap<String, Json>;

impl Json {
    /// Parses one JSON text: at most 127 levels (the limit of serde_json), no byte order mark, no lone surrogates.
    pub fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// Passes the canonical bytes to `feed`. They are equal if and only if the values are: each value begins with its type, strings and
    /// collections also with their length.
    pub fn canonical(&self, feed: &mut impl FnMut(&[u8])) {
        match self {
            Self::Null => feed(b"n"),
            Self::Bool(value) => feed(if *value { b"t" } else { b"f" }),
            Self::Number(value) => {
                feed(b"d");
                // -0 and 0 are the same number.
                feed(&(value + 0.0).to_bits().to_be_bytes());
            }
            Self::String(text) => canonical_text(text, feed),
            Self::Array(items) => {
                feed(b"a");
                feed(&items.len().to_be_bytes());
                items.iter().for_each(|item| item.canonical(feed));
            }
            Self::Object(members) => {
                feed(b"o");
                feed(&members.len().to_be_bytes());
                for (name, value) in members {
                    canonical_text(name, feed);
                    value.canonical(feed);
                }
            }
        }
    }
}

fn canonical_text(text: &str, feed: &mut impl FnMut(&[u8])) {
    feed(b"s");
    feed(&text.len().to_be_bytes());
    feed(text.as_bytes());
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Tree)
    }
}

struct Tree;

impl<'de> Visitor<'de> for Tree {
    type Value = Json;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Number(value))
    }

    #[allow(clippy::cast_precision_loss, reason = "the contract reads every number as a double")]
    fn visit_u64<E: Error>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value as f64))
    }

    #[allow(clippy::cast_precision_loss, reason = "the contract reads every number as a double")]
    fn visit_i64<E: Error>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value as f64))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Json, E> {
        Ok(Json::String(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Json, E> {
        Ok(Json::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element()? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut members = Object::new();
        while let Some((name, value)) = map.next_entry::<String, Json>()? {
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a member is given twice"));
            }
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        Json::parse(text.as_bytes()).unwrap().canonical(&mut |part| bytes.extend_from_slice(part));
        bytes
    }

    #[test]
    fn what_is_no_single_json_text_is_refused() {
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(Json::parse(deep(127).as_bytes()).is_ok());
        assert!(Json::parse(deep(128).as_bytes()).is_err());
        for text in [
            "",
            " ",
            "{",
            "{}{}",
            "[1,]",
            "{\"a\":1,}",
            "nul",
            "NaN",
            "1e400",
            "-1e400",
            "01",
            "1.",
            "+1",
            "'a'",
            "{\"a\":1,\"a\":1}",
            "{\"a\":{\"b\":1,\"b\":2}}",
            "{\"a\":1,\"\\u0061\":2}",
            "\"\\ud800\"",
            "\"\\udc00\\ud800\"",
            "\"\u{1}\"",
            "\u{feff}{}",
            "// x\n{}",
        ] {
            assert!(Json::parse(text.as_bytes()).is_err(), "{text:?}");
        }
        assert!(Json::parse(b"\"\xff\"").is_err());
        assert!(Json::parse(b"\xff{}").is_err());
        assert!(Json::parse(b"{\x00}").is_err());
    }

    #[test]
    fn equal_values_have_equal_canonical_bytes() {
        assert_eq!(canonical(r#"{"a":1,"b":[true,null]}"#), canonical(" {\"b\" : [true, null], \"a\":1.0}"));
        assert_eq!(canonical("[1e2,-0]"), canonical("[100.0,0]"));
        assert_eq!(canonical(r#""\u00e9""#), canonical("\"é\""));
        assert_eq!(canonical("12345678901234567890123"), canonical("1.2345678901234567890123e22"));
        assert_ne!(canonical(r#"["a","b"]"#), canonical(r#"["ab",""]"#));
        assert_ne!(canonical(r#"{"a":null}"#), canonical("{}"));
        assert_ne!(canonical("1"), canonical("\"1\""));
    }

    #[test]
    fn the_largest_double_is_a_number() {
        assert_eq!(Json::parse(b"1.7976931348623157e308").unwrap(), Json::Number(f64::MAX));
        assert!(Json::parse(b"1.7976931348623159e308").is_err());
    }
}
