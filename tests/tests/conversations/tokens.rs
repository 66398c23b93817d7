//! Conversations with the token of an end user: its own, and no other.

use tests::checks::ids;
use tests::{Members, Value, id_of, json};

/// A tenant with two users, their tokens, and a conversation of each.
struct World {
    members: Members,
    users: [String; 2],
    tokens: [String; 2],
    conversations: [String; 2],
}

impl World {
    async fn new() -> Self {
        let members = Members::new().await;
        let users = [members.user("one").await, members.user("two").await];
        let tokens = [members.token("one").await, members.token("two").await];
        let conversations =
            [id_of(&members.conversation(&users[0]).await), id_of(&members.conversation(&users[1]).await)];
        Self { members, users, tokens, conversations }
    }
}

#[tokio::test]
async fn a_user_has_conversations_of_its_own() {
    let World { members, users, tokens, conversations } = World::new().await;
    let role = members.role("r").await;
    members.assign("PUT", &users[0], &role).await.expect_status(204);
    let begin = |body: Value| members.by(&tokens[0], "POST", "/conversations").json(body).send();
    // With its id, without it, and without a body.
    let mut made = vec![conversations[0].clone()];
    for body in [json!({ "user_id": users[0] }), json!({ "title": "T", "runtime": { "mode": "sticky" } }), json!({})] {
        let answer = begin(body).await.expect_status(201).json();
        assert_eq!((&answer["user_id"], &answer["context"]["role_id"]), (&json!(users[0]), &json!(role)));
        made.push(id_of(&answer));
    }
    let bare = members.by(&tokens[0], "POST", "/conversations").send().await.expect_status(201);
    made.push(id_of(&bare.json()));
    let path = format!("/conversations/{}", made[1]);
    let read = members.by(&tokens[0], "GET", &path).send().await.expect_status(200);
    assert_eq!(read.body, members.shown(&made[1]).await.body, "the integration sees the same");
    let title = json!({ "title": "U" });
    let changed = members.by(&tokens[0], "PATCH", &path).json(title).send().await.expect_status(200);
    assert_eq!(changed.json()["title"], json!("U"));
    members.by(&tokens[0], "DELETE", &path).send().await.expect_status(204);
    let list = format!("/conversations?user_id={}", users[0]);
    let listed = members.by(&tokens[0], "GET", &list).send().await.expect_status(200).json();
    let (mut listed, _) = (ids(&listed), made.sort_unstable());
    listed.sort_unstable();
    assert_eq!(listed, made);
    let archived = members.by(&tokens[0], "GET", &format!("{list}&status=archived")).send().await.json();
    assert_eq!(ids(&archived).len(), 1);
}

#[tokio::test]
async fn a_conversation_of_another_user_does_not_exist() {
    let World { members, tokens, conversations, .. } = World::new().await;
    let absent = "con_00000000000000000000000000";
    for id in [&*conversations[1], absent] {
        let path = format!("/conversations/{id}");
        let by = |method: &str, path: &str| members.by(&tokens[0], method, path);
        by("GET", &path).send().await.expect_problem(404, "not-found");
        by("PATCH", &path).json(json!({ "title": "mine" })).send().await.expect_problem(404, "not-found");
        by("DELETE", &path).send().await.expect_problem(404, "not-found");
        let messages = format!("{path}/messages");
        by("GET", &messages).send().await.expect_problem(404, "not-found");
        by("POST", &messages).json(json!({ "content": "c" })).send().await.expect_problem(404, "not-found");
    }
    let other = members.shown(&conversations[1]).await;
    assert_eq!((other.version(), &other.json()["message_count"]), (1, &json!(0)));
}

#[tokio::test]
async fn what_is_about_others_is_forbidden() {
    let World { members, users, tokens, conversations } = World::new().await;
    let by = |method: &str, path: &str| members.by(&tokens[0], method, path);
    let absent = "usr_00000000000000000000000000";
    for user in [&*users[1], absent] {
        let body = json!({ "user_id": user });
        by("POST", "/conversations").json(body).send().await.expect_problem(403, "insufficient-scope");
        let list = format!("/conversations?user_id={user}");
        by("GET", &list).send().await.expect_problem(403, "insufficient-scope");
    }
    // After the stateless checks.
    let body = json!({ "user_id": users[1], "title": 1 });
    assert_eq!(by("POST", "/conversations").json(body).send().await.pointers(), ["/title"]);
    // A tenant is forbidden whatever else is sent.
    let own = format!("user_id={}", users[0]);
    let tenant = format!("tenant_id={}", members.tenant);
    for query in [
        tenant.clone(),
        format!("{own}&{tenant}"),
        format!("{tenant}&limit=0&x=1"),
        format!("{own}&tenant_id=x"),
        format!("{own}&tenant_id="),
    ] {
        by("GET", &format!("/conversations?{query}")).send().await.expect_problem(403, "insufficient-scope");
    }
    by("GET", "/conversations").send().await.expect_problem(400, "malformed-request");
    by("GET", "/conversations?limit=5").send().await.expect_problem(400, "malformed-request");
    let foreign = by("GET", &format!("/conversations?{own}&starting_after={}", conversations[1])).send().await;
    assert_eq!(ids(&foreign.expect_status(200).json()), [] as [&str; 0], "another's conversation is no place");
    assert_eq!(members.app.items_of("conversation").await.len(), 2);
}

#[tokio::test]
async fn a_token_meets_the_same_rules_of_stored_state() {
    let World { members, users, tokens, .. } = World::new().await;
    let begin = |body: Value| members.by(&tokens[0], "POST", "/conversations").json(body).send();
    let body = json!({ "repository_id": "rep_00000000000000000000000000" });
    assert_eq!(begin(body).await.pointers(), ["/repository_id"]);
    assert_eq!(begin(json!({ "role_id": "rol_00000000000000000000000000" })).await.pointers(), ["/role_id"]);
    for name in ["a", "b"] {
        let role = members.role(name).await;
        members.assign("PUT", &users[0], &role).await.expect_status(204);
    }
    begin(json!({})).await.expect_problem(422, "role-required");
    members.tenant(json!({ "settings": { "max_concurrent_sticky": 0 } })).await;
    let sticky = json!({ "role_id": null, "runtime": { "mode": "sticky" } });
    begin(sticky.clone()).await.expect_problem(422, "role-required");
    members
        .call("PATCH", &format!("/users/{}", users[0]))
        .json(json!({ "role_ids": [] }))
        .send()
        .await
        .expect_status(200);
    begin(sticky).await.expect_problem(429, "capacity-exhausted");
}
