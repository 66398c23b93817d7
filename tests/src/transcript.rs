//! Texts of answers and items as tests show them: what differs from run to run is left out.

use serde_json::{Value, json};

const PREFIXES: [&str; 8] = ["cust_", "key_", "tnt_", "req_", "usr_", "rol_", "con_", "msg_"];

/// A text with its ids as `cust_…` and its times as `TIME`.
pub fn redacted(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let id = PREFIXES.iter().find(|prefix| rest.strip_prefix(**prefix).is_some_and(starts_with_ulid));
        let (piece, length) = match id {
            Some(prefix) => (format!("{prefix}…"), prefix.len() + 26),
            None if starts_with_time(rest) => ("TIME".to_owned(), 24),
            None if starts_with_ulid(rest) => ("ULID".to_owned(), 26),
            None => (next.to_string(), next.len_utf8()),
        };
        shown.push_str(&piece);
        rest = &rest[length..];
    }
    shown
}

fn starts_with_ulid(text: &str) -> bool {
    let ulid = text.as_bytes().get(..26);
    // This century's begin with 01.
    text.starts_with("01")
        && ulid.is_some_and(|ulid| ulid.iter().all(|byte| b"0123456789abcdefghjkmnpqrstvwxyz".contains(byte)))
}

fn starts_with_time(text: &str) -> bool {
    const PATTERN: &[u8] = b"0000-00-00T00:00:00.000Z";
    let fits = |(byte, like): (&u8, &u8)| if *like == b'0' { byte.is_ascii_digit() } else { byte == like };
    text.as_bytes().get(..PATTERN.len()).is_some_and(|bytes| bytes.iter().zip(PATTERN).all(fits))
}

/// The names of a JSON text's outer members, in the order in which they were sent.
pub fn members(json: &str) -> Vec<String> {
    let mut names = Vec::new();
    let (mut depth, mut is_name, mut name) = (0, false, None::<String>);
    let mut characters = json.chars();
    while let Some(character) = characters.next() {
        match character {
            '{' | '[' => (depth, is_name) = (depth + 1, depth == 0),
            '}' | ']' => depth -= 1,
            ',' => is_name = depth == 1,
            ':' if depth == 1 && is_name => {
                names.extend(name.take());
                is_name = false;
            }
            '"' => {
                let mut text = String::new();
                while let Some(inside) = characters.next().filter(|inside| *inside != '"') {
                    text.push(inside);
                    if inside == '\\' {
                        text.extend(characters.next());
                    }
                }
                name = Some(text);
            }
            _ => {}
        }
    }
    names
}

/// A member of an object, as text.
#[track_caller]
pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no text {name} in {value}"))
}

/// The earlier writes of an item that had none.
pub fn no_writes() -> Value {
    json!({ "L": vec![json!({ "S": "-" }); 32] })
}

/// Whether a text is a write id: the last twelve characters of a ULID in lower case.
pub fn is_write_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| b"0123456789abcdefghjkmnpqrstvwxyz".contains(&byte))
}

/// An item without its write ids, which must be well-formed: the last one in `w` and, where it is updated, 32 before it in `ws`.
#[track_caller]
pub fn without_write_ids(mut item: Value) -> Value {
    let attributes = item.as_object_mut().expect("an item");
    let last = attributes.remove("w").expect("a write id");
    assert!(last["S"].as_str().is_some_and(is_write_id), "{last}");
    if let Some(earlier) = attributes.remove("ws") {
        let ids: Vec<_> = earlier["L"].as_array().expect("a list").iter().map(|id| id["S"].as_str()).collect();
        assert!(ids.len() == 32 && ids.iter().all(|id| id.is_some_and(|id| id == "-" || is_write_id(id))), "{earlier}");
    }
    item
}
