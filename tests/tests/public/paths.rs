//! Paths and methods that do not exist (contract section 2).

use tests::transcript::text;
use tests::{App, Exchange, json, openapi, template};

#[tokio::test]
async fn unknown_paths_are_404_for_everybody() {
    let app = App::start().await;
    let paths = [
        "/",
        "/v1",
        "/v1/",
        "/v2/customers",
        "/customers",
        "/V1/customers",
        "/v1/Customers",
        "/v1/customers/",
        "//v1/customers",
        "/v1//customers",
        "/v1/customers//keys",
        "/v1/customers/a/",
        "/v1/customers/a//keys",
        "/v1/customers/a/keys/",
        "/v1/customers/a/keys/b/",
        "/v1/customers/a/b/c",
        "/v1/customers/a/keys/b/rotate/",
        "/v1/customers/a/restore/",
        "/v1/customers/a%2Fb/c",
        "/v1/customers/../health",
        "/v1/customers/./a/b",
        "/health/",
        "//health",
        "/HEALTH",
        "/problems/",
        "/problems/a/b",
        "/openapi.yaml",
        "/openapi.json/",
        "/integration",
        "/integration/self/",
        "/tenants/",
        "/robots.txt",
    ];
    for path in paths {
        for method in ["GET", "POST", "DELETE", "BREW"] {
            for call in [app.anonymous(method, path), app.operator(method, path)] {
                let answer = call.send_unchecked().await.expect_problem(404, "not-found");
                assert_eq!((text(&answer.json(), "title"), answer.header("allow")), ("Not found", None));
            }
        }
    }
}

#[tokio::test]
async fn an_instance_is_a_uri_reference() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    for (path, instance) in [
        ("/a%20b?c=d", "/a%20b"),
        ("/tenants/by-external-id/Acme%20Inc", "/tenants/by-external-id/Acme%20Inc"),
        ("/tenants/by-external-id/caf%c3%a9", "/tenants/by-external-id/caf%C3%A9"),
        ("/tenants/by-external-id/acme%3A1@x%2Fy", "/tenants/by-external-id/acme:1@x/y"),
        ("/tenants/by-external-id/100%25", "/tenants/by-external-id/100%25"),
        ("/tenants/by-external-id/%252F", "/tenants/by-external-id/%252F"),
        ("/tenants/%22%5B%7C%5D%5C", "/tenants/%22%5B%7C%5D%5C"),
        ("//evil.example/x", "/%2Fevil.example/x"),
        ("///", "/%2F/"),
    ] {
        let answer = app.with_key(&key, "GET", path).send_unchecked().await.expect_problem(404, "not-found");
        assert_eq!(text(&answer.json(), "instance"), instance);
        openapi::validate(&json!({ "$ref": "#/components/schemas/Problem" }), &answer.json()).unwrap();
    }
}

#[tokio::test]
async fn an_unknown_path_is_told_from_a_missing_resource_and_names_the_nearest_known_one() {
    let app = App::start().await;
    let detail = async |path: &str| {
        let answer = app.operator("GET", path).send_unchecked().await.expect_problem(404, "not-found");
        text(&answer.json(), "detail").to_owned()
    };
    for (path, nearest) in [
        ("/customers", "/v1/customers"),
        ("/customers/acme-corp", "/v1/customers/{customer_id}"),
        ("/v1/customers/", "/v1/customers"),
        ("//v1/customers", "/v1/customers"),
        ("/v1//customers", "/v1/customers"),
        ("/V1/Customers", "/v1/customers"),
        ("/v1/costumers", "/v1/customers"),
        ("/v1/tenants", "/tenants"),
        ("/v1/tenants/by-external-id/a%2Fb", "/tenants/by-external-id/{external_id}"),
        ("/tenants/by-external-id/", "/tenants/by-external-id/{external_id}"),
        ("/tenants//repositories", "/tenants/{tenant_id}/repositories"),
        ("/v1/customers/acme-corp/key", "/v1/customers/{customer_id}/keys"),
        ("/api/health", "/health"),
        ("/openapi.jsn", "/openapi.json"),
    ] {
        let expected = format!("There is no such path. The nearest one is {nearest}; /openapi.json has all.");
        assert_eq!(detail(path).await, expected, "{path}");
    }
    for path in ["/", "/robots.txt", "/v2", "/%3Cscript%3E"] {
        assert_eq!(detail(path).await, "There is no such path. /openapi.json has all that there are.", "{path}");
    }
    assert!(!detail("/v1/customers/absent").await.contains("path"));
}

/// What `Allow` says, in one order.
fn allowed(answer: &Exchange) -> Vec<String> {
    let mut methods: Vec<String> =
        answer.header("allow").unwrap_or_default().split(',').map(|method| method.trim().to_owned()).collect();
    methods.sort();
    methods
}

#[tokio::test]
async fn other_methods_are_405_with_those_that_are_allowed() {
    let app = App::start().await;
    let routes = || {
        let functions = template().functions.iter().filter(|function| function.name != "answer-unmatched");
        functions.flat_map(|function| &function.routes)
    };
    let mut paths: Vec<String> = routes().map(|route| route.path.clone()).collect();
    paths.sort();
    paths.dedup();
    for path in &paths {
        let mut known: Vec<String> =
            routes().filter(|route| route.path == *path).map(|route| route.method.clone()).collect();
        known.sort();
        let concrete: Vec<&str> = path.split('/').map(|part| if part.starts_with('{') { "x" } else { part }).collect();
        let concrete = concrete.join("/");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW", "get"] {
            if known.iter().any(|allowed| allowed == method) {
                continue;
            }
            let answer = app.anonymous(method, &concrete).send_unchecked().await;
            assert_eq!((answer.status, allowed(&answer)), (405, known.clone()), "{answer}");
            assert!(answer.header("x-request-id").is_some());
            if method != "HEAD" {
                let body = answer.expect_problem(405, "method-not-allowed").json();
                assert_eq!((text(&body, "title"), text(&body, "instance")), ("Method not allowed", concrete.as_str()));
            }
        }
    }
}
