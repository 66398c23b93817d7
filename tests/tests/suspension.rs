//! Suspended tenants and users, deprovisioned tenants, archived customers and retired signing keys: which operations on conversations end, and
//! that a write which is under way then is refused (contract section 6.6).

use futures_util::future::join_all;
use std::collections::BTreeSet;
use std::time::Duration;
use tests::checks::check_at_rest;
use tests::{Action, Call, Exchange, Members, Rule, Value, id_of, json};

/// A tenant with a user that has a role and a conversation with a message, and a token of the user.
struct World {
    members: Members,
    user: String,
    conversation: String,
    token: String,
}

/// The functions of the guarded writes.
const FUNCTIONS: [&str; 4] = ["create-conversation", "update-conversation", "archive-conversation", "create-message"];

impl World {
    async fn new() -> Self {
        let members = Members::new().await;
        let user = members.user("u").await;
        let role = members.role("r").await;
        members.assign("PUT", &user, &role).await.expect_status(204);
        let conversation = id_of(&members.conversation(&user).await);
        members.say(&conversation, json!({ "content": "c" })).await.expect_status(201);
        let token = members.token("u").await;
        Self { members, user, conversation, token }
    }

    /// The guarded writes on conversations, as [`FUNCTIONS`].
    fn writes(&self, credential: &str) -> [Call<'_>; 4] {
        let path = format!("/conversations/{}", self.conversation);
        let by = |method: &str, path: &str| self.members.by(credential, method, path);
        [
            by("POST", "/conversations").json(json!({ "user_id": self.user, "runtime": { "mode": "sticky" } })),
            by("PATCH", &path).json(json!({ "runtime": { "mode": "sticky" } })),
            by("DELETE", &path),
            by("POST", &format!("{path}/messages")).json(json!({ "content": "c" })),
        ]
    }

    /// The reads of conversations and messages.
    async fn reads(&self, credential: &str) -> Vec<Exchange> {
        let path = format!("/conversations/{}", self.conversation);
        let list = format!("/conversations?user_id={}", self.user);
        let paths = [&path, &format!("{path}/messages"), &list];
        join_all(paths.map(|path| self.members.by(credential, "GET", path).send())).await
    }

    fn exchange(&self) -> Call<'_> {
        let body = json!({ "tenant_external_id": "one", "user_external_id": "u" });
        self.members.call("POST", "/auth/token-exchange").json(body)
    }

    async fn answers(&self, credential: &str) -> Vec<Exchange> {
        join_all(self.writes(credential).map(Call::send)).await
    }

    /// What is stored of conversations, messages and leases.
    async fn stored(&self) -> BTreeSet<String> {
        let items = self.members.app.items().await.into_iter();
        let is_one = |item: &Value| {
            ["conversation", "message", "leases"].map(|entity| json!(entity)).contains(&item["type"]["S"])
        };
        items.filter(is_one).map(|item| item.to_string()).collect()
    }

    /// Checks that nothing of these was changed, but that they may be gone.
    async fn check_unchanged(&self, before: &BTreeSet<String>) {
        let after = self.stored().await;
        assert!(after.is_subset(before), "{:?}", after.difference(before).collect::<Vec<_>>());
    }

    async fn suspend_user(&self) {
        self.members.call("DELETE", &format!("/users/{}", self.user)).send().await.expect_status(204);
    }

    async fn archive_customer(&self) {
        self.members.app.operator("DELETE", "/v1/customers/acme-corp").send().await.expect_status(204);
    }

    async fn retire_signing_keys(&self) {
        let store = self.members.app.direct_store();
        for key in self.members.app.items_of("signing_key").await {
            let kid = tenancy::domain::SigningKeyId::parse(key["kid"]["S"].as_str().unwrap()).unwrap();
            store.retire_signing_key(kid).await.expect("the key can be retired");
        }
    }
}

/// Checks that all are refused so.
#[track_caller]
fn check_all(answers: Vec<Exchange>, status: u16, slug: &str) {
    assert!(!answers.is_empty());
    answers.into_iter().for_each(|answer| drop(answer.expect_problem(status, slug)));
}

#[tokio::test]
async fn a_suspended_tenant_takes_no_guarded_write_and_everything_else() {
    let world = World::new().await;
    let members = &world.members;
    let shown = async || {
        let answers = [world.reads(&members.key).await, world.reads(&world.token).await].concat();
        answers.into_iter().map(|answer| answer.expect_status(200).body).collect::<Vec<_>>()
    };
    let (before, stored) = (shown().await, world.stored().await);
    members.tenant(json!({ "status": "suspended" })).await;
    for credential in [&members.key, &world.token] {
        check_all(world.answers(credential).await, 403, "tenant-suspended");
    }
    world.exchange().send().await.expect_problem(403, "tenant-suspended");
    assert_eq!((shown().await, world.stored().await), (before, stored));
    // Also what would write nothing.
    let path = format!("/conversations/{}", world.conversation);
    members.send("PATCH", &path, json!({})).await.expect_problem(403, "tenant-suspended");
    // The other writes go on.
    let user = members.user("another").await;
    members.put("another", json!({ "display_name": "A" })).await.expect_status(200);
    let role = members.role("another").await;
    members.assign("PUT", &user, &role).await.expect_status(204);
    let repository = members.attached("one").await;
    members
        .send("PATCH", &format!("/users/{user}"), json!({ "default_repository_id": repository }))
        .await
        .expect_status(200);
    members.send("PATCH", &format!("/roles/{role}"), json!({ "repository_id": repository })).await.expect_status(200);
    members.send("PATCH", &format!("/roles/{role}"), json!({ "repository_id": null })).await.expect_status(200);
    members.assign("DELETE", &user, &role).await.expect_status(204);
    members.call("DELETE", &format!("/roles/{role}")).send().await.expect_status(204);
    members.call("DELETE", &format!("/users/{user}")).send().await.expect_status(204);
    members.tenant(json!({ "name": "N", "settings": { "max_concurrent_sticky": 20 } })).await;
    check_all(world.answers(&members.key).await, 403, "tenant-suspended");
    // Another tenant of the customer is not concerned.
    let other = id_of(&members.app.new_tenant(&members.key, "two").await);
    members.conversation(&id_of(&members.app.new_user(&members.key, &other, "u").await)).await;
    check_at_rest(&members.app).await;
    members.tenant(json!({ "status": "active" })).await;
    for credential in [&members.key, &world.token] {
        let statuses: Vec<u16> = world.answers(credential).await.iter().map(|answer| answer.status).collect();
        assert_eq!((statuses[0], statuses[2]), (201, 204), "{statuses:?}");
        members.change(&world.conversation, json!({ "status": "active" })).await.expect_status(200);
    }
    world.exchange().send().await.expect_status(200);
    check_at_rest(&members.app).await;
}

#[tokio::test]
async fn suspension_comes_after_404_and_before_all_else_that_is_stored() {
    let world = World::new().await;
    let members = &world.members;
    let path = format!("/conversations/{}", world.conversation);
    members.archive(&world.conversation).await.expect_status(204);
    members.tenant(json!({ "status": "suspended", "settings": { "max_concurrent_sticky": 0 } })).await;
    world.suspend_user().await;
    let absent = "00000000000000000000000000";
    // What is stateless, and what is not there.
    assert_eq!(members.begin(json!({ "user_id": world.user, "title": 1 })).await.pointers(), ["/title"]);
    assert_eq!(members.change(&world.conversation, json!({ "title": 1 })).await.pointers(), ["/title"]);
    assert_eq!(members.say(&world.conversation, json!({})).await.pointers(), ["/content"]);
    members.begin(json!({ "user_id": format!("usr_{absent}") })).await.expect_problem(404, "not-found");
    members.change(&format!("con_{absent}"), json!({})).await.expect_problem(404, "not-found");
    members.archive(&format!("con_{absent}")).await.expect_problem(404, "not-found");
    members.say(&format!("con_{absent}"), json!({ "content": "c" })).await.expect_problem(404, "not-found");
    // A suspended user, 412, 409, 422 and 429 come later.
    let begin = |mut body: Value| {
        body["user_id"] = json!(world.user);
        members.begin(body)
    };
    for body in [
        json!({}),
        json!({ "role_id": format!("rol_{absent}") }),
        json!({ "repository_id": format!("rep_{absent}") }),
        json!({ "runtime": { "mode": "sticky", "sticky_ttl_seconds": 86400 } }),
    ] {
        begin(body).await.expect_problem(403, "tenant-suspended");
    }
    let stale = members.call("PATCH", &path).json(json!({ "title": "T" })).header("if-match", "\"1\"");
    stale.send().await.expect_problem(403, "tenant-suspended");
    let stale = members.call("DELETE", &path).header("if-match", "\"1\"");
    stale.send().await.expect_problem(403, "tenant-suspended");
    let sticky = json!({ "status": "active", "runtime": { "mode": "sticky" } });
    members.change(&world.conversation, sticky).await.expect_problem(403, "tenant-suspended");
    let not_attached = json!({ "content": "c", "repository_id": format!("rep_{absent}") });
    members.say(&world.conversation, not_attached).await.expect_problem(403, "tenant-suspended");
    // The user's own token meets the state of its user first, with the credential.
    check_all(world.answers(&world.token).await, 403, "insufficient-scope");
    members.tenant(json!({ "status": "active" })).await;
    begin(json!({ "role_id": format!("rol_{absent}") })).await.expect_problem(403, "insufficient-scope");
}

#[tokio::test]
async fn nothing_below_a_deprovisioned_tenant_answers() {
    let world = World::new().await;
    let members = &world.members;
    members.deprovision().await;
    // At once, and after the sweep.
    for _ in 0..2 {
        let answers = world.answers(&members.key).await;
        check_all(answers, 404, "not-found");
        let reads = world.reads(&members.key).await;
        check_all(reads[..2].to_vec(), 404, "not-found");
        let empty = json!({ "object": "list", "data": [], "has_more": false, "next_cursor": null });
        assert_eq!(reads[2].clone().expect_status(200).json(), empty);
        for answers in [world.answers(&world.token).await, world.reads(&world.token).await] {
            check_all(answers, 401, "insufficient-scope");
        }
        world.exchange().send().await.expect_problem(404, "not-found");
        members.app.sweep().await.unwrap();
    }
    assert_eq!(world.stored().await, BTreeSet::new());
    // A tenant of the same external id is another one.
    let tenant = id_of(&members.app.new_tenant(&members.key, "one").await);
    world.exchange().send().await.expect_problem(404, "not-found");
    members.app.new_user(&members.key, &tenant, "u").await;
    check_all(world.reads(&world.token).await, 401, "insufficient-scope");
    members.token("u").await;
    check_at_rest(&members.app).await;
}

#[tokio::test]
async fn an_archived_customer_is_shut_out_and_comes_back_as_it_was() {
    let world = World::new().await;
    let members = &world.members;
    let shown = async || {
        let answers = [world.reads(&members.key).await, world.reads(&world.token).await].concat();
        answers
            .into_iter()
            .map(|answer| (answer.clone().expect_status(200).body, answer.header("etag").map(str::to_owned)))
            .collect::<Vec<_>>()
    };
    let before = shown().await;
    world.archive_customer().await;
    for credential in [&members.key, &world.token] {
        for answers in [world.answers(credential).await, world.reads(credential).await] {
            check_all(answers, 401, "insufficient-scope");
        }
    }
    world.exchange().send().await.expect_problem(401, "insufficient-scope");
    members.app.operator("POST", "/v1/customers/acme-corp/restore").send().await.expect_status(200);
    assert_eq!(shown().await, before);
    let made = world.writes(&world.token).map(Call::send).into_iter().next().expect("four").await;
    made.expect_status(201);
    check_at_rest(&members.app).await;
}

#[tokio::test]
async fn a_suspended_user_is_forbidden_and_its_conversations_are_not() {
    let world = World::new().await;
    let members = &world.members;
    world.suspend_user().await;
    for answers in [world.answers(&world.token).await, world.reads(&world.token).await] {
        check_all(answers, 403, "insufficient-scope");
    }
    world.exchange().send().await.expect_problem(403, "insufficient-scope");
    for answer in world.reads(&members.key).await {
        answer.expect_status(200);
    }
    let [begin, update, archive, message] = world.writes(&members.key);
    begin.send().await.expect_problem(403, "insufficient-scope");
    update.send().await.expect_status(200);
    message.send().await.expect_status(201);
    archive.send().await.expect_status(204);
    let active = json!({ "status": "active" });
    members.send("PATCH", &format!("/users/{}", world.user), active).await.expect_status(200);
    for answer in world.reads(&world.token).await {
        answer.expect_status(200);
    }
}

/// What ends writing while writes are under way.
#[derive(Clone, Copy, Debug)]
enum End {
    Suspension,
    Deprovision,
    Archive,
    OfUser,
    OfSigningKey,
}

/// Sends all guarded writes, ends them after they were decided and before they are committed, and checks that each is refused so.
async fn check_under_way(end: End, is_token: bool, expected: [(u16, &str); 4]) {
    let world = World::new().await;
    let members = &world.members;
    join_all(FUNCTIONS.map(|function| members.app.lambda.warm(function, 1)))
        .await
        .into_iter()
        .for_each(|warm| warm.unwrap());
    let before = world.stored().await;
    let held = Action::Delay { ms: 700 };
    let logical_id = |function: &str| {
        let words = function.split('-').map(|word| word[..1].to_uppercase() + &word[1..]);
        format!("{}Function", words.collect::<String>())
    };
    members.app.faults(
        FUNCTIONS.map(|function| Rule::on("TransactWriteItems", held.clone()).function(&logical_id(function)).nth(1)),
    );
    let begun = members.app.proxy.log_len();
    let end_it = async {
        for _ in 0..5_000 {
            if members.app.proxy.log_from(begun).iter().filter(|entry| entry.action == held).count() == 4 {
                match end {
                    End::Suspension => drop(members.tenant(json!({ "status": "suspended" })).await),
                    End::Deprovision => members.deprovision().await,
                    End::Archive => world.archive_customer().await,
                    End::OfUser => world.suspend_user().await,
                    End::OfSigningKey => world.retire_signing_keys().await,
                }
                return;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        panic!("not all four were written");
    };
    let credential = if is_token { &world.token } else { &members.key };
    let (answers, ()) = tokio::join!(world.answers(credential), end_it);
    members.app.faults([]);
    for ((answer, function), (status, slug)) in answers.into_iter().zip(FUNCTIONS).zip(expected) {
        assert_eq!(
            (answer.status, answer.json()["slug"].as_str()),
            (status, Some(slug)),
            "{end:?} {function}: {answer}"
        );
    }
    world.check_unchanged(&before).await;
}

#[tokio::test]
async fn a_write_under_way_is_refused_when_the_tenant_is_suspended() {
    for is_token in [false, true] {
        check_under_way(End::Suspension, is_token, [(403, "tenant-suspended"); 4]).await;
    }
}

#[tokio::test]
async fn a_write_under_way_is_refused_when_the_tenant_is_deprovisioned() {
    check_under_way(End::Deprovision, false, [(404, "not-found"); 4]).await;
    check_under_way(End::Deprovision, true, [(401, "insufficient-scope"); 4]).await;
}

#[tokio::test]
async fn a_write_under_way_is_refused_when_the_customer_is_archived() {
    for is_token in [false, true] {
        check_under_way(End::Archive, is_token, [(401, "insufficient-scope"); 4]).await;
    }
}

#[tokio::test]
async fn a_write_under_way_is_refused_when_its_user_is_suspended() {
    check_under_way(End::OfUser, true, [(403, "insufficient-scope"); 4]).await;
}

#[tokio::test]
async fn a_write_under_way_is_refused_when_its_signing_key_is_retired() {
    check_under_way(End::OfSigningKey, true, [(401, "insufficient-scope"); 4]).await;
}
