//! `DELETE /v1/customers/{customer_id}` (contract section 3.1).

use futures_util::future::join_all;
use tests::transcript::text;
use tests::{App, Call, json};

fn archive<'a>(app: &'a App, name: &str) -> Call<'a> {
    app.operator("DELETE", &format!("/v1/customers/{name}"))
}

#[tokio::test]
async fn an_archived_customer_is_missing_everywhere_but_in_lists_of_the_archived() {
    let app = App::start().await;
    let created = app.new_customer("acme-corp").await;
    let answer = archive(&app, "acme-corp").send().await.expect_status(204);
    assert_eq!((answer.body.as_str(), answer.header("etag"), answer.header("content-type")), ("", None, None));
    for name in ["acme-corp", text(&created, "id")] {
        archive(&app, name).send().await.expect_problem(404, "not-found");
        app.operator("GET", &format!("/v1/customers/{name}")).send().await.expect_problem(404, "not-found");
        let patch = app.operator("PATCH", &format!("/v1/customers/{name}")).json(json!({ "display_name": "x" }));
        patch.send().await.expect_problem(404, "not-found");
    }
    let list = async |query: &str| {
        app.operator("GET", &format!("/v1/customers{query}")).send().await.expect_status(200).json()["customers"]
            .clone()
    };
    assert_eq!(list("").await, json!([]));
    let shown = list("?page.show_archived=true").await;
    assert_eq!((text(&shown[0], "id"), text(&shown[0], "state")), (text(&created, "id"), "archived"));
    assert_eq!(shown[0]["archived_at"], shown[0]["updated_at"]);
    assert!(text(&shown[0], "archived_at") > text(&created, "created_at"));
}

#[tokio::test]
async fn the_row_stays_with_the_time() {
    let app = App::start().await;
    app.new_customer("acme-corp").await;
    archive(&app, "acme-corp").send().await.expect_status(204);
    let (customer, root) = (&app.items_of("customer").await[0], &app.items_of("root").await[0]);
    assert_eq!((&customer["state"]["S"], &root["state"]["S"]), (&json!("archived"), &json!("archived")));
    assert!(customer["deleted_at"]["S"].is_string(), "{customer}");
}

#[tokio::test]
async fn it_can_be_archived_by_its_id_and_at_a_version() {
    let app = App::start().await;
    let created = app.new_customer("acme-corp").await;
    let name = text(&created, "id");
    for tags in ["\"0\"", "W/\"1\"", "\"2\", \"3\""] {
        archive(&app, name).header("if-match", tags).send().await.expect_problem(412, "precondition-failed");
    }
    assert_eq!(archive(&app, name).header("if-match", "x").send().await.pointers(), ["/header/If-Match"]);
    let answer = archive(&app, "absent?a=1").header("if-match", "x").send().await;
    assert_eq!(answer.pointers(), ["/header/If-Match", "/query/a"]);
    let etag = app.operator("GET", &format!("/v1/customers/{name}")).send().await.etag();
    archive(&app, name).header("if-match", &etag).body("text/plain", "ignored").send().await.expect_status(204);
    archive(&app, name).header("if-match", &etag).send().await.expect_problem(404, "not-found");
    app.new_customer("second").await;
    archive(&app, "second").header("if-match", "*").once("bad,key").send().await.expect_status(204);
}

#[tokio::test]
async fn its_keys_stop_and_its_subtree_is_shut_on_the_next_request() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let other = app.new_integration("other").await;
    app.new_tenant(&key, "t1").await;
    let read = async |key: &str| app.with_key(key, "GET", "/tenants").send().await;
    read(&key).await.expect_status(200);
    archive(&app, "acme-corp").send().await.expect_status(204);
    read(&key).await.expect_problem(401, "insufficient-scope");
    for (method, path) in [
        ("GET", "/integration/self"),
        ("GET", "/repositories"),
        ("POST", "/tenants"),
        ("DELETE", "/tenants/by-external-id/t1"),
    ] {
        app.with_key(&key, method, path).send().await.expect_problem(401, "insufficient-scope");
    }
    read(&other).await.expect_status(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_16_parallel_archives_one_succeeds() {
    let app = App::start().await;
    app.new_customer("acme-corp").await;
    let answers = join_all((0..16).map(|_| archive(&app, "acme-corp").send())).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 204).count(), 1);
    for loser in answers.into_iter().filter(|answer| answer.status != 204) {
        loser.expect_problem(404, "not-found");
    }
}
