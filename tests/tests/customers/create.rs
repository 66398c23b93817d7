//! `POST /v1/customers`

use tests::{App, json};

#[tokio::test]
async fn a_customer_is_created_once() {
    let app = App::start().await;
    let create = || app.operator("POST", "/v1/customers").json(json!({ "customer_id": "acme-corp", "display_name": "Acme" }));
    let created = create().send().await.expect_status(201);
    assert_eq!(created.header("location"), Some("/v1/customers/acme-corp"));
    assert_eq!(created.json()["display_name"], "Acme");
    let second = create().send().await.expect_problem(409, "name-conflict");
    assert_eq!(second.json()["conflicting_resource_id"], created.json()["id"]);
}
