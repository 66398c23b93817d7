//! `GET /roles/{role_id}`

use tests::Members;

#[tokio::test]
async fn a_current_version_is_not_sent_again() {
    let world = Members::new().await;
    let path = format!("/roles/{}", world.role("one").await);
    let found = world.get(&path).await;
    let same = world.call("GET", &path).header("if-none-match", &found.etag()).send().await.expect_status(304);
    assert_eq!((same.etag(), same.body.as_str()), (found.etag(), ""));
    world.call("GET", &path).header("if-none-match", "\"1\"").send().await.expect_status(200);
    let broken = world.call("GET", &path).header("if-none-match", "x").send().await;
    assert_eq!(broken.pointers(), ["/header/If-None-Match"]);
}

/// Who has a role is not a part of it.
#[tokio::test]
async fn a_role_does_not_change_with_its_holders() {
    let world = Members::new().await;
    let (role, user) = (world.role("one").await, world.user("one").await);
    let before = world.get(&format!("/roles/{role}")).await;
    world.assign("PUT", &user, &role).await.expect_status(204);
    let after = world.get(&format!("/roles/{role}")).await;
    assert_eq!((after.etag(), after.body), (before.etag(), before.body));
}

#[tokio::test]
async fn an_id_of_another_kind_or_of_nothing_is_not_found() {
    let world = Members::new().await;
    let role = world.role("one").await;
    let other = if role.ends_with('0') { '1' } else { '0' };
    let neighbour = format!("{}{other}", &role[..role.len() - 1]);
    for id in [&role.to_uppercase(), &role.replace("rol_", "usr_"), &neighbour, "rol_", "x"] {
        world.call("GET", &format!("/roles/{id}")).send().await.expect_problem(404, "not-found");
    }
}
