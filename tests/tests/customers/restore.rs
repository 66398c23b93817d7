//! `POST /v1/customers/{customer_id}/restore` (contract section 3.1).

use futures_util::future::join_all;
use tests::checks::wrote;
use tests::transcript::text;
use tests::{Action, App, Call, Exchange, Rule, Value, json};

fn restore<'a>(app: &'a App, name: &str) -> Call<'a> {
    app.operator("POST", &format!("/v1/customers/{name}/restore"))
}

async fn get(app: &App, name: &str) -> Exchange {
    app.operator("GET", &format!("/v1/customers/{name}")).send().await.expect_status(200)
}

async fn archive(app: &App, name: &str) {
    app.operator("DELETE", &format!("/v1/customers/{name}")).send().await.expect_status(204);
}

/// Without what archive and restore change by themselves.
fn but_times(mut customer: Value) -> Value {
    customer["updated_at"].take();
    customer
}

#[tokio::test]
async fn everything_comes_back_as_it_was_but_for_the_version() {
    let app = App::start().await;
    let body =
        json!({ "customer_id": "acme-corp", "display_name": "Acme", "description": "d", "labels": { "a": "b" } });
    app.operator("POST", "/v1/customers").json(body).send().await.expect_status(201);
    let key = app.new_integration_key("acme-corp").await;
    let tenant = app.new_tenant(&key, "t1").await;
    let repository = app.new_repository(&key, "r1").await;
    let keys = async || app.operator("GET", "/v1/customers/acme-corp/keys").send().await.expect_status(200).body;
    let (before, keys_before) = (get(&app, "acme-corp").await, keys().await);
    archive(&app, "acme-corp").await;
    let restored = restore(&app, "acme-corp").send().await.expect_status(200);
    assert_eq!(but_times(restored.json()), but_times(before.json()));
    assert_eq!((text(&restored.json(), "state"), &restored.json()["archived_at"]), ("active", &Value::Null));
    assert!(text(&restored.json(), "updated_at") > text(&before.json(), "updated_at"));
    assert_ne!(restored.etag(), before.etag());
    assert_eq!((get(&app, "acme-corp").await.body, keys().await), (restored.body, keys_before));
    let read = async |path: &str| app.with_key(&key, "GET", path).send().await.expect_status(200).json();
    assert_eq!(read(&format!("/tenants/{}", text(&tenant, "id"))).await, tenant);
    assert_eq!(read(&format!("/repositories/{}", text(&repository, "id"))).await, repository);
}

#[tokio::test]
async fn an_active_customer_is_answered_and_nothing_is_written() {
    let app = App::start().await;
    let id = text(&app.new_customer("acme-corp").await, "id").to_owned();
    let before = get(&app, "acme-corp").await;
    for name in ["acme-corp", &id] {
        let (answer, log) = app.requests_of(restore(&app, name).send()).await;
        let answer = answer.expect_status(200);
        assert_eq!((&answer.body, answer.etag()), (&before.body, before.etag()));
        assert!(!wrote(&log));
    }
}

#[tokio::test]
async fn it_takes_no_body_null_or_an_empty_object() {
    let app = App::start().await;
    let id = text(&app.new_customer("acme-corp").await, "id").to_owned();
    for call in [
        restore(&app, &id),
        restore(&app, "acme-corp").json(json!({})),
        restore(&app, "acme-corp").body("application/json", "\r\n null\t"),
        restore(&app, "acme-corp").header("content-type", "text/plain"),
    ] {
        archive(&app, "acme-corp").await;
        call.send().await.expect_status(200);
    }
    assert_eq!(
        restore(&app, "acme-corp").json(json!({ "a": 1, "state": "active" })).send().await.pointers(),
        ["/a", "/state"]
    );
    restore(&app, "acme-corp").json(json!([])).send().await.expect_problem(400, "malformed-request");
    restore(&app, "acme-corp").body("text/plain", "null").send().await.expect_problem(415, "unsupported-media-type");
    restore(&app, "acme-corp").body("text/plain", "{}").send().await.expect_problem(415, "unsupported-media-type");
    restore(&app, "acme-corp")
        .body("application/merge-patch+json", "{}")
        .send()
        .await
        .expect_problem(415, "unsupported-media-type");
    restore(&app, "acme-corp").bare_body("{}").send().await.expect_problem(415, "unsupported-media-type");
    restore(&app, "acme-corp").header("if-match", "nonsense").send().await.expect_status(200);
}

#[tokio::test]
async fn a_missing_customer_is_404() {
    let app = App::start().await;
    for name in ["absent", "cust_01kaq7n0z2w4y6x8v0tqrstabc", "UPPER"] {
        restore(&app, name).send().await.expect_problem(404, "not-found");
        restore(&app, name).once("k").send().await.expect_problem(404, "not-found");
    }
}

#[tokio::test]
async fn a_key_that_expired_meanwhile_stays_dead() {
    let app = App::start().await;
    let live = app.new_integration("acme-corp").await;
    let body = json!({ "name": "short", "expires_at": "2999-01-01T00:00:00Z" });
    let issued = app.operator("POST", "/v1/customers/acme-corp/keys").json(body).send().await.expect_status(201).json();
    let short = text(&issued, "api_key_once");
    let use_it = async |key: &str| app.with_key(key, "GET", "/tenants").send().await.status;
    assert_eq!((use_it(&live).await, use_it(short).await), (200, 200));
    archive(&app, "acme-corp").await;
    let root = &app.items_of("root").await[0];
    let ulid = text(&issued, "key_id").trim_start_matches("key_");
    let place = json!({ "pk": root["pk"], "sk": root["sk"] });
    let values = json!({ ":past": { "S": "2020-01-01T00:00:00.000Z" } });
    app.store
        .update(&app.table, place, "SET #k.#i.x = :past", json!({ "#k": "keys", "#i": ulid }), values)
        .await
        .unwrap();
    assert_eq!((use_it(&live).await, use_it(short).await), (401, 401));
    restore(&app, "acme-corp").send().await.expect_status(200);
    assert_eq!((use_it(&live).await, use_it(short).await), (200, 401));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_restores_all_succeed_and_one_writes() {
    let app = App::start().await;
    app.new_customer("acme-corp").await;
    archive(&app, "acme-corp").await;
    let answers = join_all((0..16).map(|_| restore(&app, "acme-corp").send())).await;
    let bodies: Vec<String> = answers.into_iter().map(|answer| answer.expect_status(200).body).collect();
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    assert_eq!(app.items_of("customer").await[0]["ver"]["N"], "3");
}

#[tokio::test]
async fn a_parallel_duplicate_that_finds_it_restored_is_a_replay() {
    let app = App::start().await;
    app.new_customer("acme-corp").await;
    archive(&app, "acme-corp").await;
    app.lambda.warm("restore-customer", 2).await.unwrap();
    // The second sees that there is no record, and the customer only once the first is through: a batch is no snapshot.
    let second = |action, nth| Rule::on("BatchGetItem", action).key("#C").function("RestoreCustomerFunction").nth(nth);
    app.faults([second(Action::unprocessed("#C"), 2), second(Action::Delay { ms: 800 }, 3)]);
    let call = restore(&app, "acme-corp").once("k");
    let (one, other) = tokio::join!(call.clone().send(), call.send());
    let mut replays = [&one, &other].map(|answer| answer.header("idempotency-replayed"));
    replays.sort_unstable();
    assert_eq!((replays, one.etag(), &one.body), ([None, Some("true")], other.etag(), &other.body));
}
