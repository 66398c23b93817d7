//! How large and how deep an item is, counted as "DynamoDB item sizes and formats" (Amazon DynamoDB Developer Guide) counts it.

use serde_json::{Map, Value};

/// The overhead of a list or a map, and of each of its elements.
const DOCUMENT: usize = 3;
const ELEMENT: usize = 1;

/// The bytes of an item: its names in UTF-8, and its values.
pub(super) fn item(item: &Map<String, Value>) -> usize {
    item.iter().map(|(name, attribute)| name.len() + value(attribute)).sum()
}

/// The bytes of a value such as `{"S": "text"}`.
pub(super) fn value(attribute: &Value) -> usize {
    let Some((kind, inner)) = typed(attribute) else { return 0 };
    let text = inner.as_str().unwrap_or_default();
    let members = inner.as_array().into_iter().flatten();
    let texts = members.clone().filter_map(Value::as_str);
    match kind {
        "S" => text.len(),
        "N" => number(text),
        "B" => binary(text),
        "SS" => texts.map(str::len).sum(),
        "NS" => texts.map(number).sum(),
        "BS" => texts.map(binary).sum(),
        "L" => DOCUMENT + members.map(|member| ELEMENT + value(member)).sum::<usize>(),
        "M" => {
            let members = inner.as_object().into_iter().flatten();
            DOCUMENT + members.map(|(name, member)| ELEMENT + name.len() + value(member)).sum::<usize>()
        }
        // BOOL and NULL.
        _ => 1,
    }
}

/// The levels of a value: 1, and those of the deepest of a list's or map's elements.
pub(super) fn levels(attribute: &Value) -> usize {
    let inside = match typed(attribute) {
        Some(("L", inner)) => inner.as_array().into_iter().flatten().map(levels).max(),
        Some(("M", inner)) => inner.as_object().into_iter().flat_map(Map::values).map(levels).max(),
        _ => None,
    };
    1 + inside.unwrap_or_default()
}

fn typed(attribute: &Value) -> Option<(&str, &Value)> {
    attribute.as_object()?.iter().next().map(|(kind, inner)| (kind.as_str(), inner))
}

/// One byte for two significant digits, and one more; a sign takes one, too.
fn number(text: &str) -> usize {
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').len().div_ceil(2) + 1 + usize::from(text.starts_with('-'))
}

/// The bytes of base64 text.
fn binary(text: &str) -> usize {
    text.trim_end_matches('=').len() * 3 / 4
}
