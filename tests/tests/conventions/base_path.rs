//! An API below a path of a custom domain (an API mapping): `PublicUrl` is `https://api.example.com/tenancy`.

use local::http;
use tests::transcript::text;
use tests::{App, PUBLIC_HOST, json};

const BASE: &str = "/tenancy";

#[tokio::test]
async fn a_location_leads_to_what_was_made() {
    let app = App::start_mapped(BASE).await;
    let create = || app.operator("POST", "/v1/customers").json(json!({ "customer_id": "acme-corp" })).once("k");
    let created = create().send().await.expect_status(201);
    let replay = create().send().await.expect_status(201);
    assert_eq!(created.header("location"), Some("/tenancy/v1/customers/acme-corp"));
    assert_eq!(replay.header("location"), created.header("location"));
    let key = app.new_integration_key("acme-corp").await;
    let made = [
        app.with_key(&key, "POST", "/tenants").json(json!({})),
        app.with_key(&key, "PUT", "/tenants/by-external-id/one").json(json!({})),
        app.with_key(&key, "POST", "/repositories")
            .json(json!({ "name": "r", "repo_url": "https://example.com/r.git" })),
    ];
    for call in made {
        let made = call.send().await.expect_status(201);
        let path = made
            .header("location")
            .and_then(|location| location.strip_prefix(BASE))
            .expect("a location below the base");
        assert_eq!(app.with_key(&key, "GET", path).send().await.expect_status(200).json(), made.json());
    }
}

#[tokio::test]
async fn problems_and_their_registry_are_below_the_base_path() {
    let app = App::start_mapped(BASE).await;
    let problem = app.operator("GET", "/v1/customers/absent").send().await.expect_problem(404, "not-found").json();
    assert_eq!(text(&problem, "type"), "https://api.example.com/tenancy/problems/not-found");
    assert_eq!(text(&problem, "instance"), "/tenancy/v1/customers/absent");
    let registry = app.anonymous("GET", "/problems").send().await.expect_status(200).json();
    for entry in registry["data"].as_array().unwrap() {
        let path = text(entry, "type").strip_prefix(&format!("{PUBLIC_HOST}{BASE}")).expect("a type below the base");
        assert_eq!(&app.anonymous("GET", path).send().await.expect_status(200).json(), entry);
    }
}

#[tokio::test]
async fn the_document_names_the_base_path_as_its_server() {
    for (app, url) in [(App::start_mapped(BASE).await, BASE), (App::start().await, "/")] {
        let document = app.anonymous("GET", "/openapi.json").send().await.expect_status(200).json();
        assert_eq!(document["servers"], json!([{ "url": url }]));
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_told_apart_with_the_mapping_and_by_the_gateways_own_name() {
    let app = App::start_mapped(BASE).await;
    let gateway = format!("http://{}", app.address());
    for (method, path, status, allow) in [
        ("PUT", "/tenancy/v1/customers", 405, Some("GET, POST")),
        ("PUT", "/v1/customers", 405, Some("GET, POST")),
        ("POST", "/tenancy/health", 405, Some("GET, HEAD")),
        ("POST", "/health", 405, Some("GET, HEAD")),
        ("GET", "/tenancy/health", 200, None),
        ("GET", "/health", 200, None),
        ("GET", "/tenancy/tenants", 401, None),
        ("GET", "/tenants", 401, None),
        ("GET", "/tenancy", 404, None),
        ("GET", "/tenancy/", 404, None),
        ("GET", "/tenancyhealth", 404, None),
        ("GET", "/tenancy/tenancy/health", 404, None),
    ] {
        let answer = http::request(method, &format!("{gateway}{path}"), &[], "").await.unwrap();
        assert_eq!((answer.status, answer.header("allow")), (status, allow), "{method} {path}: {}", answer.text());
        if status >= 400 {
            assert_eq!(text(&answer.json(), "instance"), path);
        }
    }
    let unknown = app.operator("GET", "/customers").send_unchecked().await.expect_problem(404, "not-found").json();
    let expected = "There is no such path. The nearest one is /tenancy/v1/customers; /tenancy/openapi.json has all.";
    assert_eq!(text(&unknown, "detail"), expected);
}
