//! `Idempotency-Key` on createConversation.

use tests::{Exchange, HELD, Members, Rule, from_now, id_of, json, milliseconds};

/// The same answer as `first`, marked as a replay.
fn check_replay(answer: &Exchange, first: &Exchange) {
    assert_eq!((answer.status, &answer.body), (201, &first.body), "{answer}");
    for name in ["location", "etag", "content-type"] {
        assert_eq!(answer.header(name), first.header(name), "{name}: {answer}");
    }
    assert_eq!((first.header("idempotency-replayed"), answer.header("idempotency-replayed")), (None, Some("true")));
}

#[tokio::test]
async fn a_replay_says_what_happened_then_whatever_holds_now() {
    let world = Members::new().await;
    let user = world.user("u").await;
    let role = world.role("r").await;
    let repository = world.attached("one").await;
    world.assign("PUT", &user, &role).await.expect_status(204);
    world.send("PATCH", &format!("/roles/{role}"), json!({ "repository_id": repository })).await.expect_status(200);
    let body = json!({
        "user_id": user, "title": "T", "metadata": { "k": "metadata" },
        "runtime": { "mode": "sticky", "sticky_ttl_seconds": 60 }, "filler": { "enabled": false },
    });
    let send = |body: &tests::Value| world.call("POST", "/conversations").json(body.clone()).once("k").send();
    let first = send(&body).await.expect_status(201);
    let id = id_of(&first.json());
    assert_eq!(first.json()["runtime"]["mode"], json!("sticky"));
    check_replay(&send(&body).await, &first);
    // All that it was made of changes.
    world.say(&id, json!({ "content": "c" })).await.expect_status(201);
    world.change(&id, json!({ "title": "U", "metadata": {} })).await.expect_status(200);
    world.end_lease(&id).await;
    check_replay(&send(&body).await, &first);
    world.archive(&id).await.expect_status(204);
    world.assign("DELETE", &user, &role).await.expect_status(204);
    world.send("PATCH", &format!("/roles/{role}"), json!({ "repository_id": null })).await.expect_status(200);
    world.call("DELETE", &world.attachment(&repository)).send().await.expect_status(204);
    world.tenant(json!({ "settings": { "max_concurrent_sticky": 0, "filler_enabled": true } })).await;
    check_replay(&send(&body).await, &first);
    world.call("DELETE", &format!("/users/{user}")).send().await.expect_status(204);
    check_replay(&send(&body).await, &first);
    world.tenant(json!({ "status": "suspended" })).await;
    check_replay(&send(&body).await, &first);
    let mut other = body.clone();
    other["title"] = json!("other");
    send(&other).await.expect_problem(409, "idempotency-key-conflict");
    world.deprovision().await;
    check_replay(&send(&body).await, &first);
    send(&other).await.expect_problem(409, "idempotency-key-conflict");
    world.app.sweep().await.unwrap();
    check_replay(&send(&body).await, &first);
    world.call("GET", &format!("/conversations/{id}")).send().await.expect_problem(404, "not-found");
    let end = milliseconds(&first.json()["runtime"]["lease_expires_at"]);
    assert!(end > from_now(0).milliseconds(), "the lease of the first answer");
    // The credential is checked all the same.
    world.app.operator("DELETE", "/v1/customers/acme-corp").send().await.expect_status(204);
    send(&body).await.expect_problem(401, "insufficient-scope");
}

#[tokio::test]
async fn what_was_refused_is_not_recorded() {
    let world = Members::new().await;
    let user = world.user("u").await;
    let body = json!({ "user_id": user, "runtime": { "mode": "sticky" } });
    let send = || world.call("POST", "/conversations").json(body.clone()).once("k").send();
    world.tenant(json!({ "status": "suspended", "settings": { "max_concurrent_sticky": 0 } })).await;
    send().await.expect_problem(403, "tenant-suspended");
    world.tenant(json!({ "status": "active" })).await;
    send().await.expect_problem(429, "capacity-exhausted");
    world.tenant(json!({ "settings": {} })).await;
    let first = send().await.expect_status(201);
    check_replay(&send().await, &first);
    assert_eq!(world.app.items_of("conversation").await.len(), 1);
}

#[tokio::test]
async fn the_keys_of_an_integration_and_of_each_user_are_different_ones() {
    let world = Members::new().await;
    let users = [world.user("one").await, world.user("two").await];
    let tokens = [world.token("one").await, world.token("two").await];
    let send = |credential: &str| {
        world.by(credential, "POST", "/conversations").json(json!({ "user_id": users[0] })).once("k").send()
    };
    let of_integration = send(&world.key).await.expect_status(201);
    let of_one = send(&tokens[0]).await.expect_status(201);
    assert_eq!(of_one.header("idempotency-replayed"), None);
    assert_ne!(of_one.json()["id"], of_integration.json()["id"]);
    // Of two users with the same body, which a user may leave out.
    let bare = |token: &str| world.by(token, "POST", "/conversations").once("bare").send();
    let made = [bare(&tokens[0]).await.expect_status(201), bare(&tokens[1]).await.expect_status(201)];
    for (made, user) in made.iter().zip(&users) {
        assert_eq!((made.header("idempotency-replayed"), &made.json()["user_id"]), (None, &json!(user)));
    }
    // A replay works under another token of the user, and under another key of the integration.
    check_replay(&send(&world.token("one").await).await, &of_one);
    check_replay(&bare(&tokens[1]).await, &made[1]);
    check_replay(&send(&world.app.new_integration_key("acme-corp").await).await, &of_integration);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn duplicates_at_once_make_one_conversation_and_take_one_lease() {
    let world = Members::new().await;
    let user = world.user("u").await;
    world.tenant(json!({ "settings": { "max_concurrent_sticky": 1 } })).await;
    let body = json!({ "user_id": user, "runtime": { "mode": "sticky" } });
    let calls = (0..16).map(|_| world.call("POST", "/conversations").json(body.clone()).once("k").send());
    let answers = futures_util::future::join_all(calls).await;
    let first = answers.iter().find(|answer| answer.header("idempotency-replayed").is_none()).expect("a first one");
    for answer in &answers {
        assert_eq!((answer.status, &answer.body), (201, &first.body), "{answer}");
    }
    let replayed = answers.iter().filter(|answer| answer.header("idempotency-replayed").is_some()).count();
    assert_eq!((replayed, world.leased().await), (15, vec![id_of(&first.json())]));
}

#[tokio::test]
async fn a_duplicate_that_took_the_last_lease_after_the_lookup_is_replayed() {
    let world = Members::new().await;
    let user = world.user("u").await;
    world.tenant(json!({ "settings": { "max_concurrent_sticky": 1 } })).await;
    world.app.lambda.warm("create-conversation", 2).await.unwrap();
    let body = json!({ "user_id": user, "runtime": { "mode": "sticky" } });
    let call = || world.call("POST", "/conversations").json(body.clone()).once("k");
    let first = std::cell::OnceCell::new();
    let duplicate = async { drop(first.set(call().send().await.expect_status(201))) };
    let leases = Rule::on("BatchGetItem", HELD).function("CreateConversationFunction").key("#L ").nth(1);
    let answer = world.while_waiting(call(), leases, duplicate).await;
    check_replay(&answer, first.get().expect("the duplicate was answered"));
}
