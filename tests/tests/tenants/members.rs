//! Tenants that have users and roles.

use tests::checks::{check_at_rest, escaped};
use tests::{Exchange, Members, Value, below, id_of, json};

#[tokio::test]
async fn a_tenant_with_users_or_roles_cannot_be_deleted() {
    let world = Members::new().await;
    let tenant = format!("/tenants/{}", world.tenant);
    let delete = async |path: &str| world.call("DELETE", path).send().await;
    let role = world.role("one").await;
    let refused = delete(&tenant).await.expect_problem(409, "resource-in-use");
    assert_eq!(refused.json()["conflicting_resource_id"], role);
    let stale = world.call("DELETE", &tenant).header("if-match", "\"1\"").send().await;
    stale.expect_problem(412, "precondition-failed");
    delete(&format!("/roles/{role}")).await.expect_status(204);
    // It has gates and a tag by now, and nothing below it.
    delete(&tenant).await.expect_status(204);
    check_at_rest(&world.app).await;
    let items = world.app.items().await;
    assert_eq!(below(&items), Vec::<&Value>::new());
    let tenant = id_of(&world.app.new_tenant(&world.key, "one").await);
    let user = id_of(&world.app.new_user(&world.key, &tenant, "one").await);
    world.app.new_role(&world.key, &tenant, "one").await;
    let tenant = format!("/tenants/{tenant}");
    for _ in 0..2 {
        let refused = delete(&tenant).await.expect_problem(409, "resource-in-use");
        assert_eq!(refused.json()["conflicting_resource_id"], user);
        // A suspended user counts, too.
        delete(&format!("/users/{user}")).await.expect_status(204);
    }
    delete("/tenants/by-external-id/one").await.expect_status(204);
    world.app.sweep().await.unwrap();
    check_at_rest(&world.app).await;
}

/// The generation of the tenant's gates; [`check_at_rest`] has all of them equal, with the status of the tenant.
async fn generation(world: &Members) -> u64 {
    check_at_rest(&world.app).await;
    let gates = world.app.items_of("gate").await;
    gates[0]["g"]["N"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn gates_change_with_what_conversations_depend_on_and_with_nothing_else() {
    let world = Members::new().await;
    let (one, two) = (world.attached("one").await, world.attached("two").await);
    world.user("one").await;
    let (tenant, upsert) = (format!("/tenants/{}", world.tenant), "/tenants/by-external-id/one".to_owned());
    let (one, two) = ((world.attachment(&one), one), (world.attachment(&two), two));
    let settings = |n: u32| json!({ "settings": { "max_concurrent_sticky": n } });
    for (method, path, body, moves) in [
        ("PATCH", &tenant, json!({ "name": "x", "metadata": { "a": "b" } }), 0),
        ("PATCH", &tenant, json!({ "status": "suspended" }), 1),
        ("PATCH", &tenant, json!({ "status": "suspended" }), 0),
        ("PATCH", &tenant, json!({ "status": "active", "name": "y" }), 1),
        ("PATCH", &tenant, settings(7), 1),
        ("PUT", &upsert, settings(7), 0),
        ("PUT", &upsert, settings(8), 1),
        ("PUT", &upsert, json!({ "name": "z" }), 0),
        ("PUT", &upsert, json!({ "default_repository_id": one.1 }), 1),
        ("PUT", &two.0, json!({ "is_default": true }), 1),
        ("PUT", &two.0, json!({ "branch_override": "x" }), 0),
        ("PUT", &two.0, json!({ "is_default": false }), 1),
        ("PATCH", &tenant, json!({ "default_repository_id": two.1 }), 1),
        ("PATCH", &tenant, json!({ "default_repository_id": null }), 1),
        ("DELETE", &one.0, Value::Null, 1),
        ("PUT", &one.0, json!({ "is_default": true }), 1),
        ("PUT", &one.0, json!({ "is_default": true }), 0),
    ] {
        let before = generation(&world).await;
        let call = world.call(method, path);
        let call = if body.is_null() { call } else { call.json(body.clone()) };
        let answer: Exchange = call.send().await;
        assert!(answer.status < 300, "{answer}");
        assert_eq!(generation(&world).await, before + moves, "{method} {path} {body}");
    }
}

/// External ids whose requests other routes match: their functions delete the gates and write the job, too.
#[tokio::test]
async fn a_tenant_is_deprovisioned_with_its_users_by_every_route() {
    let world = Members::new().await;
    for external_id in ["repositories/x", "roles", "users/by-external-id/x"] {
        let path = format!("/tenants/by-external-id/{}", escaped(external_id));
        let send = async |method: &str, body: Value| world.call(method, &path).json(body).send_unchecked().await;
        let tenant = id_of(&send("PUT", json!({})).await.expect_status(201).json());
        let user = id_of(&world.app.new_user(&world.key, &tenant, "one").await);
        // By these routes, too, the gates follow the settings.
        send("PUT", json!({ "settings": { "max_concurrent_sticky": 1 } })).await.expect_status(200);
        check_at_rest(&world.app).await;
        assert!(world.app.items_of("gate").await.iter().all(|gate| gate["g"]["N"] == "1"));
        send("DELETE", json!({})).await.expect_status(204);
        world.call("GET", &format!("/users/{user}")).send().await.expect_problem(404, "not-found");
        world.app.sweep().await.unwrap();
        check_at_rest(&world.app).await;
        let items = world.app.items().await;
        assert_eq!(below(&items), Vec::<&Value>::new());
    }
}
