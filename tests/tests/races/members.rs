//! Users and roles in parallel.

use crate::{check_statuses, race, race_once, warm};
use std::collections::BTreeSet;
use tests::checks::check_at_rest;
use tests::{Exchange, Members, id_of, json};

const UPSERT: &str = "upsert-user-by-external-id";

fn ids(answers: &[Exchange]) -> BTreeSet<String> {
    answers.iter().map(|answer| id_of(&answer.json())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_first_upserts_of_a_user_one_creates_and_each_other_changes_once() {
    let world = Members::new().await;
    warm(&world.app, &[UPSERT]).await;
    // The tenant has no gates yet: all of them would make these, too.
    let upsert = |n: usize| {
        let body = json!({ "display_name": format!("n{n}"), "metadata": { "n": n.to_string() } });
        world.call("PUT", &world.path("one")).json(body)
    };
    let answers = race(&world.app, (0..64).map(upsert)).await;
    check_statuses(&answers, &[(201, 1), (200, 63)]);
    assert_eq!(ids(&answers).len(), 1, "one user");
    let versions: BTreeSet<u64> = answers.iter().map(Exchange::version).collect();
    assert_eq!(versions, (1..=64).collect(), "`ver` counts the writes");
    let last = world.get(&world.path("one")).await;
    let newest = answers.iter().find(|answer| answer.version() == 64).unwrap();
    assert_eq!(newest.json(), last.json());
    for answer in &answers {
        let user = answer.json();
        assert_eq!(user["display_name"], format!("n{}", user["metadata"]["n"].as_str().unwrap()));
    }
    check_at_rest(&world.app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_equal_first_upserts_of_a_user_one_writes() {
    let world = Members::new().await;
    warm(&world.app, &[UPSERT]).await;
    let role = world.role("one").await;
    let body = json!({ "email": "a@b", "role_ids": [role] });
    let answers = race(&world.app, (0..64).map(|_| world.call("PUT", &world.path("one")).json(body.clone()))).await;
    check_statuses(&answers, &[(201, 1), (200, 63)]);
    assert!(answers.iter().all(|answer| answer.version() == 1 && answer.body == answers[0].body), "{answers:?}");
    check_at_rest(&world.app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_users_and_roles_of_a_tenant_are_all_made() {
    let world = Members::new().await;
    warm(&world.app, &[UPSERT, "create-role"]).await;
    let roles = format!("/tenants/{}/roles", world.tenant);
    let users = (0..16).map(|n| world.call("PUT", &world.path(&format!("u{n}"))));
    let roles = (0..16).map(|n| world.call("POST", &roles).json(json!({ "name": format!("r{n}") })));
    let answers = race(&world.app, users.chain(roles)).await;
    check_statuses(&answers, &[(201, 32)]);
    assert_eq!(ids(&answers).len(), 32);
    check_at_rest(&world.app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_24_roles_that_are_given_to_a_user_at_once_it_gets_20() {
    let world = Members::new().await;
    warm(&world.app, &["assign-user-role"]).await;
    let user = world.user("one").await;
    let mut roles = Vec::new();
    for n in 0..24 {
        roles.push(world.role(&format!("r{n}")).await);
    }
    let path = |role: &String| format!("/users/{user}/roles/{role}");
    let answers = race(&world.app, roles.iter().map(|role| world.call("PUT", &path(role)))).await;
    check_statuses(&answers, &[(204, 20), (422, 4)]);
    let found = world.get(&format!("/users/{user}")).await;
    assert_eq!((found.version(), found.json()["role_ids"].as_array().unwrap().len()), (21, 20));
    check_at_rest(&world.app).await;
    let answers = race(&world.app, roles.iter().map(|role| world.call("DELETE", &path(role)))).await;
    check_statuses(&answers, &[(204, 24)]);
    assert_eq!(world.get(&format!("/users/{user}")).await.version(), 41);
    check_at_rest(&world.app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_32_users_get_at_once_counts_them_all() {
    let world = Members::new().await;
    warm(&world.app, &["assign-user-role", "update-user"]).await;
    let role = world.role("one").await;
    let mut calls = Vec::new();
    for n in 0..32 {
        let user = world.user(&format!("u{n}")).await;
        calls.push(match n % 2 {
            0 => world.call("PUT", &format!("/users/{user}/roles/{role}")),
            _ => world.call("PATCH", &format!("/users/{user}")).json(json!({ "role_ids": [role] })),
        });
    }
    let answers = race(&world.app, calls).await;
    check_statuses(&answers, &[(204, 16), (200, 16)]);
    assert_eq!(world.app.items_of("role").await[0]["n"]["N"], "32");
    check_at_rest(&world.app).await;
}

/// A repository is never named without being attached.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repository_that_is_detached_while_it_is_named_is_one_or_the_other() {
    let world = Members::new().await;
    warm(&world.app, &[UPSERT, "update-role", "detach-tenant-repository"]).await;
    let role = format!("/roles/{}", world.role("one").await);
    world.user("one").await;
    let mut overlapped = false;
    for round in 0..8 {
        let repository = world.attached(&format!("r{round}")).await;
        let detach = world.call("DELETE", &world.attachment(&repository));
        let name = match round % 2 {
            0 => world.call("PUT", &world.path("one")).json(json!({ "default_repository_id": repository })),
            _ => world.call("PATCH", &role).json(json!({ "repository_id": repository })),
        };
        let (answers, raced) = race_once(&world.app, [detach, name]).await;
        overlapped |= raced;
        let outcome = (answers[0].status, answers[1].status);
        assert!([(204, 422), (409, 200)].contains(&outcome), "{answers:?}");
        check_at_rest(&world.app).await;
    }
    assert!(overlapped, "nothing was raced");
}

/// A user or role is never of a tenant that does not exist.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_that_is_deleted_while_it_gets_a_member_is_one_or_the_other() {
    let world = Members::new().await;
    warm(&world.app, &[UPSERT, "create-role", "delete-tenant", "delete-tenant-by-external-id"]).await;
    let mut overlapped = false;
    for round in 0..12 {
        let external_id = format!("t{round}");
        let tenant = format!("/tenants/{}", id_of(&world.app.new_tenant(&world.key, &external_id).await));
        let create = match round % 2 {
            0 => world.call("PUT", &format!("{tenant}/users/by-external-id/one")),
            _ => world.call("POST", &format!("{tenant}/roles")).json(json!({ "name": "one" })),
        };
        let by_external_id = format!("/tenants/by-external-id/{external_id}");
        let is_guarded = round % 3 == 0;
        let delete = world.call("DELETE", if is_guarded { &tenant } else { &by_external_id });
        let (answers, raced) = race_once(&world.app, [delete, create]).await;
        overlapped |= raced;
        let outcome = (answers[0].status, answers[1].status);
        let possible: &[_] = if is_guarded { &[(204, 404), (409, 201)] } else { &[(204, 404), (204, 201)] };
        assert!(possible.contains(&outcome), "{answers:?}");
        if outcome == (204, 201) {
            let made = answers[1].header("location").unwrap();
            world.call("GET", made).send().await.expect_problem(404, "not-found");
        }
        world.app.sweep().await.unwrap();
        check_at_rest(&world.app).await;
    }
    assert!(overlapped, "nothing was raced");
}
