//! The function that answers a method and a path.
//!
//! Invariant: full matches rank before greedy ones; among equals, the one that has a literal further to the left.
//! A parameter matches one segment that is not empty, a greedy parameter the whole rest of the path.

use crate::{
    Error, Result,
    template::{Route, Template},
};

/// All routes, the best first.
pub(super) struct Routes {
    ranked: Vec<Pattern>,
    default: Option<String>,
    /// The path of a custom domain's API mapping, or empty.
    mapping: String,
}

struct Pattern {
    route: Route,
    path: Path,
    function: String,
}

/// A path with parameters: `/tenants/{tenant_id}`, or `/{path+}` with a greedy one.
struct Path(Vec<Segment>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Parameter(String),
    Greedy(String),
}

/// A route that matches.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found<'a> {
    /// The name of the function's binary.
    pub function: &'a str,
    /// `GET /v1/customers/{customer_id}` or `$default`.
    pub key: String,
    /// Names and values of the path's parameters.
    pub parameters: Vec<(&'a str, String)>,
}

impl Routes {
    pub fn of(template: &Template) -> Result<Self> {
        let mut routes = Self { ranked: Vec::new(), default: None, mapping: String::new() };
        for function in &template.functions {
            for route in &function.routes {
                if route.path == "$default" {
                    if let Some(other) = routes.default.replace(function.name.clone()) {
                        return Err(Error::new(format!("{other} and {} both are the default route", function.name)));
                    }
                    continue;
                }
                routes.ranked.push(Pattern {
                    path: Path::parse(&route.path),
                    route: route.clone(),
                    function: function.name.clone(),
                });
            }
        }
        // A route's own method ranks before ANY.
        let rank = |pattern: &Pattern| (pattern.path.rank(), pattern.route.method == "ANY", pattern.route.clone());
        routes.ranked.sort_by_cached_key(rank);
        Ok(routes)
    }

    /// The same routes, also below this path. The event keeps the mapping in `rawPath` and `requestContext.http.path`. The developer
    /// guide ("Create AWS Lambda proxy integrations for HTTP APIs") says that `rawPath` leaves it out; such an event equals that of a
    /// request without the mapping, so this is the case that needs testing.
    pub fn mapped(self, mapping: &str) -> Self {
        Self { mapping: mapping.to_owned(), ..self }
    }

    pub fn find(&self, method: &str, path: &str) -> Option<Found<'_>> {
        let below = path.strip_prefix(&self.mapping).filter(|rest| rest.is_empty() || rest.starts_with('/'));
        let path = below.unwrap_or(path);
        let matches = |pattern: &Pattern| pattern.route.method == method || pattern.route.method == "ANY";
        let found = self.ranked.iter().filter(|pattern| matches(pattern)).find_map(|pattern| pattern.find(path));
        let default = || {
            let function = self.default.as_deref()?;
            Some(Found { function, key: "$default".to_owned(), parameters: Vec::new() })
        };
        found.or_else(default)
    }
}

impl Segment {
    fn parse(text: &str) -> Self {
        match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
            Some(name) => match name.strip_suffix('+') {
                Some(name) => Self::Greedy(name.to_owned()),
                None => Self::Parameter(name.to_owned()),
            },
            None => Self::Literal(text.to_owned()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Literal(_) => 0,
            Self::Parameter(_) => 1,
            Self::Greedy(_) => 2,
        }
    }
}

/// Of these paths with parameters, the one by which the gateway routes a path.
pub fn best_path<'a>(patterns: impl IntoIterator<Item = &'a str>, path: &str) -> Option<&'a str> {
    let patterns = patterns.into_iter().map(|pattern| (Path::parse(pattern), pattern));
    let fitting = patterns.filter(|(parsed, _)| parsed.parameters(path).is_some());
    fitting.min_by_key(|(parsed, pattern)| (parsed.rank(), *pattern)).map(|(_, pattern)| pattern)
}

impl Pattern {
    fn find(&self, path: &str) -> Option<Found<'_>> {
        let parameters = self.path.parameters(path)?;
        let key = format!("{} {}", self.route.method, self.route.path);
        Some(Found { function: &self.function, key, parameters })
    }
}

impl Path {
    fn parse(text: &str) -> Self {
        Self(text.strip_prefix('/').unwrap_or(text).split('/').map(Segment::parse).collect())
    }

    /// The least one wins.
    fn rank(&self) -> (bool, Vec<u8>) {
        (matches!(self.0.last(), Some(Segment::Greedy(_))), self.0.iter().map(Segment::rank).collect())
    }

    /// Names and values of the parameters; None where the path does not match.
    fn parameters(&self, path: &str) -> Option<Vec<(&str, String)>> {
        let mut rest = Some(path.strip_prefix('/')?);
        let mut parameters = Vec::new();
        for segment in &self.0 {
            let left = rest?;
            let (value, after) = match (segment, left.split_once('/')) {
                (Segment::Greedy(_), _) | (_, None) => (left, None),
                (_, Some((value, after))) => (value, Some(after)),
            };
            match segment {
                Segment::Literal(literal) if literal != value => return None,
                Segment::Literal(_) => {}
                Segment::Parameter(_) | Segment::Greedy(_) if value.is_empty() => return None,
                Segment::Parameter(name) | Segment::Greedy(name) => parameters.push((name.as_str(), value.to_owned())),
            }
            rest = after;
        }
        rest.is_none().then_some(parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes() -> Routes {
        let paths = [
            ("greedy", "/tenants/by-external-id/{external_id+}"),
            ("list", "/tenants/{tenant_id}/repositories"),
            ("literal", "/tenants/by-external-id/repositories"),
            ("get", "/tenants/{tenant_id}"),
            ("self", "/tenants/self"),
            ("any", "/{first}/{second}/{third}"),
            ("default", "$default"),
        ];
        let function = |(name, path): (&str, &str)| {
            format!(
                "  {name}: {{Type: 'AWS::Serverless::Function', Properties: {{CodeUri: x/{name}/, Events: {{E: {{Type: HttpApi, \
                 Properties: {{Method: {}, Path: '{path}'}}}}}}}}}}\n",
                if name == "any" || name == "default" { "ANY" } else { "GET" }
            )
        };
        let text: String = ["Resources:\n".to_owned()].into_iter().chain(paths.map(function)).collect();
        Routes::of(&Template::parse(&text).unwrap()).unwrap()
    }

    #[track_caller]
    fn check(path: &str, function: &str, parameters: &[(&str, &str)]) {
        let routes = routes();
        let found = routes.find("GET", path).unwrap();
        let parameters: Vec<_> = parameters.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        assert_eq!((found.function, found.parameters), (function, parameters), "{path}");
    }

    #[test]
    fn literals_win_and_full_matches_go_before_greedy_ones() {
        check("/tenants/self", "self", &[]);
        check("/tenants/tnt_1", "get", &[("tenant_id", "tnt_1")]);
        check("/tenants/tnt_1/repositories", "list", &[("tenant_id", "tnt_1")]);
        check("/tenants/by-external-id/repositories", "literal", &[]);
        check("/tenants/by-external-id/a/b", "greedy", &[("external_id", "a/b")]);
        // A full match, of however few literals, goes before a greedy one.
        check(
            "/tenants/by-external-id/a",
            "any",
            &[("first", "tenants"), ("second", "by-external-id"), ("third", "a")],
        );
    }

    #[test]
    fn the_best_of_several_paths_is_that_of_the_route() {
        let patterns = ["/{a}", "/{path+}", "/tenants/{tenant_id}", "/tenants/self"];
        let best = |path| best_path(patterns, path);
        assert_eq!(best("/tenants/self"), Some("/tenants/self"));
        assert_eq!(best("/tenants/1"), Some("/tenants/{tenant_id}"));
        assert_eq!(best("/tenants/1/x"), Some("/{path+}"));
        assert_eq!(best("/x"), Some("/{a}"));
        assert_eq!(best("/"), None);
    }

    #[test]
    fn doubled_and_trailing_slashes_are_unknown_paths() {
        for path in [
            "/tenants/",
            "/tenants//repositories",
            "//tenants/self",
            "/tenants/tnt_1/repositories/",
            "/",
            "/TENANTS/self/",
        ] {
            check(path, "default", &[]);
        }
        check("/tenants/by-external-id//", "greedy", &[("external_id", "/")]);
        check("/tenants/by-external-id/a/", "greedy", &[("external_id", "a/")]);
        check("/tenants/by-external-id/", "default", &[]);
    }

    #[test]
    fn a_route_has_its_method() {
        let routes = routes();
        let found = routes.find("PUT", "/tenants/self").unwrap();
        assert_eq!((found.function, found.key.as_str()), ("default", "$default"));
        assert_eq!(routes.find("PUT", "/a/b/c").unwrap().key, "ANY /{first}/{second}/{third}");
        assert_eq!(routes.find("GET", "/tenants/x").unwrap().key, "GET /tenants/{tenant_id}");
    }
}
