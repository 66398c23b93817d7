//! Answers requests that match no route: 405 with `Allow` if the path is known, otherwise 404.

use super::nearest::nearest;
use super::request::Request;
use crate::domain::{Error, Result};

/// A path of the API and its methods, e.g. `("/tenants/{tenant_id}", &["GET", "PATCH", "DELETE"])`.
pub type Route = (&'static str, &'static [&'static str]);

/// The error for a request that matches no route.
pub fn unmatched<T>(request: &Request, routes: &[Route]) -> Result<T> {
    let (path, base) = (request.route_path(), request.base_path());
    let allowed = allowed(path, routes);
    if !allowed.is_empty() {
        return Err(Error::MethodNotAllowed(allowed.join(", ")));
    }
    let detail = match nearest(path, routes.iter().map(|(pattern, _)| *pattern)) {
        Some(known) => {
            // `{name+}` is the notation of the gateway; the OpenAPI document has `{name}`.
            let known = known.replace("+}", "}");
            format!("There is no such path. The nearest one is {base}{known}; {base}/openapi.json has all.")
        }
        None => format!("There is no such path. {base}/openapi.json has all that there are."),
    };
    Err(Error::UnknownPath(detail))
}

/// The methods of the best matching route: literal segments take precedence over parameters.
fn allowed(path: &str, routes: &[Route]) -> Vec<&'static str> {
    let segments: Vec<&str> = path.split('/').collect();
    let rank = |pattern: &str| -> Option<Vec<u8>> {
        let parts: Vec<&str> = pattern.split('/').collect();
        let greedy = parts.last().is_some_and(|part| part.ends_with("+}"));
        if segments.len() < parts.len() || !greedy && segments.len() > parts.len() {
            return None;
        }
        // A greedy parameter matches the rest of the path with all its slashes, but not the empty rest.
        let whole_rest = segments.len() > parts.len();
        let segment_rank = |(part, segment): (&&str, &&str)| match *part {
            literal if literal == *segment => Some(0),
            greedy if greedy.ends_with("+}") && (whole_rest || !segment.is_empty()) => Some(2),
            parameter if parameter.starts_with('{') && !parameter.ends_with("+}") && !segment.is_empty() => Some(1),
            _ => None,
        };
        parts.iter().zip(&segments).map(segment_rank).collect()
    };
    let mut matches: Vec<_> = routes.iter().filter_map(|(pattern, methods)| Some((rank(pattern)?, methods))).collect();
    matches.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut allowed: Vec<&str> = matches.first().map(|(_, methods)| methods.to_vec()).unwrap_or_default();
    allowed.sort_unstable();
    allowed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_paths_allow_their_own_methods() {
        let routes: &[Route] = &[
            ("/tenants", &["GET", "POST"]),
            ("/tenants/{tenant_id}", &["GET"]),
            ("/tenants/{tenant_id}/repositories", &["GET"]),
            ("/tenants/by-external-id/{external_id+}", &["GET", "PUT", "DELETE"]),
        ];
        assert_eq!(allowed("/tenants", routes), ["GET", "POST"]);
        assert_eq!(allowed("/tenants/x", routes), ["GET"]);
        assert_eq!(allowed("/tenants/x/repositories", routes), ["GET"]);
        assert_eq!(allowed("/tenants/by-external-id/a/b", routes), ["DELETE", "GET", "PUT"]);
        assert_eq!(allowed("/tenants/by-external-id//", routes), ["DELETE", "GET", "PUT"]);
        for unknown in [
            "",
            "/",
            "/tenants/",
            "//tenants",
            "/tenants//repositories",
            "/Tenants",
            "/tenants/x/y",
            "/tenants/by-external-id/",
        ] {
            assert_eq!(allowed(unknown, routes), [""; 0], "{unknown}");
        }
    }
}
