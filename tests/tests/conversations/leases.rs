//! Sticky leases: how many there are, how long they last, and who renews them.

use futures_util::future::join_all;
use tests::checks::{check_at_rest, next_millisecond};
use tests::{Action, Exchange, Members, Rule, Value, from_now, id_of, json, milliseconds};

fn sticky(seconds: Value) -> Value {
    json!({ "runtime": { "mode": "sticky", "sticky_ttl_seconds": seconds } })
}

fn ttl(seconds: Value) -> Value {
    json!({ "runtime": { "sticky_ttl_seconds": seconds } })
}

/// The runtime of a conversation without a lease.
fn pooled() -> Value {
    json!({ "agent_type": "claude-agent-sdk", "mode": "pooled", "sticky_ttl_seconds": null, "lease_expires_at": null })
}

/// The wait that a refusal for want of a place names.
fn retry_after(answer: &Exchange) -> i64 {
    answer.clone().expect_problem(429, "capacity-exhausted");
    answer.header("retry-after").and_then(|seconds| seconds.parse().ok()).unwrap_or_else(|| panic!("{answer}"))
}

/// Checks that a lease lasts so many seconds from the time of the answer on.
#[track_caller]
fn check_lasts(runtime: &Value, seconds: i64) {
    assert_eq!((&runtime["mode"], &runtime["sticky_ttl_seconds"]), (&json!("sticky"), &json!(seconds)));
    let left = milliseconds(&runtime["lease_expires_at"]) - from_now(0).milliseconds();
    assert!((seconds * 1000 - 10_000..=seconds * 1000).contains(&left), "{left} of {seconds} s");
}

#[tokio::test]
async fn a_lease_lasts_as_asked_or_as_long_as_the_tenant_allows() {
    let world = Members::new().await;
    let user = world.user("u").await;
    let begin = async |seconds: Value| {
        let mut body = sticky(seconds);
        body["user_id"] = json!(user);
        world.begin(body).await
    };
    world.tenant(json!({ "settings": { "max_sticky_ttl_seconds": 600, "max_concurrent_sticky": 10 } })).await;
    for (sent, seconds) in [(json!(null), 600), (json!(60), 60), (json!(600), 600)] {
        let made = begin(sent).await.expect_status(201).json();
        check_lasts(&made["runtime"], seconds);
        let end = milliseconds(&made["runtime"]["lease_expires_at"]);
        assert_eq!(end - milliseconds(&made["created_at"]), seconds * 1000);
        assert_eq!(world.shown(&id_of(&made)).await.json(), made);
    }
    assert_eq!(begin(json!(601)).await.pointers(), ["/runtime/sticky_ttl_seconds"]);
    let id = world.sticky(&user).await;
    for body in [ttl(json!(601)), sticky(json!(601))] {
        assert_eq!(world.change(&id, body).await.pointers(), ["/runtime/sticky_ttl_seconds"]);
    }
    assert_eq!(world.leased().await.len(), 4);
}

#[tokio::test]
async fn there_are_never_more_than_the_tenant_allows() {
    let world = Members::new().await;
    let user = world.user("u").await;
    let settings = |most: u32| world.tenant(json!({ "settings": { "max_concurrent_sticky": most } }));
    settings(2).await;
    let (first, second) = (world.sticky(&user).await, world.sticky(&user).await);
    let one_more = || world.begin(json!({ "user_id": user, "runtime": { "mode": "sticky" } }));
    let pooled_one = id_of(&world.conversation(&user).await);
    // The wait is until the first of them ends, in whole seconds.
    world.move_lease(&second, 100_000).await;
    for refused in [one_more().await, world.change(&pooled_one, sticky(Value::Null)).await] {
        assert!((90..=100).contains(&retry_after(&refused)), "{refused}");
    }
    world.move_lease(&first, 1_500).await;
    assert!((1..=2).contains(&retry_after(&one_more().await)));
    // A duration that is too long comes before the places.
    assert_eq!(world.change(&pooled_one, sticky(json!(3601))).await.pointers(), ["/runtime/sticky_ttl_seconds"]);
    // Another tenant has its own places.
    let other = id_of(&world.app.new_tenant(&world.key, "two").await);
    world.sticky(&id_of(&world.app.new_user(&world.key, &other, "u").await)).await;
    // One that is released is free at once, and so is one more that is allowed.
    world.move_lease(&first, 100_000).await;
    world.change(&first, json!({ "runtime": { "mode": "pooled" } })).await.expect_status(200);
    world.change(&pooled_one, sticky(Value::Null)).await.expect_status(200);
    retry_after(&one_more().await);
    settings(3).await;
    one_more().await.expect_status(201);
    retry_after(&one_more().await);
    settings(0).await;
    assert_eq!(retry_after(&one_more().await), 60);
    check_at_rest(&world.app).await;
}

#[tokio::test]
async fn a_lease_ends_by_the_clock_alone() {
    let world = Members::new().await;
    let user = world.user("u").await;
    world.tenant(json!({ "settings": { "max_concurrent_sticky": 1 } })).await;
    let id = world.sticky(&user).await;
    let running = world.shown(&id).await;
    world.move_lease(&id, 60_000).await;
    retry_after(&world.begin(json!({ "user_id": user, "runtime": { "mode": "sticky" } })).await);
    world.end_lease(&id).await;
    let ended = world.shown(&id).await;
    assert_eq!(ended.json()["runtime"], pooled());
    assert_ne!(ended.etag(), running.etag(), "the end is another version");
    assert_eq!(ended.json()["updated_at"], running.json()["updated_at"]);
    let listed = world.get(&format!("/conversations?user_id={user}")).await.json();
    assert_eq!(listed["data"], json!([ended.json()]));
    let path = format!("/conversations/{id}");
    let stale = world.call("GET", &path).header("if-none-match", &running.etag()).send().await;
    stale.expect_status(200);
    let patch = |tag: &str| world.call("PATCH", &path).json(json!({ "title": "T" })).header("if-match", tag);
    patch(&running.etag()).send().await.expect_problem(412, "precondition-failed");
    // A change that is not about the lease leaves it at its end.
    let changed = patch(&ended.etag()).send().await.expect_status(200);
    assert_eq!(changed.json()["runtime"], pooled());
    assert!(![running.etag(), ended.etag()].contains(&changed.etag()));
    assert_eq!(world.shown(&id).await.etag(), changed.etag());
    assert_eq!(world.change(&id, ttl(json!(60))).await.pointers(), ["/runtime/sticky_ttl_seconds"]);
    // The place is free without a write, and what has ended is removed by the next that takes one.
    let next = world.sticky(&user).await;
    assert_eq!(world.leased().await, [&*next]);
    retry_after(&world.change(&id, sticky(Value::Null)).await);
    // It can be archived, and take a lease anew.
    world.archive(&id).await.expect_status(204);
    world.end_lease(&next).await;
    let body = json!({ "status": "active", "runtime": { "mode": "sticky" } });
    check_lasts(&world.change(&id, body).await.expect_status(200).json()["runtime"], 3600);
    assert_eq!(world.shown(&next).await.json()["runtime"], pooled());
}

#[tokio::test]
async fn a_running_lease_stays_is_set_anew_or_is_released() {
    let world = Members::new().await;
    let user = world.user("u").await;
    world.tenant(json!({ "settings": { "max_concurrent_sticky": 1 } })).await;
    let id = world.sticky(&user).await;
    let lease = world.shown(&id).await.json()["runtime"].clone();
    next_millisecond().await;
    // It stays: with the mode that it has, with null, with the agent type that it has, and under anything else.
    for body in [
        json!({ "runtime": { "mode": "sticky" } }),
        sticky(Value::Null),
        ttl(Value::Null),
        json!({ "runtime": { "agent_type": "claude-agent-sdk" } }),
        json!({ "title": "T" }),
    ] {
        assert_eq!(world.change(&id, body.clone()).await.expect_status(200).json()["runtime"], lease, "{body}");
    }
    // It is set anew, and needs no second place.
    for body in [ttl(json!(120)), sticky(json!(240))] {
        let seconds = body["runtime"]["sticky_ttl_seconds"].as_i64().unwrap();
        check_lasts(&world.change(&id, body).await.expect_status(200).json()["runtime"], seconds);
        assert_eq!(world.leased().await, [&*id]);
    }
    let end = world.shown(&id).await.json()["runtime"]["lease_expires_at"].clone();
    let stored = &world.app.items_of("leases").await[0]["leases"]["M"][&id[4..]]["S"];
    assert_eq!(*stored, end, "the place ends with the lease");
    for body in [
        json!({ "runtime": { "mode": "pooled" } }),
        json!({ "runtime": { "mode": "pooled", "sticky_ttl_seconds": null } }),
    ] {
        assert_eq!(world.change(&id, body).await.expect_status(200).json()["runtime"], pooled());
        assert_eq!(world.leased().await, [] as [&str; 0]);
    }
}

#[tokio::test]
async fn tightened_settings_hold_for_later_leases_only() {
    let world = Members::new().await;
    let user = world.user("u").await;
    let (first, second) = (world.sticky(&user).await, world.sticky(&user).await);
    let before = [world.shown(&first).await, world.shown(&second).await];
    world.tenant(json!({ "settings": { "max_sticky_ttl_seconds": 60, "max_concurrent_sticky": 1 } })).await;
    for (id, before) in [&first, &second].into_iter().zip(&before) {
        let after = world.shown(id).await;
        assert_eq!((&after.body, after.etag()), (&before.body, before.etag()));
        // A change of something else, and the mode that it has, leave it too.
        let body = json!({ "title": "T", "runtime": { "mode": "sticky" } });
        let changed = world.change(id, body).await.expect_status(200).json();
        assert_eq!(changed["runtime"], before.json()["runtime"]);
    }
    retry_after(&world.begin(json!({ "user_id": user, "runtime": { "mode": "sticky" } })).await);
    // Set anew, it is under the settings of now; there is no second place to take.
    assert_eq!(world.change(&first, ttl(json!(61))).await.pointers(), ["/runtime/sticky_ttl_seconds"]);
    check_lasts(&world.change(&first, ttl(json!(60))).await.expect_status(200).json()["runtime"], 60);
    // Below the maximum again only after both have ended.
    world.change(&first, json!({ "runtime": { "mode": "pooled" } })).await.expect_status(200);
    retry_after(&world.change(&first, sticky(Value::Null)).await);
    world.end_lease(&second).await;
    check_lasts(&world.change(&first, sticky(Value::Null)).await.expect_status(200).json()["runtime"], 60);
}

#[tokio::test]
async fn a_lease_is_decided_by_the_settings_that_hold_when_it_is_committed() {
    let world = Members::new().await;
    let user = world.user("u").await;
    let id = id_of(&world.conversation(&user).await);
    world.app.lambda.warm("update-conversation", 1).await.unwrap();
    let path = format!("/conversations/{id}");
    let tighten = async { drop(world.tenant(json!({ "settings": { "max_sticky_ttl_seconds": 60 } })).await) };
    let call = world.call("PATCH", &path).json(sticky(json!(600)));
    let answer = world.while_held(call, "UpdateConversationFunction", tighten).await;
    assert_eq!(answer.pointers(), ["/runtime/sticky_ttl_seconds"]);
    let close = async { drop(world.tenant(json!({ "settings": { "max_concurrent_sticky": 0 } })).await) };
    let call = world.call("PATCH", &path).json(sticky(json!(60)));
    assert_eq!(retry_after(&world.while_held(call, "UpdateConversationFunction", close).await), 60);
    assert_eq!(world.leased().await, [] as [&str; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_that_ask_at_once_as_many_get_a_lease_as_the_tenant_allows() {
    let world = Members::new().await;
    let user = world.user("u").await;
    world.tenant(json!({ "settings": { "max_concurrent_sticky": 5 } })).await;
    // One that has ended is no lease.
    let ended = world.sticky(&user).await;
    world.end_lease(&ended).await;
    let made = join_all((0..32).map(|_| world.conversation(&user))).await;
    let pooled_ones: Vec<String> = made.iter().map(id_of).collect();
    let warm = ["create-conversation", "update-conversation"].map(|function| world.app.lambda.warm(function, 4));
    join_all(warm).await.into_iter().for_each(|warm| warm.unwrap());
    world.app.faults([Rule::on("TransactWriteItems", Action::Delay { ms: 20 })]);
    let body = json!({ "user_id": user, "runtime": { "mode": "sticky" } });
    let creations = (0..32).map(|_| world.call("POST", "/conversations").json(body.clone()).send());
    let updates = pooled_ones
        .iter()
        .map(|id| world.call("PATCH", &format!("/conversations/{id}")).json(sticky(Value::Null)).send());
    let (mut answers, updated) = tokio::join!(join_all(creations), join_all(updates));
    world.app.faults([]);
    answers.extend(updated);
    let mut leased: Vec<String> =
        answers.iter().filter(|answer| answer.status < 300).map(|answer| id_of(&answer.json())).collect();
    leased.sort_unstable();
    assert_eq!(leased.len(), 5, "{answers:?}");
    for refused in answers.iter().filter(|answer| answer.status >= 300) {
        // The wait is rounded up, and the lease may be a moment younger than the refused request.
        assert!((3500..=3601).contains(&retry_after(refused)), "{refused}");
    }
    assert_eq!(world.leased().await, leased);
    check_at_rest(&world.app).await;
}
