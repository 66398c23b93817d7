//! What a function may do: the policy statements of its role.

use serde_json::Value;

use super::{Template, Values};
use crate::{Error, Result};

impl Template {
    /// The statements of a function's role: its own policies, then the managed ones of this template.
    pub(super) fn statements(&self, function: &Value) -> Result<Vec<Value>> {
        let Some(role) = function.pointer("/Role/Fn::GetAtt/0").and_then(Value::as_str) else {
            return Ok(Vec::new());
        };
        let missing = || Error::new(format!("its role {role} is not a resource"));
        let role = self.properties(role).ok_or_else(missing)?;
        let mut documents = Vec::new();
        for policy in list(role, "Policies") {
            documents.extend(policy.get("PolicyDocument"));
        }
        for policy in list(role, "ManagedPolicyArns") {
            let known = policy.get("Ref").and_then(Value::as_str).and_then(|policy| self.properties(policy));
            let odd = || Error::new(format!("the policy {policy} of its role is not in the template"));
            documents.extend(known.ok_or_else(odd)?.get("PolicyDocument"));
        }
        let statements = documents.into_iter().flat_map(|document| list(document, "Statement"));
        statements.map(|statement| self.plain(statement, &Values::new())).collect()
    }
}

/// A member that may hold one or many.
fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    match value.get(name) {
        Some(Value::Array(items)) => items,
        Some(one) => std::slice::from_ref(one),
        None => &[],
    }
}
