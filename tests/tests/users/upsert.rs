//! `PUT /tenants/{tenant_id}/users/by-external-id/{external_id}`: members and versions.

use tests::checks::{check_at_rest, wrote};
use tests::{Members, Value, json};

const UNKNOWN_ROLE: &str = "rol_01arz3ndektsv4rrffq69g5fav";

#[tokio::test]
async fn a_user_needs_nothing_and_shows_every_member_in_order() {
    let world = Members::new().await;
    for (n, call) in [
        world.call("PUT", &world.path("u0")),
        world.call("PUT", &world.path("u1")).json(json!({})),
        world.call("PUT", &world.path("u2")).body("application/json", "null"),
        world
            .call("PUT", &world.path("u3"))
            .json(json!({ "email": null, "display_name": "", "default_repository_id": null })),
        world.call("PUT", &world.path("u4")).json(json!({ "role_ids": [], "metadata": {} })),
    ]
    .into_iter()
    .enumerate()
    {
        let created = call.send().await.expect_status(201);
        let (user, tenant) = (created.json(), &world.tenant);
        let (id, time) = (user["id"].as_str().unwrap(), user["created_at"].as_str().unwrap());
        let shown = format!(
            r#"{{"object":"user","id":"{id}","tenant_id":"{tenant}","external_id":"u{n}","email":null,"display_name":null,"status":"active","role_ids":[],"default_repository_id":null,"metadata":{{}},"created_at":"{time}","updated_at":"{time}"}}"#
        );
        assert_eq!((&created.body, created.version()), (&shown, 1));
        assert_eq!(created.header("location"), Some(&*format!("/users/{id}")));
        let found = world.get(&format!("/users/{id}")).await;
        assert_eq!((found.etag(), found.body), (created.etag(), shown));
    }
    check_at_rest(&world.app).await;
}

#[tokio::test]
async fn what_is_given_is_kept_as_sent() {
    let world = Members::new().await;
    let role = world.role("one").await;
    let repository = world.attached("one").await;
    let body = json!({
        "email": "É@é\t", "display_name": "e\u{301} \u{202e}", "role_ids": [role], "default_repository_id": repository,
        "metadata": { "a/b~c": "", "é": "x" },
    });
    let created = world.put("one", body.clone()).await.expect_status(201);
    for (member, value) in body.as_object().unwrap() {
        assert_eq!(&created.json()[member], value, "{member}");
    }
    assert_eq!(world.put("one", body).await.expect_status(200).etag(), created.etag());
    check_at_rest(&world.app).await;
}

#[tokio::test]
async fn an_upsert_that_changes_nothing_writes_nothing() {
    let world = Members::new().await;
    let (first, second) = (world.role("one").await, world.role("two").await);
    let body = json!({ "email": "a@b", "role_ids": [second, first], "metadata": { "a": "b" } });
    let created = world.put("one", body.clone()).await.expect_status(201);
    let mut ascending = vec![first.clone(), second.clone()];
    ascending.sort();
    assert_eq!(created.json()["role_ids"], json!(ascending));
    for same in [
        json!({}),
        body,
        json!({ "role_ids": [first, second] }),
        json!({ "display_name": null }),
        json!({ "display_name": "" }),
    ] {
        let call = world.call("PUT", &world.path("one")).header("if-match", "*").json(same);
        let (answer, log) = world.app.requests_of(call.send()).await;
        let answer = answer.expect_status(200);
        assert_eq!((answer.etag(), &answer.body, answer.header("location")), (created.etag(), &created.body, None));
        assert!(!wrote(&log));
    }
    let none = world.call("PUT", &world.path("one")).send().await.expect_status(200);
    assert_eq!(none.body, created.body);
    let changed = world.put("one", json!({ "email": null, "role_ids": [second] })).await.expect_status(200);
    assert_eq!(changed.version(), 2);
    let user = changed.json();
    assert_eq!(
        (&user["email"], &user["role_ids"], &user["metadata"]),
        (&Value::Null, &json!([second]), &json!({ "a": "b" }))
    );
    check_at_rest(&world.app).await;
}

#[tokio::test]
async fn an_upsert_takes_its_own_members_only() {
    let world = Members::new().await;
    let body = json!({
        "status": "active", "external_id": "one", "tenant_id": "x", "id": "x", "object": "user", "created_at": "x", "email": 1,
        "display_name": 1, "role_ids": null, "default_repository_id": "rep_x", "metadata": null,
    });
    let pointers = [
        "/created_at",
        "/default_repository_id",
        "/display_name",
        "/email",
        "/external_id",
        "/id",
        "/metadata",
        "/object",
        "/role_ids",
        "/status",
        "/tenant_id",
    ];
    assert_eq!(world.put("one", body.clone()).await.pointers(), pointers);
    // What needs no stored state comes before an absent tenant, and before a version.
    let absent = "/tenants/tnt_01arz3ndektsv4rrffq69g5fav/users/by-external-id/one";
    assert_eq!(world.call("PUT", absent).header("if-match", "*").json(body.clone()).send().await.pointers(), pointers);
    assert!(world.app.items_of("user").await.is_empty());
    assert!(world.app.items_of("gate").await.is_empty(), "a refused user makes no gates");
    world.put("one", json!({})).await.expect_status(201);
    assert_eq!(world.put("one", body).await.pointers(), pointers);
    let put = || world.call("PUT", "/tenants/x/users/by-external-id/one");
    put().body("application/merge-patch+json", "{}").send().await.expect_problem(415, "unsupported-media-type");
    put().bare_body("{}").send().await.expect_problem(415, "unsupported-media-type");
    put().body("application/json", "[]").send().await.expect_problem(400, "malformed-request");
    put().header("idempotency-key", "a,b").send().await.expect_problem(404, "not-found");
}

#[tokio::test]
async fn an_email_has_an_inner_at_and_texts_have_their_lengths() {
    let world = Members::new().await;
    let longest = format!("{}@b", "é".repeat(318));
    for email in ["a@b", "@a@b", "a@b@", "😀@😀", "A b@\n", &longest] {
        let user = world.put("one", json!({ "email": email })).await.json();
        assert_eq!(user["email"], email);
    }
    for email in ["a", "@", "@a", "a@", "@@", "a\u{0}@b", &format!("{longest}b")] {
        assert_eq!(world.put("one", json!({ "email": email })).await.pointers(), ["/email"], "{email:?}");
    }
    assert_eq!(world.put("one", json!({ "email": "" })).await.expect_status(200).json()["email"], Value::Null);
    let name = "é".repeat(255);
    assert_eq!(world.put("one", json!({ "display_name": name })).await.expect_status(200).json()["display_name"], name);
    let body = json!({ "display_name": format!("{name}x"), "metadata": { "": "x" } });
    assert_eq!(world.put("one", body).await.pointers(), ["/display_name", "/metadata/"]);
}

#[tokio::test]
async fn an_upsert_can_ask_for_a_version_or_for_none() {
    let world = Members::new().await;
    let put = async |header: (&str, &str), body: Value| {
        world.call("PUT", &world.path("one")).header(header.0, header.1).json(body).send().await
    };
    for tag in ["*", "\"1\""] {
        put(("if-match", tag), json!({})).await.expect_problem(412, "precondition-failed");
    }
    // 412 ranks before the 422 that needs stored state.
    let unknown = json!({ "role_ids": [UNKNOWN_ROLE] });
    put(("if-match", "*"), unknown.clone()).await.expect_problem(412, "precondition-failed");
    assert_eq!(put(("if-none-match", "*"), unknown.clone()).await.pointers(), ["/role_ids/0"]);
    assert!(world.app.items_of("user").await.is_empty() && world.app.items_of("gate").await.is_empty());
    let made = put(("if-none-match", "*"), json!({ "display_name": "a" })).await.expect_status(201);
    let (first, second) = (made.etag(), made.etag_after(1));
    for body in [json!({}), json!({ "display_name": "b" }), unknown.clone()] {
        put(("if-none-match", "*"), body.clone()).await.expect_problem(412, "precondition-failed");
        put(("if-match", &second), body).await.expect_problem(412, "precondition-failed");
    }
    put(("if-match", &first), json!({ "display_name": "a" })).await.expect_status(200);
    let changed =
        put(("if-match", &format!("\"x\", {first}")), json!({ "display_name": "b" })).await.expect_status(200);
    assert_eq!(changed.etag(), second);
    put(("if-match", &first), json!({ "display_name": "b" })).await.expect_problem(412, "precondition-failed");
    assert_eq!(
        put(("if-none-match", &first), json!({ "email": 1 })).await.pointers(),
        ["/email", "/header/If-None-Match"]
    );
    assert_eq!(put(("if-match", "x"), json!({ "email": 1 })).await.pointers(), ["/email", "/header/If-Match"]);
    // An absent tenant is 404 whatever is asked.
    for tenant in ["tnt_01arz3ndektsv4rrffq69g5fav", "x"] {
        for header in ["if-match", "if-none-match"] {
            let call = world.call("PUT", &format!("/tenants/{tenant}/users/by-external-id/one")).header(header, "*");
            call.send().await.expect_problem(404, "not-found");
        }
    }
    check_at_rest(&world.app).await;
}

#[tokio::test]
async fn an_upsert_never_reactivates() {
    let world = Members::new().await;
    let user = world.user("one").await;
    world.call("DELETE", &format!("/users/{user}")).send().await.expect_status(204);
    for body in [json!({}), json!({ "display_name": "x" })] {
        assert_eq!(world.put("one", body).await.expect_status(200).json()["status"], "suspended");
    }
    assert_eq!(world.put("one", json!({ "status": "active" })).await.pointers(), ["/status"]);
    // The users of a suspended tenant are changed as ever.
    world
        .send("PATCH", &format!("/tenants/{}", world.tenant), json!({ "status": "suspended" }))
        .await
        .expect_status(200);
    world.put("two", json!({})).await.expect_status(201);
    world.put("one", json!({ "display_name": "y" })).await.expect_status(200);
    check_at_rest(&world.app).await;
}
