//! Tables of accepted filters with their matches, and of refused filters with the offset of the error.

use super::*;
use crate::domain::customer::Slug;
use crate::domain::{CustomerId, Timestamp};

type Pairs<'a> = &'a [(&'a str, &'a str)];

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn customer(slug: &str, names: [Option<&str>; 2], labels: Pairs, created: &str, archived: Option<&str>) -> Customer {
    let [display_name, description] = names.map(|name| name.map(str::to_owned));
    Customer {
        id: CustomerId::new(time(created), 7),
        customer_id: Slug::parse(slug).unwrap(),
        display_name,
        description,
        state: if archived.is_some() { CustomerState::Archived } else { CustomerState::Active },
        labels: labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        limits: None,
        created_at: time(created),
        updated_at: time(archived.unwrap_or(created)),
        archived_at: archived.map(time),
        version: 1,
    }
}

/// `acme`, `acme-labs` and, archived, `zeta`.
fn customers() -> [Customer; 3] {
    let acme: Pairs = &[("env", "prod"), ("a.b", "x"), ("note", "")];
    let labs: Pairs = &[("env", "pre-prod"), ("star", "a*")];
    [
        customer("acme", [Some("Acme Inc"), Some(r#"say "hi", \o/"#)], acme, "2026-01-01T00:00:00Z", None),
        customer("acme-labs", [Some("Émile*"), None], labs, "2026-02-01T10:00:00.5Z", None),
        customer("zeta", [None, Some("AND")], &[], "2026-03-01T00:00:00Z", Some("2026-04-01T00:00:00Z")),
    ]
}

/// The letters of the customers that match: `a`, `l`, `z`.
fn matched(filter: &str) -> String {
    let filter = Filter::parse(filter).unwrap_or_else(|error| panic!("{filter}: {error:?}"));
    let letters = customers().into_iter().zip(["a", "l", "z"]);
    letters.filter(|(customer, _)| filter.matches(customer)).map(|(_, letter)| letter).collect()
}

#[test]
fn accepted_filters_and_what_they_match() {
    let table = [
        // Text: equality, by code point, prefix.
        ("customer_id = acme", "a"),
        ("customer_id=acme", "a"),
        ("customer_id:acme", "a"),
        (" \t\r\n\u{a0}customer_id\u{2003}=\nacme ", "a"),
        ("customer_id = \"acme\"", "a"),
        ("customer_id = 'acme'", "a"),
        ("customer_id = ACME", ""),
        ("customer_id != acme", "lz"),
        ("customer_id < acme-labs", "a"),
        ("customer_id <= acme-labs", "al"),
        ("customer_id > acme-labs", "z"),
        ("customer_id>=acme-labs", "lz"),
        ("customer_id = acme*", "al"),
        ("customer_id:acme*", "al"),
        ("customer_id != acme*", "z"),
        ("customer_id = \"acme-*\"", "l"),
        ("customer_id:acme-*", "l"),
        ("display_name > Z", "l"),
        ("display_name < Émile", "a"),
        ("display_name = Émile\\*", "l"),
        ("display_name = 'Émile\\**'", "l"),
        ("display_name = Émile*", "l"),
        ("display_name = \"Acme Inc\"", "a"),
        ("display_name = Acme\\ Inc", "a"),
        (r#"description = "say \"hi\", \\o/""#, "a"),
        (r#"description = 'say "hi", \\o/'"#, "a"),
        (r#"description = say\ \"hi\"\,\ \\o/"#, "a"),
        ("description = 'say \\\"*'", "a"),
        ("description = 'AND'", "z"),
        ("description = AND*", "z"),
        ("description = and", ""),
        ("labels.env = -prod", ""),
        ("labels.env::prod", ""),
        ("labels.star = a\\*", "l"),
        ("labels.star < 'a\\*b'", "l"),
        // Unset: every comparison is false, so its negation is true.
        ("display_name = ''", ""),
        ("display_name != ''", "al"),
        ("display_name != x", "al"),
        ("NOT display_name = x", "alz"),
        ("display_name >= ''", "al"),
        ("display_name:*", "al"),
        ("display_name : '*'", "al"),
        ("NOT display_name:*", "z"),
        ("display_name = *", "al"),
        ("display_name != *", ""),
        // Labels: dots belong to the key, the empty text is a value.
        ("labels.env = prod", "a"),
        ("labels.env:*", "al"),
        ("labels.env:p*", "al"),
        ("labels.env != prod", "l"),
        ("NOT labels.env = prod", "lz"),
        ("labels.a.b = x", "a"),
        ("labels.a:*", ""),
        ("labels.note = \"\"", "a"),
        ("labels.note:*", "a"),
        ("labels.note = *", "a"),
        ("labels.no-such_key.1:*", ""),
        // State.
        ("state = active", "al"),
        ("state:archived", "z"),
        ("state != 'archived'", "al"),
        ("state:*", "alz"),
        // Times: any offset, quoted or bare; digits past the millisecond are cut.
        ("created_at = 2026-02-01T10:00:00.500Z", "l"),
        ("created_at:2026-02-01T10:00:00.5009Z", "l"),
        ("created_at:2026-02-01T12:00:00.5+02:00", "l"),
        ("created_at='2026-02-01T04:30:00.5-05:30'", "l"),
        ("created_at != 2026-02-01T10:00:00.500Z", "az"),
        ("created_at<2026-02-01T10:00:00.500Z", "a"),
        ("created_at<=2026-02-01T10:00:00.500Z", "al"),
        ("updated_at > \"2026-02-01T10:00:00.500Z\"", "z"),
        ("updated_at >= 2026-02-01T10:00:00.500Z", "lz"),
        ("archived_at:*", "z"),
        ("NOT archived_at:*", "al"),
        ("created_at:*", "alz"),
        ("archived_at != 2000-01-01T00:00:00Z", "z"),
        ("archived_at > 2026-03-31T23:59:59.999Z", "z"),
        // Tokens need no white space where they cannot run together.
        ("NOT(state:active)", "z"),
        ("(customer_id='acme')OR(state:archived)", "az"),
        ("customer_id='acme'OR state:archived", "az"),
        ("((state = active))", "al"),
        ("NOT (NOT state = active)", "al"),
    ];
    for (filter, expected) in table {
        assert_eq!(matched(filter), expected, "{filter}");
    }
}

#[test]
fn not_binds_tightest_and_or_tighter_than_and() {
    // As (true OR _) AND false; the usual precedence would give the opposite.
    assert_eq!(matched("state:* OR customer_id:acme AND customer_id:zeta"), "z");
    assert_eq!(matched("state:* OR (customer_id:acme AND customer_id:zeta)"), "alz");
    assert_eq!(matched("customer_id:zeta AND customer_id:acme OR state:*"), "z");
    assert_eq!(matched("(customer_id:zeta AND customer_id:acme) OR state:*"), "alz");
    // As (NOT _) OR true, not NOT (_ OR true).
    assert_eq!(matched("NOT customer_id:acme OR state:*"), "alz");
    assert_eq!(matched("NOT (customer_id:acme OR state:*)"), "");
    assert_eq!(matched("NOT customer_id:acme AND NOT customer_id:zeta"), "l");
    assert_eq!(matched("state:* AND NOT customer_id:acme OR state:archived AND display_name:*"), "l");
    assert_eq!(matched("customer_id:acme OR customer_id:zeta OR display_name:Acme*"), "az");
}

#[test]
fn refused_filters_and_where() {
    let table = [
        // Nothing, or too little.
        ("", 0),
        ("  ", 2),
        ("state", 5),
        ("state = ", 8),
        ("state =)", 7),
        ("state:", 6),
        ("display_name:", 13),
        ("display_name = AND", 15),
        ("display_name = OR state:active", 15),
        ("display_name = NOT", 15),
        ("state:active AND", 16),
        ("state:active OR ", 16),
        ("AND state:active", 0),
        ("OR state:active", 0),
        ("NOT", 3),
        ("NOT )", 4),
        ("()", 1),
        // Too much, or juxtaposed.
        ("state:active state:active", 13),
        ("state:active foo", 13),
        ("state:active)", 12),
        ("state:active,", 12),
        ("display_name = a, b", 16),
        ("display_name = Acme Inc", 20),
        ("display_name = a'b'", 16),
        ("display_name = 'a'b", 18),
        ("display_name = 'a' 'b'", 19),
        ("display_name = a=b", 16),
        ("display_name = a<b", 16),
        ("display_name = f(x)", 16),
        ("(state:active state:active)", 14),
        // Keywords are upper case, NOT does not repeat, there is no minus.
        ("state:active and state:active", 13),
        ("state:active or state:active", 13),
        ("not state:active", 0),
        ("NOT not state:active", 4),
        ("NOT NOT state:active", 4),
        ("NOT  NOT(state:active)", 5),
        ("-state:active", 0),
        ("- state:active", 0),
        ("NOT -state:active", 4),
        ("state:active AND AND state:active", 17),
        ("state:active OR AND state:active", 16),
        ("state:active ANDstate:active", 13),
        ("state:active AND:active", 13),
        // Fields.
        ("acme", 0),
        ("\"acme\"", 0),
        ("'state' = active", 0),
        ("State = active", 0),
        ("id = cust_01kaq7n0z2w4y6x8v0tqrstabc", 0),
        ("version = 1", 0),
        ("pk = x", 0),
        ("integration = \"other\"", 0),
        ("state.x = active", 0),
        ("sta\\te = active", 0),
        ("labels:env", 0),
        ("labels = env", 0),
        ("labels. = x", 0),
        ("labels.Env = x", 0),
        ("labels.1 = x", 0),
        ("labels..a = x", 0),
        ("labels.a* = x", 0),
        ("labels.é = x", 0),
        ("labels.'env' = x", 0),
        ("labels .env = x", 0),
        ("labels.env", 10),
        ("state(active)", 5),
        ("* = x", 0),
        ("état = x", 0),
        // Operators.
        ("state == active", 7),
        ("state ! active", 6),
        ("state ! = active", 6),
        ("state <> active", 6),
        ("customer_id <> a", 13),
        ("customer_id =! a", 13),
        ("customer_id =< a", 13),
        ("customer_id ~ a", 12),
        ("customer_id is a", 12),
        // Types.
        ("state < active", 6),
        ("state >= active", 6),
        ("state = Active", 8),
        ("state = deleted", 8),
        ("state = ''", 8),
        ("state::active", 6),
        ("state = *", 8),
        ("state != *", 9),
        ("state:act*", 9),
        ("state:active*", 12),
        ("created_at > 2026-01-01", 13),
        ("created_at > 2026-01-01T00:00:00", 13),
        ("created_at > 2026-02-30T00:00:00Z", 13),
        ("created_at > '2026-01-01 00:00:00Z'", 13),
        ("created_at > 2026-01-01T00:00:00 02:00", 13),
        ("created_at > 2016-12-31T23:59:60Z", 13),
        ("created_at > 1767225600", 13),
        ("created_at > now", 13),
        ("created_at = ''", 13),
        ("created_at = *", 13),
        ("created_at != *", 14),
        ("archived_at > *", 14),
        ("created_at:2026*", 15),
        ("created_at:2026-01-01T00:00:00Z*", 31),
        ("created_at:\\*", 11),
        // Stars.
        ("customer_id = a*b", 15),
        ("customer_id = *a", 14),
        ("customer_id = a**", 15),
        ("customer_id = 'a*b'", 16),
        ("customer_id:**", 12),
        ("customer_id < a*", 15),
        ("customer_id > *", 14),
        ("customer_id <= 'a*'", 17),
        ("customer_id >= é*", 17),
        // Escapes and quotes.
        ("customer_id = a\\", 15),
        ("customer_id = a\\n", 15),
        ("customer_id = 'a\\u0041'", 16),
        ("customer_id = 'a\\", 16),
        ("customer_id = 'a", 14),
        ("customer_id = 'a\\'", 14),
        ("customer_id = \"a'", 14),
        ("customer_id = '", 14),
        ("customer_id = é\"", 16),
        // Parentheses.
        ("(state:active", 0),
        ("((state:active)", 0),
        ("state:active AND (state:active OR state:active", 17),
        (")", 0),
        ("(state:active))", 14),
        // Control characters.
        ("customer_id = a\0b", 15),
        ("customer_id = 'a\u{7f}'", 16),
        ("customer_id\u{85}= a", 11),
    ];
    for (text, offset) in table {
        assert_eq!(Filter::parse(text).map_err(|error| error.offset), Err(offset), "{text}");
    }
}

#[test]
fn at_most_32_parentheses_deep() {
    let nested = |depth| format!("{}state:active{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(matched(&nested(32)), "al");
    assert_eq!(Filter::parse(&nested(33)).unwrap_err().offset, 32);
    assert_eq!(Filter::parse(&"(".repeat(2000)).unwrap_err().offset, 32);
    // Side by side they are not deep.
    assert_eq!(matched(&["(state:active)"; 100].join(" AND ")), "al");
    let negated = |depth| format!("{}state:active{}", "NOT (".repeat(depth), ")".repeat(depth));
    assert_eq!(matched(&negated(32)), "al");
    assert_eq!(Filter::parse(&negated(33)).unwrap_err().offset, 32 * 5 + 4);
}

#[test]
fn at_most_2000_characters_of_any_size() {
    let long = |characters: usize| format!("customer_id='{}'", "😀".repeat(characters - 14));
    assert_eq!(matched(&long(2000)), "");
    // The first one too many is the closing quote.
    assert_eq!(Filter::parse(&long(2001)).unwrap_err().offset, long(2001).len() - 1);
    assert_eq!(Filter::parse(&format!("state:active{}", " ".repeat(1988))).map(drop), Ok(()));
    assert_eq!(Filter::parse(&format!("state:active{}", " ".repeat(1989))).unwrap_err().offset, 2000);
}

#[test]
fn a_label_key_has_at_most_63_characters() {
    assert_eq!(matched(&format!("NOT labels.{}:*", "k".repeat(63))), "alz");
    assert_eq!(Filter::parse(&format!("labels.{}:*", "k".repeat(64))).unwrap_err().offset, 0);
}

#[test]
fn a_filter_holds_types_not_text() {
    let parsed = Filter::parse("created_at:2026-01-01T02:00:00+02:00 AND NOT state != archived").unwrap();
    assert_eq!(Filter::parse("created_at:2026-01-01t00:00:00.0009z AND NOT state != archived").unwrap(), parsed);
    let time = Expression::Time(TimeField::Created, Relation::Equal, time("2026-01-01T00:00:00Z"));
    let state = Expression::Not(Box::new(Expression::State(false, CustomerState::Archived)));
    assert_eq!(parsed, Filter(Expression::All(vec![time, state])));
}
