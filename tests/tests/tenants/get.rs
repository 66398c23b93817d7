//! `GET /tenants/{tenant_id}`

use tests::App;

#[tokio::test]
async fn a_caller_that_has_the_version_gets_304() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let tenant = app.new_tenant(&key, "one").await;
    let path = format!("/tenants/{}", tenant["id"].as_str().unwrap());
    for path in [path.as_str(), "/tenants/by-external-id/one"] {
        let found = app.with_key(&key, "GET", path).send().await.expect_status(200);
        assert_eq!(found.json(), tenant);
        let tag = found.etag();
        for value in [tag.clone(), format!("W/{tag}"), format!("\"x\", ,{tag}"), "*".to_owned()] {
            let same = app.with_key(&key, "GET", path).header("if-none-match", &value).send().await.expect_status(304);
            assert_eq!((same.etag(), same.body), (tag.clone(), String::new()));
        }
        app.with_key(&key, "GET", path).header("if-none-match", "\"7\"").send().await.expect_status(200);
        let broken = app.with_key(&key, "GET", path).header("if-none-match", "7").send().await;
        assert_eq!(broken.pointers(), ["/header/If-None-Match"]);
        app.with_key(&key, "GET", path).header("if-match", "\"7\"").send().await.expect_status(200);
        let unknown = app.with_key(&key, "GET", &format!("{path}?expand=x")).send().await;
        assert_eq!(unknown.pointers(), ["/query/expand"]);
    }
}

#[tokio::test]
async fn ill_formed_and_absent_are_one_404() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let tenant = app.new_tenant(&key, "one").await["id"].as_str().unwrap().to_owned();
    let customer = tenant.replace("tnt_", "cust_");
    for id in [
        "tnt_01arz3ndektsv4rrffq69g5fav",
        "tnt_",
        "x",
        "by-external-id",
        "tnt_zzzzzzzzzzzzzzzzzzzzzzzzzz",
        "%00",
        "%23",
        "..",
        "tnt_01arz3ndektsv4rrffq69g5fav0",
        &tenant.to_uppercase(),
        &tenant[4..],
        &customer,
        &format!("{tenant}%20"),
        &format!("%20{tenant}"),
    ] {
        for method in ["GET", "DELETE"] {
            app.with_key(&key, method, &format!("/tenants/{id}")).send().await.expect_problem(404, "not-found");
        }
        let patch = app.with_key(&key, "PATCH", &format!("/tenants/{id}")).json(tests::json!({ "name": "x" }));
        patch.send().await.expect_problem(404, "not-found");
    }
    app.with_key(&key, "GET", &format!("/tenants/{}", tenant.replace("tnt", "%74nt"))).send().await.expect_status(200);
}

#[tokio::test]
async fn the_root_is_no_tenant() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let root = app.with_key(&key, "GET", "/integration/self").send().await.json()["root_tenant_id"].clone();
    let path = format!("/tenants/{}", root.as_str().unwrap());
    app.with_key(&key, "GET", &path).send().await.expect_problem(404, "not-found");
    app.anonymous("GET", &path).send().await.expect_problem(401, "insufficient-scope");
}
