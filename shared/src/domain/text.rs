//! Validation of strings and of maps of strings (contract section 2.5). Lengths count Unicode scalar values. Control characters other
//! than tab, line feed and carriage return are refused. Nothing is normalised.

use super::Member;
use std::collections::BTreeMap;

/// Whether `text` has a control character that is always refused.
pub fn has_control(text: &str) -> bool {
    text.chars().any(|character| character.is_control() && !matches!(character, '\t' | '\n' | '\r'))
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether every `%` begins a percent escape.
pub fn has_complete_escapes(text: &str) -> bool {
    let escape = |rest: &str| rest.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
    text.split('%').skip(1).all(escape)
}

const CONTROL: &str = "must have no control characters other than tab, line feed and carriage return";

/// A string of `min` to `max` characters.
pub fn text(member: Member, min: usize, max: usize) -> Option<String> {
    let text = member.string()?;
    let length = text.chars().count();
    if length < min || length > max {
        member.refuse(format!("must have {min} to {max} characters"));
        return None;
    }
    if has_control(text) {
        member.refuse(CONTROL);
        return None;
    }
    Some(text.to_owned())
}

/// A string of at most `max` characters. The empty string means `null`.
pub fn nullable_text(member: Member, max: usize) -> Option<Option<String>> {
    text(member, 0, max).map(|text| Some(text).filter(|text| !text.is_empty()))
}

/// At most 64 pairs; key `^[a-z][a-z0-9_.-]{0,62}$`, value at most 63 characters (as for Google Cloud labels).
pub fn labels(member: Member) -> Option<BTreeMap<String, String>> {
    map(member, 64, 63, "must be a lower-case letter, then at most 62 of a-z 0-9 _ . -", |key| {
        let rest = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.-".contains(byte);
        key.len() <= 63 && key.as_bytes().first().is_some_and(u8::is_ascii_lowercase) && key.as_bytes().iter().all(rest)
    })
}

/// At most 50 pairs; key 1 to 40 characters, value at most 500 characters (as for Stripe metadata).
pub fn metadata(member: Member) -> Option<BTreeMap<String, String>> {
    map(member, 50, 500, "must be 1 to 40 characters without control characters", |key| {
        (1..=40).contains(&key.chars().count()) && !has_control(key)
    })
}

fn map(
    member: Member,
    most_pairs: usize,
    most_characters: usize,
    key_rule: &str,
    is_key: impl Fn(&str) -> bool,
) -> Option<BTreeMap<String, String>> {
    let entries = member.entries()?;
    let mut right = entries.len() <= most_pairs;
    if !right {
        member.refuse(format!("must have at most {most_pairs} members"));
    }
    let mut pairs = BTreeMap::new();
    for (key, value) in entries {
        if !is_key(key) {
            value.refuse(format!("the key {key_rule}"));
            right = false;
        }
        match text(value, 0, most_characters) {
            Some(value) => drop(pairs.insert(key.to_owned(), value)),
            None => right = false,
        }
    }
    right.then_some(pairs)
}
