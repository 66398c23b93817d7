//! Queries of CloudWatch Logs Insights: `fields`, `filter`, `stats ... by`, `sort` and `limit`.

use super::pattern::compares;
use super::tokens::{Rest, Token};
use serde_json::Value;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// A row: a line's members by their paths, `@timestamp` in milliseconds, `@message`, and what `fields` names; after `stats` a group.
pub type Row = BTreeMap<String, Value>;

/// An expression and the name of its result.
type Named = (Expression, String);

#[derive(Debug)]
enum Command {
    Fields(Vec<Named>),
    Filter(Expression),
    Stats(Vec<Named>, Vec<String>),
    Sort(String, bool),
    Limit(usize),
}

#[derive(Debug)]
pub(super) enum Expression {
    Field(String),
    Value(Value),
    Call(String, Vec<Expression>),
    /// `not` of one, `and` and `or` of two, comparisons, arithmetic and `like` of two, `in` of one and a list.
    Operator(&'static str, Vec<Expression>),
}

/// A query.
#[derive(Debug)]
pub struct Query(Vec<Command>);

impl Query {
    /// Reads a query with values of its parameters; panics where it is not understood.
    pub fn parse(text: &str, parameters: &[(&str, &str)]) -> Self {
        let filled = parameters.iter().fold(text.to_owned(), |text, (name, value)| {
            let placeholder = format!("{{{{{name}}}}}");
            assert!(text.contains(&placeholder), "no {placeholder} in {text}");
            text.replace(&placeholder, value)
        });
        assert!(!filled.contains("{{"), "a parameter is missing: {filled}");
        let mut rest = Rest::of(&filled);
        let mut commands = vec![command(&mut rest)];
        while rest.takes("|") {
            commands.push(command(&mut rest));
        }
        assert!(rest.peek().is_none(), "not understood: {:?}", rest.peek());
        Self(commands)
    }

    /// The result over lines, each with its time in milliseconds; `now` is the time of the query in seconds.
    pub fn run<'a>(&self, lines: impl Iterator<Item = (u64, &'a str)>, now: u64) -> Vec<Row> {
        let mut rows: Vec<Row> = lines.map(|(time, line)| row(time, line)).collect();
        for command in &self.0 {
            match command {
                Command::Fields(fields) => {
                    for row in &mut rows {
                        for (field, name) in fields {
                            let value = value(field, row, now);
                            row.insert(name.clone(), value);
                        }
                    }
                }
                Command::Filter(condition) => rows.retain(|row| value(condition, row, now) == Value::Bool(true)),
                Command::Stats(values, by) => rows = stats(&rows, values, by, now),
                Command::Sort(field, descending) => rows.sort_by(|one, other| {
                    let order = order(&one[field], &other[field]);
                    if *descending { order.reverse() } else { order }
                }),
                Command::Limit(limit) => rows.truncate(*limit),
            }
        }
        rows
    }
}

fn row(time: u64, line: &str) -> Row {
    let mut row = Row::from([("@timestamp".to_owned(), time.into()), ("@message".to_owned(), line.into())]);
    flatten("", &serde_json::from_str(line).unwrap_or_default(), &mut row);
    row
}

fn flatten(path: &str, value: &Value, row: &mut Row) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                flatten(&if path.is_empty() { name.clone() } else { format!("{path}.{name}") }, value, row);
            }
        }
        scalar => drop(row.insert(path.to_owned(), scalar.clone())),
    }
}

fn order(one: &Value, other: &Value) -> Ordering {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one.total_cmp(&other),
        _ => one.to_string().cmp(&other.to_string()),
    }
}

fn stats(rows: &[Row], values: &[Named], by: &[String], now: u64) -> Vec<Row> {
    let mut groups: BTreeMap<Vec<String>, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        let key = by.iter().map(|name| row.get(name).map(Value::to_string).unwrap_or_default()).collect();
        groups.entry(key).or_default().push(row);
    }
    let group = |rows: Vec<&Row>| {
        let mut result: Row =
            by.iter().filter_map(|name| Some((name.clone(), rows.first()?.get(name)?.clone()))).collect();
        for (expression, name) in values {
            let value = aggregate(expression, &rows, &result, now);
            result.insert(name.clone(), value);
        }
        result
    };
    groups.into_values().map(group).collect()
}

/// A value of a group. An aggregate reads the rows, anything else the values before it.
fn aggregate(expression: &Expression, rows: &[&Row], before: &Row, now: u64) -> Value {
    let Expression::Call(name, arguments) = expression else { return value(expression, before, now) };
    let numbers = || -> Vec<f64> {
        let [argument] = &arguments[..] else { panic!("{name} of {arguments:?}") };
        rows.iter().filter_map(|row| value(argument, row, now).as_f64()).collect()
    };
    match name.as_str() {
        "count" => Value::from(rows.len()),
        "sum" => Value::from(numbers().iter().sum::<f64>()),
        "max" => numbers().into_iter().reduce(f64::max).into(),
        _ => value(expression, before, now),
    }
}

fn value(expression: &Expression, row: &Row, now: u64) -> Value {
    let (name, parts) = match expression {
        Expression::Field(name) => return row.get(name).cloned().unwrap_or_default(),
        Expression::Value(value) => return value.clone(),
        Expression::Call(name, parts) => (name.as_str(), parts),
        Expression::Operator(name, parts) => (*name, parts),
    };
    let values: Vec<Value> = parts.iter().map(|part| value(part, row, now)).collect();
    let is = |at: usize| values[at] == Value::Bool(true);
    match (name, &values[..]) {
        ("not", [_]) => Value::from(!is(0)),
        ("and", [_, _]) => Value::from(is(0) && is(1)),
        ("or", [_, _]) => Value::from(is(0) || is(1)),
        ("in", [one, list @ ..]) => Value::from(list.contains(one)),
        ("like", [Value::String(text), Value::String(part)]) => Value::from(text.contains(part.as_str())),
        ("like", [_, _]) => Value::from(false),
        ("ispresent", [value]) => Value::from(!value.is_null()),
        ("coalesce", values) => values.iter().find(|value| !value.is_null()).cloned().unwrap_or_default(),
        ("strlen", [Value::String(text)]) => Value::from(text.len()),
        ("toMillis", [time]) => time.clone(),
        ("now", []) => Value::from(now),
        ("=", [Value::String(one), Value::String(other)]) => Value::from(one == other),
        ("!=", [Value::String(one), Value::String(other)]) => Value::from(one != other),
        (operator, [one, other]) => match (one.as_f64(), other.as_f64()) {
            (Some(one), Some(other)) => calculated(one, operator, other),
            // Neither a comparison with what is missing nor a calculation with it has a result.
            _ => Value::Null,
        },
        _ => panic!("{name} of {values:?}"),
    }
}

pub(super) fn calculated(one: f64, operator: &str, other: f64) -> Value {
    match operator {
        "+" => Value::from(one + other),
        "-" => Value::from(one - other),
        "*" => Value::from(one * other),
        "/" => Value::from(one / other),
        _ => Value::from(compares(one, operator, other)),
    }
}

fn command(rest: &mut Rest) -> Command {
    let Token::Word(name) = rest.take() else { panic!("no command before {:?}", rest.peek()) };
    match name.as_str() {
        "fields" => Command::Fields(named(rest)),
        "filter" => Command::Filter(expression(rest)),
        "stats" => {
            let values = named(rest);
            let by = if rest.takes_word("by") { names(rest) } else { Vec::new() };
            Command::Stats(values, by)
        }
        "sort" => {
            let field = word(rest);
            let descending = rest.takes_word("desc");
            assert!(descending || rest.takes_word("asc"), "sort {field} asc or desc");
            Command::Sort(field, descending)
        }
        "limit" => match rest.take() {
            // Far below the range in which a float is exact.
            Token::Number(number) => Command::Limit(format!("{number}").parse().unwrap()),
            other => panic!("limit {other:?}"),
        },
        _ => panic!("the command {name}"),
    }
}

fn word(rest: &mut Rest) -> String {
    match rest.take() {
        Token::Word(word) => word,
        other => panic!("{other:?} is not a name"),
    }
}

fn names(rest: &mut Rest) -> Vec<String> {
    let mut names = vec![word(rest)];
    while rest.takes(",") {
        names.push(word(rest));
    }
    names
}

fn named(rest: &mut Rest) -> Vec<Named> {
    let one = |rest: &mut Rest| {
        let expression = expression(rest);
        let name = match (&expression, rest.takes_word("as")) {
            (_, true) => word(rest),
            (Expression::Field(name), false) => name.clone(),
            _ => panic!("{expression:?} has no name"),
        };
        (expression, name)
    };
    let mut all = vec![one(rest)];
    while rest.takes(",") {
        all.push(one(rest));
    }
    all
}

pub(super) fn expression(rest: &mut Rest) -> Expression {
    let mut left = conjunction(rest);
    while rest.takes_word("or") {
        left = Expression::Operator("or", vec![left, conjunction(rest)]);
    }
    left
}

fn conjunction(rest: &mut Rest) -> Expression {
    let mut left = comparison(rest);
    while rest.takes_word("and") {
        left = Expression::Operator("and", vec![left, comparison(rest)]);
    }
    left
}

fn comparison(rest: &mut Rest) -> Expression {
    let left = sum(rest);
    if let Some(operator) = rest.takes_any(&["!=", "<=", ">=", "=", "<", ">"]) {
        return Expression::Operator(operator, vec![left, sum(rest)]);
    }
    if rest.takes_word("in") {
        rest.expect("[");
        let mut parts = vec![left, sum(rest)];
        while rest.takes(",") {
            parts.push(sum(rest));
        }
        rest.expect("]");
        return Expression::Operator("in", parts);
    }
    let negated = rest.takes_word("not");
    if rest.takes_word("like") {
        let like = Expression::Operator("like", vec![left, sum(rest)]);
        return if negated { Expression::Operator("not", vec![like]) } else { like };
    }
    assert!(!negated, "not {:?}", rest.peek());
    left
}

fn sum(rest: &mut Rest) -> Expression {
    let mut left = product(rest);
    while let Some(operator) = rest.takes_any(&["+", "-"]) {
        left = Expression::Operator(operator, vec![left, product(rest)]);
    }
    left
}

fn product(rest: &mut Rest) -> Expression {
    let mut left = primary(rest);
    while let Some(operator) = rest.takes_any(&["*", "/"]) {
        left = Expression::Operator(operator, vec![left, primary(rest)]);
    }
    left
}

fn primary(rest: &mut Rest) -> Expression {
    if rest.takes("(") {
        let inner = expression(rest);
        rest.expect(")");
        return inner;
    }
    match rest.take() {
        Token::Text(text) => Expression::Value(text.into()),
        Token::Number(number) => Expression::Value(number.into()),
        Token::Word(name) if rest.takes("(") => {
            let mut arguments = Vec::new();
            while !rest.takes(")") {
                // `count(*)` has no argument.
                if !rest.takes("*") && !rest.takes(",") {
                    arguments.push(expression(rest));
                }
            }
            Expression::Call(name, arguments)
        }
        Token::Word(name) => Expression::Field(name),
        other => panic!("{other:?} is no expression"),
    }
}
