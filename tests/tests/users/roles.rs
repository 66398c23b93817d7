//! Roles of users: `role_ids`, and `PUT`, `DELETE /users/{user_id}/roles/{role_id}`.

use tests::checks::{check_at_rest, wrote};
use tests::{Members, Value, id_of, json};

const UNKNOWN: &str = "rol_01arz3ndektsv4rrffq69g5fav";

/// A role of another tenant of the customer.
async fn elsewhere(world: &Members) -> String {
    let tenant = id_of(&world.app.new_tenant(&world.key, "elsewhere").await);
    id_of(&world.app.new_role(&world.key, &tenant, "elsewhere").await)
}

/// Roles of the tenant, ascending.
async fn roles(world: &Members, count: usize) -> Vec<String> {
    let mut roles = Vec::new();
    for n in 0..count {
        roles.push(world.role(&format!("r{n}")).await);
    }
    roles.sort();
    roles
}

#[tokio::test]
async fn role_ids_are_a_set_of_at_most_20_roles() {
    let world = Members::new().await;
    let roles = roles(&world, 21).await;
    let user = format!("/users/{}", world.user("one").await);
    for (method, path) in [("PUT", &world.path("one")), ("PATCH", &user), ("PUT", &world.path("new"))] {
        let send = async |role_ids: Value| world.send(method, path, json!({ "role_ids": role_ids })).await;
        assert_eq!(send(json!(roles)).await.pointers(), ["/role_ids"]);
        assert_eq!(
            send(json!([roles[0], roles[1], roles[0], roles[0]])).await.pointers(),
            ["/role_ids/2", "/role_ids/3"]
        );
        let wrong = json!([roles[0], "rol_x", 1, null, roles[0].to_uppercase(), world.tenant]);
        let pointers = ["/role_ids/1", "/role_ids/2", "/role_ids/3", "/role_ids/4", "/role_ids/5"];
        assert_eq!(send(wrong).await.pointers(), pointers);
        assert_eq!(send(json!("x")).await.pointers(), ["/role_ids"]);
        let mut reversed = roles[..20].to_vec();
        reversed.reverse();
        assert_eq!(send(json!(reversed)).await.json()["role_ids"], json!(roles[..20]));
        check_at_rest(&world.app).await;
        // All twenty are given up for another one in one step.
        assert_eq!(send(json!([roles[20]])).await.expect_status(200).json()["role_ids"], json!([roles[20]]));
        check_at_rest(&world.app).await;
    }
}

#[tokio::test]
async fn each_unknown_role_is_named_unless_one_is_of_another_tenant() {
    let world = Members::new().await;
    let elsewhere = elsewhere(&world).await;
    let other = "rol_01arz3ndektsv4rrffq69g5faw";
    // As long as the tenant has no tag, no role can be its own.
    let new = world.path("new");
    assert_eq!(world.send("PUT", &new, json!({ "role_ids": [UNKNOWN] })).await.pointers(), ["/role_ids/0"]);
    let refused = world.send("PUT", &new, json!({ "role_ids": [elsewhere] })).await;
    refused.expect_problem(409, "cross-tenant");
    let role = world.role("one").await;
    let deleted = world.role("gone").await;
    world.call("DELETE", &format!("/roles/{deleted}")).send().await.expect_status(204);
    let user = format!("/users/{}", world.user("one").await);
    let foreign = world.app.new_integration("foreign").await;
    let foreign_tenant = id_of(&world.app.new_tenant(&foreign, "one").await);
    let foreign = id_of(&world.app.new_role(&foreign, &foreign_tenant, "one").await);
    world.send("PATCH", &user, json!({ "role_ids": [role] })).await.expect_status(200);
    for (method, path) in [("PUT", &world.path("one")), ("PATCH", &user), ("PUT", &new)] {
        let send = async |role_ids: Value| world.send(method, path, json!({ "role_ids": role_ids })).await;
        let unknown = send(json!([UNKNOWN, role, deleted, foreign, other])).await;
        assert_eq!(unknown.pointers(), ["/role_ids/0", "/role_ids/2", "/role_ids/3", "/role_ids/4"]);
        send(json!([UNKNOWN, elsewhere])).await.expect_problem(409, "cross-tenant");
        send(json!([elsewhere])).await.expect_problem(409, "cross-tenant");
        // A repository that is not attached is another 422 that needs stored state: it comes alone.
        let body = json!({ "role_ids": [elsewhere], "default_repository_id": "rep_01arz3ndektsv4rrffq69g5fav" });
        world.send(method, path, body).await.expect_problem(409, "cross-tenant");
        let body = json!({ "role_ids": [UNKNOWN], "default_repository_id": "rep_01arz3ndektsv4rrffq69g5fav" });
        assert_eq!(world.send(method, path, body).await.pointers().len(), 1);
    }
    assert_eq!(world.get(&user).await.json()["role_ids"], json!([role]));
    world.call("GET", &new).send().await.expect_problem(404, "not-found");
    check_at_rest(&world.app).await;
}

#[tokio::test]
async fn a_role_is_given_and_taken_once() {
    let world = Members::new().await;
    let roles = roles(&world, 2).await;
    let user = world.user("one").await;
    let path = format!("/users/{user}");
    let before = world.get(&path).await;
    for (method, held, writes) in [
        ("DELETE", json!([]), 0),
        ("PUT", json!([roles[0]]), 1),
        ("PUT", json!([roles[0]]), 1),
        ("DELETE", json!([]), 2),
        ("DELETE", json!([]), 2),
    ] {
        let tag = world.get(&path).await.etag();
        // `If-Match` is nothing here, whatever it says.
        let call = world.call(method, &format!("{path}/roles/{}", roles[0])).header("if-match", "x");
        let (answer, log) = world.app.requests_of(call.send()).await;
        let answer = answer.expect_status(204);
        assert_eq!((answer.body.as_str(), answer.header("etag")), ("", None));
        let now = world.get(&path).await;
        assert_eq!((now.etag(), wrote(&log)), (before.etag_after(writes), now.etag() != tag));
        assert_eq!(now.json()["role_ids"], held);
        check_at_rest(&world.app).await;
    }
    for body in ["null", "{}", " null "] {
        let call = world.call("PUT", &format!("{path}/roles/{}", roles[1])).body("application/json", body);
        call.send().await.expect_status(204);
    }
    let put = || world.call("PUT", &format!("{path}/roles/{}", roles[1]));
    assert_eq!(put().json(json!({ "a": 1 })).send().await.pointers(), ["/a"]);
    put().json(json!([])).send().await.expect_problem(400, "malformed-request");
    put().body("text/plain", "{}").send().await.expect_problem(415, "unsupported-media-type");
    world.call("DELETE", &format!("{path}/roles/{}", roles[1])).bare_body("x").send().await.expect_status(204);
    // Suspended users and tenants have roles as others.
    world.call("DELETE", &path).send().await.expect_status(204);
    world
        .send("PATCH", &format!("/tenants/{}", world.tenant), json!({ "status": "suspended" }))
        .await
        .expect_status(200);
    world.assign("PUT", &user, &roles[1]).await.expect_status(204);
    assert_eq!(world.get(&path).await.json()["role_ids"], json!([roles[1]]));
    check_at_rest(&world.app).await;
}

#[tokio::test]
async fn a_role_that_cannot_be_given_is_refused() {
    let world = Members::new().await;
    let roles = roles(&world, 21).await;
    let elsewhere = elsewhere(&world).await;
    let user = id_of(&world.put("one", json!({ "role_ids": roles[..20] })).await.json());
    for method in ["PUT", "DELETE"] {
        for role in [UNKNOWN, "x", &user] {
            world.assign(method, &user, role).await.expect_problem(404, "not-found");
        }
        for user in ["usr_01arz3ndektsv4rrffq69g5fav", "x"] {
            world.assign(method, user, &roles[0]).await.expect_problem(404, "not-found");
            world.assign(method, user, &elsewhere).await.expect_problem(404, "not-found");
        }
        world.assign(method, &user, &elsewhere).await.expect_problem(409, "cross-tenant");
    }
    let full = world.assign("PUT", &user, &roles[20]).await;
    assert_eq!(full.pointers(), [""]);
    world.assign("PUT", &user, &roles[0]).await.expect_status(204);
    world.assign("DELETE", &user, &roles[20]).await.expect_status(204);
    assert_eq!(world.get(&format!("/users/{user}")).await.version(), 1);
    check_at_rest(&world.app).await;
}
