//! The reader of template.yaml: functions with their routes, environments and permissions, and the table.
//!
//! Invariant: a construct that is not understood is an error; it is never ignored.
//! Not here: validation (infra/check-template), and the parts that only AWS uses.

mod render;
mod statements;
mod table;

use std::{collections::BTreeMap, path::Path, time::Duration};

use serde_json::Value;

use crate::{Error, Result, error::Context};

/// What `!Ref` of a parameter or resource gives, by its logical name.
pub type Values = BTreeMap<String, String>;

/// The template.
#[derive(Clone, Debug)]
pub struct Template {
    /// All functions, ordered by their logical ids.
    pub functions: Vec<Function>,
    /// The whole document as JSON; `!Ref X` is `{"Ref": "X"}` in it, `!GetAtt` and `!Sub` as `Fn::GetAtt`, `Fn::Sub`.
    pub document: Value,
}

/// A function of the template.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name in the template: `CreateCustomerFunction`.
    pub logical_id: String,
    /// The name of its binary: `create-customer`.
    pub name: String,
    /// Its routes.
    pub routes: Vec<Route>,
    /// Its schedules.
    pub schedules: Vec<Schedule>,
    /// How long it may work on an event.
    pub timeout: Duration,
    /// The IAM policy statements of its role, those of the template's own managed policies included; the table's ARN is
    /// `arn:aws:dynamodb:local:000000000000:table/TABLE`.
    pub statements: Vec<Value>,
}

/// An event of an HTTP API.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// In upper case; `ANY` is every method.
    pub method: String,
    /// With `{parameters}`; `$default` takes what no other route does.
    pub path: String,
}

/// A schedule that starts a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Its name among the function's events.
    pub name: String,
    /// As EventBridge writes it: `rate(1 minute)`.
    pub expression: String,
}

impl Template {
    /// Reads a template file.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).map_err(|error| Error::new(format!("{}: {error}", path.display())))
    }

    /// Reads a template's text.
    pub fn parse(text: &str) -> Result<Self> {
        let yaml: serde_norway::Value = serde_norway::from_str(text).context(|| "not YAML".to_owned())?;
        let mut template = Self { functions: Vec::new(), document: render::json(yaml)? };
        let functions = template.resources("AWS::Serverless::Function").map(|(id, _)| id.to_owned());
        for logical_id in functions.collect::<Vec<_>>() {
            let function = template.read_function(&logical_id);
            let function = function.map_err(|error| Error::new(format!("{logical_id}: {error}")))?;
            template.functions.push(function);
        }
        Ok(template)
    }

    /// A function by the name of its binary.
    pub fn function(&self, name: &str) -> Result<&Function> {
        let missing = || Error::new(format!("the template has no function {name}"));
        self.functions.iter().find(|function| function.name == name).ok_or_else(missing)
    }

    /// The timeout of each function, by the name of its binary.
    pub fn timeouts(&self) -> BTreeMap<String, Duration> {
        self.functions.iter().map(|function| (function.name.clone(), function.timeout)).collect()
    }

    /// The format of the HTTP API's access log; `None` if it has none.
    pub fn access_log_format(&self) -> Option<&str> {
        let (_, api) = self.resources("AWS::Serverless::HttpApi").next()?;
        api.pointer("/Properties/AccessLogSettings/Format")?.as_str()
    }

    /// The environment variables of a function, global ones included. `values` say what `!Ref` gives; a parameter that is
    /// not among them has its default, a table is `TABLE`, another resource its logical id.
    pub fn environment(&self, name: &str, values: &Values) -> Result<BTreeMap<String, String>> {
        let function = self.function(name)?;
        let own = self.properties(&function.logical_id).and_then(|own| own.pointer("/Environment/Variables"));
        let global = self.document.pointer("/Globals/Function/Environment/Variables");
        let mut environment = BTreeMap::new();
        for (name, value) in [global, own].into_iter().flatten().filter_map(Value::as_object).flatten() {
            environment.insert(name.clone(), self.text(value, values)?);
        }
        Ok(environment)
    }

    fn read_function(&self, logical_id: &str) -> Result<Function> {
        let none = || Error::new("it has no properties");
        let properties = self.properties(logical_id).ok_or_else(none)?;
        let folder = properties.get("CodeUri").and_then(Value::as_str);
        let name = folder.and_then(|folder| folder.trim_end_matches('/').rsplit('/').next());
        let name = name.ok_or_else(|| Error::new("its CodeUri is not a path"))?.to_owned();
        let (mut routes, mut schedules) = (Vec::new(), Vec::new());
        for (event, value) in properties.get("Events").and_then(Value::as_object).into_iter().flatten() {
            let kind = value.get("Type").and_then(Value::as_str).unwrap_or_default();
            let property = |name: &str| value.pointer(&format!("/Properties/{name}")).and_then(Value::as_str);
            match kind {
                "HttpApi" => routes.push(Route {
                    method: property("Method").unwrap_or("ANY").to_ascii_uppercase(),
                    path: property("Path").unwrap_or("$default").to_owned(),
                }),
                "ScheduleV2" | "Schedule" => {
                    let expression = property("ScheduleExpression").or_else(|| property("Schedule"));
                    let missing = || Error::new(format!("its event {event} has no expression"));
                    let expression = expression.ok_or_else(missing)?.to_owned();
                    schedules.push(Schedule { name: event.clone(), expression });
                }
                _ => return Err(Error::new(format!("its event {event} is of the unknown type {kind:?}"))),
            }
        }
        let statements = self.statements(properties)?;
        let global = self.document.pointer("/Globals/Function/Timeout");
        let seconds = properties.get("Timeout").or(global).and_then(Value::as_u64);
        // Without one, Lambda has 3 s.
        let timeout = Duration::from_secs(seconds.unwrap_or(3));
        Ok(Function { logical_id: logical_id.to_owned(), name, routes, schedules, timeout, statements })
    }

    fn resources(&self, kind: &str) -> impl Iterator<Item = (&str, &Value)> {
        let all = self.document.get("Resources").and_then(Value::as_object).into_iter().flatten();
        all.filter(move |(_, resource)| resource.get("Type").and_then(Value::as_str) == Some(kind))
            .map(|(id, resource)| (id.as_str(), resource))
    }

    fn properties(&self, logical_id: &str) -> Option<&Value> {
        self.document.get("Resources")?.get(logical_id)?.get("Properties")
    }
}

/// The logical id of a function by the name of its binary: `create-customer` is `CreateCustomerFunction`.
pub fn logical_id(name: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    };
    name.split('-').map(capital).chain(["Function".to_owned()]).collect()
}

#[cfg(test)]
mod tests;
