//! `DELETE /conversations/{conversation_id}`, and what an archived conversation takes

use tests::checks::{next_millisecond, wrote};
use tests::{Members, Value, id_of, json};

#[tokio::test]
async fn archiving_is_204_again_and_writes_once() {
    let world = Members::new().await;
    let id = id_of(&world.conversation(&world.user("u").await).await);
    let before = world.shown(&id).await;
    next_millisecond().await;
    let archived = world.archive(&id).await.expect_status(204);
    assert_eq!((archived.body.as_str(), archived.header("etag")), ("", None));
    let after = world.shown(&id).await;
    assert_ne!(after.etag(), before.etag());
    assert!(after.json()["updated_at"].as_str() > before.json()["updated_at"].as_str());
    let mut expected = before.json();
    (expected["status"], expected["updated_at"]) = (json!("archived"), after.json()["updated_at"].clone());
    assert_eq!(after.json(), expected);
    for _ in 0..2 {
        let (again, log) = world.app.requests_of(world.archive(&id)).await;
        again.expect_status(204);
        assert!(!wrote(&log));
    }
    assert_eq!((world.shown(&id).await.body, world.shown(&id).await.etag()), (after.body.clone(), after.etag()));
}

#[tokio::test]
async fn an_archived_conversation_is_read_and_takes_nothing_but_its_return() {
    let world = Members::new().await;
    let id = id_of(&world.conversation(&world.user("u").await).await);
    world.say(&id, json!({ "content": "c" })).await.expect_status(201);
    // By a PATCH, with something else in the same body.
    let archived = world.change(&id, json!({ "status": "archived", "title": "T" })).await.expect_status(200).json();
    assert_eq!((&archived["status"], &archived["title"]), (&json!("archived"), &json!("T")));
    let before = world.shown(&id).await;
    for body in [
        json!({}),
        json!({ "title": "x" }),
        json!({ "status": "archived" }),
        json!({ "runtime": { "mode": "sticky" } }),
        json!({ "runtime": { "agent_type": "other" } }),
    ] {
        world.change(&id, body).await.expect_problem(409, "conversation-archived");
    }
    world.say(&id, json!({ "content": "c" })).await.expect_problem(409, "conversation-archived");
    // 409 comes before the 422 of what is stored, and after the stateless ones.
    let not_attached = json!({ "content": "c", "repository_id": "rep_00000000000000000000000000" });
    world.say(&id, not_attached).await.expect_problem(409, "conversation-archived");
    assert_eq!(world.say(&id, json!({ "content": "" })).await.pointers(), ["/content"]);
    assert_eq!(world.change(&id, json!({ "title": 1 })).await.pointers(), ["/title"]);
    let messages = world.get(&format!("/conversations/{id}/messages")).await.json();
    assert_eq!(messages["data"].as_array().unwrap().len(), 1);
    assert_eq!((world.shown(&id).await.body, world.shown(&id).await.etag()), (before.body.clone(), before.etag()));
    let active = world.change(&id, json!({ "status": "active", "title": null })).await.expect_status(200).json();
    assert_eq!((&active["status"], &active["title"]), (&json!("active"), &Value::Null));
    world.say(&id, json!({ "content": "c" })).await.expect_status(201);
    assert_eq!(world.shown(&id).await.json()["message_count"], json!(2));
}

#[tokio::test]
async fn archiving_releases_the_lease_and_the_return_takes_none() {
    let world = Members::new().await;
    let user = world.user("u").await;
    world.tenant(json!({ "settings": { "max_concurrent_sticky": 1 } })).await;
    for by_patch in [false, true] {
        let id = world.sticky(&user).await;
        assert_eq!(world.leased().await, [&*id]);
        if by_patch {
            // A lease that the same body asks for is not taken.
            let body = json!({ "status": "archived", "runtime": { "mode": "sticky", "sticky_ttl_seconds": 60 } });
            world.change(&id, body).await.expect_status(200);
        } else {
            world.archive(&id).await.expect_status(204);
        }
        assert_eq!(world.leased().await, [] as [&str; 0]);
        let pooled = json!({
            "agent_type": "claude-agent-sdk", "mode": "pooled", "sticky_ttl_seconds": null, "lease_expires_at": null
        });
        assert_eq!(world.shown(&id).await.json()["runtime"], pooled);
        // The place is free at once.
        let next = world.sticky(&user).await;
        assert_eq!(world.change(&id, json!({ "status": "active" })).await.expect_status(200).json()["runtime"], pooled);
        let sticky = json!({ "runtime": { "mode": "sticky" } });
        world.change(&id, sticky).await.expect_problem(429, "capacity-exhausted");
        world.archive(&next).await.expect_status(204);
        // It may ask for one in the body that brings it back.
        world.archive(&id).await.expect_status(204);
        let body = json!({ "status": "active", "runtime": { "mode": "sticky" } });
        let back = world.change(&id, body).await.expect_status(200).json();
        assert_eq!(back["runtime"]["mode"], json!("sticky"));
        world.archive(&id).await.expect_status(204);
    }
}

#[tokio::test]
async fn a_message_that_is_under_way_while_its_conversation_is_archived_is_refused() {
    let world = Members::new().await;
    let id = id_of(&world.conversation(&world.user("u").await).await);
    world.app.lambda.warm("create-message", 1).await.unwrap();
    let message = world.call("POST", &format!("/conversations/{id}/messages")).json(json!({ "content": "c" }));
    let archive = async { drop(world.archive(&id).await.expect_status(204)) };
    let answer = world.while_held(message, "CreateMessageFunction", archive).await;
    answer.expect_problem(409, "conversation-archived");
    assert_eq!(world.app.items_of("message").await, [] as [Value; 0]);
    assert_eq!(world.shown(&id).await.json()["message_count"], json!(0));
}
