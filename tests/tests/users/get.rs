//! `GET /users/{user_id}`

use tests::{Members, json};

#[tokio::test]
async fn a_current_version_is_not_sent_again() {
    let world = Members::new().await;
    let path = format!("/users/{}", world.user("one").await);
    let found = world.get(&path).await;
    assert_eq!(found.header("cache-control"), Some("private, no-cache"));
    let same = world.call("GET", &path).header("if-none-match", &found.etag()).send().await.expect_status(304);
    assert_eq!((same.etag(), same.body.as_str()), (found.etag(), ""));
    world.put("one", json!({ "display_name": "x" })).await.expect_status(200);
    let other = world.call("GET", &path).header("if-none-match", &found.etag()).send().await.expect_status(200);
    assert_eq!(other.etag(), found.etag_after(1));
}

#[tokio::test]
async fn an_id_of_another_kind_or_of_nothing_is_not_found() {
    let world = Members::new().await;
    let (user, role) = (world.user("one").await, world.role("one").await);
    let other = if user.ends_with('0') { '1' } else { '0' };
    let neighbour = format!("{}{other}", &user[..user.len() - 1]);
    for id in [
        &role,
        &user.to_uppercase(),
        &user.replace("usr_", "rol_"),
        &role.replace("rol_", "usr_"),
        &neighbour,
        "usr_",
        "x",
    ] {
        world.call("GET", &format!("/users/{id}")).send().await.expect_problem(404, "not-found");
    }
}

#[tokio::test]
async fn the_users_of_an_archived_customer_are_out_of_reach_until_it_is_restored() {
    let world = Members::new().await;
    let (user, role) = (world.user("one").await, world.role("one").await);
    world.assign("PUT", &user, &role).await.expect_status(204);
    let paths = [format!("/users/{user}"), world.path("one"), "/users".to_owned(), format!("/roles/{role}")];
    let mut before = Vec::new();
    for path in &paths {
        before.push(world.get(path).await.body);
    }
    world.app.operator("DELETE", "/v1/customers/acme-corp").send().await.expect_status(204);
    for path in &paths {
        world.call("GET", path).send().await.expect_problem(401, "insufficient-scope");
    }
    world.put("one", json!({})).await.expect_problem(401, "insufficient-scope");
    world.app.operator("POST", "/v1/customers/acme-corp/restore").send().await.expect_status(200);
    for (path, before) in paths.iter().zip(before) {
        assert_eq!(world.get(path).await.body, before);
    }
}
