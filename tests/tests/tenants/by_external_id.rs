//! `GET`, `PUT`, `DELETE /tenants/by-external-id/{external_id}`

use tests::checks::{check_at_rest, escaped, wrote};
use tests::{App, Exchange, Value, json};

fn path(external_id: &str) -> String {
    format!("/tenants/by-external-id/{}", escaped(external_id))
}

/// What an external id may be, each unlike all others.
fn external_ids() -> Vec<String> {
    let texts = [
        "acme:tenant:1",
        "acme%3Atenant%3A1",
        "a/b",
        "a%2Fb",
        "a//b",
        "a b",
        "a+b",
        "a%20b",
        "%41",
        "A",
        "a",
        "100%",
        "%",
        "%zz",
        "#",
        "a#b",
        "&=;,",
        "😀",
        "é",
        "e\u{301}",
        "repositories",
        "repositories/x",
        "repositories/x/y",
        "repositories/",
        "Repositories",
        "roles",
        "roles/x",
        "users",
        "users/by-external-id",
        "users/by-external-id/",
        "users/by-external-id/x",
        "users/by-external-id/x/y",
        "users/by-external-id/users/by-external-id/x",
        "/a",
        "a/",
        "/",
        "//",
        "...",
        "../a",
        "a/..",
        "\"'<>\\^`{|}",
        "tnt_01arz3ndektsv4rrffq69g5fav",
        "by-external-id",
        "*",
        "null",
        "\u{200d}",
        "\u{feff}",
    ];
    texts.iter().map(|text| (*text).to_owned()).chain([("😀".repeat(255)), "x".repeat(255)]).collect()
}

#[tokio::test]
async fn whatever_an_external_id_holds_it_round_trips() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let mut made = Vec::new();
    for external_id in external_ids() {
        // The document has other paths for `repositories/…`: the answer is not checked against it.
        let created = app.with_key(&key, "PUT", &path(&external_id)).send_unchecked().await.expect_status(201);
        assert_eq!(created.json()["external_id"], external_id);
        assert_eq!(created.header("location"), Some(&*format!("/tenants/{}", created.json()["id"].as_str().unwrap())));
        made.push((external_id, created));
    }
    for (external_id, created) in &made {
        let found = app.with_key(&key, "GET", &path(external_id)).send_unchecked().await.expect_status(200);
        assert_eq!((&found.body, found.etag()), (&created.body, created.etag()), "{external_id}");
        let again = app.with_key(&key, "PUT", &path(external_id)).send_unchecked().await.expect_status(200);
        assert_eq!((&again.body, again.header("location")), (&created.body, None));
        let taken = app.with_key(&key, "POST", "/tenants").json(json!({ "external_id": external_id })).send().await;
        assert_eq!(
            taken.expect_problem(409, "external-id-conflict").json()["conflicting_resource_id"],
            created.json()["id"]
        );
    }
    check_at_rest(&app).await;
    for (external_id, created) in &made {
        app.with_key(&key, "DELETE", &path(external_id)).send_unchecked().await.expect_status(204);
        for method in ["DELETE", "GET"] {
            app.with_key(&key, method, &path(external_id)).send_unchecked().await.expect_problem(404, "not-found");
        }
        let body = json!({ "external_id": format!(" {external_id}\u{2003}") });
        let other = app.with_key(&key, "POST", "/tenants").json(body).send().await.expect_status(201).json();
        assert_eq!((&other["external_id"], other["id"] == created.json()["id"]), (&json!(external_id), false));
    }
    assert_eq!(app.items_of("tenant").await.len(), made.len());
    check_at_rest(&app).await;
}

#[tokio::test]
async fn a_path_is_decoded_once_and_trimmed() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    for (sent, external_id) in [
        ("acme%3Atenant%3A2", "acme:tenant:2"),
        ("acme:tenant:3", "acme:tenant:3"),
        ("%2541", "%41"),
        ("x+y", "x+y"),
        ("x%2By%20z", "x+y z"),
        ("a/b/c", "a/b/c"),
        ("d%2fe", "d/e"),
        ("%20%E2%80%83trimmed%0A", "trimmed"),
        ("caf%C3%A9", "café"),
    ] {
        let path = format!("/tenants/by-external-id/{sent}");
        let created = app.with_key(&key, "PUT", &path).send_unchecked().await.expect_status(201);
        assert_eq!(created.json()["external_id"], external_id);
        for path in [path, self::path(external_id)] {
            let found = app.with_key(&key, "GET", &path).send_unchecked().await.expect_status(200);
            assert_eq!(found.json()["id"], created.json()["id"]);
        }
    }
}

#[tokio::test]
async fn an_ill_formed_external_id_is_422_where_it_would_be_made_and_404_where_it_is_sought() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let too_long = "x".repeat(256);
    for external_id in
        [" ", "\u{2003}\t", "a\u{0}", "a\tb", "\u{7f}", "a\u{85}b", ".", "..", " .\u{2003}", "\n..", too_long.as_str()]
    {
        let put = app.with_key(&key, "PUT", &path(external_id)).json(json!({ "status": "active" })).send().await;
        assert_eq!(put.pointers(), ["/path/external_id", "/status"], "{external_id:?}");
        for method in ["GET", "DELETE"] {
            app.with_key(&key, method, &path(external_id)).send().await.expect_problem(404, "not-found");
        }
        let call = app.with_key(&key, "POST", "/tenants").json(json!({ "external_id": external_id, "name": 1 }));
        assert_eq!(call.send().await.pointers(), ["/external_id", "/name"], "{external_id:?}");
    }
    // A client that leaves the dots as they are gets the same answer.
    for dots in [".", "..", "%2e", ".%2E"] {
        let path = format!("/tenants/by-external-id/{dots}");
        assert_eq!(app.with_key(&key, "PUT", &path).send().await.pointers(), ["/path/external_id"], "{dots}");
        app.with_key(&key, "GET", &path).send().await.expect_problem(404, "not-found");
    }
    // `?` cuts the path, escaped or not: nothing is left of the id here.
    for method in ["GET", "PUT", "DELETE"] {
        app.with_key(&key, method, "/tenants/by-external-id/").send_unchecked().await.expect_problem(404, "not-found");
    }
    assert!(app.items_of("tenant").await.is_empty());
}

/// The event of plain cargo-lambda: another route key, and a path that is not decoded.
async fn through_cargo_lambda(app: &App, key: &str, method: &str, route: (&str, Value)) -> Value {
    let (function, parameters) = route;
    let event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": "/tenants/by-external-id/x", "rawQueryString": "",
        "headers": { "authorization": format!("Bearer {key}") }, "pathParameters": parameters, "isBase64Encoded": false,
        "requestContext": { "domainName": "localhost", "stage": "$default", "http": { "method": method, "path": "/x" } },
    });
    let answer = app.lambda.invoke(function, event.to_string()).await.unwrap();
    let mut answer: Value = serde_json::from_slice(&answer).unwrap();
    answer["body"] = serde_json::from_str(answer["body"].as_str().unwrap_or("null")).unwrap();
    answer
}

#[tokio::test]
async fn the_function_decodes_where_the_gateway_does_not() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let upsert = "upsert-tenant-by-external-id";
    for external_id in external_ids() {
        let parameters = json!({ "external_id": escaped(&external_id) });
        let created = through_cargo_lambda(&app, &key, "PUT", (upsert, parameters)).await;
        assert_eq!((&created["statusCode"], &created["body"]["external_id"]), (&json!(201), &json!(external_id)));
        let found = app.with_key(&key, "GET", &path(&external_id)).send_unchecked().await.expect_status(200);
        assert_eq!(found.json(), created["body"]);
    }
    for (sent, external_id) in [("%2541x", "%41x"), ("a+c", "a+c"), ("y%2Fz", "y/z"), ("plain/slash", "plain/slash")] {
        let created = through_cargo_lambda(&app, &key, "PUT", (upsert, json!({ "external_id": sent }))).await;
        assert_eq!(created["body"]["external_id"], external_id);
    }
    // The attachments' routes are full matches: they come first there too.
    let parameters = json!({ "tenant_id": "by-external-id", "repository_id": "q%2541" });
    let created = through_cargo_lambda(&app, &key, "PUT", ("attach-tenant-repository", parameters.clone())).await;
    assert_eq!(created["body"]["external_id"], "repositories/q%41");
    let gone = through_cargo_lambda(&app, &key, "DELETE", ("detach-tenant-repository", parameters)).await;
    assert_eq!(gone["statusCode"], 204);
    let found =
        through_cargo_lambda(&app, &key, "GET", ("list-tenant-repositories", json!({ "tenant_id": "by-external-id" })))
            .await;
    assert_eq!(found["body"]["external_id"], "repositories");
    for broken in ["%", "%zz", "%ff", "%20"] {
        let refused = through_cargo_lambda(&app, &key, "PUT", (upsert, json!({ "external_id": broken }))).await;
        assert_eq!(
            (&refused["statusCode"], &refused["body"]["errors"][0]["pointer"]),
            (&json!(422), &json!("/path/external_id"))
        );
        let parameters = json!({ "external_id": broken });
        let absent = through_cargo_lambda(&app, &key, "GET", ("get-tenant-by-external-id", parameters)).await;
        assert_eq!(absent["statusCode"], 404);
    }
}

struct Upserts {
    app: App,
    key: String,
}

impl Upserts {
    async fn new() -> Self {
        let app = App::start().await;
        let key = app.new_integration("acme-corp").await;
        Self { app, key }
    }

    async fn put(&self, headers: &[(&str, &str)], body: Value) -> Exchange {
        let call = self.app.with_key(&self.key, "PUT", "/tenants/by-external-id/one");
        let call = headers.iter().fold(call, |call, (name, value)| call.header(name, value));
        call.json(body).send().await
    }
}

#[tokio::test]
async fn an_upsert_that_changes_nothing_writes_nothing() {
    let world = Upserts::new().await;
    let body = json!({ "name": "Acme", "default_repository_id": null, "settings": {}, "metadata": { "a": "b" } });
    let created = world.put(&[], body.clone()).await.expect_status(201);
    assert_eq!(created.version(), 1);
    for same in [json!({}), body, json!({ "name": "Acme" }), json!({ "settings": { "filler_enabled": true } })] {
        let (answer, log) = world.app.requests_of(world.put(&[("if-match", "*")], same)).await;
        let answer = answer.expect_status(200);
        assert_eq!((answer.etag(), &answer.body), (created.etag(), &created.body));
        assert!(!wrote(&log));
    }
    let none = world.app.with_key(&world.key, "PUT", "/tenants/by-external-id/one").send().await.expect_status(200);
    assert_eq!(none.body, created.body);
    let changed =
        world.put(&[], json!({ "name": "", "settings": { "max_concurrent_sticky": 7 } })).await.expect_status(200);
    assert_eq!(changed.version(), 2);
    let tenant = changed.json();
    assert_eq!((&tenant["name"], &tenant["metadata"]), (&Value::Null, &json!({ "a": "b" })));
    assert_eq!(
        (&tenant["settings"]["max_concurrent_sticky"], &tenant["settings"]["filler_enabled"]),
        (&json!(7), &json!(true))
    );
}

#[tokio::test]
async fn an_upsert_takes_its_own_members_only() {
    let world = Upserts::new().await;
    let body = json!({
        "status": "active", "external_id": "one", "id": "x", "object": "tenant", "created_at": "x", "name": 1, "default_repository_id": 1,
        "settings": null, "metadata": [],
    });
    let pointers = [
        "/created_at",
        "/default_repository_id",
        "/external_id",
        "/id",
        "/metadata",
        "/name",
        "/object",
        "/settings",
        "/status",
    ];
    assert_eq!(world.put(&[], body.clone()).await.pointers(), pointers);
    // An id that is ill-formed needs no stored state: it is among the others, and before 412.
    for id in ["rep_x", "x", "tnt_01arz3ndektsv4rrffq69g5fav", "REP_01ARZ3NDEKTSV4RRFFQ69G5FAV"] {
        let body = json!({ "default_repository_id": id, "name": 1 });
        assert_eq!(world.put(&[("if-match", "*")], body).await.pointers(), ["/default_repository_id", "/name"], "{id}");
    }
    assert!(world.app.items_of("tenant").await.is_empty());
    world.put(&[], json!({})).await.expect_status(201);
    assert_eq!(world.put(&[], body).await.pointers(), pointers);
    let put = || world.app.with_key(&world.key, "PUT", "/tenants/by-external-id/one");
    put().body("application/merge-patch+json", "{}").send().await.expect_problem(415, "unsupported-media-type");
    put().bare_body("{}").send().await.expect_problem(415, "unsupported-media-type");
    put().body("text/plain", "null").send().await.expect_problem(415, "unsupported-media-type");
    // A POST's header is nothing to a PUT.
    put().header("idempotency-key", "a,b").send().await.expect_status(200);
}

#[tokio::test]
async fn an_upsert_can_ask_for_a_version_or_for_none() {
    let world = Upserts::new().await;
    for tag in ["*", "\"1\""] {
        world.put(&[("if-match", tag)], json!({})).await.expect_problem(412, "precondition-failed");
    }
    assert!(world.app.items_of("tenant").await.is_empty());
    // 412 ranks before the 422 that needs stored state.
    let unattached = json!({ "default_repository_id": "rep_01arz3ndektsv4rrffq69g5fav" });
    world.put(&[("if-match", "*")], unattached.clone()).await.expect_problem(412, "precondition-failed");
    assert_eq!(world.put(&[("if-none-match", "*")], unattached.clone()).await.pointers(), ["/default_repository_id"]);
    let made = world.put(&[("if-none-match", "*")], json!({ "name": "a" })).await.expect_status(201);
    let (first, second) = (made.etag(), made.etag_after(1));
    for body in [json!({}), json!({ "name": "b" }), unattached.clone()] {
        world.put(&[("if-none-match", "*")], body.clone()).await.expect_problem(412, "precondition-failed");
        world.put(&[("if-match", &second)], body).await.expect_problem(412, "precondition-failed");
    }
    let either = format!("{first}, \"9\"");
    let changed = world.put(&[("if-match", &either)], json!({ "name": "b" })).await.expect_status(200);
    assert_eq!(changed.etag(), second);
    world.put(&[("if-match", "*")], json!({ "name": "c" })).await.expect_status(200);
    for (name, value) in [("if-none-match", "\"1\""), ("if-none-match", "x"), ("if-match", "x")] {
        let pointer = if name == "if-match" { "/header/If-Match" } else { "/header/If-None-Match" };
        assert_eq!(world.put(&[(name, value)], json!({ "status": "active" })).await.pointers(), [pointer, "/status"]);
    }
}

#[tokio::test]
async fn tenants_that_follow_each_other_under_an_external_id_share_no_tag() {
    let world = Upserts::new().await;
    let call = |method: &str| world.app.with_key(&world.key, method, "/tenants/by-external-id/one");
    let first = world.put(&[], json!({})).await.expect_status(201).etag();
    call("DELETE").header("if-match", &first).send().await.expect_status(204);
    let second = world.put(&[], json!({})).await.expect_status(201);
    assert_ne!(second.etag(), first);
    call("GET").header("if-none-match", &first).send().await.expect_status(200);
    world.put(&[("if-match", &first)], json!({})).await.expect_problem(412, "precondition-failed");
    call("DELETE").header("if-match", &first).send().await.expect_problem(412, "precondition-failed");
    call("GET").header("if-none-match", &second.etag()).send().await.expect_status(304);
}
