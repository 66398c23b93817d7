//! Suggests the known path that is nearest to an unknown one.

/// The prefix of versioned paths.
const VERSION: &str = "v1";

/// The known path that is nearest to `path`, if one is similar: with or without the version or a prefix, without empty segments, in
/// another case, with a typing error. `path` is percent-decoded.
pub fn nearest<'a>(path: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let all: Vec<&str> = path.trim_matches('/').split('/').collect();
    let filled: Vec<&str> = all.iter().copied().filter(|segment| !segment.is_empty()).collect();
    let mut guesses = Vec::new();
    for (cost, segments) in [(0, all), (1, filled)] {
        if let Some((_, rest)) = segments.split_first() {
            guesses.push((cost + 3, rest.to_vec()));
        }
        guesses.push((cost + 2, [&[VERSION], segments.as_slice()].concat()));
        guesses.push((cost, segments));
    }
    let cost = |pattern| guesses.iter().filter_map(|(cost, guess)| Some(cost + distance(pattern, guess)?)).min();
    known
        .filter_map(|pattern| Some((cost(pattern)?, pattern)))
        .min_by_key(|(cost, _)| *cost)
        .map(|(_, pattern)| pattern)
}

/// The distance of segments from a known path; `None` if they are not similar.
fn distance(pattern: &str, segments: &[&str]) -> Option<usize> {
    let mut segments = segments.iter();
    let mut sum = 0;
    for part in pattern.trim_start_matches('/').split('/') {
        if part.ends_with("+}") {
            // A greedy parameter matches all remaining segments. Without any, its value is missing.
            sum += usize::from(segments.next().is_some());
            segments = [].iter();
            continue;
        }
        let segment = segments.next()?;
        sum += if part.starts_with('{') { 1 } else { difference(part, segment)? };
    }
    segments.next().is_none().then_some(sum)
}

/// The distance of a segment from a known one, which is in lower case; `None` if they are not similar.
fn difference(known: &str, segment: &str) -> Option<usize> {
    let max = if known.len() > 4 { 2 } else { 1 };
    if known.len().abs_diff(segment.len()) > max {
        return None;
    }
    let lower = segment.to_ascii_lowercase();
    let edits = edits(known, &lower);
    (edits <= max).then_some(2 * edits + usize::from(lower != segment))
}

/// The Levenshtein distance in bytes.
fn edits(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (1..=other.len()).collect();
    let mut last = other.len();
    for (at, byte) in one.bytes().enumerate() {
        let (mut diagonal, mut left) = (at, at + 1);
        for (above, same) in row.iter_mut().zip(other.bytes().map(|other| other == byte)) {
            left = (diagonal + usize::from(!same)).min(left + 1).min(*above + 1);
            diagonal = std::mem::replace(above, left);
        }
        last = left;
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 12] = [
        "/health",
        "/integration/self",
        "/openapi.json",
        "/problems",
        "/problems/{slug}",
        "/repositories",
        "/tenants",
        "/tenants/by-external-id/{external_id+}",
        "/tenants/{tenant_id}",
        "/tenants/{tenant_id}/repositories",
        "/v1/customers",
        "/v1/customers/{customer_id}/keys",
    ];

    #[test]
    fn the_nearest_known_path_is_named() {
        for (path, expected) in [
            ("/customers", "/v1/customers"),
            ("/customers/acme/keys", "/v1/customers/{customer_id}/keys"),
            ("/v1/tenants", "/tenants"),
            ("/v1/tenants/x", "/tenants/{tenant_id}"),
            ("/v2/customers", "/v1/customers"),
            ("/api/tenants", "/tenants"),
            ("/tenants/", "/tenants"),
            ("//tenants", "/tenants"),
            ("/v1//customers", "/v1/customers"),
            ("/v1/customers//keys", "/v1/customers/{customer_id}/keys"),
            ("/tenants//repositories", "/tenants/{tenant_id}/repositories"),
            ("/tenants/x/repositories/", "/tenants/{tenant_id}/repositories"),
            ("/V1/Customers", "/v1/customers"),
            ("/HEALTH", "/health"),
            ("/tenant", "/tenants"),
            ("/tenatns/x", "/tenants/{tenant_id}"),
            ("/v1/customers/acme/key", "/v1/customers/{customer_id}/keys"),
            ("/repositorys", "/repositories"),
            ("/openapi.jsn", "/openapi.json"),
            ("/tenant/by-external-id/a/b/c", "/tenants/by-external-id/{external_id+}"),
            ("/v1/tenants/by-external-id/a/b", "/tenants/by-external-id/{external_id+}"),
            ("/tenants/by-external-id/", "/tenants/by-external-id/{external_id+}"),
        ] {
            assert_eq!(nearest(path, KNOWN.into_iter()), Some(expected), "{path}");
        }
    }

    #[test]
    fn what_is_like_no_known_path_has_no_nearest_one() {
        let long = format!("/{}", "tenants".repeat(1000));
        let many = "/a".repeat(5000);
        for path in ["", "/", "///", "/robots.txt", "/v1", "/a/b", "/problems/a/b", "/tenants/a/b", "/é", &long, &many]
        {
            assert_eq!(nearest(path, KNOWN.into_iter()), None, "{path}");
        }
    }

    #[test]
    fn edits_are_counted() {
        for (one, other, expected) in [
            ("", "", 0),
            ("", "ab", 2),
            ("ab", "", 2),
            ("abc", "abc", 0),
            ("abc", "axc", 1),
            ("abc", "bc", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!((edits(one, other), edits(other, one)), (expected, expected), "{one} {other}");
        }
    }
}
