//! External ids of users: `GET` and `PUT /tenants/{tenant_id}/users/by-external-id/{external_id}`.

use tests::checks::{check_at_rest, escaped};
use tests::{Members, id_of, json};

#[tokio::test]
async fn whatever_an_external_id_holds_it_round_trips() {
    let world = Members::new().await;
    let texts = [
        "acme:user:1",
        "acme%3Auser%3A1",
        "a/b",
        "a%2Fb",
        "a//b",
        "a b",
        "a+b",
        "%41",
        "A",
        "a",
        "%zz",
        "#",
        "&=;,",
        "😀",
        "é",
        "e\u{301}",
        "users",
        "by-external-id/x",
        "repositories",
        "roles",
        "/a",
        "a/",
        "//",
        "...",
        "a/..",
        "*",
        "null",
        "\u{200d}",
    ];
    let mut made = Vec::new();
    for text in texts.into_iter().map(str::to_owned).chain(["😀".repeat(255)]) {
        let created = world.put(&escaped(&text), json!({})).await.expect_status(201);
        assert_eq!(created.json()["external_id"], text);
        made.push((text, created));
    }
    for (text, created) in &made {
        let found = world.get(&world.path(&escaped(text))).await;
        assert_eq!((&found.body, found.etag()), (&created.body, created.etag()), "{text}");
        assert_eq!(world.put(&escaped(text), json!({})).await.expect_status(200).body, created.body);
    }
    assert_eq!(world.app.items_of("user").await.len(), made.len());
    check_at_rest(&world.app).await;
}

#[tokio::test]
async fn an_external_id_is_decoded_once_and_trimmed() {
    let world = Members::new().await;
    for (sent, external_id) in
        [("%2541", "%41"), ("x+y", "x+y"), ("a/b/c", "a/b/c"), ("d%2fe", "d/e"), ("%20%E2%80%83trimmed%0A", "trimmed")]
    {
        let created = world.call("PUT", &world.path(sent)).send_unchecked().await.expect_status(201).json();
        assert_eq!(created["external_id"], external_id);
        for path in [sent, &escaped(external_id)] {
            let found = world.call("GET", &world.path(path)).send_unchecked().await.expect_status(200);
            assert_eq!(found.json()["id"], created["id"]);
        }
    }
}

#[tokio::test]
async fn an_ill_formed_external_id_is_422_where_it_would_be_made_and_404_where_it_is_sought() {
    let world = Members::new().await;
    let too_long = "x".repeat(256);
    for external_id in [" ", "\u{2003}\t", "a\u{0}", "a\tb", "\u{7f}", ".", "..", " .\u{2003}", &too_long] {
        let path = world.path(&escaped(external_id));
        let put = world.send("PUT", &path, json!({ "status": "active" })).await;
        assert_eq!(put.pointers(), ["/path/external_id", "/status"], "{external_id:?}");
        world.call("GET", &path).send().await.expect_problem(404, "not-found");
    }
    // It needs no stored state, so it comes before an absent tenant.
    let absent = format!("/tenants/tnt_01arz3ndektsv4rrffq69g5fav/users/by-external-id/{}", escaped(" "));
    assert_eq!(world.send("PUT", &absent, json!({})).await.pointers(), ["/path/external_id"]);
    assert!(world.app.items_of("user").await.is_empty());
}

#[tokio::test]
async fn each_tenant_has_external_ids_of_its_own() {
    let world = Members::new().await;
    let other = id_of(&world.app.new_tenant(&world.key, "two").await);
    let mine = world.user("one").await;
    world
        .call("GET", &format!("/tenants/{other}/users/by-external-id/one"))
        .send()
        .await
        .expect_problem(404, "not-found");
    let theirs = id_of(&world.app.new_user(&world.key, &other, "one").await);
    assert_ne!(mine, theirs);
    assert_eq!(id_of(&world.get(&world.path("one")).await.json()), mine);
    // A tenant may have the external id of a user, too.
    assert_eq!(id_of(&world.get("/tenants/by-external-id/one").await.json()), world.tenant);
    for tenant in ["x", "tnt_01arz3ndektsv4rrffq69g5fav", &mine] {
        let path = format!("/tenants/{tenant}/users/by-external-id/one");
        world.call("GET", &path).send().await.expect_problem(404, "not-found");
    }
    // A tenant without users has none, either.
    let bare = id_of(&world.app.new_tenant(&world.key, "three").await);
    world
        .call("GET", &format!("/tenants/{bare}/users/by-external-id/one"))
        .send()
        .await
        .expect_problem(404, "not-found");
    check_at_rest(&world.app).await;
}

#[tokio::test]
async fn a_current_version_is_not_sent_again() {
    let world = Members::new().await;
    world.user("one").await;
    let tag = world.get(&world.path("one")).await.etag();
    for tags in [tag.as_str(), "*", &format!("\"x\", W/{tag}")] {
        let same = world.call("GET", &world.path("one")).header("if-none-match", tags).send().await.expect_status(304);
        assert_eq!((same.etag(), same.body.as_str()), (tag.clone(), ""));
    }
    world.call("GET", &world.path("one")).header("if-none-match", "\"x\"").send().await.expect_status(200);
    let broken = world.call("GET", &world.path("one")).header("if-none-match", "x").send().await;
    assert_eq!(broken.pointers(), ["/header/If-None-Match"]);
    world.call("GET", &world.path("two")).header("if-none-match", "*").send().await.expect_problem(404, "not-found");
}
