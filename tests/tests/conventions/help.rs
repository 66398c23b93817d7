//! What a problem says to help: its detail and messages repeat what was sent and name what is known (contract section 2.10).

use tests::checks::{escaped, shape};
use tests::transcript::text;
use tests::{App, Exchange, json};

/// What a 422 says at a pointer.
#[track_caller]
fn message(answer: &Exchange, pointer: &str) -> String {
    let body = answer.json();
    let faults = body["errors"].as_array().unwrap_or_else(|| panic!("no errors: {answer}"));
    let fault = faults.iter().find(|fault| fault["pointer"] == pointer);
    text(fault.unwrap_or_else(|| panic!("nothing at {pointer}: {answer}")), "message").to_owned()
}

fn detail(answer: &Exchange) -> String {
    text(&answer.json(), "detail").to_owned()
}

#[tokio::test]
async fn what_a_key_once_was_stays_unsaid() {
    let app = App::start().await;
    let archived = app.new_integration("archived").await;
    app.new_customer("acme-corp").await;
    let keys = "/v1/customers/acme-corp/keys";
    let issue = async || app.operator("POST", keys).json(json!({ "name": "k" })).send().await.expect_status(201).json();
    let (revoked, replaced) = (issue().await, issue().await);
    let path = |key| format!("{keys}/{}", text(key, "key_id"));
    app.operator("DELETE", &path(&revoked)).send().await.expect_status(204);
    app.operator("POST", &format!("{}/rotate", path(&replaced))).send().await.expect_status(201);
    app.operator("DELETE", "/v1/customers/archived").send().await.expect_status(204);
    let unknown = App::start().await.new_integration("acme-corp").await;
    let mut answers = Vec::new();
    for key in [text(&revoked, "api_key_once"), text(&replaced, "api_key_once"), &archived, &unknown] {
        let answer = app.with_key(key, "GET", "/tenants").send().await.expect_problem(401, "insufficient-scope");
        answers.push(shape(&answer, &[]));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    // What the form alone shows says nothing of what is stored.
    let cut = app.with_key(&archived[..archived.len() - 1], "GET", "/tenants").send().await;
    assert_ne!(shape(&cut.expect_problem(401, "insufficient-scope"), &[]), answers[0]);
}

#[tokio::test]
async fn a_missing_scope_is_named() {
    let app = App::start().await;
    app.new_customer("acme-corp").await;
    let body = json!({ "name": "reader", "scopes": ["roles:write"] });
    let issued = app.operator("POST", "/v1/customers/acme-corp/keys").json(body).send().await.expect_status(201).json();
    for (path, scope) in [("/tenants", "tenants:write"), ("/repositories", "repositories:write")] {
        let refused = app.with_key(text(&issued, "api_key_once"), "POST", path).json(json!({})).send().await;
        let refused = refused.expect_problem(403, "insufficient-scope");
        assert!(detail(&refused).contains(scope), "{refused}");
    }
}

#[tokio::test]
async fn an_unknown_parameter_member_or_scope_is_answered_with_those_that_are_known() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    for (key, path, known) in [
        (&key, "/tenants", "limit, starting_after, ending_before, status"),
        (&key, "/repositories", "limit, starting_after, ending_before, name"),
        (&key, "/integration/self", "none"),
        (
            &app.operator_key,
            "/v1/customers",
            "page.page_size, page.show_archived, page.filter, page.order_by, page.page_token",
        ),
        (&app.operator_key, "/v1/customers/acme-corp", "none"),
    ] {
        let answer = app.with_key(key, "GET", &format!("{path}?pageSize=1")).send().await;
        let expected = format!("is not a parameter of this operation, which takes {known}");
        assert_eq!(message(&answer, "/query/pageSize"), expected, "{path}");
    }
    let body = json!({ "external_id": "one", "settings": { "filler": true } });
    let answer = app.with_key(&key, "PUT", "/tenants/by-external-id/one").json(body).send().await;
    for (pointer, known) in [
        ("/external_id", "name, default_repository_id, settings, metadata"),
        ("/settings/filler", "filler_enabled, default_agent_type, max_sticky_ttl_seconds, max_concurrent_sticky"),
    ] {
        let expected = format!("is not a member that can be set here, which are {known}");
        assert_eq!(message(&answer, pointer), expected);
    }
    let body = json!({ "name": "k", "scopes": ["tenants:read", "customers:write"] });
    let answer = app.operator("POST", "/v1/customers/acme-corp/keys").json(body).send().await;
    for pointer in ["/scopes/0", "/scopes/1"] {
        let known = "tenants:write, repositories:write, users:write, roles:write, conversations:read_all, conversations:write, tokens:write";
        assert!(message(&answer, pointer).ends_with(known), "{answer}");
    }
}

#[tokio::test]
async fn a_conflict_quotes_the_name_and_says_what_helps() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let create = || app.operator("POST", "/v1/customers").json(json!({ "customer_id": "acme-corp" }));
    let taken = create().send().await.expect_problem(409, "name-conflict");
    assert!(detail(&taken).contains("\"acme-corp\"") && !detail(&taken).contains("archived"), "{taken}");

    let (one, other) = (app.new_repository(&key, "Tools & \"more\"").await, app.new_repository(&key, "other").await);
    let name = json!({ "name": "Tools & \"more\"", "repo_url": "https://example.com/a" });
    let register = app.with_key(&key, "POST", "/repositories").json(name.clone());
    let rename = app.with_key(&key, "PATCH", &format!("/repositories/{}", text(&other, "id")));
    for call in [register, rename.json(json!({ "name": name["name"] }))] {
        let taken = call.send().await.expect_problem(409, "name-conflict");
        assert!(detail(&taken).contains("\"Tools & \"more\"\""), "{taken}");
        assert_eq!(taken.json()["conflicting_resource_id"], one["id"]);
    }

    let tenant = app.new_tenant(&key, "one").await;
    let taken = app.with_key(&key, "POST", "/tenants").json(json!({ "external_id": " one " })).send().await;
    assert!(detail(&taken.clone().expect_problem(409, "external-id-conflict")).contains("\"one\""), "{taken}");

    let attachment = format!("/tenants/{}/repositories/{}", text(&tenant, "id"), text(&one, "id"));
    app.with_key(&key, "PUT", &attachment).json(json!({ "is_default": true })).send().await.expect_status(201);
    for (path, says) in [
        (attachment.clone(), "clear the tenant's default_repository_id first"),
        (format!("/repositories/{}", text(&one, "id")), "detach it there first"),
        (format!("/tenants/{}", text(&tenant, "id")), "detach it first"),
    ] {
        let used = app.with_key(&key, "DELETE", &path).send().await.expect_problem(409, "resource-in-use");
        assert!(detail(&used).contains(says), "{used}");
    }
    // What it says helps.
    let path = format!("/tenants/{}", text(&tenant, "id"));
    let cleared = app.with_key(&key, "PATCH", &path).json(json!({ "default_repository_id": null })).send().await;
    cleared.expect_status(200);
    app.with_key(&key, "DELETE", &attachment).send().await.expect_status(204);
    app.with_key(&key, "DELETE", &path).send().await.expect_status(204);

    app.operator("DELETE", "/v1/customers/acme-corp").send().await.expect_status(204);
    let taken = create().send().await.expect_problem(409, "name-conflict");
    assert!(detail(&taken).contains("\"acme-corp\" belongs to an archived customer: restoreCustomer"), "{taken}");
    app.operator("POST", "/v1/customers/acme-corp/restore").send().await.expect_status(200);
    // Another operator's customers are nothing to it.
    let other = app.new_operator_key("other").await;
    app.with_key(&other, "POST", "/v1/customers")
        .json(json!({ "customer_id": "acme-corp" }))
        .send()
        .await
        .expect_status(201);
}

#[tokio::test]
async fn a_weak_tag_is_named_where_a_strong_one_is_needed() {
    let app = App::start().await;
    app.new_customer("acme-corp").await;
    let customer = "/v1/customers/acme-corp";
    let tag = app.operator("GET", customer).send().await.etag();
    for method in ["PATCH", "DELETE"] {
        let with = |tags: String| app.operator(method, customer).json(json!({})).header("if-match", &tags).send();
        let weak = with(format!("\"0\", W/{tag}")).await.expect_problem(412, "precondition-failed");
        assert!(detail(&weak).contains("a weak tag, W/\"…\", never matches"), "{weak}");
        let stale = with("\"0\"".to_owned()).await.expect_problem(412, "precondition-failed");
        assert!(!detail(&stale).contains("weak"), "{stale}");
    }
    let both = app.operator("PATCH", customer).json(json!({})).header("if-match", &format!("W/\"0\", {tag}"));
    both.send().await.expect_status(200);
    app.operator("GET", customer).header("if-none-match", &format!("W/{tag}")).send().await.expect_status(304);
}

#[tokio::test]
async fn a_fault_of_a_filter_quotes_what_is_there() {
    let app = App::start().await;
    for (filter, says) in [
        ("state:active foo", "expected AND, OR or the end at offset 13: \"foo\""),
        ("state = ", "expected a value at offset 8: the filter ends here"),
        ("created_at > 2026-01-01", "such as 2027-01-31T00:00:00Z at offset 13: \"2026-01-01\""),
        ("created_at > 2026-12-31T23:59:60Z", "at offset 13: \"2026-12-31T23:59:60Z\""),
        ("customer_id:é ]", "at offset 15: \"]\""),
        ("customer_id = a\u{85}b", "control characters are not allowed at offset 15: \"\\u{85}b\""),
        ("state:active and customer_id:this-is-a-long-one", "at offset 13: \"and customer_id:this-is-a-long\" …"),
    ] {
        let answer = app.operator("GET", &format!("/v1/customers?page.filter={}", escaped(filter))).send().await;
        let message = message(&answer, "/query/page.filter");
        assert!(message.ends_with(says), "{filter}: {message}");
    }
    // An offset and a lower-case letter are what RFC 3339 allows.
    app.new_customer("acme-corp").await;
    for filter in ["created_at > 2020-01-01T00:00:00.123456+05:45", "created_at < 2999-01-01t00:00:00z"] {
        let page = app.operator("GET", &format!("/v1/customers?page.filter={}", escaped(filter))).send().await;
        assert_eq!(page.expect_status(200).json()["customers"][0]["customer_id"], "acme-corp", "{filter}");
    }
}

#[tokio::test]
async fn gits_shorthand_is_answered_with_the_url() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let register = async |url: &str| {
        app.with_key(&key, "POST", "/repositories").json(json!({ "name": "a", "repo_url": url })).send().await
    };
    let answer = register("git@github.com:acme/tools.git").await;
    assert!(message(&answer, "/repo_url").ends_with("send ssh://git@github.com/acme/tools.git"), "{answer}");
    register("ssh://git@github.com/acme/tools.git").await.expect_status(201);
    let answer = register("github.com/acme/tools").await;
    assert!(!message(&answer, "/repo_url").contains("send"), "{answer}");
}

/// Generated clients send `null` for an optional body that they were not given.
#[tokio::test]
async fn where_a_body_is_optional_null_is_none() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let null =
        |key: &str, method: &str, path: &str| app.with_key(key, method, path).body("application/json", " null\r\n\t");
    let tenant = null(&key, "POST", "/tenants").send().await.expect_status(201).json();
    assert_eq!((&tenant["name"], &tenant["external_id"]), (&json!(null), &json!(null)));
    let upsert = "/tenants/by-external-id/one";
    null(&key, "PUT", upsert).send().await.expect_status(201);
    null(&key, "PUT", upsert).send().await.expect_status(200);
    let repository = app.new_repository(&key, "r").await;
    let attachment = format!("/tenants/{}/repositories/{}", text(&tenant, "id"), text(&repository, "id"));
    null(&key, "PUT", &attachment).send().await.expect_status(201);
    let keys = "/v1/customers/acme-corp/keys";
    let issued = app.operator("POST", keys).json(json!({ "name": "k" })).send().await.expect_status(201).json();
    let rotate = format!("{keys}/{}/rotate", text(&issued, "key_id"));
    let rotated = null(&app.operator_key, "POST", &rotate).once("r").send().await.expect_status(201).json();
    // It is the same payload as no body and as `{}`.
    for call in [app.operator("POST", &rotate), app.operator("POST", &rotate).json(json!({}))] {
        let replay = call.once("r").send().await.expect_status(201);
        assert_eq!(
            (&replay.json()["key_id"], replay.header("idempotency-replayed")),
            (&rotated["key_id"], Some("true"))
        );
    }
    app.operator("DELETE", "/v1/customers/acme-corp").send().await.expect_status(204);
    null(&app.operator_key, "POST", "/v1/customers/acme-corp/restore").send().await.expect_status(200);
    // Where one is required it is none that is right, and by another media type it is no JSON.
    for (key, method, path) in [
        (&app.operator_key, "POST", "/v1/customers"),
        (&app.operator_key, "PATCH", "/v1/customers/acme-corp"),
        (&app.operator_key, "POST", keys),
        (&key, "POST", "/repositories"),
        (&key, "PATCH", &format!("/tenants/{}", text(&tenant, "id"))),
    ] {
        null(key, method, path).send().await.expect_problem(400, "malformed-request");
    }
    let plain = app.with_key(&key, "POST", "/tenants").body("text/plain", "null");
    plain.send().await.expect_problem(415, "unsupported-media-type");
    let bare = app.with_key(&key, "PUT", upsert).bare_body("null");
    bare.send().await.expect_problem(415, "unsupported-media-type");
}
