//! CloudFormation's intrinsic functions: from YAML tags to JSON, and from there to plain text.
//!
//! Invariant: `Ref`, `Fn::GetAtt` of an ARN, `Fn::Sub` and `Fn::If` are all that is understood; another function is an error.

use serde_json::{Map, Value};
use serde_norway::Value as Yaml;

use super::{Template, Values};
use crate::{Error, Result, error::Context};

/// YAML as JSON, short forms of intrinsic functions as their long ones.
pub(super) fn json(yaml: Yaml) -> Result<Value> {
    Ok(match yaml {
        Yaml::Sequence(items) => Value::Array(items.into_iter().map(json).collect::<Result<_>>()?),
        Yaml::Mapping(members) => {
            let mut object = Map::new();
            for (key, value) in members {
                let Yaml::String(key) = key else {
                    return Err(Error::new(format!("the key {key:?} is not text; it needs quotes")));
                };
                object.insert(key, json(value)?);
            }
            Value::Object(object)
        }
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let name = match tag.trim_start_matches('!') {
                name @ ("Ref" | "Condition") => name.to_owned(),
                name => format!("Fn::{name}"),
            };
            let value = match json(tagged.value)? {
                // `!GetAtt Table.Arn` is `{"Fn::GetAtt": ["Table", "Arn"]}`.
                Value::String(text) if name == "Fn::GetAtt" => {
                    let (resource, attribute) = text.split_once('.').unwrap_or((&text, ""));
                    Value::from(vec![resource, attribute])
                }
                value => value,
            };
            Value::Object(Map::from_iter([(name, value)]))
        }
        scalar => serde_json::to_value(scalar).context(|| "not representable as JSON".to_owned())?,
    })
}

/// An intrinsic function: its name and argument.
fn intrinsic(value: &Value) -> Option<(&str, &Value)> {
    let object = value.as_object().filter(|object| object.len() == 1)?;
    let (name, argument) = object.iter().next()?;
    (name == "Ref" || name.starts_with("Fn::")).then_some((name.as_str(), argument))
}

impl Template {
    /// A value without intrinsic functions.
    pub(super) fn plain(&self, value: &Value, values: &Values) -> Result<Value> {
        match intrinsic(value) {
            Some(("Fn::If", argument)) => return self.plain(self.branch(argument, values)?, values),
            Some((name, argument)) => return self.call(name, argument, values).map(Value::String),
            None => {}
        }
        Ok(match value {
            Value::Array(items) => {
                Value::Array(items.iter().map(|item| self.plain(item, values)).collect::<Result<_>>()?)
            }
            Value::Object(members) => {
                let member = |(name, value): (&String, &Value)| Ok((name.clone(), self.plain(value, values)?));
                Value::Object(members.iter().map(member).collect::<Result<_>>()?)
            }
            scalar => scalar.clone(),
        })
    }

    /// A value as text.
    pub(super) fn text(&self, value: &Value, values: &Values) -> Result<String> {
        match self.plain(value, values)? {
            Value::String(text) => Ok(text),
            Value::Object(_) | Value::Array(_) | Value::Null => Err(Error::new(format!("not a text: {value}"))),
            scalar => Ok(scalar.to_string()),
        }
    }

    /// The branch of an `Fn::If` that its condition selects.
    fn branch<'a>(&self, argument: &'a Value, values: &Values) -> Result<&'a Value> {
        let odd = || Error::new(format!("{{\"Fn::If\": {argument}}} is not understood by the local tools"));
        let [Value::String(condition), yes, no] = argument.as_array().ok_or_else(odd)?.as_slice() else {
            return Err(odd());
        };
        Ok(if self.condition(condition, values)? { yes } else { no })
    }

    /// Whether a condition of the template holds.
    fn condition(&self, name: &str, values: &Values) -> Result<bool> {
        let condition = self.document.get("Conditions").and_then(|all| all.get(name));
        self.holds(condition.ok_or_else(|| Error::new(format!("there is no condition {name}")))?, values)
    }

    fn holds(&self, condition: &Value, values: &Values) -> Result<bool> {
        let odd = || Error::new(format!("the condition {condition} is not understood by the local tools"));
        let (name, argument) = condition.as_object().and_then(|members| members.iter().next()).ok_or_else(odd)?;
        match (name.as_str(), argument.as_array().map(Vec::as_slice)) {
            ("Condition", None) => self.condition(argument.as_str().ok_or_else(odd)?, values),
            ("Fn::Not", Some([inner])) => Ok(!self.holds(inner, values)?),
            ("Fn::And", Some(parts)) => {
                let parts: Result<Vec<bool>> = parts.iter().map(|part| self.holds(part, values)).collect();
                Ok(parts?.into_iter().all(|holds| holds))
            }
            ("Fn::Equals", Some([one, other])) => Ok(self.text(one, values)? == self.text(other, values)?),
            _ => Err(odd()),
        }
    }

    fn call(&self, name: &str, argument: &Value, values: &Values) -> Result<String> {
        let odd = || Error::new(format!("{{\"{name}\": {argument}}} is not understood by the local tools"));
        match (name, argument) {
            ("Ref", Value::String(name)) => self.reference(name, values),
            ("Fn::GetAtt", Value::Array(path)) => match path.as_slice() {
                [Value::String(resource), Value::String(attribute)] => self.attribute(resource, attribute, values),
                _ => Err(odd()),
            },
            ("Fn::Sub", Value::String(text)) => self.substitute(text, values),
            _ => Err(odd()),
        }
    }

    fn substitute(&self, text: &str, values: &Values) -> Result<String> {
        let (mut rest, mut result) = (text, String::new());
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) =
                after.split_once('}').ok_or_else(|| Error::new(format!("a brace is missing in {text}")))?;
            result.push_str(before);
            match (name.strip_prefix('!'), name.split_once('.')) {
                // `${!Literal}` is an escaped `${Literal}`.
                (Some(literal), _) => result.push_str(&format!("${{{literal}}}")),
                (None, Some((resource, attribute))) => {
                    result.push_str(&self.attribute(resource, attribute, values)?);
                }
                (None, None) => result.push_str(&self.reference(name, values)?),
            }
            rest = after;
        }
        result.push_str(rest);
        Ok(result)
    }

    fn reference(&self, name: &str, values: &Values) -> Result<String> {
        if let Some(value) = values.get(name) {
            return Ok(value.clone());
        }
        let pseudo = match name {
            "AWS::Region" => "eu-central-1",
            "AWS::AccountId" => "000000000000",
            "AWS::Partition" => "aws",
            "AWS::URLSuffix" => "amazonaws.com",
            "AWS::StackName" => "local",
            _ => "",
        };
        if !pseudo.is_empty() {
            return Ok(pseudo.to_owned());
        }
        if let Some(parameter) = self.document.get("Parameters").and_then(|all| all.get(name)) {
            let default = parameter.get("Default");
            let default = default.ok_or_else(|| Error::new(format!("the parameter {name} has no value")))?;
            return self.text(default, values);
        }
        match self.kind(name)? {
            "AWS::DynamoDB::Table" => Ok("TABLE".to_owned()),
            _ => Ok(name.to_owned()),
        }
    }

    fn attribute(&self, resource: &str, attribute: &str, values: &Values) -> Result<String> {
        let kind = self.kind(resource)?;
        let name = self.reference(resource, values)?;
        match (kind, attribute) {
            ("AWS::DynamoDB::Table", "Arn") => Ok(format!("arn:aws:dynamodb:local:000000000000:table/{name}")),
            (_, "Arn") => {
                let service = kind.split("::").nth(1).unwrap_or_default().to_ascii_lowercase();
                Ok(format!("arn:aws:{service}:local:000000000000:{name}"))
            }
            _ => Err(Error::new(format!("the attribute {resource}.{attribute} is not known locally"))),
        }
    }

    fn kind(&self, resource: &str) -> Result<&str> {
        let kind = self.document.get("Resources").and_then(|all| all.get(resource)?.get("Type")?.as_str());
        kind.ok_or_else(|| Error::new(format!("there is no parameter or resource {resource}")))
    }
}
