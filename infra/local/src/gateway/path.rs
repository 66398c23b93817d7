//! Percent decoding, as an HTTP API does it.

use percent_encoding::percent_decode_str;

/// Decodes a path once, and cuts it at a `?` that was encoded (seen in events of real HTTP APIs). None if the encoding is broken, the
/// text is not UTF-8, or the target is not a path.
pub(super) fn decode(raw: &str) -> Option<String> {
    let mut rest = raw.strip_prefix('/')?;
    while let Some((_, after)) = rest.split_once('%') {
        let digits = after.as_bytes().get(..2)?;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        rest = after.get(2..)?;
    }
    let mut decoded = percent_decode_str(raw).decode_utf8().ok()?.into_owned();
    if let Some(cut) = decoded.find('?') {
        decoded.truncate(cut);
    }
    Some(decoded)
}

/// The decoded parameters of a query, in order; the values of a repeated one are joined by commas.
pub(super) fn parameters(raw: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let mut parameters: Vec<(String, String)> = Vec::new();
    for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(name), decode(value));
        match parameters.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => {
                values.push(',');
                values.push_str(&value);
            }
            None => parameters.push((name, value)),
        }
    }
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_decoded_once_and_cut_at_a_question_mark() {
        let decoded = |raw| decode(raw).unwrap();
        assert_eq!(decoded("/a%2Fb/c%20d+e"), "/a/b/c d+e");
        assert_eq!(decoded("/%2541"), "/%41");
        assert_eq!(decoded("/caf%C3%A9"), "/café");
        assert_eq!(decoded("/a%3Fb/c"), "/a");
    }

    #[test]
    fn a_broken_path_is_none() {
        for raw in ["/%", "/%4", "/%zz", "/%C3%28", "/%é1", "*", ""] {
            assert_eq!(decode(raw), None, "{raw}");
        }
    }

    #[test]
    fn repeated_parameters_are_joined() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(parameters("a=1&b=x%20y+z&a=2&c"), [pair("a", "1,2"), pair("b", "x y z"), pair("c", "")]);
    }
}
