//! `GET /v1/customers/{customer_id}/keys` (contract section 3.4).

use crate::{KEYS, issue, list, revoke, start};
use tests::json;
use tests::transcript::{members, text};

#[tokio::test]
async fn keys_are_listed_newest_first_without_secrets() {
    let app = start().await;
    assert_eq!(app.operator("GET", KEYS).send().await.expect_status(200).body, r#"{"keys":[]}"#);
    let mut made = Vec::new();
    for name in ["a", "b", "c"] {
        made.push(issue(&app, json!({ "name": name })).await);
    }
    let answer = app.operator("GET", KEYS).send().await.expect_status(200);
    assert_eq!((members(&answer.body), answer.header("etag")), (vec!["keys".to_owned()], None));
    let listed = list(&app).await;
    let names: Vec<&str> = listed.iter().map(|key| text(key, "name")).collect();
    assert_eq!(names, ["c", "b", "a"]);
    for (key, made) in listed.iter().rev().zip(&mut made) {
        assert_eq!(key.get("api_key_once"), None);
        made.as_object_mut().unwrap().remove("api_key_once");
        assert_eq!(key, made);
    }
    revoke(&app, &made[1]).send().await.expect_status(204);
    assert_eq!(list(&app).await.len(), 3, "a revoked key is listed");
}

#[tokio::test]
async fn the_customer_goes_by_slug_or_id_and_has_no_pages() {
    let app = start().await;
    issue(&app, json!({ "name": "a" })).await;
    let id = text(&app.operator("GET", "/v1/customers/acme-corp").send().await.json(), "id").to_owned();
    let by_slug = app.operator("GET", KEYS).send().await.expect_status(200);
    let by_id = app.operator("GET", &format!("/v1/customers/{id}/keys")).header("if-none-match", "*").send().await;
    assert_eq!(by_id.expect_status(200).body, by_slug.body);
    let answer = app.operator("GET", &format!("{KEYS}?limit=1&page.page_size=1&limit=2")).send().await;
    assert_eq!(answer.pointers(), ["/query/limit", "/query/limit", "/query/page.page_size"]);
    app.operator("GET", &format!("{KEYS}?a=%zz")).send().await.expect_problem(400, "malformed-request");
}

#[tokio::test]
async fn keys_of_other_customers_are_not_seen() {
    let app = start().await;
    let mine = issue(&app, json!({ "name": "mine" })).await;
    app.new_customer("second").await;
    let listed = app.operator("GET", "/v1/customers/second/keys").send().await.expect_status(200);
    assert_eq!(listed.body, r#"{"keys":[]}"#);
    let path = format!("/v1/customers/second/keys/{}", text(&mine, "key_id"));
    app.operator("DELETE", &path).send().await.expect_problem(404, "not-found");
    app.operator("POST", &format!("{path}/rotate")).send().await.expect_problem(404, "not-found");
    crate::use_key(&app, &mine).await.expect_status(200);
}
