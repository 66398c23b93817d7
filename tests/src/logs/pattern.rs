//! Filter patterns for JSON: `{ $.status = 503 || $.level = "fatal" }`.

use super::selected;
use super::tokens::{Rest, Token};
use serde_json::Value;

/// A pattern. A line that is no JSON matches none.
#[derive(Debug)]
pub enum Pattern {
    All(Vec<Pattern>),
    Any(Vec<Pattern>),
    /// A member that is there and not null, or is not there at all.
    Exists(String, bool),
    IsTrue(String),
    Text(String, &'static str, String),
    Number(String, &'static str, f64),
}

const OPERATORS: [&str; 6] = ["!=", "<=", ">=", "=", "<", ">"];

impl Pattern {
    /// Reads a pattern; panics where it is not understood.
    pub fn parse(text: &str) -> Self {
        let mut rest = Rest::of(text);
        rest.expect("{");
        let pattern = Self::any(&mut rest);
        rest.expect("}");
        assert!(rest.peek().is_none(), "{text} goes on");
        pattern
    }

    fn any(rest: &mut Rest) -> Self {
        let mut parts = vec![Self::all(rest)];
        while rest.takes("||") {
            parts.push(Self::all(rest));
        }
        Self::Any(parts)
    }

    fn all(rest: &mut Rest) -> Self {
        let mut parts = vec![Self::one(rest)];
        while rest.takes("&&") {
            parts.push(Self::one(rest));
        }
        Self::All(parts)
    }

    fn one(rest: &mut Rest) -> Self {
        if rest.takes("(") {
            let inner = Self::any(rest);
            rest.expect(")");
            return inner;
        }
        let Token::Word(selector) = rest.take() else { panic!("a selector is missing before {:?}", rest.peek()) };
        assert!(selector.starts_with("$."), "{selector}");
        if rest.takes_word("IS") {
            assert!(rest.takes_word("TRUE"), "IS {:?}", rest.peek());
            return Self::IsTrue(selector);
        }
        if rest.takes_word("NOT") {
            assert!(rest.takes_word("EXISTS"), "NOT {:?}", rest.peek());
            return Self::Exists(selector, false);
        }
        let operator = rest.takes_any(&OPERATORS).unwrap_or_else(|| panic!("no operator: {:?}", rest.peek()));
        match rest.take() {
            Token::Text(text) if operator == "=" && text == "*" => Self::Exists(selector, true),
            Token::Number(number) => Self::Number(selector, operator, number),
            Token::Text(text) if ["=", "!="].contains(&operator) && !text.contains('*') => {
                Self::Text(selector, operator, text)
            }
            other => panic!("{selector} {operator} {other:?}"),
        }
    }

    /// Whether a line matches. A comparison with what is not there, or is of another type, does not.
    pub fn matches(&self, line: &Value) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(line)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(line)),
            Self::Exists(selector, expected) => selected(line, selector).is_some() == *expected,
            Self::IsTrue(selector) => selected(line, selector) == Some(&Value::Bool(true)),
            Self::Text(selector, operator, text) => {
                let found = selected(line, selector).and_then(Value::as_str);
                found.is_some_and(|found| (found == text) == (*operator == "="))
            }
            Self::Number(selector, operator, number) => {
                let found = selected(line, selector).and_then(Value::as_f64);
                found.is_some_and(|found| compares(found, operator, *number))
            }
        }
    }
}

/// A comparison of numbers.
pub(super) fn compares(one: f64, operator: &str, other: f64) -> bool {
    match operator {
        "=" => one == other,
        "!=" => one != other,
        "<" => one < other,
        "<=" => one <= other,
        ">" => one > other,
        ">=" => one >= other,
        _ => panic!("the operator {operator}"),
    }
}
