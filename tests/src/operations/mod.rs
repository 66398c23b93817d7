//! The operations of this API, read from infra/openapi.yaml. A suite that is about all operations takes them from here and names those that
//! it excludes, so that a new operation is in every suite from the start.

mod examples;
mod fixture;

pub use examples::{Example, examples};
pub use fixture::{Fixture, Names, with_body};

use crate::openapi;
use serde_json::Value;
use std::sync::OnceLock;

/// Who may call an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    Operator,
    Integration,
    /// No credential is looked at.
    Anyone,
}

/// An operation as the document describes it.
#[derive(Clone, Debug)]
pub struct Operation {
    /// `createTenant`.
    pub id: String,
    /// The name of its binary: `create-tenant`.
    pub function: String,
    /// In upper case.
    pub method: String,
    /// With `{parameters}`.
    pub path: String,
    pub caller: Caller,
    /// Whether a user's token will do in the place of an integration key. A token needs no scope.
    pub takes_user_token: bool,
    /// The scope that its description names: `tenants:write`.
    pub scope: Option<String>,
    /// Whether it reads a body, so that there may be something wrong with one.
    pub reads_body: bool,
    /// The 2xx statuses.
    pub success: Vec<u16>,
    /// Of the path, the query and the headers: `path:tenant_id`, `query:limit`, `header:If-Match`.
    pub parameters: Vec<String>,
}

impl Operation {
    /// Whether it may change anything.
    pub fn is_write(&self) -> bool {
        self.method != "GET"
    }

    /// Whether it has this parameter: `header:If-Match`.
    pub fn takes(&self, parameter: &str) -> bool {
        self.parameters.iter().any(|known| known == parameter)
    }

    /// The names of the parameters in its path.
    pub fn names(&self) -> Vec<&str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect()
    }
}

/// All operations, in the document's order.
pub fn operations() -> &'static [Operation] {
    static OPERATIONS: OnceLock<Vec<Operation>> = OnceLock::new();
    OPERATIONS.get_or_init(|| read(openapi::document()).unwrap_or_else(|fault| panic!("{fault}")))
}

/// The operations of one kind of caller.
pub fn operations_of(caller: Caller) -> impl Iterator<Item = &'static Operation> {
    operations().iter().filter(move |operation| operation.caller == caller)
}

/// The operations that need a credential.
pub fn protected() -> impl Iterator<Item = &'static Operation> {
    operations().iter().filter(|operation| operation.caller != Caller::Anyone)
}

/// An operation by its id.
#[track_caller]
pub fn operation(id: &str) -> &'static Operation {
    let found = operations().iter().find(|operation| operation.id == id);
    found.unwrap_or_else(|| panic!("infra/openapi.yaml has no operation {id}"))
}

/// How many operations a suite excludes. A number may only fall: a new operation belongs in the suite.
const EXCLUDED: [(&str, usize); 2] = [("foreign names", 1), ("overtaken writes", 3)];

/// Whether a suite excludes an operation. `excluded` are the suite's exceptions, each with the reason.
#[track_caller]
pub fn is_excluded(operation: &Operation, suite: &str, excluded: &[(&str, &str)]) -> bool {
    let limit = EXCLUDED.iter().find(|(name, _)| *name == suite).map(|(_, limit)| *limit);
    assert_eq!(Some(excluded.len()), limit, "{suite}: tests/src/operations/mod.rs has the number of exceptions");
    for (id, reason) in excluded {
        assert!(
            operations().iter().any(|operation| operation.id == *id),
            "{suite} excludes {id}, which does not exist"
        );
        assert!(!reason.is_empty(), "{suite} excludes {id} without a reason");
    }
    excluded.iter().any(|(id, _)| *id == operation.id)
}

/// The operations of a document; an error names what is missing.
pub fn read(document: &Value) -> Result<Vec<Operation>, String> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten().filter(|(name, _)| *name != "parameters") {
            let id = operation["operationId"].as_str();
            let id = id.ok_or_else(|| format!("infra/openapi.yaml: {method} {path} has no operationId"))?;
            let parameters = [&item["parameters"], &operation["parameters"]].into_iter().filter_map(Value::as_array);
            let statuses = operation["responses"].as_object().into_iter().flatten().map(|(status, _)| status);
            let success = statuses.filter(|status| status.starts_with('2')).filter_map(|status| status.parse().ok());
            operations.push(Operation {
                id: id.to_owned(),
                function: kebab(id),
                method: method.to_ascii_uppercase(),
                path: path.clone(),
                caller: caller(operation).map_err(|fault| format!("infra/openapi.yaml: {id} {fault}"))?,
                takes_user_token: has_scheme(operation, "userToken"),
                scope: scope(operation),
                reads_body: operation["responses"]["415"].is_object(),
                success: success.collect(),
                parameters: parameters.flatten().map(|parameter| word(document, parameter)).collect(),
            });
        }
    }
    Ok(operations)
}

/// `query:limit` of a parameter, or of a reference to one.
fn word(document: &Value, parameter: &Value) -> String {
    let target = parameter["$ref"].as_str().and_then(|reference| document.pointer(reference.trim_start_matches('#')));
    let parameter = target.unwrap_or(parameter);
    let text = |name: &str| parameter[name].as_str().unwrap_or_default();
    format!("{}:{}", text("in"), text("name"))
}

fn caller(operation: &Value) -> Result<Caller, &'static str> {
    let schemes = operation["security"].as_array().ok_or("has no `security`")?;
    let names: Vec<&str> =
        schemes.iter().filter_map(Value::as_object).flatten().map(|(name, _)| name.as_str()).collect();
    match names[..] {
        ["operatorKey"] => Ok(Caller::Operator),
        ["integrationKey"] | ["integrationKey", "userToken"] => Ok(Caller::Integration),
        [] if schemes.is_empty() => Ok(Caller::Anyone),
        _ => Err("has a `security` that is neither [], operatorKey, integrationKey nor integrationKey or userToken"),
    }
}

fn has_scheme(operation: &Value, name: &str) -> bool {
    operation["security"].as_array().into_iter().flatten().any(|scheme| scheme[name].is_array())
}

/// `tenants:write` of "Needs scope `tenants:write`."
fn scope(operation: &Value) -> Option<String> {
    let (_, rest) = operation["description"].as_str()?.split_once("Needs scope `")?;
    Some(rest.split('`').next()?.to_owned())
}

/// `get-tenant` of `getTenant`.
pub fn kebab(id: &str) -> String {
    separated(id, '-')
}

/// `get_tenant` of `getTenant`.
pub fn snake(id: &str) -> String {
    separated(id, '_')
}

fn separated(id: &str, separator: char) -> String {
    let mut words = String::new();
    for letter in id.chars() {
        if letter.is_ascii_uppercase() {
            words.push(separator);
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}
