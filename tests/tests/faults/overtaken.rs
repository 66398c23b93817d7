//! Writes whose answers are lost while others write the same item: case A7. The writes that the item remembers show what became of them
//! (docs/decisions/0012-a-write-is-bound-to-what-it-read.md).

mod cases;

use self::cases::cases;
use super::{app, expect_unavailable, others_change, until};
use std::collections::BTreeSet;
use tests::checks::check_at_rest;
use tests::operations::{Fixture, is_excluded, operation, protected, with_body};
use tests::{Action, App, Call, Exchange, Rule, Value, json};

/// What holds the second attempt up until others have written.
const HELD: &[Action] = &[Action::Delay { ms: 700 }];

/// The same for many others, which do not write through the proxy. A single write's attempt has 800 ms, so that a third one is sent.
const HELD_LONG: &[Action] = &[Action::Delay { ms: 1400 }, Action::Delay { ms: 700 }];

/// `lost` befalls the first attempt of a call's write; before the SDK's next one arrives, `others` is done.
async fn overtaken(
    app: &App,
    op: &str,
    lost: &Action,
    held: &[Action],
    call: Call<'_>,
    others: impl Future<Output = ()>,
) -> Exchange {
    app.faults((1..).zip([lost].into_iter().chain(held)).map(|(nth, action)| Rule::on(op, action.clone()).nth(nth)));
    let begun = app.proxy.log_len();
    let others = async {
        until("the second attempt", || app.proxy.log_from(begun).iter().any(|entry| entry.action == held[0])).await;
        others.await;
    };
    let (answer, ()) = tokio::join!(call.send(), others);
    app.faults([]);
    answer
}

/// A patch of a tenant's name, overtaken by so many patches of its metadata: the answer, and the tenant then.
async fn overtaken_patch(lost: &Action, is_conditional: bool, times: usize) -> (Exchange, Exchange) {
    let (app, key) = app().await;
    let id = app.new_tenant(&key, "a").await["id"].as_str().unwrap().to_owned();
    let path = format!("/tenants/{id}");
    let tag = app.with_key(&key, "GET", &path).send().await.etag();
    app.lambda.warm("update-tenant", 1).await.unwrap();
    let patch = app.with_key(&key, "PATCH", &path).json(json!({ "name": "A" }));
    let patch = if is_conditional { patch.header("if-match", &tag) } else { patch };
    let answer = overtaken(&app, "UpdateItem", lost, HELD_LONG, patch, others_change(&app, &key, &id, times)).await;
    (answer, app.with_key(&key, "GET", &path).send().await)
}

#[tokio::test]
async fn a_patch_that_was_applied_and_overtaken_succeeds_with_what_it_decided_and_undoes_nothing() {
    // Thirty-two others leave its id as the oldest that the tenant remembers. Without a condition others might have come before it too: the
    // write that it read must be remembered as well.
    for (is_conditional, times) in [(true, 1), (false, 1), (true, 32), (false, 31)] {
        let (answer, now) = overtaken_patch(&Action::DropAfter, is_conditional, times).await;
        let answer = answer.expect_status(200);
        let shown = answer.json();
        assert_eq!((&shown["name"], &shown["metadata"], answer.version()), (&json!("A"), &json!({}), 2), "{times}");
        let by = json!({ "by": format!("B{}", times - 1) });
        assert_eq!((&now.json()["name"], &now.json()["metadata"]), (&json!("A"), &by), "{times}");
        assert_eq!(now.version(), 2 + times as u64, "it was applied once");
    }
}

#[tokio::test]
async fn a_patch_that_was_applied_and_forgotten_is_unavailable_and_undoes_nothing() {
    for (is_conditional, times) in [(true, 33), (false, 32), (false, 40)] {
        let (answer, now) = overtaken_patch(&Action::DropAfter, is_conditional, times).await;
        expect_unavailable(answer);
        let by = json!({ "by": format!("B{}", times - 1) });
        assert_eq!((&now.json()["name"], &now.json()["metadata"]), (&json!("A"), &by), "{times}");
        assert_eq!(now.version(), 2 + times as u64, "it was applied once");
    }
}

#[tokio::test]
async fn a_patch_that_never_arrived_and_was_overtaken_is_decided_again() {
    for times in [1, 32] {
        let (answer, now) = overtaken_patch(&Action::DropBefore, false, times).await;
        let answer = answer.expect_status(200);
        let by = json!({ "by": format!("B{}", times - 1) });
        assert_eq!((&answer.json()["metadata"], answer.version()), (&by, 2 + times as u64));
        assert_eq!((now.body, &answer.json()["name"]), (answer.body.clone(), &json!("A")));
        // The version that it names is seen to be gone, and itself not to have been the reason.
        let (answer, now) = overtaken_patch(&Action::DropBefore, true, times).await;
        answer.expect_problem(412, "precondition-failed");
        assert_eq!((&now.json()["name"], &now.json()["metadata"]), (&Value::Null, &by));
    }
    // The tenant has forgotten the version that was read.
    for is_conditional in [false, true] {
        let (answer, now) = overtaken_patch(&Action::DropBefore, is_conditional, 33).await;
        expect_unavailable(answer);
        assert_eq!((&now.json()["name"], now.version()), (&Value::Null, 34));
    }
}

#[tokio::test]
async fn a_patch_whose_tenant_is_gone_is_unavailable_and_brings_nothing_back() {
    for lost in [Action::DropAfter, Action::DropBefore] {
        let (app, key) = app().await;
        let path = format!("/tenants/{}", app.new_tenant(&key, "a").await["id"].as_str().unwrap());
        app.lambda.warm("delete-tenant", 1).await.unwrap();
        let patch = app.with_key(&key, "PATCH", &path).json(json!({ "name": "A" }));
        let deletion = async {
            app.with_key(&key, "DELETE", &path).send().await.expect_status(204);
        };
        expect_unavailable(overtaken(&app, "UpdateItem", &lost, HELD, patch, deletion).await);
        app.with_key(&key, "GET", &path).send().await.expect_problem(404, "not-found");
        assert_eq!(app.items_of("tenant").await, [] as [Value; 0]);
    }
}

/// An API with a customer of one of everything.
struct World {
    app: App,
    fixture: Fixture,
}

impl World {
    async fn new() -> Self {
        let app = App::start().await;
        let fixture = Fixture::new(&app, "acme-corp").await;
        Self { app, fixture }
    }

    /// An operation on what is there.
    fn call(&self, (id, body): (&str, Value)) -> Call<'_> {
        with_body(self.fixture.bare(&self.app, operation(id)), self.fixture.filled_body(&body))
    }

    /// A list as it is now.
    async fn shown(&self, id: &str, query: &str) -> Value {
        let operation = operation(id);
        let path = format!("{}{}", self.fixture.path(operation), self.fixture.filled(query));
        let key = self.fixture.key_of(operation.caller);
        self.app.with_key(key, "GET", &path).send().await.expect_status(200).json()
    }
}

/// The operations of the tests below that are not in [`cases`].
const REMOVALS: [(&str, &str); 4] = [
    ("deleteTenant", "updateTenant"),
    ("deleteTenantByExternalId", "updateTenant"),
    ("deleteRepository", "updateRepository"),
    ("deleteRole", "updateRole"),
];
const ARCHIVE_AND_RESTORE: [&str; 2] = ["archiveCustomer", "restoreCustomer"];
/// `overtaken_patch`.
const PATCH: [&str; 1] = ["updateTenant"];
const ARCHIVE_OF_CONVERSATION: [&str; 1] = ["archiveConversation"];
/// `a_role_that_is_taken_from_a_user_is_taken_once`.
const ROLE_THAT_IS_TAKEN: [&str; 1] = ["unassignUserRole"];

const EXCLUDED: [(&str, &str); 3] = [
    ("createCustomer", "it changes no item that is there"),
    ("createTenant", "it changes no item that is there"),
    ("registerRepository", "it changes no item that is there"),
];

#[test]
fn every_change_of_an_item_is_overtaken_in_one_of_these_tests() {
    let cases = cases();
    let changed = cases.iter().map(|case| case.change.0).chain(REMOVALS.map(|(id, _)| id));
    let tested: BTreeSet<&str> = changed
        .chain(ARCHIVE_AND_RESTORE)
        .chain(PATCH)
        .chain(ARCHIVE_OF_CONVERSATION)
        .chain(ROLE_THAT_IS_TAKEN)
        .collect();
    // Token exchange is a POST that writes nothing.
    for operation in protected().filter(|operation| operation.is_write() && operation.id != "exchangeToken") {
        let excluded = is_excluded(operation, "overtaken writes", &EXCLUDED);
        assert_ne!(tested.contains(&*operation.id), excluded, "{} is no case of overtaken.rs", operation.id);
    }
}

#[tokio::test]
async fn every_change_that_is_overtaken_succeeds_once_and_undoes_nothing() {
    for case in cases() {
        for lost in [Action::DropAfter, Action::DropBefore] {
            let world = World::new().await;
            world.app.lambda.warm(&operation(case.other.0).function, 2).await.unwrap();
            let what = format!("{} after {lost:?}", case.change.0);
            let other = async {
                let other = world.call(case.other.clone()).send().await;
                assert!(other.status < 300, "{what}: {other}");
            };
            let answer = overtaken(&world.app, case.op, &lost, HELD, world.call(case.change.clone()), other).await;
            assert_eq!(answer.status, case.status, "{what}: {answer}");
            let shown = world.shown(case.shown.0, case.shown.1).await;
            for seen in case.seen {
                assert!(shown.to_string().contains(seen), "{what}: {seen} in {shown}");
            }
            let names = world.app.items_of("repository_name").await.len();
            let keys = shown["keys"].as_array().map_or(0, Vec::len);
            assert_eq!((names, keys), (1, case.keys), "{what}: {shown}");
            check_at_rest(&world.app).await;
        }
    }
}

#[tokio::test]
async fn an_archived_conversation_that_is_overtaken_is_archived_once() {
    for (lost, other_status, messages) in [(Action::DropAfter, 409, 0), (Action::DropBefore, 201, 1)] {
        let world = World::new().await;
        world.app.lambda.warm("create-message", 1).await.unwrap();
        let other = async {
            let message = ("createMessage", json!({ "content": "other" }));
            world.call(message).send().await.expect_status(other_status);
        };
        let archive = world.call(("archiveConversation", Value::Null));
        overtaken(&world.app, "TransactWriteItems", &lost, HELD, archive, other).await.expect_status(204);
        let shown = world.shown("getConversation", "").await;
        assert_eq!((&shown["status"], &shown["message_count"]), (&json!("archived"), &json!(messages)), "{lost:?}");
    }
}

#[tokio::test]
async fn a_removal_that_is_overtaken_happens_once() {
    for (id, other) in REMOVALS {
        for lost in [Action::DropAfter, Action::DropBefore] {
            let world = World::new().await;
            world.app.lambda.warm(&operation(other).function, 1).await.unwrap();
            world.call(("detachTenantRepository", Value::Null)).send().await.expect_status(204);
            let other = async {
                let expected = if lost == Action::DropAfter { 404 } else { 200 };
                world.call((other, json!({ "metadata": { "by": "other" } }))).send().await.expect_status(expected);
            };
            let removal = world.call((id, Value::Null));
            overtaken(&world.app, "TransactWriteItems", &lost, HELD, removal, other).await.expect_status(204);
            // The tenant of the users and roles stays.
            let (items, left) = match id {
                "deleteRepository" => (["repository", "repository_name"], 0),
                "deleteRole" => (["role", "role_name"], 0),
                _ => (["tenant", "external_id"], 1),
            };
            for item in items {
                assert_eq!(world.app.items_of(item).await.len(), left, "{id} after {lost:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_role_that_is_taken_from_a_user_is_taken_once() {
    for lost in [Action::DropAfter, Action::DropBefore] {
        let world = World::new().await;
        world.app.lambda.warm("update-user", 1).await.unwrap();
        world.call(("assignUserRole", Value::Null)).send().await.expect_status(204);
        let other = async {
            world.call(("updateUser", json!({ "metadata": { "by": "other" } }))).send().await.expect_status(200);
        };
        let taken = world.call(("unassignUserRole", Value::Null));
        overtaken(&world.app, "TransactWriteItems", &lost, HELD, taken, other).await.expect_status(204);
        let user = world.shown("getUser", "").await;
        assert_eq!((&user["role_ids"], &user["metadata"]), (&json!([]), &json!({ "by": "other" })), "{lost:?}");
        check_at_rest(&world.app).await;
    }
}

#[tokio::test]
async fn an_archive_and_a_restore_that_are_overtaken_happen_once() {
    let [archive, restore] = ARCHIVE_AND_RESTORE.map(|id| (id, Value::Null));
    let patch = ("updateCustomer", json!({ "description": "other" }));
    for (before, change, status, other, lost, state) in [
        // Archived, and brought back by another: the answer is still that it was archived.
        (None, &archive, 204, &restore, Action::DropAfter, "active"),
        (None, &archive, 204, &patch, Action::DropBefore, "archived"),
        (Some(&archive), &restore, 200, &archive, Action::DropAfter, "archived"),
        (Some(&archive), &restore, 200, &patch, Action::DropAfter, "active"),
        (Some(&archive), &restore, 200, &restore, Action::DropBefore, "active"),
    ] {
        let world = World::new().await;
        if let Some(before) = before {
            assert_eq!(world.call(before.clone()).send().await.status, 204);
        }
        for function in ["archive-customer", "restore-customer", "update-customer"] {
            world.app.lambda.warm(function, 2).await.unwrap();
        }
        let other = async {
            let other = world.call(other.clone()).send().await;
            assert!(other.status < 300, "{change:?} {lost:?}: {other}");
        };
        let answer = overtaken(&world.app, "TransactWriteItems", &lost, HELD, world.call(change.clone()), other).await;
        assert_eq!(answer.status, status, "{change:?} {lost:?}: {answer}");
        for item in ["customer", "root"] {
            let items = world.app.items_of(item).await;
            assert_eq!(items.len(), 1);
            assert_eq!(items[0]["state"]["S"], state, "{item} after {change:?} {lost:?}");
        }
    }
}

#[tokio::test]
async fn a_key_made_under_an_idempotency_key_is_one_whatever_others_do() {
    for change in [("createKey", json!({ "name": "ours" })), ("rotateKey", json!({}))] {
        for lost in [Action::DropAfter, Action::DropBefore] {
            let world = World::new().await;
            world.app.lambda.warm("create-key", 2).await.unwrap();
            let make = || world.call(change.clone()).once("once");
            let other = async {
                world.call(("createKey", json!({ "name": "another" }))).send().await.expect_status(201);
            };
            let made = overtaken(&world.app, "TransactWriteItems", &lost, HELD, make(), other).await.expect_status(201);
            assert_eq!(made.header("idempotency-replayed"), None, "{made}");
            let again = make().send().await.expect_status(201);
            assert_eq!(again.header("idempotency-replayed"), Some("true"), "{again}");
            assert_eq!(again.json()["key_id"], made.json()["key_id"]);
            assert!(made.json()["api_key_once"].is_string() && again.json()["api_key_once"].is_null(), "{again}");
            let keys = world.shown("listKeys", "").await;
            assert_eq!(keys["keys"].as_array().map(Vec::len), Some(4), "{change:?} after {lost:?}: {keys}");
        }
    }
}
