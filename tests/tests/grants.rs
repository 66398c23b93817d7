//! What functions do rarely and must be allowed to do all the same: with these requests recorded, the checks
//! over the suite see every grant of template.yaml used.

use tests::operations::{Fixture, protected};
use tests::{App, json};

#[tokio::test]
async fn a_deprovision_that_arrives_at_the_attachments_leaves_its_job() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let repository = app.new_repository(&key, "r").await["id"].as_str().unwrap().to_owned();
    // An HTTP API hands this path to detachTenantRepository.
    let path = "/tenants/by-external-id/repositories/x";
    let tenant = app.with_key(&key, "PUT", path).send_unchecked().await.expect_status(201).json();
    let attach = format!("/tenants/{}/repositories/{repository}", tenant["id"].as_str().unwrap());
    app.with_key(&key, "PUT", &attach).send().await.expect_status(201);
    let ((), log) = app
        .requests_of(async {
            app.with_key(&key, "DELETE", path).send_unchecked().await.expect_status(204);
        })
        .await;
    assert!(log.iter().any(|entry| entry.function == "DetachTenantRepositoryFunction" && entry.is_write()));
    assert_eq!(app.items_of("sweep_job").await.len(), 1);
    app.sweep().await.unwrap();
    assert_eq!(app.items_of("sweep_job").await.len() + app.items_of("attachment").await.len(), 0);
    app.with_key(&key, "DELETE", &format!("/repositories/{repository}")).send().await.expect_status(204);
}

#[tokio::test]
async fn a_taken_name_is_a_conflict_with_a_key_too_and_the_key_stays_free() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let holder = app.new_repository(&key, "taken").await;
    let register = |name: &str| {
        let body = json!({ "name": name, "repo_url": "https://example.com/r" });
        app.with_key(&key, "POST", "/repositories").json(body).once("once-registered")
    };
    let refused = register("taken").send().await.expect_problem(409, "name-conflict");
    assert_eq!(refused.json()["conflicting_resource_id"], holder["id"]);
    let made = register("free").send().await.expect_status(201);
    assert_eq!(made.header("idempotency-replayed"), None);
}

#[tokio::test]
async fn a_valid_key_of_the_other_kind_is_forbidden_and_an_invalid_one_is_not_authorized() {
    let app = App::start().await;
    let fixture = Fixture::new(&app, "acme-corp").await;
    let revoked = app.new_integration_key("acme-corp").await;
    let path = "/v1/customers/acme-corp/keys";
    let keys = app.operator("GET", path).send().await.json();
    let newest = keys["keys"][0]["key_id"].as_str().unwrap();
    app.operator("DELETE", &format!("{path}/{newest}")).send().await.expect_status(204);
    for operation in protected() {
        let (method, path) = (&*operation.method, &*fixture.path(operation));
        let other = fixture.wrong_key_of(operation.caller);
        app.with_key(other, method, path).send().await.expect_problem(403, "insufficient-scope");
        app.with_key(&revoked, method, path).send().await.expect_problem(401, "insufficient-scope");
    }
}
