//! Messages with the token of an end user.

use tests::{Members, id_of, json};

#[tokio::test]
async fn a_user_writes_and_reads_in_its_own_conversation() {
    let world = Members::new().await;
    let id = id_of(&world.conversation(&world.user("u").await).await);
    let token = world.token("u").await;
    let path = format!("/conversations/{id}/messages");
    let say = |body: tests::Value| world.by(&token, "POST", &path).json(body).send();
    let mut made = vec![say(json!({ "content": "c" })).await.expect_status(201).json()];
    made.push(world.say(&id, json!({ "content": "c", "role": "assistant" })).await.expect_status(201).json());
    made.push(say(json!({ "content": "c", "role": "user" })).await.expect_status(201).json());
    made.sort_by_key(id_of);
    let listed = world.by(&token, "GET", &path).send().await.expect_status(200).json();
    assert_eq!(listed["data"], json!(made));
    assert_eq!(world.shown(&id).await.json()["message_count"], json!(3));
    // Another role is forbidden, after the stateless checks and before what is stored.
    for role in ["assistant", "system"] {
        say(json!({ "content": "c", "role": role })).await.expect_problem(403, "insufficient-scope");
        assert_eq!(say(json!({ "content": "", "role": role })).await.pointers(), ["/content"]);
        let absent = world.by(&token, "POST", "/conversations/con_00000000000000000000000000/messages");
        let absent = absent.json(json!({ "content": "c", "role": role })).send().await;
        absent.expect_problem(403, "insufficient-scope");
    }
    assert_eq!(say(json!({ "content": "c", "role": "tool" })).await.pointers(), ["/role"]);
    let not_attached = json!({ "content": "c", "repository_id": "rep_00000000000000000000000000" });
    assert_eq!(say(not_attached).await.pointers(), ["/repository_id"]);
    world.archive(&id).await.expect_status(204);
    say(json!({ "content": "c" })).await.expect_problem(409, "conversation-archived");
}
