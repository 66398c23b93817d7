//! `GET /integration/self` (contract section 1).

use insta::assert_snapshot;
use tests::transcript::{redacted, text};
use tests::{App, json};

const PATH: &str = "/integration/self";

#[tokio::test]
async fn an_integration_sees_itself() {
    let app = App::start().await;
    let customer = app.new_customer("acme-corp").await;
    let body = json!({ "name": "ci", "scopes": ["tokens:write", "tenants:write"] });
    let key = app.operator("POST", "/v1/customers/acme-corp/keys").json(body).send().await.expect_status(201).json();
    let answer = app.with_key(text(&key, "api_key_once"), "GET", PATH).send().await.expect_status(200);
    assert_snapshot!(redacted(&answer.body), @r#"{"object":"integration_principal","key_id":"key_…","name":"ci","root_tenant_id":"tnt_…","customer_id":"acme-corp","scopes":["tenants:write","tokens:write"],"approver_keys":[]}"#);
    let shown = answer.json();
    assert_eq!(shown["key_id"], key["key_id"]);
    assert_eq!(text(&shown, "root_tenant_id"), text(&customer, "id").replace("cust_", "tnt_"));
}

#[tokio::test]
async fn its_root_is_no_tenant_that_can_be_read() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let shown = app.with_key(&key, "GET", PATH).send().await.json();
    let root = text(&shown, "root_tenant_id");
    app.with_key(&key, "GET", &format!("/tenants/{root}")).send().await.expect_problem(404, "not-found");
    let body = json!({ "name": "x" });
    let patch = app.with_key(&key, "PATCH", &format!("/tenants/{root}")).json(body);
    patch.send().await.expect_problem(404, "not-found");
    let list = app.with_key(&key, "GET", "/tenants").send().await.expect_status(200).json();
    assert_eq!(list["data"], json!([]));
}

#[tokio::test]
async fn each_key_is_shown_under_its_own_name() {
    let app = App::start().await;
    app.new_customer("acme-corp").await;
    app.new_customer("second").await;
    for (customer, name) in [("acme-corp", "one"), ("acme-corp", "two"), ("second", "one")] {
        let path = format!("/v1/customers/{customer}/keys");
        let key = app.operator("POST", &path).json(json!({ "name": name })).send().await.expect_status(201).json();
        let shown = app.with_key(text(&key, "api_key_once"), "GET", PATH).send().await.expect_status(200).json();
        assert_eq!((text(&shown, "name"), text(&shown, "customer_id")), (name, customer));
        // A rotated key keeps the name under a new id.
        let path = format!("{path}/{}/rotate", text(&key, "key_id"));
        let key = app.operator("POST", &path).send().await.expect_status(201).json();
        let shown = app.with_key(text(&key, "api_key_once"), "GET", PATH).send().await.expect_status(200).json();
        assert_eq!((&shown["key_id"], text(&shown, "name")), (&key["key_id"], name));
    }
}

#[tokio::test]
async fn only_an_integration_may_ask_and_no_parameter_is_known() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    app.operator("GET", PATH).send().await.expect_problem(403, "insufficient-scope");
    app.anonymous("GET", PATH).send().await.expect_problem(401, "insufficient-scope");
    let answer = app.with_key(&key, "GET", &format!("{PATH}?a=1&b=")).send().await;
    assert_eq!(answer.pointers(), ["/query/a", "/query/b"]);
    app.with_key(&key, "GET", &format!("{PATH}?a=%ff")).send().await.expect_problem(400, "malformed-request");
    app.with_key(&key, "GET", &format!("{PATH}?")).body("x/y", "ignored").send().await.expect_status(200);
}
