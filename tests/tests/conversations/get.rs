//! `GET /conversations/{conversation_id}`

use tests::checks::wrote;
use tests::{Members, id_of, json};

#[tokio::test]
async fn a_conversation_is_read_by_its_id_alone() {
    let world = Members::new().await;
    let id = id_of(&world.conversation(&world.user("u").await).await);
    let read = world.shown(&id).await;
    let path = format!("/conversations/{id}");
    let same = world.call("GET", &path).header("if-none-match", &read.etag()).send().await.expect_status(304);
    assert_eq!((same.etag(), same.body.as_str()), (read.etag(), ""));
    let (other, log) =
        world.app.requests_of(world.call("GET", &path).header("if-none-match", "\"0\", W/\"1\"").send()).await;
    assert_eq!(other.expect_status(200).json()["id"], json!(id));
    assert_eq!((log.len(), wrote(&log)), (1, false), "one round trip");
}

#[tokio::test]
async fn what_is_absent_foreign_or_of_another_form_is_not_found() {
    let world = Members::new().await;
    let id = id_of(&world.conversation(&world.user("u").await).await);
    let stranger = world.app.new_integration("stranger").await;
    let gone = world.app.new_tenant(&world.key, "gone").await;
    let user = id_of(&world.app.new_user(&world.key, &id_of(&gone), "u").await);
    let below_gone = id_of(&world.conversation(&user).await);
    world.call("DELETE", "/tenants/by-external-id/gone").send().await.expect_status(204);
    let absent = "con_00000000000000000000000000".to_owned();
    let ill_formed = ["con_1", "x", "%20", &id.to_uppercase(), &id.replacen("con_", "msg_", 1)].map(str::to_owned);
    let found = ill_formed.into_iter().chain([absent, below_gone]).map(|id| (&world.key, id));
    for (key, id) in found.chain([(&stranger, id.clone())]) {
        for (method, path) in [
            ("GET", format!("/conversations/{id}")),
            ("PATCH", format!("/conversations/{id}")),
            ("DELETE", format!("/conversations/{id}")),
            ("GET", format!("/conversations/{id}/messages")),
            ("POST", format!("/conversations/{id}/messages")),
        ] {
            let call = world.app.with_key(key, method, &path);
            let call = match method {
                "PATCH" => call.json(json!({ "title": "x" })),
                "POST" => call.json(json!({ "content": "x" })),
                _ => call,
            };
            call.send().await.expect_problem(404, "not-found");
        }
    }
}

#[tokio::test]
async fn reading_needs_its_scope() {
    let world = Members::new().await;
    let user = world.user("u").await;
    let id = id_of(&world.conversation(&user).await);
    let key = async |scopes: &[&str]| {
        let body = json!({ "name": "k", "scopes": scopes });
        let made = world.app.operator("POST", "/v1/customers/acme-corp/keys").json(body).send().await;
        made.expect_status(201).json()["api_key_once"].as_str().unwrap().to_owned()
    };
    let (reader, writer) = (key(&["conversations:read_all"]).await, key(&["conversations:write"]).await);
    let (path, messages) = (format!("/conversations/{id}"), format!("/conversations/{id}/messages"));
    let list = format!("/conversations?user_id={user}");
    for path in [&path, &messages, &list] {
        world.by(&reader, "GET", path).send().await.expect_status(200);
        world.by(&writer, "GET", path).send().await.expect_problem(403, "insufficient-scope");
    }
    let body = json!({ "content": "c" });
    world.by(&writer, "POST", &messages).json(body.clone()).send().await.expect_status(201);
    world.by(&reader, "POST", &messages).json(body).send().await.expect_problem(403, "insufficient-scope");
    let body = json!({ "user_id": user });
    world.by(&reader, "POST", "/conversations").json(body).send().await.expect_problem(403, "insufficient-scope");
    world.by(&reader, "PATCH", &path).json(json!({})).send().await.expect_problem(403, "insufficient-scope");
    world.by(&reader, "DELETE", &path).send().await.expect_problem(403, "insufficient-scope");
}
