//! The default repository of a user: attached as long as it is named.

use tests::checks::check_at_rest;
use tests::{Members, Value, id_of, json};

#[tokio::test]
async fn it_must_be_attached_to_the_tenant() {
    let world = Members::new().await;
    let unattached = id_of(&world.app.new_repository(&world.key, "unattached").await);
    let other = id_of(&world.app.new_tenant(&world.key, "other").await);
    let elsewhere = id_of(&world.app.new_repository(&world.key, "elsewhere").await);
    let path = format!("/tenants/{other}/repositories/{elsewhere}");
    world.call("PUT", &path).send().await.expect_status(201);
    let foreign = world.app.new_integration("foreign").await;
    let foreign = id_of(&world.app.new_repository(&foreign, "one").await);
    let absent = "rep_01arz3ndektsv4rrffq69g5fav".to_owned();
    for is_first in [true, false] {
        let user = if is_first { None } else { Some(world.user("one").await) };
        let mut bodies = Vec::new();
        for repository in [&unattached, &elsewhere, &foreign, &absent] {
            let body = json!({ "default_repository_id": repository });
            let mut answers = vec![world.put("new", body.clone()).await];
            if let Some(user) = &user {
                answers.push(world.put("one", body.clone()).await);
                answers.push(world.send("PATCH", &format!("/users/{user}"), body).await);
            }
            for answer in answers {
                assert_eq!(answer.pointers(), ["/default_repository_id"]);
                bodies.push(answer.json()["errors"].to_string().replace(repository.as_str(), "rep_…"));
            }
        }
        bodies.dedup();
        assert_eq!(bodies.len(), 1, "the text is the same for all: {bodies:?}");
        assert_eq!(world.app.items_of("gate").await.is_empty(), is_first, "a refused first user makes no gates");
    }
    check_at_rest(&world.app).await;
}

#[tokio::test]
async fn it_keeps_the_repository_attached() {
    let world = Members::new().await;
    let (one, two) = (world.attached("one").await, world.attached("two").await);
    let user = id_of(&world.put("one", json!({ "default_repository_id": one })).await.expect_status(201).json());
    let path = format!("/users/{user}");
    let detach = async |repository: &str| world.call("DELETE", &world.attachment(repository)).send().await;
    let refused = detach(&one).await.expect_problem(409, "resource-in-use");
    assert_eq!(refused.json()["conflicting_resource_id"], user);
    check_at_rest(&world.app).await;
    world.send("PATCH", &path, json!({ "default_repository_id": two })).await.expect_status(200);
    check_at_rest(&world.app).await;
    detach(&one).await.expect_status(204);
    let refused = detach(&two).await.expect_problem(409, "resource-in-use");
    assert_eq!(refused.json()["conflicting_resource_id"], user);
    // Equal values are a write, but no second reference.
    world.send("PATCH", &path, json!({ "default_repository_id": two })).await.expect_status(200);
    let refused = world.put("one", json!({ "default_repository_id": one })).await;
    assert_eq!(refused.pointers(), ["/default_repository_id"]);
    let role = json!({ "name": "one", "repository_id": two });
    let role = world.send("POST", &format!("/tenants/{}/roles", world.tenant), role).await.expect_status(201).json();
    check_at_rest(&world.app).await;
    world.put("one", json!({ "default_repository_id": null })).await.expect_status(200);
    let refused = detach(&two).await.expect_problem(409, "resource-in-use");
    assert_eq!(refused.json()["conflicting_resource_id"], role["id"]);
    world.call("DELETE", &format!("/roles/{}", id_of(&role))).send().await.expect_status(204);
    detach(&two).await.expect_status(204);
    assert_eq!(world.get(&path).await.json()["default_repository_id"], Value::Null);
    check_at_rest(&world.app).await;
}

/// The tenant's default is another reason, which names the tenant.
#[tokio::test]
async fn the_default_of_a_tenant_may_be_named_by_a_user_too() {
    let world = Members::new().await;
    let repository = world.attached("one").await;
    let tenant = format!("/tenants/{}", world.tenant);
    world.send("PATCH", &tenant, json!({ "default_repository_id": repository })).await.expect_status(200);
    let user = id_of(&world.put("one", json!({ "default_repository_id": repository })).await.expect_status(201).json());
    let refused = async || {
        let answer = world.call("DELETE", &world.attachment(&repository)).send().await;
        answer.expect_problem(409, "resource-in-use").json()["conflicting_resource_id"].clone()
    };
    assert_eq!(refused().await, world.tenant);
    world.send("PATCH", &tenant, json!({ "default_repository_id": null })).await.expect_status(200);
    assert_eq!(refused().await, user);
    // Another branch leaves the references.
    world.send("PUT", &world.attachment(&repository), json!({ "branch_override": "x" })).await.expect_status(200);
    assert_eq!(refused().await, user);
    check_at_rest(&world.app).await;
}
