//! One name per operation and one list of routes, in all their spellings (L1).

use local::template::logical_id;
use std::collections::BTreeSet;
use std::fs;
use tests::{json, openapi, repository_root, template};

/// Method, path and function.
type Route = (String, String, String);

/// Other paths of the operations of [`BY_EXTERNAL_ID`]. Without them an HTTP API would hand `/tenants/by-external-id/repositories` to
/// `/tenants/{tenant_id}/repositories`, and so with roles and users.
pub const LITERALS: [&str; 3] = [
    "/tenants/by-external-id/repositories",
    "/tenants/by-external-id/roles",
    "/tenants/by-external-id/users/by-external-id/{user_external_id+}",
];
const BY_EXTERNAL_ID: &str = "/tenants/by-external-id/{external_id+}";

fn in_template() -> BTreeSet<Route> {
    let routes = template().functions.iter().flat_map(|function| {
        function.routes.iter().map(|route| (route.method.clone(), route.path.clone(), function.name.clone()))
    });
    routes.collect()
}

/// cargo-lambda's own table, line by line: `"/path" = [{ method = "GET", function = "name" }]`.
fn in_router() -> BTreeSet<Route> {
    let manifest = fs::read_to_string(repository_root().join("Cargo.toml")).unwrap();
    let (_, table) =
        manifest.split_once("[workspace.metadata.lambda.watch.router]").expect("Cargo.toml has the router");
    let mut routes = BTreeSet::new();
    for line in table.lines().skip(1).take_while(|line| line.starts_with('"')) {
        let words: Vec<&str> = line.split('"').collect();
        let path = ["external_id", "user_external_id"]
            .iter()
            .fold(words[1].to_owned(), |path, name| path.replace(&format!("{{*{name}}}"), &format!("{{{name}+}}")));
        match words[3..].chunks(4).map(|chunk| (chunk[0], chunk.get(2))).collect::<Vec<_>>()[..] {
            [(function, None)] => drop(routes.insert(("ANY".to_owned(), path, function.to_owned()))),
            ref methods => {
                routes.extend(methods.iter().filter_map(|(method, function)| {
                    Some(((*method).to_owned(), path.clone(), (*function)?.to_string()))
                }))
            }
        }
    }
    routes
}

/// A HEAD is the head of its GET (RFC 9110, section 9.3.2), so the document has no operation for it: generated clients would
/// get a method without use, and it would need a name and a function of its own.
#[test]
fn exactly_the_public_documents_have_a_head() {
    let public = |path: &str| openapi::document()["paths"][path]["get"]["security"] == json!([]);
    let heads: BTreeSet<Route> = in_template().into_iter().filter(|(method, ..)| method == "HEAD").collect();
    let expected = in_template().into_iter().filter(|(method, path, _)| method == "GET" && public(path));
    assert_eq!(heads, expected.map(|(_, path, function)| ("HEAD".to_owned(), path, function)).collect());
    assert_eq!(heads.len(), 5);
}

#[test]
fn the_literal_paths_have_the_functions_of_the_greedy_one() {
    let of = |wanted: &str| -> BTreeSet<_> {
        in_template()
            .into_iter()
            .filter(|(_, path, function)| path == wanted && function != "answer-unmatched")
            .map(|(method, _, function)| (method, function))
            .collect()
    };
    for literal in LITERALS {
        assert_eq!(of(literal), of(BY_EXTERNAL_ID), "{literal}");
    }
}

/// A path of two routes, each of which has a literal where the other one has a parameter, is for neither of them more specific: such a pair
/// has a third route with both literals.
#[test]
fn routes_that_overlap_have_a_route_with_the_literals_of_both() {
    let routes: Vec<Route> = in_template().into_iter().filter(|(_, path, _)| path != "$default").collect();
    for (at, (method, one, _)) in routes.iter().enumerate() {
        let others = routes[..at].iter().filter(|(other, path, _)| other == method && path != one);
        for (_, other, _) in others {
            let Some(both) = overlap(one, other).filter(|both| both != one && both != other) else { continue };
            // The functions of this path's operations answer for both.
            if both == "/tenants/by-external-id/repositories/{repository_id}" {
                continue;
            }
            let is_there = |path: &str| path == both || path.replace("{user_external_id+}", "{external_id+}") == both;
            assert!(
                routes.iter().any(|(of, path, _)| of == method && is_there(path)),
                "{method} {one} and {other} both match {both}"
            );
        }
    }
}

/// The paths that two routes match, as a route, if there are any.
fn overlap(one: &str, other: &str) -> Option<String> {
    let (mut one, mut other) = (one.split('/'), other.split('/'));
    let mut both = Vec::new();
    loop {
        both.push(match (one.next(), other.next()) {
            (None, None) => return Some(both.join("/")),
            (Some(greedy), Some(part)) | (Some(part), Some(greedy)) if greedy.ends_with("+}") => {
                let rest: Vec<&str> = [part].into_iter().chain(one).chain(other).collect();
                return Some(both.into_iter().chain(rest).collect::<Vec<_>>().join("/"));
            }
            (Some(a), Some(b)) if a == b || b.starts_with('{') => a,
            (Some(a), Some(b)) if a.starts_with('{') => b,
            _ => return None,
        });
    }
}

#[test]
fn cargo_lambdas_router_has_the_same_routes() {
    let mut expected = in_template();
    // It has no default route, but a root and a rest.
    let unmatched = |path: &str| ("ANY".to_owned(), path.to_owned(), "answer-unmatched".to_owned());
    assert!(expected.remove(&unmatched("$default")), "template.yaml lacks the $default route");
    expected.extend(["/", "/{*path}"].map(unmatched));
    assert_eq!(in_router(), expected, "run `cargo xtask router --write`");
}

#[test]
fn names_are_spelled_by_rule() {
    for function in &template().functions {
        assert_eq!(function.logical_id, logical_id(&function.name), "the logical id of {}", function.name);
        let file = format!("functions/src/bin/{}.rs", function.name);
        let source = fs::read_to_string(repository_root().join(&file)).unwrap();
        let handler = function.name.replace('-', "_");
        assert!(source.contains(&handler), "{file} does not name its handler {handler}");
        let role = function.logical_id.replace("Function", "Role");
        assert!(template().document["Resources"][&role].is_object(), "template.yaml lacks {role}");
        for route in function.routes.iter().filter(|route| route.path != "$default") {
            let segments: Vec<&str> = route.path.split('/').skip(1).collect();
            assert!(segments.iter().all(|segment| is_segment(segment)), "{route:?}");
        }
    }
}

/// Whether a part of a route's path is spelled by the rule: words with hyphens, or the name of a parameter with underscores.
fn is_segment(segment: &str) -> bool {
    let is_made_of = |text: &str, others: &str| {
        let is_one = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || others.contains(letter);
        text.starts_with(|first: char| first.is_ascii_lowercase()) && text.chars().all(is_one)
    };
    match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
        Some(name) => is_made_of(name.strip_suffix('+').unwrap_or(name), "_"),
        // A well-known URI (RFC 8615).
        None => segment == ".well-known" || is_made_of(segment, "-."),
    }
}

#[test]
fn a_segment_is_words_with_hyphens_or_one_parameter() {
    for segment in
        ["tenants", "by-external-id", "openapi.json", ".well-known", "jwks.json", "v1", "{tenant_id}", "{external_id+}"]
    {
        assert!(is_segment(segment), "{segment}");
    }
    for segment in
        ["", ".hidden", "by_external_id", "Tenants", "{tenantId}", "{tenant-id}", "{}", "x{id}", "{id}x", "{a}{b}"]
    {
        assert!(!is_segment(segment), "{segment}");
    }
}
