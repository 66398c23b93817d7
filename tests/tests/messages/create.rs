//! `POST /conversations/{conversation_id}/messages`

use futures_util::future::join_all;
use std::collections::BTreeSet;
use tests::checks::next_millisecond;
use tests::transcript::members;
use tests::{Action, Members, Rule, Value, id_of, json};

/// A tenant with a conversation.
async fn world() -> (Members, String) {
    let world = Members::new().await;
    let id = id_of(&world.conversation(&world.user("u").await).await);
    (world, id)
}

#[tokio::test]
async fn a_message_has_the_defaults_and_moves_its_conversation() {
    let (world, id) = world().await;
    let before = world.shown(&id).await;
    next_millisecond().await;
    let made = world.say(&id, json!({ "content": "Hello" })).await.expect_status(201);
    let message = made.json();
    assert!(id_of(&message).starts_with("msg_"));
    assert_eq!((made.header("location"), made.header("etag")), (None, None));
    assert_eq!(made.header("cache-control"), Some("private, no-cache"));
    let expected = json!({
        "object": "message", "id": message["id"], "conversation_id": id, "role": "user", "content": "Hello",
        "repository_id": null, "filler": { "enabled": true }, "metadata": {}, "created_at": message["created_at"],
    });
    assert_eq!(message, expected);
    let names = "object id conversation_id role content repository_id filler metadata created_at";
    assert_eq!(members(&made.body).join(" "), names);
    let after = world.shown(&id).await;
    let mut expected = before.json();
    (expected["message_count"], expected["last_message_at"]) = (json!(1), message["created_at"].clone());
    assert_eq!(after.json(), expected, "`updated_at` does not move");
    assert_ne!(after.etag(), before.etag());
    let listed = world.get(&format!("/conversations/{id}/messages")).await.json();
    assert_eq!(listed["data"], json!([message]));
}

#[tokio::test]
async fn what_is_given_is_what_it_has_and_the_rest_is_the_conversations() {
    let world = Members::new().await;
    let user = world.user("u").await;
    let (one, two) = (world.attached("one").await, world.attached("two").await);
    let body =
        json!({ "user_id": user, "repository_id": one, "filler": { "enabled": false }, "metadata": { "k": "of" } });
    let id = id_of(&world.begin(body).await.expect_status(201).json());
    for role in ["user", "assistant", "system"] {
        let body = json!({
            "role": role, "content": "c", "repository_id": two, "filler": { "enabled": true }, "metadata": { "k": "v" }
        });
        let made = world.say(&id, body.clone()).await.expect_status(201).json();
        for (member, value) in body.as_object().unwrap() {
            assert_eq!(made[member], *value, "{member}: {made}");
        }
    }
    for extra in [json!({}), json!({ "repository_id": null, "filler": null }), json!({ "filler": {} })] {
        let mut body = extra.clone();
        body["content"] = json!("c");
        let made = world.say(&id, body).await.expect_status(201).json();
        assert_eq!((&made["repository_id"], &made["filler"]), (&json!(one), &json!({ "enabled": false })), "{extra}");
        assert_eq!(made["metadata"], json!({}));
    }
    // The conversation's is taken though it has been detached; one that is given must be attached now.
    for repository in [&one, &two] {
        world.call("DELETE", &world.attachment(repository)).send().await.expect_status(204);
    }
    let made = world.say(&id, json!({ "content": "c" })).await.expect_status(201).json();
    assert_eq!(made["repository_id"], json!(one));
    for repository in [&*one, &*two, "rep_00000000000000000000000000"] {
        let refused = world.say(&id, json!({ "content": "c", "repository_id": repository })).await;
        assert_eq!(refused.pointers(), ["/repository_id"]);
    }
    // A message keeps what it took.
    world.change(&id, json!({ "filler": { "enabled": true } })).await.expect_status(200);
    let listed = world.get(&format!("/conversations/{id}/messages")).await.json();
    assert_eq!(listed["data"][6], made);
    let made = world.say(&id, json!({ "content": "c" })).await.expect_status(201).json();
    assert_eq!(made["filler"], json!({ "enabled": true }));
}

#[tokio::test]
async fn a_repository_is_attached_when_the_message_is_committed() {
    let (world, id) = world().await;
    let repository = world.attached("one").await;
    world.app.lambda.warm("create-message", 1).await.unwrap();
    let body = json!({ "content": "c", "repository_id": repository });
    let message = world.call("POST", &format!("/conversations/{id}/messages")).json(body);
    let detach = async {
        world.call("DELETE", &world.attachment(&repository)).send().await.expect_status(204);
    };
    let answer = world.while_held(message, "CreateMessageFunction", detach).await;
    assert_eq!(answer.pointers(), ["/repository_id"]);
    assert_eq!(world.shown(&id).await.json()["message_count"], json!(0));
}

#[tokio::test]
async fn content_is_one_byte_to_64_kib_of_text_without_nul() {
    let (world, id) = world().await;
    let largest = 64 * 1024;
    let all_controls: String = (1..=0x1f).chain(0x7f..=0x9f).filter_map(char::from_u32).collect();
    let accepted = [
        "c".to_owned(),
        " ".to_owned(),
        all_controls,
        "é\u{200f}e\u{301}\u{10ffff}".to_owned(),
        "x".repeat(largest),
        "\u{1f600}".repeat(largest / 4),
    ];
    for content in &accepted {
        let made = world.say(&id, json!({ "content": content })).await.expect_status(201);
        assert_eq!(made.json()["content"], json!(content), "to the byte");
    }
    let listed = world.get(&format!("/conversations/{id}/messages")).await.json();
    for (row, content) in listed["data"].as_array().unwrap().iter().zip(&accepted) {
        assert_eq!(row["content"], json!(content));
    }
    let refused = [
        json!(""),
        json!("a\0b"),
        json!("x".repeat(largest + 1)),
        json!(format!("{}é", "x".repeat(largest - 1))),
        json!(null),
        json!(1),
        json!(["c"]),
    ];
    for content in refused {
        assert_eq!(world.say(&id, json!({ "content": content })).await.pointers(), ["/content"]);
    }
    assert_eq!(world.shown(&id).await.json()["message_count"], json!(accepted.len()));
}

#[tokio::test]
async fn all_that_is_wrong_with_a_body_is_said_at_once() {
    let (world, id) = world().await;
    let body = json!({
        "role": "tool", "repository_id": id, "filler": { "enabled": null }, "metadata": { "k": null }, "id": "msg_1",
        "conversation_id": id, "created_at": null,
    });
    let expected = [
        "/content",
        "/conversation_id",
        "/created_at",
        "/filler/enabled",
        "/id",
        "/metadata/k",
        "/repository_id",
        "/role",
    ];
    assert_eq!(world.say(&id, body).await.pointers(), expected);
    assert_eq!(world.say(&id, json!({})).await.pointers(), ["/content"]);
    assert_eq!(world.say(&id, json!({ "content": "c", "role": null })).await.pointers(), ["/role"]);
    let no_body = world.call("POST", &format!("/conversations/{id}/messages")).send().await;
    no_body.expect_problem(400, "malformed-request");
    assert_eq!(world.app.items_of("message").await, [] as [Value; 0]);
}

#[tokio::test]
async fn a_message_cannot_be_changed_or_removed() {
    let (world, id) = world().await;
    let message = id_of(&world.say(&id, json!({ "content": "c" })).await.expect_status(201).json());
    for method in ["GET", "PATCH", "PUT", "DELETE"] {
        let path = format!("/conversations/{id}/messages/{message}");
        world.call(method, &path).send_unchecked().await.expect_problem(404, "not-found");
        if method != "GET" {
            let path = format!("/conversations/{id}/messages");
            world.call(method, &path).send_unchecked().await.expect_problem(405, "method-not-allowed");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_at_once_are_counted_exactly_once_each() {
    let (world, id) = world().await;
    world.app.lambda.warm("create-message", 4).await.unwrap();
    world.app.faults([Rule::on("TransactWriteItems", Action::Delay { ms: 10 })]);
    let calls = (0..32).map(|number| world.say(&id, json!({ "content": format!("c{number}") })));
    let made = join_all(calls).await;
    world.app.faults([]);
    let made: BTreeSet<String> = made.into_iter().map(|made| id_of(&made.expect_status(201).json())).collect();
    let shown = world.shown(&id).await.json();
    assert_eq!((made.len(), &shown["message_count"]), (32, &json!(32)));
    let listed = world.get(&format!("/conversations/{id}/messages?limit=100")).await.json();
    let rows = listed["data"].as_array().unwrap();
    assert_eq!(rows.iter().map(id_of).collect::<BTreeSet<_>>(), made);
    assert_eq!(shown["last_message_at"], rows[31]["created_at"], "of the last in the list");
    // The indexes follow it.
    let stored = &world.app.items_of("conversation").await[0];
    let expected = format!("{}#{}", shown["last_message_at"].as_str().unwrap(), &id[4..]);
    assert_eq!(stored["g2sk"]["S"], json!(expected));
}

#[tokio::test]
async fn a_service_key_writes_for_a_suspended_user_too() {
    let world = Members::new().await;
    let user = world.user("u").await;
    let id = id_of(&world.conversation(&user).await);
    world.call("DELETE", &format!("/users/{user}")).send().await.expect_status(204);
    for role in ["user", "assistant", "system"] {
        world.say(&id, json!({ "content": "c", "role": role })).await.expect_status(201);
    }
    world.change(&id, json!({ "title": "T" })).await.expect_status(200);
    world.archive(&id).await.expect_status(204);
}
