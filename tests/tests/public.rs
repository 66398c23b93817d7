//! What nobody needs a credential for, and paths and methods that do not exist (contract sections 1 and 2).

use insta::assert_snapshot;
use local::http::raw;
use tests::transcript::{members, redacted, text};
use tests::{App, Exchange, Value, json, openapi, template};

const PUBLIC: [&str; 4] = ["/health", "/openapi.json", "/problems", "/problems/not-found"];

#[tokio::test]
async fn health_is_answered_without_the_store() {
    let app = App::start().await;
    let (answer, log) = app.requests_of(app.anonymous("GET", "/health").send()).await;
    let answer = answer.expect_status(200);
    assert_eq!(members(&answer.body), ["object", "status", "version", "time"]);
    let body = answer.json();
    assert_eq!((text(&body, "object"), text(&body, "status")), ("health", "ok"));
    assert_eq!(redacted(text(&body, "time")), "TIME");
    assert!(log.is_empty(), "{log:?}");
}

#[tokio::test]
async fn credentials_and_parameters_are_ignored_there() {
    let app = App::start().await;
    for path in PUBLIC {
        let plain = app.anonymous("GET", path).send().await.expect_status(200);
        let calls = [
            app.anonymous("GET", &format!("{path}?a=1&a=2&page.page_size=x")),
            app.anonymous("GET", path).header("authorization", "Bearer nonsense"),
            app.anonymous("GET", path).header("authorization", "Basic eDp5").header("authorization", "Bearer x"),
            app.operator("GET", path),
            app.anonymous("GET", path).body("text/plain", "ignored").header("if-none-match", "nonsense"),
        ];
        for call in calls {
            let answer = call.send().await.expect_status(200);
            assert!(answer.header("x-request-id").is_some_and(|id| id.starts_with("req_")), "{answer}");
            assert!(path == "/health" || answer.body == plain.body, "{answer}");
        }
    }
}

#[tokio::test]
async fn the_contract_is_served_as_json() {
    let app = App::start().await;
    let answer = app.anonymous("GET", "/openapi.json").send().await.expect_status(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let mut served = answer.json();
    let mut written = openapi::document().clone();
    // The build may fill in what only it knows.
    served["info"]["version"].take();
    written["info"]["version"].take();
    assert_eq!(served["paths"], written["paths"]);
    assert_eq!(served["components"], written["components"]);
}

#[tokio::test]
async fn every_problem_resolves_to_the_same_entry_as_in_the_list() {
    let app = App::start().await;
    let list = app.anonymous("GET", "/problems").send().await.expect_status(200);
    assert_eq!(members(&list.body), ["object", "data"]);
    let list = list.json();
    assert_eq!(text(&list, "object"), "list");
    let mut table = Vec::new();
    for problem in list["data"].as_array().unwrap() {
        let (slug, kind) = (text(problem, "slug"), text(problem, "type"));
        let base = kind.strip_suffix(&format!("/problems/{slug}")).unwrap_or_else(|| panic!("{kind}"));
        assert_eq!(base.split("://").nth(1), Some(app.address().to_string().as_str()), "the gateway's own name");
        let one = app.anonymous("GET", &format!("/problems/{slug}")).send().await.expect_status(200);
        assert_eq!(members(&one.body), ["object", "slug", "type", "statuses", "when", "retry", "action"]);
        assert_eq!(&one.json(), problem);
        assert!(["never", "later"].contains(&text(problem, "retry")));
        for status in problem["statuses"].as_array().unwrap() {
            table.push(format!("{slug} {} {}", status["status"], text(status, "title")));
        }
    }
    assert_snapshot!(table.join("\n"), @"
    validation-error 422 Validation error
    role-required 422 Role required
    malformed-request 400 Malformed request
    insufficient-scope 401 Unauthorized
    insufficient-scope 403 Forbidden
    tenant-suspended 403 Tenant suspended
    not-found 404 Not found
    method-not-allowed 405 Method not allowed
    external-id-conflict 409 External ID conflict
    name-conflict 409 Name conflict
    resource-in-use 409 Resource in use
    idempotency-key-conflict 409 Idempotency key conflict
    cross-tenant 409 Cross-tenant reference
    conversation-archived 409 Conversation archived
    precondition-failed 412 Precondition failed
    payload-too-large 413 Payload too large
    unsupported-media-type 415 Unsupported media type
    capacity-exhausted 429 Capacity exhausted
    rate-limited 429 Rate limited
    internal-error 500 Internal error
    unavailable 503 Service unavailable
    ");
}

#[tokio::test]
async fn a_browser_gets_a_page_and_everybody_else_json() {
    let app = App::start().await;
    let get =
        async |accept: &str| app.anonymous("GET", "/problems/name-conflict").header("accept", accept).send().await;
    let page = get("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8").await.expect_status(200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.body.contains("<h1>name-conflict</h1>") && page.body.contains("409"), "{page}");
    for accept in
        ["*/*", "application/json", "application/json, text/html", "application/problem+json", "text/plain", ""]
    {
        assert_eq!(get(accept).await.header("content-type"), Some("application/json"), "{accept}");
    }
    assert_eq!(page.header("vary"), Some("accept"));
    assert_eq!(get("*/*").await.header("vary"), Some("accept"));
    for slug in ["absent", "NOT-FOUND", "not-found%20", "%2e%2e"] {
        let answer =
            app.anonymous("GET", &format!("/problems/{slug}")).header("accept", "text/html").send_unchecked().await;
        answer.expect_problem(404, "not-found");
    }
}

/// The targets of a page's links, in order.
fn links(page: &str) -> Vec<&str> {
    page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// Where a relative link of a page leads: without fragment and query.
fn follow(page: &str, link: &str) -> String {
    let (folder, _) = page.rsplit_once('/').unwrap();
    match link.strip_prefix("../") {
        Some(rest) => format!("{}/{rest}", folder.rsplit_once('/').unwrap().0),
        None => format!("{folder}/{link}"),
    }
}

#[tokio::test]
async fn the_registry_is_pages_that_are_linked_with_each_other_and_the_reference() {
    for app in [App::start().await, App::start_mapped("/platform/tenancy").await] {
        let get =
            async |path: &str| app.anonymous("GET", path).header("accept", "text/html").send().await.expect_status(200);
        let list = get("/problems").await;
        assert_eq!(list.header("content-type"), Some("text/html; charset=utf-8"));
        let targets: Vec<String> = links(&list.body).iter().map(|link| follow("/problems", link)).collect();
        let slugs = app.anonymous("GET", "/problems").send().await.json();
        let entries: Vec<String> = slugs["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| format!("/problems/{}", text(entry, "slug")))
            .collect();
        assert_eq!(targets, [vec!["/openapi.json".to_owned()], entries.clone()].concat());
        for path in &entries {
            let entry = get(path).await;
            let targets: Vec<String> = links(&entry.body).iter().map(|link| follow(path, link)).collect();
            assert_eq!(targets, ["/problems", "/openapi.json"]);
            let slug = path.strip_prefix("/problems/").unwrap();
            for part in ["<!doctype html>", "<html lang=\"en\">", "<title>", "<main>", &format!("<h1>{slug}</h1>")] {
                assert!(entry.body.contains(part), "{part}: {entry}");
            }
            let one = app.anonymous("GET", path).send().await.json();
            assert!(entry.body.contains(text(&one, "type")) && entry.body.contains(text(&one, "action")), "{entry}");
        }
    }
}

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

#[tokio::test]
async fn a_head_of_a_public_document_is_the_head_of_its_get() {
    let app = App::start().await;
    for path in PUBLIC {
        for accept in ["*/*", "text/html"] {
            let call = |method: &str| app.anonymous(method, path).header("accept", accept).send();
            let (get, head) = (call("GET").await.expect_status(200), call("HEAD").await.expect_status(200));
            let headers = |exchange: &Exchange| -> Vec<_> {
                let own = ["x-request-id", "date"];
                exchange.headers.iter().filter(|(name, _)| !own.contains(&name.as_str())).cloned().collect()
            };
            assert_eq!((headers(&head), head.body.as_str()), (headers(&get), ""), "{path}");
            assert!(head.header("content-type").is_some() && head.header("x-request-id").is_some(), "{head}");
            assert_eq!(head.header("content-length"), Some(get.body.len().to_string().as_str()), "{head}");
        }
    }
    app.anonymous("HEAD", "/problems/absent").send().await.expect_status(404);
    for (path, allow) in [("/tenants", "GET, POST"), ("/v1/customers/a", "DELETE, GET, PATCH")] {
        let head = app.operator("HEAD", path).send().await.expect_status(405);
        assert_eq!((head.header("allow"), head.body.as_str()), (Some(allow), ""));
    }
    let put = app.anonymous("PUT", "/openapi.json").send().await.expect_problem(405, "method-not-allowed");
    assert_eq!(put.header("allow"), Some("GET, HEAD"));
}

#[tokio::test]
async fn a_viewer_in_a_browser_may_read_the_document() {
    let app = App::start().await;
    for method in ["GET", "HEAD"] {
        let call = app.anonymous(method, "/openapi.json").header("origin", "https://viewer.example");
        let answer = call.send().await.expect_status(200);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    }
    for path in ["/health", "/problems", "/v1/customers"] {
        let call = app.operator("GET", path).header("origin", "https://viewer.example");
        assert_eq!(call.send().await.expect_status(200).header("access-control-allow-origin"), None);
    }
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
    let mut paths: Vec<String> =
        template().functions.iter().flat_map(|function| &function.routes).map(|route| route.path.clone()).collect();
    paths.sort();
    paths.dedup();
    for path in paths.iter().filter(|path| path.starts_with('/')) {
        let routes =
            template().functions.iter().flat_map(|function| &function.routes).filter(|route| route.path == *path);
        let mut known: Vec<String> = routes.map(|route| route.method.clone()).collect();
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

#[tokio::test]
async fn a_path_that_no_client_would_send_is_refused_by_somebody() {
    let app = App::start().await;
    let (address, key) = (app.address(), app.operator_key.clone());
    let request =
        |target: &str| format!("GET {target} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n\r\n").into_bytes();
    app.operator("GET", "/v1/customers").send().await.expect_status(200);
    let warm = app.lambda.processes("list-customers");
    let list = "/v1/customers?page.filter=";
    let targets = [
        format!("{list}a b"),
        format!("{list}\""),
        format!("{list}%00"),
        format!("{list}%zz"),
        format!("{list}{}", "(".repeat(8000)),
        format!("{list}\u{e9}"),
        "/v1/customers?page.page_size=1&page.page_size=2".to_owned(),
        format!("/{}", "a".repeat(70_000)),
        "/v1/customers/%zz".to_owned(),
        "/v1/customers/%ff".to_owned(),
        "/v1/customers?\u{1}".to_owned(),
        "*".to_owned(),
        "v1/customers".to_owned(),
        format!("{list}<>[]{{}}|\\^`"),
    ];
    for target in targets {
        let answer = raw(address, &request(&target)).await.unwrap_or_else(|error| panic!("{target:.50}: {error}"));
        assert!((400..500).contains(&answer.status), "{target:.50}: {} {}", answer.status, answer.text());
    }
    app.operator("GET", "/v1/customers").send().await.expect_status(200);
    assert_eq!(app.lambda.processes("list-customers"), warm, "a process died");
}

#[tokio::test]
async fn headers_that_no_client_would_send_are_refused_by_somebody() {
    let app = App::start().await;
    let key = app.operator_key.clone();
    app.operator("GET", "/v1/customers").send().await.expect_status(200);
    let warm = app.lambda.processes("list-customers");
    let send = async |headers: String| {
        let request =
            format!("GET /v1/customers HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n{headers}\r\n\r\n");
        raw(app.address(), request.as_bytes()).await.expect("an answer").status
    };
    let many: String = (0..500).map(|number| format!("x-{number}: {}\r\n", "v".repeat(20))).collect();
    for headers in [
        format!("x-long: {}", "a".repeat(10_241)),
        many,
        "x: a\u{0}b".to_owned(),
        "x: a\rb".to_owned(),
        "x: a\r\r\nb: c".to_owned(),
        "x: a\nb".to_owned(),
        "no colon".to_owned(),
        ": x".to_owned(),
    ] {
        let status = send(headers.clone()).await;
        assert!((400..500).contains(&status), "{headers:.40}: {status}");
    }
    let mut latin = format!("GET /v1/customers HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\nx: ").into_bytes();
    latin.extend(b"\xe9\xff\r\n\r\n");
    let status = raw(app.address(), &latin).await.expect("an answer").status;
    assert!(status == 200 || (400..500).contains(&status), "{status}");
    assert_eq!(send("x-anything: \u{e9}".to_owned()).await, 200);
    assert_eq!(app.lambda.processes("list-customers"), warm, "a process died");
}

#[tokio::test]
async fn an_event_that_lies_about_its_body_is_answered() {
    let app = App::start().await;
    let event = |body: Value, coded: bool| {
        let headers =
            json!({ "authorization": format!("Bearer {}", app.operator_key), "content-type": "application/json" });
        json!({
            "version": "2.0", "routeKey": "POST /v1/customers", "rawPath": "/v1/customers", "rawQueryString": "", "headers": headers,
            "requestContext": { "domainName": "x", "stage": "$default", "http": { "method": "POST", "path": "/v1/customers" } },
            "body": body, "isBase64Encoded": coded,
        })
        .to_string()
    };
    app.lambda.warm("create-customer", 1).await.unwrap();
    let before = app.lambda.processes("create-customer");
    for (body, coded, status) in [
        (Value::from("{}"), true, 400),
        (Value::from("%%%"), true, 400),
        (Value::Null, true, 400),
        (Value::from("e30="), true, 422),
        (Value::from("{}"), false, 422),
    ] {
        let answer = app.lambda.invoke("create-customer", event(body, coded)).await.expect("an answer");
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!(answer["statusCode"], status, "{answer}");
    }
    assert_eq!(app.lambda.processes("create-customer"), before, "a process died");
}
