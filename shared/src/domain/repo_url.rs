//! The syntax of repository URLs (RFC 3986; contract section 5.1). They are never fetched.

use super::text::has_complete_escapes;

/// The rule of [`is_repository_url`] for error messages.
pub const RULE: &str = "must be an absolute https, http, ssh or git URL of at most 2048 characters with a host, \
    without fragment, user or password (ssh may name a user)";

/// Whether the text is a valid repository URL.
pub fn is_repository_url(text: &str) -> bool {
    if text.len() > 2048 || !has_uri_characters(text) {
        return false;
    }
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let scheme = scheme.to_ascii_lowercase();
    if !matches!(scheme.as_str(), "https" | "http" | "ssh" | "git") {
        return false;
    }
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    // Square brackets are only allowed in the host, around an IP literal.
    if rest.split_at(authority.len()).1.contains(['[', ']']) {
        return false;
    }
    let (user, host_and_port) = match authority.rsplit_once('@') {
        Some((user, host_and_port)) => (Some(user), host_and_port),
        None => (None, authority),
    };
    let user_allowed = match user {
        None => true,
        Some(user) => scheme == "ssh" && !user.is_empty() && !user.contains([':', '@', '[', ']']),
    };
    user_allowed && is_host_and_port(host_and_port)
}

/// The URL of git's shorthand `user@host:path`, if it is a valid repository URL.
pub fn of_ssh_shorthand(text: &str) -> Option<String> {
    let (user_and_host, path) = text.split_once(':')?;
    let url = format!("ssh://{user_and_host}/{}", path.trim_start_matches('/'));
    (user_and_host.contains('@') && !user_and_host.contains('/') && is_repository_url(&url)).then_some(url)
}

/// Unreserved and reserved characters other than `#`, and complete percent escapes.
fn has_uri_characters(text: &str) -> bool {
    let character = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()*+,;=%".contains(byte);
    text.as_bytes().iter().all(character) && has_complete_escapes(text)
}

fn is_host_and_port(text: &str) -> bool {
    let (host_is_right, port) = if let Some(rest) = text.strip_prefix('[') {
        let Some((address, port)) = rest.split_once(']') else { return false };
        (is_ip_literal(address), port)
    } else {
        let (host, port) = text.find(':').map_or((text, ""), |at| text.split_at(at));
        (!host.is_empty() && !host.contains(['[', ']', '@']), port)
    };
    host_is_right && is_port(port)
}

fn is_ip_literal(address: &str) -> bool {
    if let Some(future) = address.strip_prefix(['v', 'V']) {
        let Some((version, rest)) = future.split_once('.') else { return false };
        let of_future = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:".contains(&byte);
        return !version.is_empty()
            && version.bytes().all(|byte| byte.is_ascii_hexdigit())
            && !rest.is_empty()
            && rest.bytes().all(of_future);
    }
    address.parse::<std::net::Ipv6Addr>().is_ok()
}

/// Empty, or a colon and a number up to 65535. RFC 3986 also allows a colon without a number.
fn is_port(text: &str) -> bool {
    let Some(port) = text.strip_prefix(':') else { return text.is_empty() };
    let significant = port.trim_start_matches('0');
    port.bytes().all(|byte| byte.is_ascii_digit()) && (significant.is_empty() || significant.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_that_repositories_may_have() {
        for url in [
            "https://github.com/acme/tools.git",
            "HTTPS://example.com",
            "http://169.254.169.254/",
            "ssh://git@host/path",
            "ssh://host:22/path",
            "git://host:9418/p%20q?x=y@z",
            "https://[::1]:8080/a",
            "https://host:/a",
            "https://host/@scope/pkg",
            "https://host?query",
        ] {
            assert!(is_repository_url(url), "{url}");
        }
        assert!(is_repository_url(&format!("https://h/{}", "x".repeat(2038))));
    }

    #[test]
    fn urls_that_they_may_not_have() {
        for url in [
            "",
            "github.com/acme",
            "file:///etc/passwd",
            "ftp://host/",
            "https:///path",
            "https://",
            "https://host#fragment",
            "https://user@host/",
            "https://@host/",
            "https://user:pw@host/",
            "ssh://user:pw@host/",
            "ssh://@host/",
            "ssh://:@host/",
            "git://user@host/",
            "https://host:65536/",
            "https://host:8a/",
            "https://ho st/",
            "https://host/é",
            "https://host/%zz",
            "https://host/a[b]",
            "https://[::1/",
            "https://[x]/",
            "https://a:1:2/",
            "git@github.com:acme/tools.git",
        ] {
            assert!(!is_repository_url(url), "{url}");
        }
        assert!(!is_repository_url(&format!("https://h/{}", "x".repeat(2039))));
    }

    #[test]
    fn gits_shorthand_is_an_ssh_url() {
        for (text, url) in [
            ("git@github.com:acme/tools.git", "ssh://git@github.com/acme/tools.git"),
            ("deploy@host:/srv/git/a.git", "ssh://deploy@host/srv/git/a.git"),
            ("git@host:22/a", "ssh://git@host/22/a"),
        ] {
            assert_eq!(of_ssh_shorthand(text).as_deref(), Some(url), "{text}");
        }
        for text in [
            "",
            "github.com:acme",
            "git@host",
            "https://git@host:a",
            "git:pw@host:a",
            "a/b@c:d",
            "@host:a",
            "git@host:a b",
        ] {
            assert_eq!(of_ssh_shorthand(text), None, "{text}");
        }
    }
}
