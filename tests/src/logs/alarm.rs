//! Alarms: the state that CloudWatch gives an alarm for the latest points of its metrics.

use super::query::{Expression, calculated, expression};
use super::tokens::Rest;
use serde_json::Value;
use std::collections::BTreeMap;

/// The metrics of one period by their ids in the alarm; `metric` is the one of an alarm without ids, `quota` what SERVICE_QUOTA returns.
pub type Point = BTreeMap<&'static str, f64>;

#[derive(Debug, PartialEq, Eq)]
pub enum State {
    Ok,
    Alarm,
    /// As it was before.
    Unchanged,
}

/// An alarm over one metric or over an expression.
#[derive(Debug)]
pub struct Alarm<'a> {
    properties: &'a Value,
    /// What is compared with the threshold, where it is not the metric itself.
    expression: Option<Expression>,
    /// The ids of the metrics.
    metrics: Vec<&'a str>,
}

impl<'a> Alarm<'a> {
    /// Reads the properties of an alarm; panics where they are not understood.
    pub fn new(properties: &'a Value) -> Self {
        let all: Vec<&Value> = properties["Metrics"].as_array().into_iter().flatten().collect();
        let metrics = all.iter().filter(|metric| metric["MetricStat"].is_object());
        let metrics = metrics.map(|metric| metric["Id"].as_str().unwrap()).collect();
        let mut returned = all.iter().filter(|metric| metric["ReturnData"] == true);
        let expression = returned.next().map(|metric| {
            let mut rest = Rest::of(metric["Expression"].as_str().unwrap());
            let expression = expression(&mut rest);
            assert!(rest.peek().is_none(), "{metric}");
            expression
        });
        assert!(returned.next().is_none() && all.is_empty() == expression.is_none(), "{properties}");
        Self { properties, expression, metrics }
    }

    /// The state after the latest periods, of which there are as many as the alarm looks at.
    pub fn state(&self, points: &[Point]) -> State {
        let number = |name: &str| self.properties[name].as_f64();
        let periods = self.properties["EvaluationPeriods"].as_u64().unwrap() as usize;
        assert_eq!(points.len(), periods, "the alarm looks at {periods} periods");
        let threshold = number("Threshold").unwrap();
        let breaches = |value: f64| match self.properties["ComparisonOperator"].as_str().unwrap() {
            "GreaterThanThreshold" => value > threshold,
            "GreaterThanOrEqualToThreshold" => value >= threshold,
            "LessThanThreshold" => value < threshold,
            other => panic!("the operator {other}"),
        };
        let values: Vec<Option<f64>> = points.iter().map(|point| self.value(point)).collect();
        let is_missing = self.properties["TreatMissingData"].as_str().unwrap();
        if is_missing == "ignore" && values.contains(&None) {
            return State::Unchanged;
        }
        let breaching = values.iter().filter(|value| value.map_or(is_missing == "breaching", breaches)).count();
        let needed = self.properties["DatapointsToAlarm"].as_u64().map_or(periods, |needed| needed as usize);
        if breaching >= needed { State::Alarm } else { State::Ok }
    }

    fn value(&self, point: &Point) -> Option<f64> {
        match &self.expression {
            Some(expression) => self.number(expression, point),
            None => point.get("metric").copied(),
        }
    }

    /// A series of numbers in this period; without a value where one of its metrics has none.
    fn number(&self, expression: &Expression, point: &Point) -> Option<f64> {
        let (name, parts) = match expression {
            Expression::Field(id) => return point.get(id.as_str()).copied(),
            Expression::Value(value) => return value.as_f64(),
            Expression::Call(name, parts) => (name.as_str(), &parts[..]),
            Expression::Operator(name, parts) => (*name, &parts[..]),
        };
        match (name, parts) {
            ("IF", [condition, yes, no]) => {
                let is_true = self.number(condition, point)? != 0.0;
                self.number(if is_true { yes } else { no }, point)
            }
            ("FILL", [one, value]) => self.number(one, point).or_else(|| self.number(value, point)),
            ("SUM", [list]) => self.list(list, point).into_iter().flatten().reduce(|one, other| one + other),
            ("SERVICE_QUOTA", [Expression::Field(id)]) if self.metrics.contains(&id.as_str()) => {
                point.get("quota").copied()
            }
            (operator, [one, other]) => {
                match calculated(self.number(one, point)?, operator, self.number(other, point)?) {
                    Value::Bool(is_true) => Some(f64::from(is_true)),
                    number => number.as_f64(),
                }
            }
            _ => panic!("{name} of {parts:?}"),
        }
    }

    /// The series of all metrics.
    fn list(&self, expression: &Expression, point: &Point) -> Vec<Option<f64>> {
        match expression {
            Expression::Call(name, parts) if name == "METRICS" && parts.is_empty() => {
                self.metrics.iter().map(|id| point.get(id).copied()).collect()
            }
            Expression::Call(name, parts) if name == "FILL" => {
                let filled = |value: Option<f64>| value.or_else(|| self.number(&parts[1], point));
                self.list(&parts[0], point).into_iter().map(filled).collect()
            }
            other => panic!("{other:?} is no list"),
        }
    }
}
