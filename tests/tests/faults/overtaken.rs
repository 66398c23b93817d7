//! Writes whose answers are lost while others write the same item: case A7. The writes that the item remembers tell what became of them
//! (docs/decisions/0012-a-write-is-bound-to-what-it-read.md).

use super::{app, expect_unavailable, others_change, until};
use tests::{Action, App, Call, Exchange, Rule, Value, json};

/// What holds the second attempt up until others have written.
const SECOND: Action = Action::Delay { ms: 700 };

/// `lost` befalls the first attempt of a call's write; before the SDK's second one arrives, `others` is done.
async fn overtaken(app: &App, op: &str, lost: &Action, call: Call<'_>, others: impl Future<Output = ()>) -> Exchange {
    app.faults([Rule::on(op, lost.clone()).nth(1), Rule::on(op, SECOND).nth(2)]);
    let begun = app.proxy.log_len();
    let others = async {
        until("the second attempt", || app.proxy.log_from(begun).iter().any(|entry| entry.action == SECOND)).await;
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
    let answer = overtaken(&app, "UpdateItem", lost, patch, others_change(&app, &key, &id, times)).await;
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
        expect_unavailable(overtaken(&app, "UpdateItem", &lost, patch, deletion).await);
        app.with_key(&key, "GET", &path).send().await.expect_problem(404, "not-found");
        assert_eq!(app.items_of("tenant").await, [] as [Value; 0]);
    }
}

/// What there is before a change that is overtaken: a customer's keys, tenants and repositories.
struct World {
    app: App,
    key: String,
    /// A key of another customer, and its id.
    key_id: String,
    tenant: String,
    repository: String,
}

impl World {
    async fn new() -> Self {
        let (app, key) = app().await;
        let tenant = app.new_tenant(&key, "a").await["id"].as_str().unwrap().to_owned();
        let repository = app.new_repository(&key, "r").await["id"].as_str().unwrap().to_owned();
        let attachment = format!("/tenants/{tenant}/repositories/{repository}");
        app.with_key(&key, "PUT", &attachment).send().await.expect_status(201);
        app.operator("POST", "/v1/customers").json(json!({ "customer_id": "c" })).send().await.expect_status(201);
        let made = app.operator("POST", "/v1/customers/c/keys").json(json!({ "name": "first" })).send().await;
        let key_id = made.expect_status(201).json()["key_id"].as_str().unwrap().to_owned();
        Self { app, key, key_id, tenant, repository }
    }

    /// A call, by whoever may make it; `{tenant}`, `{repository}` and `{key}` stand for what is there.
    fn call(&self, (method, path, body): (&str, &str, Value)) -> Call<'_> {
        let path = path
            .replace("{tenant}", &self.tenant)
            .replace("{repository}", &self.repository)
            .replace("{key}", &self.key_id);
        let key = if path.starts_with("/v1/") { &self.app.operator_key } else { &self.key };
        let call = self.app.with_key(key, method, &path);
        if body.is_null() { call } else { call.json(body) }
    }
}

/// A change: its operation at the store, itself, its status; another change of the same item, and the function that makes it; where both
/// are seen, a path or a type of item, and what is seen there of each.
struct Case {
    op: &'static str,
    change: (&'static str, &'static str, Value),
    status: u16,
    other: (&'static str, &'static str, Value),
    function: &'static str,
    shown: &'static str,
    seen: [&'static str; 2],
}

fn cases() -> Vec<Case> {
    let tenant = ("PATCH", "/tenants/{tenant}", json!({ "metadata": { "by": "other" } }));
    let customer = ("PATCH", "/v1/customers/c", json!({ "description": "other" }));
    let key = ("POST", "/v1/customers/c/keys", json!({ "name": "other" }));
    let case = |op, change, status, other: &(_, _, Value), function, shown, seen| Case {
        op,
        change,
        status,
        other: other.clone(),
        function,
        shown,
        seen,
    };
    let (customer_path, keys) = ("/v1/customers/c", "/v1/customers/c/keys");
    let repository_path = "/repositories/{repository}";
    let repository = ("PATCH", repository_path, json!({ "metadata": { "by": "other" } }));
    vec![
        case(
            "UpdateItem",
            ("PUT", "/tenants/by-external-id/a", json!({ "name": "ours" })),
            200,
            &tenant,
            "update-tenant",
            "tenant",
            ["ours", "other"],
        ),
        case(
            "UpdateItem",
            ("PUT", "/tenants/{tenant}/repositories/{repository}", json!({ "branch_override": "ours" })),
            200,
            &tenant,
            "update-tenant",
            "tenant",
            ["ours", "other"],
        ),
        case(
            "UpdateItem",
            ("PATCH", customer_path, json!({ "display_name": "ours" })),
            200,
            &customer,
            "update-customer",
            customer_path,
            ["ours", "other"],
        ),
        case(
            "UpdateItem",
            ("PATCH", repository_path, json!({ "branch": "ours" })),
            200,
            &repository,
            "update-repository",
            repository_path,
            ["ours", "other"],
        ),
        case(
            "TransactWriteItems",
            ("PATCH", repository_path, json!({ "name": "ours" })),
            200,
            &repository,
            "update-repository",
            "/repositories?name=ours",
            ["ours", "other"],
        ),
        case(
            "TransactWriteItems",
            ("POST", keys, json!({ "name": "ours" })),
            201,
            &key,
            "create-key",
            keys,
            ["ours", "other"],
        ),
        case(
            "TransactWriteItems",
            ("POST", "/v1/customers/c/keys/{key}/rotate", json!({ "overlap_seconds": 0 })),
            201,
            &key,
            "create-key",
            keys,
            ["first", "other"],
        ),
        case(
            "UpdateItem",
            ("DELETE", "/v1/customers/c/keys/{key}", Value::Null),
            204,
            &key,
            "create-key",
            keys,
            ["\"revoked_at\":\"", "other"],
        ),
    ]
}

#[tokio::test]
async fn every_change_that_is_overtaken_succeeds_once_and_undoes_nothing() {
    for case in cases() {
        for lost in [Action::DropAfter, Action::DropBefore] {
            let world = World::new().await;
            world.app.lambda.warm(case.function, 2).await.unwrap();
            let what = format!("{} {} after {lost:?}", case.change.0, case.change.1);
            let other = async {
                let other = world.call(case.other.clone()).send().await;
                assert!(other.status < 300, "{what}: {other}");
            };
            let answer = overtaken(&world.app, case.op, &lost, world.call(case.change.clone()), other).await;
            assert_eq!(answer.status, case.status, "{what}: {answer}");
            let shown = match case.shown.starts_with('/') {
                true => world.call(("GET", case.shown, Value::Null)).send().await.expect_status(200).json(),
                false => world.app.items_of(case.shown).await.into(),
            };
            for seen in case.seen {
                assert!(shown.to_string().contains(seen), "{what}: {seen} in {shown}");
            }
            let names = world.app.items_of("repository_name").await.len();
            let keys = shown["keys"].as_array().map_or(0, Vec::len);
            let expected = match case.change.0 {
                "POST" => 3,
                "DELETE" => 2,
                _ => 0,
            };
            assert_eq!((names, keys), (1, expected), "{what}: {shown}");
        }
    }
}

#[tokio::test]
async fn a_removal_that_is_overtaken_happens_once() {
    for (path, op) in [("/tenants/{tenant}", "delete"), ("/tenants/by-external-id/a", "deprovision")] {
        for lost in [Action::DropAfter, Action::DropBefore] {
            let world = World::new().await;
            world.app.lambda.warm("update-tenant", 1).await.unwrap();
            world.call(("DELETE", "/tenants/{tenant}/repositories/{repository}", Value::Null)).send().await;
            let other = async {
                let other = ("PATCH", "/tenants/{tenant}", json!({ "name": "other" }));
                let expected = if lost == Action::DropAfter { 404 } else { 200 };
                world.call(other).send().await.expect_status(expected);
            };
            let removal = world.call(("DELETE", path, Value::Null));
            overtaken(&world.app, "TransactWriteItems", &lost, removal, other).await.expect_status(204);
            let left = world.app.items_of("tenant").await.len() + world.app.items_of("external_id").await.len();
            assert_eq!(left, 0, "{op} after {lost:?}");
        }
    }
}

#[tokio::test]
async fn an_archive_and_a_restore_that_are_overtaken_happen_once() {
    let archive = ("DELETE", "/v1/customers/c", Value::Null);
    let restore = ("POST", "/v1/customers/c/restore", Value::Null);
    let patch = ("PATCH", "/v1/customers/c", json!({ "description": "other" }));
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
        let answer = overtaken(&world.app, "TransactWriteItems", &lost, world.call(change.clone()), other).await;
        assert_eq!(answer.status, status, "{change:?} {lost:?}: {answer}");
        for item in ["customer", "root"] {
            let items = world.app.items_of(item).await;
            let ours = items.iter().find(|item| item["customer_id"]["S"] == "c").unwrap();
            assert_eq!(ours["state"]["S"], state, "{item} after {change:?} {lost:?}");
        }
    }
}

#[tokio::test]
async fn a_key_made_under_an_idempotency_key_is_one_whatever_others_do() {
    for path in ["/v1/customers/c/keys", "/v1/customers/c/keys/{key}/rotate"] {
        for lost in [Action::DropAfter, Action::DropBefore] {
            let world = World::new().await;
            world.app.lambda.warm("create-key", 2).await.unwrap();
            let body = if path.ends_with("keys") { json!({ "name": "ours" }) } else { json!({}) };
            let make = || world.call(("POST", path, body.clone())).once("once");
            let other = async {
                let other = ("POST", "/v1/customers/c/keys", json!({ "name": "other" }));
                world.call(other).send().await.expect_status(201);
            };
            let made = overtaken(&world.app, "TransactWriteItems", &lost, make(), other).await.expect_status(201);
            assert_eq!(made.header("idempotency-replayed"), None, "{made}");
            let again = make().send().await.expect_status(201);
            assert_eq!(again.header("idempotency-replayed"), Some("true"), "{again}");
            assert_eq!(again.json()["key_id"], made.json()["key_id"]);
            assert!(made.json()["api_key_once"].is_string() && again.json()["api_key_once"].is_null(), "{again}");
            let keys = world.call(("GET", "/v1/customers/c/keys", Value::Null)).send().await.expect_status(200).json();
            assert_eq!(keys["keys"].as_array().map(Vec::len), Some(3), "{path} after {lost:?}: {keys}");
        }
    }
}
