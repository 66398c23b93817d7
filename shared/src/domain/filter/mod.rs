//! `page.filter` of listCustomers: a typed subset of AIP-160 (contract section 3.3).
//!
//! The grammar, and details that the contract leaves open, are in `parse.rs`.

mod parse;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use super::Timestamp;
use super::customer::{Customer, CustomerState};
use std::cmp::Ordering;

/// A filter of customers. Its size and depth are bounded by the limits of its text.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter(Expression);

/// A syntax error of a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    /// The byte offset of the error, at the start of a character or at the end of the text.
    pub offset: usize,
    /// For humans. It does not quote the text at the offset.
    pub message: String,
}

impl Filter {
    /// Parses a filter. Blank text is an error; callers handle an absent filter.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        parse::filter(text).map(Self)
    }

    /// Whether `customer` matches. It does not allocate.
    pub fn matches(&self, customer: &Customer) -> bool {
        self.0.matches(customer)
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Expression {
    All(Vec<Expression>),
    Any(Vec<Expression>),
    Not(Box<Expression>),
    IsSet(Field),
    Text(TextField, Relation, String),
    /// Whether the text has a prefix: `true` for `=`, `false` for `!=`.
    Prefix(TextField, bool, String),
    Time(TimeField, Relation, Timestamp),
    /// Whether the customer has a state: `true` for `=`, `false` for `!=`.
    State(bool, CustomerState),
}

#[derive(Clone, Debug, PartialEq)]
enum Field {
    Text(TextField),
    Time(TimeField),
    State,
}

#[derive(Clone, Debug, PartialEq)]
enum TextField {
    CustomerId,
    DisplayName,
    Description,
    Label(String),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum TimeField {
    Created,
    Updated,
    Archived,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Relation {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Expression {
    /// A comparison with an unset value is false, also with `!=`.
    fn matches(&self, customer: &Customer) -> bool {
        match self {
            Self::All(terms) => terms.iter().all(|term| term.matches(customer)),
            Self::Any(terms) => terms.iter().any(|term| term.matches(customer)),
            Self::Not(term) => !term.matches(customer),
            Self::IsSet(Field::Text(field)) => field.value(customer).is_some(),
            Self::IsSet(Field::Time(field)) => field.value(customer).is_some(),
            Self::IsSet(Field::State) => true,
            Self::Text(field, relation, operand) => {
                // The byte order of UTF-8 is the order of code points.
                field.value(customer).is_some_and(|value| relation.holds(value.cmp(operand)))
            }
            Self::Prefix(field, wanted, prefix) => {
                field.value(customer).is_some_and(|value| value.starts_with(prefix.as_str()) == *wanted)
            }
            Self::Time(field, relation, operand) => {
                field.value(customer).is_some_and(|value| relation.holds(value.cmp(operand)))
            }
            Self::State(wanted, state) => (customer.state == *state) == *wanted,
        }
    }
}

impl TextField {
    fn value<'a>(&self, customer: &'a Customer) -> Option<&'a str> {
        match self {
            Self::CustomerId => Some(customer.customer_id.as_str()),
            Self::DisplayName => customer.display_name.as_deref(),
            Self::Description => customer.description.as_deref(),
            Self::Label(key) => customer.labels.get(key).map(String::as_str),
        }
    }
}

impl TimeField {
    fn value(self, customer: &Customer) -> Option<Timestamp> {
        match self {
            Self::Created => Some(customer.created_at),
            Self::Updated => Some(customer.updated_at),
            Self::Archived => customer.archived_at,
        }
    }
}

impl Relation {
    /// Whether the relation holds for the ordering of value and operand.
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::NotEqual => ordering.is_ne(),
            Self::Less => ordering.is_lt(),
            Self::AtMost => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::AtLeast => ordering.is_ge(),
        }
    }
}
