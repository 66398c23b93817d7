//! `PATCH /roles/{role_id}`

use futures_util::future::join_all;
use std::collections::BTreeSet;
use tests::checks::{check_at_rest, wrote};
use tests::{Exchange, Members, Value, id_of, json};

struct World {
    members: Members,
    role: String,
    path: String,
}

impl World {
    async fn new() -> Self {
        let members = Members::new().await;
        let role = members.role("one").await;
        let path = format!("/roles/{role}");
        Self { members, role, path }
    }

    async fn patch(&self, body: Value) -> Exchange {
        self.members.send("PATCH", &self.path, body).await
    }

    /// The generation of the tenant's gates, which is that of all of them.
    async fn generation(&self) -> String {
        let gates = self.members.app.items_of("gate").await;
        let generations: BTreeSet<String> = gates.iter().map(|gate| gate["g"]["N"].to_string()).collect();
        assert_eq!((gates.len(), generations.len()), (16, 1));
        generations.into_iter().next().unwrap()
    }
}

/// Every combination of absent, `null` and a value, for two members that may be cleared and two that may not.
#[tokio::test]
async fn absent_null_and_a_value_merge_as_the_contract_says() {
    let world = World::new().await;
    let repository = world.members.attached("one").await;
    for case in 0..81 {
        let before = world.members.get(&world.path).await;
        let (mut body, mut expected, mut wrong) = (json!({}), before.json(), Vec::new());
        for (member, case, nullable, value) in [
            ("description", case % 3, true, json!(format!("d{case}"))),
            ("repository_id", case / 3 % 3, true, json!(repository)),
            ("metadata", case / 9 % 3, false, json!({ "case": case.to_string() })),
            ("name", case / 27, false, json!(format!("n{}", case % 2))),
        ] {
            match case {
                0 => continue,
                1 if !nullable => wrong.push(format!("/{member}")),
                _ => {}
            }
            body[member] = if case == 1 { Value::Null } else { value };
            expected[member] = body[member].clone();
        }
        let answer = world.patch(body.clone()).await;
        let now = world.members.get(&world.path).await;
        if !wrong.is_empty() {
            assert_eq!((answer.pointers(), &now.body), (wrong, &before.body));
            continue;
        }
        assert_eq!(answer.clone().expect_status(200).body, now.body);
        assert_eq!((answer.etag(), now.etag() != before.etag()), (now.etag(), body != json!({})));
        expected["updated_at"] = now.json()["updated_at"].clone();
        assert_eq!(now.json(), expected, "{body}");
        check_at_rest(&world.members.app).await;
    }
}

#[tokio::test]
async fn a_name_is_released_and_taken_in_one_step() {
    let world = World::new().await;
    let other = world.members.role("other").await;
    let unattached = "rep_01arz3ndektsv4rrffq69g5fav";
    for body in [json!({ "name": "other" }), json!({ "name": "other", "repository_id": unattached })] {
        let refused = world.patch(body).await.expect_problem(409, "name-conflict");
        assert_eq!(refused.json()["conflicting_resource_id"], other);
    }
    assert_eq!(world.members.get(&world.path).await.version(), 1, "nothing of it was written");
    assert_eq!(world.patch(json!({ "name": "one" })).await.expect_status(200).version(), 2);
    world.patch(json!({ "name": "two", "metadata": { "a": "b" } })).await.expect_status(200);
    let new = world.members.role("one").await;
    check_at_rest(&world.members.app).await;
    let refused = world.patch(json!({ "name": "one" })).await.expect_problem(409, "name-conflict");
    assert_eq!(refused.json()["conflicting_resource_id"], new);
}

#[tokio::test]
async fn a_repository_is_attached_as_long_as_a_role_names_it() {
    let world = World::new().await;
    let (one, two) = (world.members.attached("one").await, world.members.attached("two").await);
    let unattached = id_of(&world.members.app.new_repository(&world.members.key, "three").await);
    let detach = async |id: &str| world.members.call("DELETE", &world.members.attachment(id)).send().await;
    for repository in [&unattached, "rep_01arz3ndektsv4rrffq69g5fav"] {
        let refused = world.patch(json!({ "repository_id": repository, "name": "new" })).await;
        assert_eq!(refused.pointers(), ["/repository_id"]);
    }
    // Guarded writes depend on the repository, and on nothing else of a role.
    let before = world.generation().await;
    world
        .patch(json!({ "name": "new", "description": "x", "metadata": {}, "repository_id": null }))
        .await
        .expect_status(200);
    assert_eq!(world.generation().await, before);
    world.patch(json!({ "repository_id": one })).await.expect_status(200);
    assert_ne!(world.generation().await, before);
    world.patch(json!({ "repository_id": two, "name": "newer" })).await.expect_status(200);
    check_at_rest(&world.members.app).await;
    detach(&one).await.expect_status(204);
    let refused = detach(&two).await.expect_problem(409, "resource-in-use");
    assert_eq!(refused.json()["conflicting_resource_id"], world.role);
    world.patch(json!({ "repository_id": null })).await.expect_status(200);
    detach(&two).await.expect_status(204);
    check_at_rest(&world.members.app).await;
}

#[tokio::test]
async fn wrong_members_are_told_at_once_and_versions_are_minded() {
    let world = World::new().await;
    let body =
        json!({ "name": "", "description": 1, "repository_id": "x", "metadata": null, "id": "x", "tenant_id": "x" });
    let pointers = ["/description", "/id", "/metadata", "/name", "/repository_id", "/tenant_id"];
    assert_eq!(world.patch(body).await.pointers(), pointers);
    let found = world.members.get(&world.path).await;
    let (same, log) = world.members.app.requests_of(world.patch(json!({}))).await;
    assert_eq!((same.etag(), wrote(&log)), (found.etag(), false));
    let patch = async |tag: &str, body: Value| {
        world.members.call("PATCH", &world.path).header("if-match", tag).json(body).send().await
    };
    world.members.role("taken").await;
    for stale in ["\"9\"", &format!("W/{}", found.etag())] {
        for body in [json!({}), json!({ "description": "x" }), json!({ "name": "taken" })] {
            patch(stale, body).await.expect_problem(412, "precondition-failed");
        }
    }
    let changed = patch(&format!("{}, \"x\"", found.etag()), json!({ "name": "new" })).await.expect_status(200);
    assert_eq!(changed.etag(), found.etag_after(1));
    assert_eq!(patch("x", json!({ "name": 1 })).await.pointers(), ["/header/If-Match", "/name"]);
    world.members.call("PATCH", &world.path).send().await.expect_problem(400, "malformed-request");
    for id in ["rol_01arz3ndektsv4rrffq69g5fav", "x"] {
        let absent = world.members.call("PATCH", &format!("/roles/{id}")).header("if-match", "*").json(json!({}));
        absent.send().await.expect_problem(404, "not-found");
    }
}

/// A role is written by those who assign it, too: neither waits for the other in vain.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_and_assignments_of_a_role_all_take_effect() {
    let world = World::new().await;
    let users = join_all((0..12).map(|n| async move { format!("u{n}") })).await;
    let users = join_all(users.iter().map(|user| world.members.user(user))).await;
    let assigned = join_all(users.iter().map(|user| world.members.assign("PUT", user, &world.role)));
    let patched = join_all((0..12).map(|n| world.patch(json!({ "description": format!("d{n}") }))));
    let (assigned, patched) = tokio::join!(assigned, patched);
    assert!(assigned.iter().all(|answer| answer.status == 204), "{assigned:?}");
    let versions: BTreeSet<u64> = patched.iter().map(Exchange::version).collect();
    assert_eq!(versions, (2..=13).collect());
    check_at_rest(&world.members.app).await;
}
