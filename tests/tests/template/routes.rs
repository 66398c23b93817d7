//! One name per operation and one list of routes, in all their spellings (L1).

use local::template::logical_id;
use std::collections::BTreeSet;
use std::fs;
use tests::{json, openapi, repository_root, template};

/// Method, path and function.
type Route = (String, String, String);

/// What answers but is no operation of the contract: the rest of all paths, and what the clock starts.
const NO_OPERATION: [&str; 2] = ["answer-unmatched", "sweep-deprovisioned-tenants"];

/// The same operation by a literal path: an HTTP API would hand `/tenants/by-external-id/repositories` to `/tenants/{tenant_id}/repositories`.
const LITERAL: (&str, &str) = ("/tenants/by-external-id/repositories", "/tenants/by-external-id/{external_id+}");

/// `get-tenant` of `getTenant`.
fn kebab(operation: &str) -> String {
    let letter = |letter: char| {
        if letter.is_ascii_uppercase() { format!("-{}", letter.to_ascii_lowercase()) } else { letter.to_string() }
    };
    operation.chars().map(letter).collect()
}

fn in_template() -> BTreeSet<Route> {
    let routes = template().functions.iter().flat_map(|function| {
        function.routes.iter().map(|route| (route.method.clone(), route.path.clone(), function.name.clone()))
    });
    routes.collect()
}

fn in_openapi() -> BTreeSet<Route> {
    let mut routes = BTreeSet::new();
    for (path, item) in openapi::document()["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if let Some(id) = operation["operationId"].as_str() {
                routes.insert((method.to_ascii_uppercase(), path.clone(), kebab(id)));
            }
        }
    }
    routes
}

/// cargo-lambda's own table, line by line: `"/path" = [{ method = "GET", function = "name" }]`.
fn in_router() -> BTreeSet<Route> {
    let manifest = fs::read_to_string(repository_root().join("Cargo.toml")).unwrap();
    let (_, table) =
        manifest.split_once("[workspace.metadata.lambda.watch.router]").expect("Cargo.toml has the router");
    let mut routes = BTreeSet::new();
    for line in table.lines().skip(1).take_while(|line| line.starts_with('"')) {
        let words: Vec<&str> = line.split('"').collect();
        let path = words[1].replace("{*external_id}", "{external_id+}");
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

/// The binaries that are built.
fn in_sources() -> BTreeSet<String> {
    let files = fs::read_dir(repository_root().join("functions/src/bin")).unwrap();
    files.map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()).collect()
}

#[test]
fn template_and_openapi_have_the_same_routes() {
    let plain = |(method, path, function): Route| (method, path.replace("+}", "}"), function);
    let template: BTreeSet<Route> = in_template()
        .into_iter()
        .filter(|(_, path, function)| path != LITERAL.0 && !NO_OPERATION.contains(&&**function))
        .map(plain)
        .collect();
    let openapi = in_openapi();
    let template: BTreeSet<Route> = template.into_iter().filter(|(method, ..)| method != "HEAD").collect();
    if let Some((method, path, function)) = openapi.difference(&template).next() {
        panic!(
            "template.yaml lacks a line: in {}: Events: Route: {{Type: HttpApi, Properties: {{ApiId: !Ref Api, Method: {method}, Path: \"{path}\"}}}}",
            logical_id(function)
        );
    }
    if let Some((method, path, function)) = template.difference(&openapi).next() {
        panic!("infra/openapi.yaml lacks the operation of {function}: {path}: {}:", method.to_ascii_lowercase());
    }
}

/// A HEAD is the head of its GET (RFC 9110, section 9.3.2), so the document has no operation for it: generated clients would
/// get a method without use, and it would need a name and a function of its own.
#[test]
fn exactly_the_public_documents_have_a_head() {
    let public = |path: &str| openapi::document()["paths"][path]["get"]["security"] == json!([]);
    let heads: BTreeSet<Route> = in_template().into_iter().filter(|(method, ..)| method == "HEAD").collect();
    let expected = in_template().into_iter().filter(|(method, path, _)| method == "GET" && public(path));
    assert_eq!(heads, expected.map(|(_, path, function)| ("HEAD".to_owned(), path, function)).collect());
    assert_eq!(heads.len(), 4);
}

#[test]
fn the_literal_path_has_the_functions_of_the_greedy_one() {
    let of = |wanted: &str| -> BTreeSet<_> {
        in_template()
            .into_iter()
            .filter(|(_, path, _)| path == wanted)
            .map(|(method, _, function)| (method, function))
            .collect()
    };
    assert_eq!(of(LITERAL.0), of(LITERAL.1));
}

#[test]
fn every_function_has_its_binary_and_the_other_way_round() {
    let functions: BTreeSet<String> = template().functions.iter().map(|function| function.name.clone()).collect();
    let binaries = in_sources();
    if let Some(missing) = functions.difference(&binaries).next() {
        panic!("functions/src/bin/{missing}.rs is missing: template.yaml has {}", logical_id(missing));
    }
    if let Some(orphan) = binaries.difference(&functions).next() {
        panic!("template.yaml lacks {}, with CodeUri: target/lambda/{orphan}/", logical_id(orphan));
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
        for suffix in ["Role", "LogGroup"] {
            let id = function.logical_id.replace("Function", suffix);
            assert!(template().document["Resources"][&id].is_object(), "template.yaml lacks {id}");
        }
        for route in function.routes.iter().filter(|route| route.path != "$default") {
            let name = route.path.strip_prefix('/').unwrap_or_default();
            assert!(
                !name.contains("//") && !route.path.ends_with('/') && !name.contains('_') || name.contains('{'),
                "{route:?}"
            );
        }
    }
}
