//! Property tests: random filters against a naive evaluation, and random text.

use super::*;
use crate::domain::choice::Choice;
use crate::domain::customer::Slug;
use crate::domain::{CustomerId, Timestamp};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A filter of the property tests. All values are strings; it is evaluated on the JSON representation.
#[derive(Clone, Debug)]
enum Naive {
    And(Vec<Naive>),
    Or(Vec<Naive>),
    Not(Box<Naive>),
    Set(&'static str),
    Prefix(&'static str, &'static str, String),
    Text(&'static str, &'static str, String),
    Time(&'static str, &'static str, i64),
}

const TEXT_FIELDS: [&str; 5] = ["customer_id", "display_name", "description", "labels.a", "labels.a.b"];
const TIME_FIELDS: [&str; 3] = ["created_at", "updated_at", "archived_at"];
const OPERATORS: [&str; 7] = ["=", "!=", "<", "<=", ">", ">=", ":"];

/// The members of the representation with flattened labels, without `null`s.
fn shown(customer: &Customer) -> BTreeMap<String, String> {
    let serde_json::Value::Object(members) = serde_json::to_value(customer).unwrap() else { unreachable!() };
    let mut values = BTreeMap::new();
    for (name, value) in members {
        match value {
            serde_json::Value::String(text) => drop(values.insert(name, text)),
            serde_json::Value::Object(labels) => values.extend(
                labels.into_iter().map(|(key, value)| (format!("labels.{key}"), value.as_str().unwrap().to_owned())),
            ),
            _ => {}
        }
    }
    values
}

impl Naive {
    fn evaluate(&self, values: &BTreeMap<String, String>) -> bool {
        let compare = |field: &str, operator: &str, operand: &str| {
            let Some(value) = values.get(field) else { return false };
            let (value, operand) = (value.chars().collect::<Vec<_>>(), operand.chars().collect::<Vec<_>>());
            match operator {
                "=" | ":" => value == operand,
                "!=" => value != operand,
                "<" => value < operand,
                "<=" => value <= operand,
                ">" => value > operand,
                _ => value >= operand,
            }
        };
        match self {
            Self::And(terms) => !terms.iter().any(|term| !term.evaluate(values)),
            Self::Or(terms) => terms.iter().filter(|term| term.evaluate(values)).count() > 0,
            Self::Not(term) => !term.evaluate(values),
            Self::Set(field) => values.contains_key(*field),
            Self::Prefix(field, operator, prefix) => values.get(*field).is_some_and(|value| {
                let starts = value.chars().take(prefix.chars().count()).eq(prefix.chars());
                if *operator == "!=" { !starts } else { starts }
            }),
            Self::Text(field, operator, operand) => compare(field, operator, operand),
            // The text of a timestamp has the order of time.
            Self::Time(field, operator, operand) => {
                compare(field, operator, &Timestamp::from_milliseconds(*operand).to_string())
            }
        }
    }

    /// The text of the filter. `choice` selects among the equivalent spellings.
    fn render(&self, choice: &mut Choice) -> String {
        let text = match self {
            Self::And(terms) => self.join(terms, "AND", choice),
            Self::Or(terms) => self.join(terms, "OR", choice),
            Self::Not(term) => format!("NOT{}{}", choice.blank(1), self.operand(term, choice)),
            Self::Set(field) => {
                let star = choice.of(&["*", "'*'", "\"*\""]);
                format!("{field}{}:{}{star}", choice.blank(0), choice.blank(0))
            }
            Self::Prefix(field, operator, prefix) => comparison(field, operator, prefix, "*", choice),
            Self::Text(field, operator, operand) => comparison(field, operator, operand, "", choice),
            Self::Time(field, operator, operand) => {
                let offset = choice.below(47 * 60) as i64 - 23 * 60;
                let local = Timestamp::from_milliseconds(operand + offset * 60_000).to_string();
                let sign = if offset < 0 { '-' } else { '+' };
                let (hours, minutes) = (offset.abs() / 60, offset.abs() % 60);
                let zone = format!("{sign}{hours:02}:{minutes:02}");
                let zone = if offset == 0 && choice.below(2) == 0 { "Z" } else { &zone };
                comparison(field, operator, &local.replace('Z', zone), "", choice)
            }
        };
        if choice.below(5) == 0 { parenthesised(&text, choice) } else { text }
    }

    /// The precedence.
    fn rank(&self) -> u8 {
        match self {
            Self::And(_) => 0,
            Self::Or(_) => 1,
            Self::Not(_) => 2,
            _ => 3,
        }
    }

    fn operand(&self, term: &Self, choice: &mut Choice) -> String {
        let text = term.render(choice);
        let needed = term.rank() < self.rank() || matches!((self, term), (Self::Not(_), Self::Not(_)));
        if needed { parenthesised(&text, choice) } else { text }
    }

    fn join(&self, terms: &[Self], keyword: &str, choice: &mut Choice) -> String {
        let terms: Vec<_> = terms.iter().map(|term| self.operand(term, choice)).collect();
        let separator = format!("{}{keyword}{}", choice.blank(1), choice.blank(1));
        terms.join(&separator)
    }
}

fn parenthesised(text: &str, choice: &mut Choice) -> String {
    format!("({}{text}{})", choice.blank(0), choice.blank(0))
}

fn comparison(field: &str, operator: &str, operand: &str, star: &str, choice: &mut Choice) -> String {
    let must_quote = operand.is_empty() && star.is_empty() || ["AND", "OR", "NOT"].contains(&operand);
    let quote = choice.of(if must_quote { &["'", "\""] } else { &["", "'", "\""] });
    let mut text = format!("{field}{}{operator}{}{quote}", choice.blank(0), choice.blank(0));
    for character in operand.chars() {
        let special = match quote {
            "" => character.is_whitespace() || r#"()"'=<>!,\*"#.contains(character),
            _ => quote.contains(character) || r"\*".contains(character),
        };
        // Other punctuation may also be escaped.
        if special || !character.is_ascii_alphanumeric() && choice.below(4) == 0 {
            text.push('\\');
        }
        text.push(character);
    }
    text + star + quote
}

impl Choice {
    fn blank(&mut self, least: u64) -> String {
        let length = least + self.below(4) / 3;
        (0..length).map(|_| self.of(&[" ", " ", "\t", "\n", "\u{3000}"])).collect()
    }
}

fn values() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[ab*é😀]{0,3}",
        3 => r#"[ab()"'=<>!,:\\* \t\u{a0}|+-]{0,4}"#,
        1 => prop::sample::select(vec!["AND", "OR", "NOT", "and", "AND ", "active"]).prop_map(str::to_owned),
    ]
}

fn times() -> impl Strategy<Value = i64> {
    // Few values, so that they are often equal; and values that stay in range with any offset.
    prop_oneof![4 => 0i64..4, 1 => -62_000_000_000_000i64..253_000_000_000_000]
}

fn filters() -> impl Strategy<Value = Naive> {
    let text_field = || prop::sample::select(TEXT_FIELDS.to_vec());
    let time_field = || prop::sample::select(TIME_FIELDS.to_vec());
    let operator = || prop::sample::select(OPERATORS.to_vec());
    let equality = || prop::sample::select(vec!["=", "!=", ":"]);
    let states = prop::sample::select(vec!["active", "archived"]).prop_map(str::to_owned);
    let any_field = prop::sample::select([&TEXT_FIELDS[..], &TIME_FIELDS[..], &["state"]].concat());
    let leaf = prop_oneof![
        1 => any_field.prop_map(Naive::Set),
        2 => (text_field(), equality(), values()).prop_map(|(field, sign, text)| Naive::Prefix(field, sign, text)),
        4 => (text_field(), operator(), values()).prop_map(|(field, sign, text)| Naive::Text(field, sign, text)),
        2 => (time_field(), operator(), times()).prop_map(|(field, sign, time)| Naive::Time(field, sign, time)),
        1 => (equality(), states).prop_map(|(sign, state)| Naive::Text("state", sign, state)),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Naive::And),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Naive::Or),
            inner.prop_map(|term| Naive::Not(Box::new(term))),
        ]
    })
}

fn any_customer() -> impl Strategy<Value = Customer> {
    let labels = prop::collection::btree_map(prop::sample::select(vec!["a", "a.b", "b"]), values(), 0..3);
    let names = [0; 2].map(|_| prop::option::of(values()));
    (prop_oneof!["[ab]{1,3}", "[a-z]"], names, labels, (times(), times(), prop::option::of(times()))).prop_map(
        |(slug, [display_name, description], labels, (created_at, updated_at, archived_at))| Customer {
            id: CustomerId::new(Timestamp::from_milliseconds(0), 7),
            customer_id: Slug::parse(&slug).unwrap(),
            display_name,
            description,
            state: if archived_at.is_some() { CustomerState::Archived } else { CustomerState::Active },
            labels: labels.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
            limits: None,
            created_at: Timestamp::from_milliseconds(created_at),
            updated_at: Timestamp::from_milliseconds(updated_at),
            archived_at: archived_at.map(Timestamp::from_milliseconds),
            version: 1,
        },
    )
}

/// Any text, or a sequence of tokens, which gets further into the parser.
fn any_text() -> impl Strategy<Value = String> {
    let signs = r#"\(|\)|"|'|\\|\*|=|!=|<|<=|>|>=|:|,|-| |\t"#;
    let words = "AND|OR|NOT|and|labels\\.a|state|created_at|display_name|active|2026-01-01T00:00:00Z|é|😀|a";
    let token = || prop_oneof![2 => signs, 1 => words];
    prop_oneof![
        any::<String>(),
        prop::collection::vec(token(), 0..40).prop_map(|tokens| tokens.concat()),
        (filters(), 1u64.., any::<prop::sample::Index>(), token()).prop_map(|(filter, seed, at, token)| {
            // A filter with a token inserted anywhere.
            let mut characters: Vec<_> = filter.render(&mut Choice::new(seed)).chars().collect();
            let at = at.index(characters.len());
            characters.splice(at..at, token.chars());
            characters.into_iter().collect()
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn a_filter_matches_what_a_naive_reading_matches(
        filter in filters(),
        seed in 1u64..,
        customers in prop::collection::vec(any_customer(), 8),
    ) {
        let text = filter.render(&mut Choice::new(seed));
        prop_assume!(text.chars().count() <= 2000);
        let parsed = Filter::parse(&text).map_err(|error| TestCaseError::fail(format!("{text}: {error:?}")))?;
        for customer in &customers {
            prop_assert_eq!(parsed.matches(customer), filter.evaluate(&shown(customer)), "{}: {:?}", text, customer);
        }
    }

    #[test]
    fn no_text_panics_and_offsets_are_places_in_it(text in any_text(), customer in any_customer()) {
        match Filter::parse(&text) {
            Ok(filter) => drop(filter.matches(&customer)),
            Err(error) => prop_assert!(text.is_char_boundary(error.offset), "{}: {:?}", text, error),
        }
    }
}
