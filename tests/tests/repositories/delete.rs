//! `DELETE /repositories/{repository_id}`

use tests::checks::check_at_rest;
use tests::{App, json};

#[tokio::test]
async fn an_attached_repository_names_a_tenant_and_a_free_one_is_gone() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let repository = app.new_repository(&key, "one").await["id"].as_str().unwrap().to_owned();
    let path = format!("/repositories/{repository}");
    let mut tenants = Vec::new();
    for n in 0..2 {
        let tenant = app.new_tenant(&key, &format!("t{n}")).await["id"].as_str().unwrap().to_owned();
        app.with_key(&key, "PUT", &format!("/tenants/{tenant}{path}")).send().await.expect_status(201);
        tenants.push(tenant);
    }
    while !tenants.is_empty() {
        let refused = app.with_key(&key, "DELETE", &path).send().await.expect_problem(409, "resource-in-use");
        let named = refused.json()["conflicting_resource_id"].as_str().unwrap().to_owned();
        let stale = app.with_key(&key, "DELETE", &path).header("if-match", "\"9\"").send().await;
        stale.expect_problem(412, "precondition-failed");
        app.with_key(&key, "DELETE", &format!("/tenants/{named}{path}")).send().await.expect_status(204);
        let before = tenants.len();
        tenants.retain(|tenant| *tenant != named);
        assert_eq!(tenants.len(), before - 1, "{named} is a tenant that had it");
    }
    // Attachments come and go without a new version.
    app.with_key(&key, "DELETE", &path).header("if-match", "\"1\"").send().await.expect_status(204);
    for method in ["GET", "DELETE"] {
        app.with_key(&key, method, &path).send().await.expect_problem(404, "not-found");
    }
    app.with_key(&key, "PATCH", &path).json(json!({ "name": "x" })).send().await.expect_problem(404, "not-found");
    assert_ne!(app.new_repository(&key, "one").await["id"], repository);
    check_at_rest(&app).await;
}
