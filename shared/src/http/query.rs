//! Query strings: `+` is a space, escapes are decoded once, invalid escapes are refused (contract section 2.2).

use crate::domain::text::has_complete_escapes;
use percent_encoding::percent_decode_str;

/// The parameters in order, or `None` if an escape is incomplete or not UTF-8.
pub fn parse(raw: &str) -> Option<Vec<(String, String)>> {
    raw.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode(&name.replace('+', " "))?, decode(&value.replace('+', " "))?))
        })
        .collect()
}

/// Percent-decodes once. `None` if an escape is incomplete or not UTF-8.
pub fn decode(text: &str) -> Option<String> {
    if !has_complete_escapes(text) {
        return None;
    }
    percent_decode_str(text).decode_utf8().ok().map(|text| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_decoded_once() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            parse("a=1&b=x+y%20z&&c&%64=%2541"),
            Some(vec![pair("a", "1"), pair("b", "x y z"), pair("c", ""), pair("d", "%41")])
        );
        for broken in ["a=%", "a=%4", "a=%zz", "%=1", "a=%ff", "a=%C3%28"] {
            assert_eq!(parse(broken), None, "{broken}");
        }
    }
}
