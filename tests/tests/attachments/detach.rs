//! `DELETE /tenants/{tenant_id}/repositories/{repository_id}`

use crate::World;
use tests::checks::check_at_rest;
use tests::json;

#[tokio::test]
async fn the_default_stays_and_what_is_not_attached_is_404() {
    let world = World::new(2).await;
    world.detach(0).await.expect_problem(404, "not-found");
    world.attach(0, json!({ "is_default": true })).await.expect_status(201);
    world.attach(1, json!({})).await.expect_status(201);
    let refused = world.detach(0).await.expect_problem(409, "resource-in-use");
    assert_eq!(refused.json()["conflicting_resource_id"], world.tenant);
    let detach = |n: usize| world.app.with_key(&world.key, "DELETE", &world.path(n));
    // There is no ETag to compare with, and a body is nothing to a DELETE.
    let gone = detach(1).header("if-match", "not even a tag").bare_body("x").send().await.expect_status(204);
    assert_eq!(gone.body, "");
    world.detach(1).await.expect_problem(404, "not-found");
    world.attach(0, json!({ "is_default": false })).await.expect_status(200);
    assert_eq!(detach(0).header("if-match", "\"1\"").send().await.expect_status(204).header("etag"), None);
    let unknown = world.app.with_key(&world.key, "DELETE", &format!("{}?force=true", world.path(0))).send().await;
    assert_eq!(unknown.pointers(), ["/query/force"]);
    check_at_rest(&world.app).await;
}
