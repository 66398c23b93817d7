//! `POST /tenants`

use tests::checks::{check_at_rest, wrote};
use tests::transcript::no_writes;
use tests::{App, Value, json, tenant_tag};

fn defaults() -> Value {
    json!({
        "filler_enabled": true, "default_agent_type": "claude-agent-sdk",
        "max_sticky_ttl_seconds": 3600, "max_concurrent_sticky": 5,
    })
}

#[tokio::test]
async fn a_tenant_needs_nothing_and_shows_every_member_in_order() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    for call in [
        app.with_key(&key, "POST", "/tenants"),
        app.with_key(&key, "POST", "/tenants").json(json!({})),
        app.with_key(&key, "POST", "/tenants").json(json!({ "name": null, "external_id": null })),
        app.with_key(&key, "POST", "/tenants").json(json!({ "name": "" })),
        app.with_key(&key, "POST", "/tenants").header("content-type", "text/plain"),
    ] {
        let created = call.send().await.expect_status(201);
        let tenant = created.json();
        let (id, time) = (tenant["id"].as_str().unwrap(), tenant["created_at"].as_str().unwrap());
        let shown = format!(
            r#"{{"object":"tenant","id":"{id}","external_id":null,"name":null,"status":"active","default_repository_id":null,"settings":{{"filler_enabled":true,"default_agent_type":"claude-agent-sdk","max_sticky_ttl_seconds":3600,"max_concurrent_sticky":5}},"metadata":{{}},"created_at":"{time}","updated_at":"{time}"}}"#
        );
        assert_eq!(created.body, shown);
        assert_eq!(created.header("location"), Some(&*format!("/tenants/{id}")));
        let found = app.with_key(&key, "GET", &format!("/tenants/{id}")).send().await.expect_status(200);
        assert_eq!((found.etag(), found.body), (created.etag(), shown));
    }
    check_at_rest(&app).await;
}

#[tokio::test]
async fn what_is_given_is_kept_as_sent() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let body = json!({
        "name": "e\u{301} \u{202e}\u{200d}\ttab\n", "external_id": " \u{2003}acme:1 \n",
        "settings": { "filler_enabled": false, "default_agent_type": "other", "max_sticky_ttl_seconds": 60.0, "max_concurrent_sticky": 0 },
        "metadata": { "": "not allowed" },
    });
    let refused = app.with_key(&key, "POST", "/tenants").json(body.clone()).send().await;
    assert_eq!(refused.pointers(), ["/metadata/"]);
    let mut body = body;
    body["metadata"] = json!({ "a/b~c": "", "é": "x" });
    let tenant = app.with_key(&key, "POST", "/tenants").json(body).send().await.expect_status(201).json();
    assert_eq!(tenant["name"], "e\u{301} \u{202e}\u{200d}\ttab\n");
    assert_eq!(tenant["external_id"], "acme:1");
    assert_eq!(tenant["metadata"], json!({ "a/b~c": "", "é": "x" }));
    let settings = json!({ "filler_enabled": false, "default_agent_type": "other", "max_sticky_ttl_seconds": 60, "max_concurrent_sticky": 0 });
    assert_eq!(tenant["settings"], settings);
}

#[tokio::test]
async fn settings_that_are_missing_get_their_defaults() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    for (member, value) in [
        ("filler_enabled", json!(false)),
        ("default_agent_type", json!("x")),
        ("max_sticky_ttl_seconds", json!(86_400)),
        ("max_concurrent_sticky", json!(1000)),
    ] {
        let body = json!({ "settings": { member: value } });
        let tenant = app.with_key(&key, "POST", "/tenants").json(body).send().await.expect_status(201).json();
        let mut expected = defaults();
        expected[member] = value;
        assert_eq!(tenant["settings"], expected);
    }
}

fn metadata(keys: usize, key_length: usize, value: &str) -> Value {
    let key = |n: usize| format!("{n:02}{}", "é".repeat(key_length - 2));
    (0..keys).map(|n| (key(n), json!(value))).collect::<serde_json::Map<_, _>>().into()
}

#[tokio::test]
async fn limits_hold_to_the_character() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let four_bytes = |count| "😀".repeat(count);
    // Two characters, however they are drawn.
    let combining = |count| "e\u{301}".repeat(count);
    for (body, pointers) in [
        (json!({ "name": four_bytes(255) }), vec![]),
        (json!({ "name": four_bytes(256) }), vec!["/name"]),
        (json!({ "name": "x".repeat(200_000) }), vec!["/name"]),
        (json!({ "external_id": four_bytes(255) }), vec![]),
        (json!({ "external_id": four_bytes(256) }), vec!["/external_id"]),
        (json!({ "metadata": metadata(50, 40, &four_bytes(500)) }), vec![]),
        (json!({ "metadata": metadata(51, 4, "") }), vec!["/metadata"]),
        (json!({ "metadata": { "a": four_bytes(501) } }), vec!["/metadata/a"]),
        (json!({ "metadata": { "a": combining(250) } }), vec![]),
        (json!({ "metadata": { "a": combining(250) + "e" } }), vec!["/metadata/a"]),
        (json!({ "metadata": { "a": combining(250) + "\u{301}" } }), vec!["/metadata/a"]),
        (json!({ "metadata": metadata(1, 41, "") }), vec!["/metadata/00ééééééééééééééééééééééééééééééééééééééé"]),
        (
            json!({ "settings": { "default_agent_type": four_bytes(64), "max_sticky_ttl_seconds": 60, "max_concurrent_sticky": 0 } }),
            vec![],
        ),
        (json!({ "settings": { "default_agent_type": four_bytes(65) } }), vec!["/settings/default_agent_type"]),
        (
            json!({ "settings": { "default_agent_type": "", "max_sticky_ttl_seconds": 59, "max_concurrent_sticky": -1 } }),
            vec!["/settings/default_agent_type", "/settings/max_concurrent_sticky", "/settings/max_sticky_ttl_seconds"],
        ),
        (
            json!({ "settings": { "max_sticky_ttl_seconds": 86_401, "max_concurrent_sticky": 1001 } }),
            vec!["/settings/max_concurrent_sticky", "/settings/max_sticky_ttl_seconds"],
        ),
    ] {
        let answer = app.with_key(&key, "POST", "/tenants").json(body.clone()).send().await;
        if pointers.is_empty() {
            let tenant = answer.expect_status(201).json();
            assert!(body.as_object().unwrap().iter().all(|(name, value)| name == "settings" || tenant[name] == *value));
        } else {
            assert_eq!(answer.pointers(), pointers);
        }
    }
    check_at_rest(&app).await;
}

#[tokio::test]
async fn every_wrong_member_is_told_at_once() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let create =
        |body: Value| app.with_key(&key, "POST", "/tenants").header("idempotency-key", "é").json(body).send_unchecked();
    let body = json!({
        "id": "tnt_1", "object": "tenant", "status": "active", "default_repository_id": null, "created_at": "x", "updated_at": "x",
        "ver": 1, "pk": "I#1", "name": 1, "external_id": "a?b", "settings": { "filler_enabled": null, "x/y~z": 1 }, "metadata": { "a": null, "b": 1, "c": "\u{1}" },
    });
    let expected = [
        "/created_at",
        "/default_repository_id",
        "/external_id",
        "/header/Idempotency-Key",
        "/id",
        "/metadata/a",
        "/metadata/b",
        "/metadata/c",
        "/name",
        "/object",
        "/pk",
        "/settings/filler_enabled",
        "/settings/x~1y~0z",
        "/status",
        "/updated_at",
        "/ver",
    ];
    assert_eq!(create(body).await.pointers(), expected);
    let call = |body: Value| app.with_key(&key, "POST", "/tenants").json(body).send();
    assert_eq!(call(json!({ "settings": null, "metadata": null })).await.pointers(), ["/metadata", "/settings"]);
    assert_eq!(call(json!({ "settings": [], "metadata": "x" })).await.pointers(), ["/metadata", "/settings"]);
    for external_id in ["", " ", "\u{a0}\t", "a\u{0}b", "a\tb", "a\u{85}b", "?", "a?b"] {
        assert_eq!(call(json!({ "external_id": external_id })).await.pointers(), ["/external_id"], "{external_id:?}");
    }
    let settings = json!({ "filler_enabled": 1, "default_agent_type": null, "max_sticky_ttl_seconds": 60.5, "max_concurrent_sticky": "5" });
    let pointers = ["default_agent_type", "filler_enabled", "max_concurrent_sticky", "max_sticky_ttl_seconds"]
        .map(|name| format!("/settings/{name}"));
    assert_eq!(call(json!({ "settings": settings })).await.pointers(), pointers);
    assert!(app.items_of("tenant").await.is_empty());
}

#[tokio::test]
async fn a_taken_external_id_names_its_holder_until_it_is_gone() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let create = || app.with_key(&key, "POST", "/tenants").json(json!({ "external_id": "one" })).once("k").send();
    let holder = app.new_tenant(&key, "one").await["id"].clone();
    let refused = create().await.expect_problem(409, "external-id-conflict");
    assert_eq!(refused.json()["conflicting_resource_id"], holder);
    app.with_key(&key, "PUT", "/tenants/by-external-id/One").send().await.expect_status(201);
    let path = format!("/tenants/{}", holder.as_str().unwrap());
    app.with_key(&key, "DELETE", &path).send().await.expect_status(204);
    // Only what wrote something is recorded: the key is still free.
    let created = create().await.expect_status(201);
    assert_eq!(created.header("idempotency-replayed"), None);
    assert_ne!(created.json()["id"], holder);
    check_at_rest(&app).await;
}

#[tokio::test]
async fn an_idempotency_key_makes_one_tenant() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let create = |body: &'static str| app.with_key(&key, "POST", "/tenants").once("k").body("application/json", body);
    let first =
        create(r#"{"external_id":"one","settings":{"max_concurrent_sticky":1}}"#).send().await.expect_status(201);
    let path = format!("/tenants/{}", first.json()["id"].as_str().unwrap());
    app.with_key(&key, "PATCH", &path).json(json!({ "name": "changed" })).send().await.expect_status(200);
    app.with_key(&key, "DELETE", "/tenants/by-external-id/one").send().await.expect_status(204);
    let again = create(r#"{ "settings": {"max_concurrent_sticky": 1.0}, "external\u005fid": "one" }"#);
    let (again, log) = app.requests_of(again.send()).await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(
        (again.body.clone(), again.etag(), again.header("location")),
        (first.body.clone(), first.etag(), first.header("location"))
    );
    assert!(
        log.iter().filter(|entry| entry.is_write()).all(|entry| entry.status != Some(200)),
        "a replay writes nothing"
    );
    create(r#"{"external_id":"two"}"#).send().await.expect_problem(409, "idempotency-key-conflict");
    assert!(app.items_of("tenant").await.is_empty());
}

#[tokio::test]
async fn a_key_without_the_scope_writes_nothing() {
    let app = App::start().await;
    app.new_customer("acme-corp").await;
    let body = json!({ "name": "reader", "scopes": ["repositories:write"] });
    let issued = app.operator("POST", "/v1/customers/acme-corp/keys").json(body).send().await.json();
    let reader = issued["api_key_once"].as_str().unwrap();
    for (method, path) in [
        ("POST", "/tenants"),
        ("PATCH", "/tenants/tnt_1"),
        ("DELETE", "/tenants/tnt_1"),
        ("PUT", "/tenants/by-external-id/one"),
        ("DELETE", "/tenants/by-external-id/one"),
        ("PUT", "/tenants/tnt_1/repositories/rep_1"),
        ("DELETE", "/tenants/tnt_1/repositories/rep_1"),
    ] {
        let (answer, log) = app.requests_of(app.with_key(reader, method, path).bare_body("no JSON").send()).await;
        assert_eq!(answer.expect_problem(403, "insufficient-scope").json()["title"], "Forbidden");
        assert!(!wrote(&log));
    }
    for path in ["/tenants", "/repositories"] {
        app.with_key(reader, "GET", path).send().await.expect_status(200);
    }
    app.new_repository(reader, "one").await;
    let tenants_only = json!({ "name": "writer", "scopes": ["tenants:write"] });
    let issued = app.operator("POST", "/v1/customers/acme-corp/keys").json(tenants_only).send().await.json();
    let writer = issued["api_key_once"].as_str().unwrap();
    for (method, path) in
        [("POST", "/repositories"), ("PATCH", "/repositories/rep_1"), ("DELETE", "/repositories/rep_1")]
    {
        app.with_key(writer, method, path).send().await.expect_problem(403, "insufficient-scope");
    }
    app.new_tenant(writer, "one").await;
}

#[tokio::test]
async fn the_stored_items_are_the_tenant_its_marker_and_the_record() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let body = json!({ "external_id": "a#b", "name": "Acme", "metadata": { "k": "v" } });
    let tenant = app.with_key(&key, "POST", "/tenants").once("k").json(body).send().await.expect_status(201).json();
    let id = tenant["id"].as_str().unwrap();
    let root = app.items_of("tenant").await[0]["pk"]["S"].as_str().unwrap().trim_end_matches("#T").to_owned();
    let w = app.items_of("tenant").await[0]["w"].clone();
    let time = &tenant["created_at"];
    let stored = json!({
        "type": { "S": "tenant" }, "v": { "N": "1" }, "ver": { "N": tenant_tag(id, 1).trim_matches('"') }, "w": w, "ws": no_writes(),
        "pk": { "S": format!("{root}#T") }, "sk": { "S": &id[4..] },
        "id": { "S": id }, "external_id": { "S": "a#b" }, "name": { "S": "Acme" }, "status": { "S": "active" },
        "settings": { "M": {
            "filler_enabled": { "BOOL": true }, "default_agent_type": { "S": "claude-agent-sdk" },
            "max_sticky_ttl_seconds": { "N": "3600" }, "max_concurrent_sticky": { "N": "5" },
        } },
        "metadata": { "M": { "k": { "S": "v" } } }, "repos": { "M": {} }, "n": { "N": "0" }, "created_at": { "S": time }, "updated_at": { "S": time },
    });
    assert_eq!(app.items_of("tenant").await, [stored]);
    let marker = json!({
        "type": { "S": "external_id" }, "v": { "N": "1" }, "ver": { "N": "1" }, "w": w,
        "pk": { "S": format!("{root}#X#a#b") }, "sk": { "S": "#" }, "id": { "S": id },
    });
    assert_eq!(app.items_of("external_id").await, [marker]);
    let records = app.items_of("record").await;
    let names: Vec<&str> = records[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["expires_at", "fingerprint", "id", "pk", "sk", "ttl", "type", "v", "ver", "w"]);
    assert_eq!((&records[0]["id"]["S"], &records[0]["w"]), (&tenant["id"], &w), "one write, one transaction");
    assert!(records[0]["pk"]["S"].as_str().unwrap().starts_with(&format!("{root}#Q#")));
}
