//! Decoded paths: as URI references (RFC 3986), and relative to a base path.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All characters except `pchar` and `/` (RFC 3986, section 3.3).
const NOT_OF_A_PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@')
    .remove(b'/');

/// Percent-encodes a decoded path. The second slash of a leading double slash is also encoded, because an authority would follow it.
pub fn reference(path: &str) -> String {
    let encoded = utf8_percent_encode(path, NOT_OF_A_PATH).to_string();
    match encoded.strip_prefix("//") {
        Some(rest) => format!("/%2F{rest}"),
        None => encoded,
    }
}

/// The path of a base URL: `/tenancy` of `https://api.example.com/tenancy`. Usually empty.
pub fn base_path(base_url: &str) -> &str {
    let after_scheme = base_url.split_once("://").map_or(base_url, |(_, rest)| rest);
    after_scheme.find('/').and_then(|start| after_scheme.get(start..)).unwrap_or_default()
}

/// A path without its base path, if it begins with it.
pub fn below<'a>(path: &'a str, base_path: &str) -> &'a str {
    path.strip_prefix(base_path).filter(|rest| rest.is_empty() || rest.starts_with('/')).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::query;
    use proptest::prelude::*;

    /// `path-absolute` of RFC 3986, in ASCII as `java.net.URI` requires.
    fn is_path_absolute(text: &str) -> bool {
        let Some(rest) = text.strip_prefix('/') else { return false };
        let mut bytes = rest.bytes();
        while let Some(byte) = bytes.next() {
            let right = match byte {
                b'%' => {
                    [bytes.next(), bytes.next()].iter().flatten().filter(|byte| byte.is_ascii_hexdigit()).count() == 2
                }
                byte => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(&byte),
            };
            if !right {
                return false;
            }
        }
        !rest.starts_with('/')
    }

    #[test]
    fn a_path_is_encoded_again() {
        for (path, expected) in [
            ("", ""),
            ("/", "/"),
            ("/tenants/by-external-id/Acme Inc", "/tenants/by-external-id/Acme%20Inc"),
            ("/tenants/by-external-id/acme:1@x/100%", "/tenants/by-external-id/acme:1@x/100%25"),
            ("/%2F", "/%252F"),
            ("//evil.example/x", "/%2Fevil.example/x"),
            ("///", "/%2F/"),
            ("/a//b/", "/a//b/"),
            ("/é€\u{1f600}", "/%C3%A9%E2%82%AC%F0%9F%98%80"),
            ("/?#[]\"<>\\^`{|}\u{0}\u{7f}", "/%3F%23%5B%5D%22%3C%3E%5C%5E%60%7B%7C%7D%00%7F"),
            ("/-._~!$&'()*+,;=:@", "/-._~!$&'()*+,;=:@"),
        ] {
            assert_eq!(reference(path), expected);
        }
    }

    #[test]
    fn a_base_path_is_taken_away_where_it_is() {
        for (base_url, path, expected) in [
            ("https://api.example.com", "/v1/customers", "/v1/customers"),
            ("https://api.example.com/tenancy", "/tenancy/v1/customers", "/v1/customers"),
            ("https://api.example.com/tenancy", "/v1/customers", "/v1/customers"),
            ("https://api.example.com/tenancy", "/tenancy", ""),
            ("https://api.example.com/tenancy", "/tenancy/", "/"),
            ("https://api.example.com/tenancy", "/tenancyx/v1", "/tenancyx/v1"),
            ("http://127.0.0.1:9000/a/b", "/a/b/health", "/health"),
            ("http://127.0.0.1:9000/a/b", "/a/health", "/a/health"),
        ] {
            assert_eq!(below(path, base_path(base_url)), expected, "{base_url} {path}");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_path_it_is_a_uri_reference_that_names_it(path in "/{1,3}\\PC{0,8}|/{1,3}(\\PC|[%/?#:@ \u{0}-\u{1f}]){0,40}") {
            let encoded = reference(&path);
            prop_assert!(is_path_absolute(&encoded), "{encoded}");
            prop_assert_eq!(query::decode(&encoded), Some(path));
        }
    }
}
