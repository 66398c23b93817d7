//! `Idempotency-Key` on createMessage.

use tests::{Exchange, HELD, Members, Rule, id_of, json};

/// The same answer as `first`, marked as a replay.
fn check_replay(answer: &Exchange, first: &Exchange) {
    assert_eq!((answer.status, &answer.body), (201, &first.body), "{answer}");
    assert_eq!((answer.header("location"), answer.header("etag")), (None, None));
    assert_eq!((first.header("idempotency-replayed"), answer.header("idempotency-replayed")), (None, Some("true")));
}

#[tokio::test]
async fn a_replay_says_what_happened_then_whatever_holds_now() {
    let world = Members::new().await;
    let user = world.user("u").await;
    let repository = world.attached("one").await;
    let body = json!({ "user_id": user, "repository_id": repository, "filler": { "enabled": false } });
    let id = id_of(&world.begin(body).await.expect_status(201).json());
    let path = format!("/conversations/{id}/messages");
    let send = |content: &str, key: &str| {
        let body = json!({ "content": content, "metadata": { "k": "metadata" } });
        world.call("POST", &path).json(body).once(key).send()
    };
    let first = send("c", "k").await.expect_status(201);
    check_replay(&send("c", "k").await, &first);
    world.change(&id, json!({ "filler": { "enabled": true } })).await.expect_status(200);
    world.call("DELETE", &world.attachment(&repository)).send().await.expect_status(204);
    check_replay(&send("c", "k").await, &first);
    send("other", "k").await.expect_problem(409, "idempotency-key-conflict");
    assert_eq!(world.shown(&id).await.json()["message_count"], json!(1));
    // The conversation is part of the payload.
    let other = id_of(&world.conversation(&user).await);
    for id in [&*other, "con_00000000000000000000000000", "con_1"] {
        let body = json!({ "content": "c", "metadata": { "k": "metadata" } });
        let elsewhere = world.call("POST", &format!("/conversations/{id}/messages")).json(body).once("k");
        elsewhere.send().await.expect_problem(409, "idempotency-key-conflict");
    }
    world.archive(&id).await.expect_status(204);
    check_replay(&send("c", "k").await, &first);
    send("c", "another").await.expect_problem(409, "conversation-archived");
    world.tenant(json!({ "status": "suspended" })).await;
    check_replay(&send("c", "k").await, &first);
    send("c", "another").await.expect_problem(403, "tenant-suspended");
    world.deprovision().await;
    check_replay(&send("c", "k").await, &first);
    send("c", "another").await.expect_problem(404, "not-found");
    world.app.sweep().await.unwrap();
    check_replay(&send("c", "k").await, &first);
}

#[tokio::test]
async fn the_keys_of_an_integration_and_of_a_user_are_different_ones() {
    let world = Members::new().await;
    let id = id_of(&world.conversation(&world.user("u").await).await);
    let token = world.token("u").await;
    let path = format!("/conversations/{id}/messages");
    let send = |credential: &str| world.by(credential, "POST", &path).json(json!({ "content": "c" })).once("k").send();
    let (of_integration, of_user) = (send(&world.key).await.expect_status(201), send(&token).await.expect_status(201));
    assert_eq!(of_user.header("idempotency-replayed"), None);
    check_replay(&send(&world.token("u").await).await, &of_user);
    check_replay(&send(&world.key).await, &of_integration);
    assert_eq!(world.shown(&id).await.json()["message_count"], json!(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn duplicates_at_once_make_one_message_that_is_counted_once() {
    let world = Members::new().await;
    let id = id_of(&world.conversation(&world.user("u").await).await);
    let path = format!("/conversations/{id}/messages");
    let calls = (0..16).map(|_| world.call("POST", &path).json(json!({ "content": "c" })).once("k").send());
    let answers = futures_util::future::join_all(calls).await;
    for answer in &answers {
        assert_eq!((answer.status, &answer.body), (201, &answers[0].body), "{answer}");
    }
    let replayed = answers.iter().filter(|answer| answer.header("idempotency-replayed").is_some()).count();
    assert_eq!((replayed, &world.shown(&id).await.json()["message_count"]), (15, &json!(1)));
}

#[tokio::test]
async fn a_duplicate_whose_repository_was_detached_after_the_lookup_is_replayed() {
    let world = Members::new().await;
    let id = id_of(&world.conversation(&world.user("u").await).await);
    let repository = world.attached("one").await;
    world.app.lambda.warm("create-message", 2).await.unwrap();
    let body = json!({ "content": "c", "repository_id": repository });
    let call = || world.call("POST", &format!("/conversations/{id}/messages")).json(body.clone()).once("k");
    let first = std::cell::OnceCell::new();
    let duplicate = async {
        drop(first.set(call().send().await.expect_status(201)));
        world.call("DELETE", &world.attachment(&repository)).send().await.expect_status(204);
    };
    let tenant = Rule::on("BatchGetItem", HELD).function("CreateMessageFunction").key("#T ").nth(1);
    let answer = world.while_waiting(call(), tenant, duplicate).await;
    check_replay(&answer, first.get().expect("the duplicate was answered"));
}
