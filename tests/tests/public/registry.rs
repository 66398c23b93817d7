//! The registry of problems, as JSON and as pages.

use insta::assert_snapshot;
use tests::App;
use tests::transcript::{members, text};

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
