//! `POST /tenants/{tenant_id}/roles`

use futures_util::future::join_all;
use tests::checks::check_at_rest;
use tests::{Exchange, Members, Value, id_of, json};

fn path(world: &Members) -> String {
    format!("/tenants/{}/roles", world.tenant)
}

async fn create(world: &Members, body: Value) -> Exchange {
    world.send("POST", &path(world), body).await
}

#[tokio::test]
async fn a_role_needs_a_name_and_shows_every_member_in_order() {
    let world = Members::new().await;
    for (name, body) in [
        ("a", json!({ "name": "a" })),
        (" ", json!({ "name": " ", "description": null, "repository_id": null, "metadata": {} })),
        ("e\u{301}", json!({ "name": "e\u{301}", "description": "" })),
    ] {
        let created = create(&world, body).await.expect_status(201);
        let (role, tenant) = (created.json(), &world.tenant);
        let (id, time) = (role["id"].as_str().unwrap(), role["created_at"].as_str().unwrap());
        let shown = format!(
            r#"{{"object":"role","id":"{id}","tenant_id":"{tenant}","name":"{name}","description":null,"repository_id":null,"metadata":{{}},"created_at":"{time}","updated_at":"{time}"}}"#
        );
        assert_eq!((&created.body, created.version()), (&shown, 1));
        assert_eq!(created.header("location"), Some(&*format!("/roles/{id}")));
        let found = world.get(&format!("/roles/{id}")).await;
        assert_eq!((found.etag(), found.body), (created.etag(), shown));
    }
    let repository = world.attached("one").await;
    let body = json!({
        "name": "é".repeat(255), "description": "d".repeat(2000), "repository_id": repository, "metadata": { "a/b~c": "", "é": "x" },
    });
    let role = create(&world, body.clone()).await.expect_status(201).json();
    for (member, value) in body.as_object().unwrap() {
        assert_eq!(&role[member], value, "{member}");
    }
    check_at_rest(&world.app).await;
}

#[tokio::test]
async fn wrong_members_are_told_at_once() {
    let world = Members::new().await;
    let body = json!({
        "name": "", "description": "d".repeat(2001), "repository_id": "x", "metadata": [], "id": "x", "tenant_id": "x", "object": "role",
    });
    let pointers = ["/description", "/id", "/metadata", "/name", "/object", "/repository_id", "/tenant_id"];
    assert_eq!(create(&world, body).await.pointers(), pointers);
    for name in [json!(null), json!(1), json!("x".repeat(256)), json!("a\u{0}")] {
        assert_eq!(create(&world, json!({ "name": name })).await.pointers(), ["/name"]);
    }
    assert_eq!(create(&world, json!({})).await.pointers(), ["/name"]);
    world.call("POST", &path(&world)).send().await.expect_problem(400, "malformed-request");
    for tenant in ["tnt_01arz3ndektsv4rrffq69g5fav", "x"] {
        let path = format!("/tenants/{tenant}/roles");
        world.send("POST", &path, json!({ "name": "a" })).await.expect_problem(404, "not-found");
        assert_eq!(world.send("POST", &path, json!({ "name": 1 })).await.pointers(), ["/name"]);
    }
    assert!(world.app.items_of("gate").await.is_empty());
    check_at_rest(&world.app).await;
}

#[tokio::test]
async fn a_name_is_unique_within_its_tenant() {
    let world = Members::new().await;
    let role = world.role("one").await;
    // 409 comes before the 422 that needs stored state.
    for body in [json!({ "name": "one" }), json!({ "name": "one", "repository_id": "rep_01arz3ndektsv4rrffq69g5fav" })]
    {
        let refused = create(&world, body).await.expect_problem(409, "name-conflict");
        assert_eq!(refused.json()["conflicting_resource_id"], role);
    }
    world.role("One").await;
    let other = id_of(&world.app.new_tenant(&world.key, "two").await);
    world.app.new_role(&world.key, &other, "one").await;
    check_at_rest(&world.app).await;
}

#[tokio::test]
async fn a_repository_must_be_attached_and_stays_so() {
    let world = Members::new().await;
    let repository = id_of(&world.app.new_repository(&world.key, "one").await);
    let body = json!({ "name": "one", "repository_id": repository });
    for is_first in [true, false] {
        assert_eq!(create(&world, body.clone()).await.pointers(), ["/repository_id"]);
        assert_eq!(world.app.items_of("gate").await.is_empty(), is_first, "a refused first role makes no gates");
        world.role(&format!("other {is_first}")).await;
    }
    let attachment = world.attachment(&repository);
    world.call("PUT", &attachment).send().await.expect_status(201);
    let role = create(&world, body).await.expect_status(201).json();
    let refused = world.call("DELETE", &attachment).send().await.expect_problem(409, "resource-in-use");
    assert_eq!(refused.json()["conflicting_resource_id"], role["id"]);
    check_at_rest(&world.app).await;
}

#[tokio::test]
async fn a_replay_says_what_happened_then() {
    let world = Members::new().await;
    let repository = world.attached("one").await;
    let body = json!({ "name": "one", "repository_id": repository, "metadata": { "a": "b" } });
    let send = async |tenant: &str, key: &str, body: Value| {
        world.call("POST", &format!("/tenants/{tenant}/roles")).once(key).json(body).send().await
    };
    let first = send(&world.tenant, "key-1", body.clone()).await.expect_status(201);
    let check = async || {
        let again = send(&world.tenant, "key-1", body.clone()).await.expect_status(201);
        assert_eq!((&again.body, again.etag()), (&first.body, first.etag()));
        assert_eq!(again.header("location"), first.header("location"));
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
    };
    check().await;
    send(&world.tenant, "key-1", json!({ "name": "two" })).await.expect_problem(409, "idempotency-key-conflict");
    // The tenant is a part of what is asked, also one that does not exist.
    let other = id_of(&world.app.new_tenant(&world.key, "two").await);
    for tenant in [&other, "tnt_01arz3ndektsv4rrffq69g5fav", "x"] {
        send(tenant, "key-1", body.clone()).await.expect_problem(409, "idempotency-key-conflict");
    }
    // A refused request may be corrected and sent again.
    send(&world.tenant, "key-2", body.clone()).await.expect_problem(409, "name-conflict");
    send("x", "key-2", body.clone()).await.expect_problem(404, "not-found");
    send(&world.tenant, "key-2", json!({ "name": "two" })).await.expect_status(201);
    let path = format!("/roles/{}", id_of(&first.json()));
    world.send("PATCH", &path, json!({ "name": "renamed", "repository_id": null })).await.expect_status(200);
    check().await;
    world.call("DELETE", &path).send().await.expect_status(204);
    check().await;
    world.deprovision().await;
    check().await;
    send(&world.tenant, "key-3", json!({ "name": "three" })).await.expect_problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_32_racing_creations_one_is_made_and_the_others_name_it_or_replay_it() {
    let world = Members::new().await;
    let body = json!({ "name": "one" });
    let answers = join_all((0..32).map(|_| create(&world, body.clone()))).await;
    let made: Vec<&Exchange> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(made.len(), 1, "{answers:?}");
    let id = made[0].json()["id"].clone();
    for other in answers.iter().filter(|answer| answer.status != 201) {
        let problem = other.clone().expect_problem(409, "name-conflict").json();
        assert_eq!(problem["conflicting_resource_id"], id);
    }
    let body = json!({ "name": "two" });
    let once = || world.call("POST", &path(&world)).once("key-1").json(body.clone()).send();
    let answers = join_all((0..32).map(|_| once())).await;
    assert!(answers.iter().all(|answer| answer.status == 201 && answer.body == answers[0].body), "{answers:?}");
    let replayed = answers.iter().filter(|answer| answer.header("idempotency-replayed") == Some("true"));
    assert_eq!(replayed.count(), 31);
    // Of a tenant that has no gates yet, with different names: all are made.
    let other = id_of(&world.app.new_tenant(&world.key, "two").await);
    let names = (0..16).map(|n| format!("n{n}")).collect::<Vec<_>>();
    join_all(names.iter().map(|name| world.app.new_role(&world.key, &other, name))).await;
    assert_eq!(world.app.items_of("role").await.len(), 18);
    check_at_rest(&world.app).await;
}
