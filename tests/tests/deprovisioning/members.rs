//! The users and roles of a deprovisioned tenant.

use crate::{READS, SWEEP, World};
use std::time::Duration;
use tests::checks::check_at_rest;
use tests::{Action, LogEntry, Members, Rule, Value, below, id_of, json};

/// Gives a tenant users and roles: one user with everything, conversations with messages included, one with nothing, roles with and without
/// a repository.
async fn populate(world: &World, tenant: &str) -> Vec<String> {
    let (app, key) = (&world.app, &world.key);
    let repository = world.repositories.first();
    let mut made = Vec::new();
    for (name, repository) in [("reader", None), ("writer", repository)] {
        let call = app.with_key(key, "POST", &format!("/tenants/{tenant}/roles"));
        let body = json!({ "name": name, "repository_id": repository });
        made.push(id_of(&call.json(body).send().await.expect_status(201).json()));
    }
    let call = app.with_key(key, "PUT", &format!("/tenants/{tenant}/users/by-external-id/jane"));
    let body = json!({ "role_ids": made, "default_repository_id": repository });
    let jane = id_of(&call.json(body).send().await.expect_status(201).json());
    for title in ["one", "two"] {
        let body = json!({ "user_id": jane, "role_id": made[0], "title": title, "runtime": { "mode": "sticky" } });
        let call = app.with_key(key, "POST", "/conversations").json(body);
        let messages = format!("/conversations/{}/messages", id_of(&call.send().await.expect_status(201).json()));
        for content in ["a", "b"] {
            let call = app.with_key(key, "POST", &messages).json(json!({ "content": content }));
            call.send().await.expect_status(201);
        }
    }
    made.push(jane);
    made.push(id_of(&app.new_user(key, tenant, "joe").await));
    made
}

#[tokio::test]
async fn all_below_a_deprovisioned_tenant_is_gone_at_once_and_its_names_are_free() {
    let world = World::new(1).await;
    let (app, key) = (&world.app, &world.key);
    let old = world.tenant("one").await;
    let members = populate(&world, &old).await;
    let (role, user) = (&members[0], &members[2]);
    world.deprovision("one").await;
    let check_gone = async || {
        for (method, path, body) in [
            ("GET", format!("/users/{user}"), Value::Null),
            ("PATCH", format!("/users/{user}"), json!({ "email": null })),
            ("DELETE", format!("/users/{user}"), Value::Null),
            ("PUT", format!("/users/{user}/roles/{role}"), Value::Null),
            ("DELETE", format!("/users/{user}/roles/{role}"), Value::Null),
            ("GET", format!("/tenants/{old}/users/by-external-id/jane"), Value::Null),
            ("PUT", format!("/tenants/{old}/users/by-external-id/jane"), json!({})),
            ("GET", format!("/tenants/{old}/roles"), Value::Null),
            ("POST", format!("/tenants/{old}/roles"), json!({ "name": "new" })),
            ("GET", format!("/roles/{role}"), Value::Null),
            ("PATCH", format!("/roles/{role}"), json!({ "name": "other" })),
            ("DELETE", format!("/roles/{role}"), Value::Null),
        ] {
            let call = app.with_key(key, method, &path);
            let call = if body.is_null() { call } else { call.json(body) };
            call.send().await.expect_problem(404, "not-found");
        }
        for query in ["", "?status=active", &format!("?tenant_id={old}")] {
            let list = app.with_key(key, "GET", &format!("/users{query}")).send().await.expect_status(200).json();
            assert_eq!(list["data"], json!([]), "{query}");
        }
    };
    check_gone().await;
    let new = world.tenant("one").await;
    let again = populate(&world, &new).await;
    assert!(again.iter().all(|id| !members.contains(id)), "{again:?}");
    // A role of the old tenant is none of another tenant, either.
    let path = format!("/users/{}", again[2]);
    let put = app.with_key(key, "PUT", &format!("{path}/roles/{role}")).send().await;
    put.expect_problem(404, "not-found");
    let patch = app.with_key(key, "PATCH", &path).json(json!({ "role_ids": [role] })).send().await;
    assert_eq!(patch.pointers(), ["/role_ids/0"]);
    app.sweep().await.unwrap();
    check_at_rest(app).await;
    let list = app.with_key(key, "GET", "/users").send().await.expect_status(200).json();
    assert_eq!(list["data"].as_array().unwrap().len(), 2);
    world.deprovision("one").await;
    check_gone_after_sweep(&world).await;
}

async fn check_gone_after_sweep(world: &World) {
    world.app.sweep().await.unwrap();
    check_at_rest(&world.app).await;
    let items = world.app.items().await;
    assert_eq!(below(&items), Vec::<&Value>::new());
}

/// H5: the process is killed after each of its calls in turn, each time with the whole job before it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_of_users_and_roles_that_is_killed_after_any_call_is_taken_up_again() {
    let world = World::new(1).await;
    let mut calls = READS;
    loop {
        let tenant = world.tenant("goes").await;
        populate(&world, &tenant).await;
        world.deprovision("goes").await;
        let killed = world.sweep_and_kill_after(calls + 1).await;
        world.expire_leases().await;
        check_gone_after_sweep(&world).await;
        assert_eq!(world.counts().await, ["0"], "after call {}", calls + 1);
        if !killed {
            break;
        }
        calls += 1;
    }
    assert!(calls > READS + 10, "the repository, each user and role, the leases, the job: {calls}");
}

/// H5, going on: each process is killed one call later than the one before it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_of_users_and_roles_ends_though_every_process_is_killed() {
    let world = World::new(2).await;
    let stays = world.tenant("stays").await;
    populate(&world, &stays).await;
    let before = world.app.items().await;
    let left = below(&before).len();
    let tenant = world.tenant("goes").await;
    populate(&world, &tenant).await;
    for n in 0..60 {
        world.app.new_user(&world.key, &tenant, &format!("u{n}")).await;
    }
    world.deprovision("goes").await;
    let mut calls = READS;
    while world.sweep_and_kill_after(calls + 1).await {
        calls += 1;
        world.expire_leases().await;
        assert!(calls < 400, "the sweep does not end");
    }
    check_at_rest(&world.app).await;
    let items = world.app.items().await;
    assert_eq!(below(&items).len(), left, "what is of the other tenant");
}

/// A request that began before the tenant was deprovisioned may still commit between the sweep's read and its delete.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_change_of_a_role_leaves_nothing() {
    let world = Members::new().await;
    let role = world.role("old").await;
    world.app.lambda.warm("sweep-deprovisioned-tenants", 1).await.unwrap();
    let before = world.app.proxy.log_len();
    // The rename is under way while the tenant is deprovisioned; the sweep has read the role before it arrives, and deletes it afterwards.
    world.app.faults([
        Rule::on("TransactWriteItems", Action::Delay { ms: 700 }).function("UpdateRoleFunction"),
        Rule::on("TransactWriteItems", Action::Delay { ms: 1300 }).function(SWEEP).nth(1),
    ]);
    let renamed = async { world.send("PATCH", &format!("/roles/{role}"), json!({ "name": "new" })).await };
    let swept = async {
        let is_under_way = |name: &str| {
            world
                .app
                .proxy
                .log_from(before)
                .iter()
                .any(|entry| entry.operation == name && entry.function.contains("UpdateRole"))
        };
        while !is_under_way("TransactWriteItems") {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        world.deprovision().await;
        world.app.sweep().await.unwrap();
    };
    let (renamed, ()) = tokio::join!(renamed, swept);
    renamed.expect_status(200);
    world.app.faults([]);
    let log = world.app.proxy.log_from(before);
    let is_refused = |entry: &LogEntry| entry.function == SWEEP && entry.status == Some(400);
    assert!(log.iter().any(is_refused), "the role did not change before it was deleted");
    check_at_rest(&world.app).await;
    let items = world.app.items().await;
    assert_eq!(below(&items), Vec::<&Value>::new());
}
