//! Checks an exchange against infra/openapi.yaml: path, method, status, media type, headers, and the whole
//! body. A status, header of ours or member that the document does not name is a failure, although the document leaves answers open
//! for later versions.

use crate::exchange::Exchange;
use crate::world::repository_root;
use local::gateway::best_path;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs;
use std::sync::{Mutex, OnceLock};

/// The document as JSON.
pub fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let text = fs::read_to_string(repository_root().join("infra/openapi.yaml")).expect("the document can be read");
        serde_norway::from_str(&text).expect("the document is YAML")
    })
}

/// Statuses that every operation may answer with by `default`: this service, and the gateway by itself.
const BY_DEFAULT: [u16; 1] = [405];
const BY_DEFAULT_OF_THE_GATEWAY: [u16; 5] = [400, 403, 413, 414, 431];

/// Panics where the answer is not one that the document describes.
#[track_caller]
pub fn check(exchange: &Exchange) {
    if let Err(fault) = judge(exchange) {
        panic!("infra/openapi.yaml does not describe this answer: {fault}\n{exchange}");
    }
}

/// What the document says against an answer.
pub fn judge(exchange: &Exchange) -> Result<(), String> {
    let path = exchange.path.split('?').next().unwrap_or_default();
    let item = find_path(path).ok_or_else(|| format!("no path is like {path}"))?;
    // HEAD is described by the GET that it is a part of (RFC 9110, section 9.3.2).
    let is_head = exchange.method == "HEAD" && exchange.status != 405;
    let operation = if is_head { &item["get"] } else { &item[exchange.method.to_ascii_lowercase()] };
    if operation.is_null() {
        return if exchange.status == 405 { Ok(()) } else { Err("the path has no such method".to_owned()) };
    }
    let responses = &operation["responses"];
    let by_default: &[u16] = if is_the_gateways(exchange) { &BY_DEFAULT_OF_THE_GATEWAY } else { &BY_DEFAULT };
    let response = match &responses[exchange.status.to_string()] {
        Value::Null if by_default.contains(&exchange.status) => &responses["default"],
        response => response,
    };
    let response = resolve(response);
    if response.is_null() {
        return Err(format!("status {} is not described", exchange.status));
    }
    check_headers(exchange, response)?;
    if is_head {
        return if exchange.body.is_empty() { Ok(()) } else { Err("a HEAD has a body".to_owned()) };
    }
    check_body(exchange, response)
}

/// Whether the gateway answered by itself.
fn is_the_gateways(exchange: &Exchange) -> bool {
    exchange.status >= 400 && essence(exchange) == "application/json"
}

/// The media type without its parameters.
fn essence(exchange: &Exchange) -> &str {
    let media_type = exchange.header("content-type").unwrap_or_default();
    media_type.split(';').next().unwrap_or_default().trim()
}

/// The headers that a problem has beyond those that the document requires: it cannot, where the gateway may answer with that status.
fn of_problems(exchange: &Exchange) -> Vec<&'static str> {
    let is_problem = essence(exchange) == "application/problem+json";
    let headers: &[_] = match exchange.status {
        401 => &["x-request-id", "cache-control", "www-authenticate"],
        405 => &["x-request-id", "cache-control", "allow"],
        429 | 503 => &["x-request-id", "cache-control", "retry-after"],
        _ => &["x-request-id", "cache-control"],
    };
    if is_problem { headers.to_vec() } else { Vec::new() }
}

fn check_headers(exchange: &Exchange, response: &'static Value) -> Result<(), String> {
    const OURS: [&str; 10] = [
        "etag",
        "location",
        "idempotency-replayed",
        "retry-after",
        "www-authenticate",
        "allow",
        "x-request-id",
        "cache-control",
        "vary",
        "access-control-allow-origin",
    ];
    let described =
        response["headers"].as_object().map(|headers| headers.iter().collect::<Vec<_>>()).unwrap_or_default();
    let is_described = |name: &str| described.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
    for (name, _) in exchange.headers.iter().filter(|(name, _)| OURS.contains(&name.as_str())) {
        if !is_described(name) {
            return Err(format!("the header {name} is not described"));
        }
    }
    if let Some(name) = of_problems(exchange).into_iter().find(|name| exchange.header(name).is_none()) {
        return Err(format!("the header {name} is missing"));
    }
    for (name, header) in described {
        let header = resolve(header);
        match exchange.header(&name.to_ascii_lowercase()) {
            None if header["required"] == true => return Err(format!("the header {name} is missing")),
            None => {}
            Some(value) => {
                let number = value.parse::<u64>().ok().filter(|_| header["schema"]["type"] == "integer");
                let value = number.map_or_else(|| json!(value), |number| json!(number));
                validate(&header["schema"], &value).map_err(|fault| format!("the header {name}: {fault}"))?;
            }
        }
    }
    Ok(())
}

fn check_body(exchange: &Exchange, response: &Value) -> Result<(), String> {
    let Some(content) = response["content"].as_object() else {
        return if exchange.body.is_empty() { Ok(()) } else { Err("no body is described".to_owned()) };
    };
    let essence = essence(exchange);
    let schema = content.get(essence).ok_or_else(|| format!("the media type {essence} is not described"))?;
    if essence == "text/html" {
        return Ok(());
    }
    let body: Value = serde_json::from_str(&exchange.body).map_err(|error| format!("the body is not JSON: {error}"))?;
    if is_the_gateways(exchange) && body.get("message").is_none() {
        return Err("a problem is application/problem+json".to_owned());
    }
    validate(&schema["schema"], &body)
}

/// The components as this version answers: objects closed, and times in UTC with milliseconds. The document promises less, so that
/// later versions may add members.
fn components() -> &'static Value {
    static COMPONENTS: OnceLock<Value> = OnceLock::new();
    COMPONENTS.get_or_init(|| {
        let mut components = document()["components"].clone();
        let schemas = components["schemas"].as_object_mut().expect("the document has schemas");
        // This one is of any OpenAPI document.
        schemas.iter_mut().filter(|(name, _)| *name != "ApiDescription").for_each(|(_, schema)| make_exact(schema));
        components
    })
}

fn make_exact(schema: &mut Value) {
    if let Some(members) = schema.as_object_mut() {
        if members.contains_key("properties") && members.get("additionalProperties") == Some(&Value::Bool(true)) {
            members.insert("additionalProperties".to_owned(), false.into());
        }
        if members.get("format").is_some_and(|format| format == "date-time") {
            let exact = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$";
            members.insert("pattern".to_owned(), exact.into());
        }
        members.values_mut().for_each(make_exact);
    } else if let Some(items) = schema.as_array_mut() {
        items.iter_mut().for_each(make_exact);
    }
}

/// Whether `value` is what `schema` of the document describes, exactly as this version answers it.
pub fn validate(schema: &Value, value: &Value) -> Result<(), String> {
    static VALIDATORS: OnceLock<Mutex<HashMap<String, &'static jsonschema::Validator>>> = OnceLock::new();
    let key = schema.to_string();
    let mut validators = VALIDATORS.get_or_init(Mutex::default).lock().expect("no validator panics");
    let validator = validators.entry(key).or_insert_with(|| {
        let whole = json!({ "allOf": [schema], "components": components() });
        let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).should_validate_formats(true);
        Box::leak(Box::new(options.build(&whole).expect("the schema is one")))
    });
    let faults: Vec<String> =
        validator.iter_errors(value).map(|fault| format!("{} at {}", fault, fault.instance_path)).collect();
    if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
}

fn resolve(value: &'static Value) -> &'static Value {
    match value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
        Some(pointer) => document().pointer(pointer).unwrap_or(&Value::Null),
        None => value,
    }
}

/// By the gateway's own rule.
fn find_path(path: &str) -> Option<&'static Value> {
    let paths = document()["paths"].as_object()?;
    paths.get(best_path(paths.keys().map(String::as_str), path)?)
}
