//! The event of an HTTP API, payload format 2.0, as far as it is used. Every member may be missing, so
//! that no event can fail to be read.

use serde::Deserialize;
use std::collections::BTreeMap;

/// One request as the gateway hands it over.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Event {
    pub route_key: String,
    pub raw_path: String,
    pub raw_query_string: String,
    /// Names in lower case; repeated headers are joined with commas.
    pub headers: BTreeMap<String, String>,
    pub request_context: RequestContext,
    pub path_parameters: BTreeMap<String, String>,
    pub body: Option<String>,
    pub is_base64_encoded: bool,
}

/// What the gateway knows of the request.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RequestContext {
    pub domain_name: Option<String>,
    pub stage: Option<String>,
    pub http: Http,
}

/// The request line.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Http {
    pub method: String,
}
