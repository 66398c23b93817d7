//! `DELETE /roles/{role_id}`

use futures_util::future::join_all;
use tests::checks::check_at_rest;
use tests::{Members, id_of, json};

#[tokio::test]
async fn a_role_is_gone_and_its_name_and_repository_are_free() {
    let world = Members::new().await;
    let repository = world.attached("one").await;
    let roles = format!("/tenants/{}/roles", world.tenant);
    let body = json!({ "name": "one", "repository_id": repository });
    let role = id_of(&world.send("POST", &roles, body.clone()).await.expect_status(201).json());
    let path = format!("/roles/{role}");
    let gone = world.call("DELETE", &path).bare_body("is ignored").send().await.expect_status(204);
    assert_eq!((gone.body.as_str(), gone.header("etag")), ("", None));
    for method in ["GET", "DELETE"] {
        world.call(method, &path).send().await.expect_problem(404, "not-found");
    }
    world.send("PATCH", &path, json!({})).await.expect_problem(404, "not-found");
    world.call("DELETE", &path).header("if-match", "*").send().await.expect_problem(404, "not-found");
    check_at_rest(&world.app).await;
    world.call("DELETE", &world.attachment(&repository)).send().await.expect_status(204);
    assert_ne!(world.role("one").await, role);
    check_at_rest(&world.app).await;
}

#[tokio::test]
async fn a_role_that_a_user_has_stays() {
    let world = Members::new().await;
    let role = world.role("one").await;
    let path = format!("/roles/{role}");
    let users = [world.user("one").await, world.user("two").await];
    for user in &users {
        world.assign("PUT", user, &role).await.expect_status(204);
    }
    let tag = world.get(&path).await.etag();
    let refused = async || {
        let answer = world.call("DELETE", &path).header("if-match", &tag).send().await;
        answer.expect_problem(409, "resource-in-use").json()["conflicting_resource_id"].as_str().unwrap().to_owned()
    };
    assert!(users.contains(&refused().await));
    // A stale version is answered before what depends on it.
    world.call("DELETE", &path).header("if-match", "\"1\"").send().await.expect_problem(412, "precondition-failed");
    assert_eq!(world.call("DELETE", &path).header("if-match", "x").send().await.pointers(), ["/header/If-Match"]);
    world.assign("DELETE", &users[0], &role).await.expect_status(204);
    assert_eq!(refused().await, users[1]);
    // A suspended user has its roles still.
    world.call("DELETE", &format!("/users/{}", users[1])).send().await.expect_status(204);
    assert_eq!(refused().await, users[1]);
    world.put("two", json!({ "role_ids": [] })).await.expect_status(200);
    world.call("DELETE", &path).header("if-match", &tag).send().await.expect_status(204);
    check_at_rest(&world.app).await;
}

/// Each role is either deleted or assigned, never both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_is_deleted_while_it_is_assigned_is_one_or_the_other() {
    let world = Members::new().await;
    let user = world.user("one").await;
    for round in 0..6 {
        let role = world.role(&format!("r{round}")).await;
        let path = format!("/roles/{role}");
        let calls = [world.call("DELETE", &path), world.call("PUT", &format!("/users/{user}{path}"))];
        let answers = join_all(calls.map(|call| call.send())).await;
        let outcome = (answers[0].status, answers[1].status);
        assert!([(204, 404), (409, 204)].contains(&outcome), "{answers:?}");
        check_at_rest(&world.app).await;
    }
}
