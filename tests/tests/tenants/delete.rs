//! `DELETE /tenants/{tenant_id}`: the guarded one.

use tests::checks::check_at_rest;
use tests::{App, json};

#[tokio::test]
async fn a_tenant_without_dependents_is_gone_at_once_and_for_ever() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let tenant = app.new_tenant(&key, "one").await;
    let path = format!("/tenants/{}", tenant["id"].as_str().unwrap());
    app.with_key(&key, "DELETE", &path)
        .header("if-match", "\"2\"")
        .send()
        .await
        .expect_problem(412, "precondition-failed");
    let tag = app.with_key(&key, "GET", &path).send().await.etag();
    let broken = app.with_key(&key, "DELETE", &path).header("if-match", "x").send().await;
    assert_eq!(broken.pointers(), ["/header/If-Match"]);
    let gone = app
        .with_key(&key, "DELETE", &path)
        .header("if-match", &tag)
        .bare_body("is ignored")
        .send()
        .await
        .expect_status(204);
    assert_eq!((gone.body.as_str(), gone.header("etag")), ("", None));
    for method in ["GET", "DELETE"] {
        app.with_key(&key, method, &path).send().await.expect_problem(404, "not-found");
        app.with_key(&key, method, "/tenants/by-external-id/one").send().await.expect_problem(404, "not-found");
    }
    app.with_key(&key, "DELETE", &path).header("if-match", "*").send().await.expect_problem(404, "not-found");
    let list = app.with_key(&key, "GET", "/tenants").send().await.json();
    assert_eq!(list, json!({ "object": "list", "data": [], "has_more": false, "next_cursor": null }));
    assert_ne!(app.new_tenant(&key, "one").await["id"], tenant["id"]);
    check_at_rest(&app).await;
}

#[tokio::test]
async fn an_attached_repository_keeps_its_tenant() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let tenant = app.new_tenant(&key, "one").await;
    let repository = app.new_repository(&key, "one").await["id"].clone();
    let path = format!("/tenants/{}", tenant["id"].as_str().unwrap());
    let attachment = format!("{path}/repositories/{}", repository.as_str().unwrap());
    app.with_key(&key, "PUT", &attachment).json(json!({ "is_default": true })).send().await.expect_status(201);
    let refused = app.with_key(&key, "DELETE", &path).send().await.expect_problem(409, "resource-in-use");
    assert_eq!(refused.json()["conflicting_resource_id"], repository);
    // A stale version is answered before what depends on it.
    app.with_key(&key, "DELETE", &path)
        .header("if-match", "\"1\"")
        .send()
        .await
        .expect_problem(412, "precondition-failed");
    app.with_key(&key, "PATCH", &path).json(json!({ "default_repository_id": null })).send().await.expect_status(200);
    app.with_key(&key, "DELETE", &attachment).send().await.expect_status(204);
    app.with_key(&key, "DELETE", &path).send().await.expect_status(204);
    check_at_rest(&app).await;
}
