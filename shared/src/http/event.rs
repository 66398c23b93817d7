//! The event of an HTTP API, payload format 2.0, as far as it is used. Every member may be missing or `null`
//! (cargo-lambda sends nulls), so that no event can fail to be read. No `Debug`: it would show credentials.

use serde::{Deserialize, Deserializer};
use std::collections::{BTreeMap, btree_map::Entry};

/// Reads `null` as if the member were missing.
fn or_default<'de, T: Default + Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Reads texts by name; `null` is as missing as a missing one.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<impl Iterator<Item = (String, String)>, D::Error> {
    let texts: BTreeMap<String, Option<String>> = or_default(deserializer)?;
    Ok(texts.into_iter().filter_map(|(name, text)| Some((name, text?))))
}

fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    present(deserializer).map(Iterator::collect)
}

/// Reads headers: their names become lower case, and what is one name then is joined with commas.
fn headers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let mut read: BTreeMap<String, String> = BTreeMap::new();
    for (mut name, value) in present(deserializer)? {
        name.make_ascii_lowercase();
        match read.entry(name) {
            Entry::Vacant(place) => drop(place.insert(value)),
            Entry::Occupied(mut place) => place.get_mut().extend([",", &value]),
        }
    }
    Ok(read)
}

/// One request as the gateway hands it over.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Event {
    #[serde(deserialize_with = "or_default")]
    pub route_key: String,
    #[serde(deserialize_with = "or_default")]
    pub raw_path: String,
    #[serde(deserialize_with = "or_default")]
    pub raw_query_string: String,
    /// Names in lower case, whatever case they come in; repeated headers are joined with commas.
    #[serde(deserialize_with = "headers")]
    pub headers: BTreeMap<String, String>,
    #[serde(deserialize_with = "or_default")]
    pub request_context: RequestContext,
    #[serde(deserialize_with = "texts")]
    pub path_parameters: BTreeMap<String, String>,
    pub body: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub is_base64_encoded: bool,
}

/// What the gateway knows of the request.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RequestContext {
    pub domain_name: Option<String>,
    pub stage: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub http: Http,
}

/// The request line.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Http {
    #[serde(deserialize_with = "or_default")]
    pub method: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Event {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn every_member_may_be_missing_or_null() {
        for text in [
            "{}",
            r#"{"routeKey": null, "headers": null, "pathParameters": null, "requestContext": null, "body": null}"#,
            r#"{"headers": {"a": null}, "pathParameters": {"b": null}, "requestContext": {"http": null}, "more": [1]}"#,
        ] {
            let event = read(text);
            assert!(event.headers.is_empty() && event.path_parameters.is_empty() && event.body.is_none(), "{text}");
        }
    }

    #[test]
    fn names_of_headers_are_of_any_case() {
        let event = read(r#"{"headers": {"Accept": "a", "X-A": "1", "x-a": "2"}}"#);
        let expected = [("accept", "a"), ("x-a", "1,2")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(event.headers, BTreeMap::from(expected));
    }
}
