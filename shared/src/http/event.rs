//! The event of an HTTP API, payload format 2.0, as far as it is used. Every member may be missing or `null`
//! (cargo-lambda sends nulls), so that no event can fail to be read.

use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

/// Reads `null` as if the member were missing.
fn or_default<'de, T: Default + Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// One request as the gateway hands it over.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Event {
    #[serde(deserialize_with = "or_default")]
    pub route_key: String,
    #[serde(deserialize_with = "or_default")]
    pub raw_path: String,
    #[serde(deserialize_with = "or_default")]
    pub raw_query_string: String,
    /// Names in lower case; repeated headers are joined with commas.
    #[serde(deserialize_with = "or_default")]
    pub headers: BTreeMap<String, String>,
    #[serde(deserialize_with = "or_default")]
    pub request_context: RequestContext,
    #[serde(deserialize_with = "or_default")]
    pub path_parameters: BTreeMap<String, String>,
    pub body: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub is_base64_encoded: bool,
}

/// What the gateway knows of the request.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RequestContext {
    pub domain_name: Option<String>,
    pub stage: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub http: Http,
}

/// The request line.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Http {
    #[serde(deserialize_with = "or_default")]
    pub method: String,
}
