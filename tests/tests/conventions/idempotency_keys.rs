//! `Idempotency-Key` and keys: on createKey and rotateKey, where a secret is shown once, and under whose key a replay is
//! asked for (contract section 2.8; cases B11, B12).

use super::idempotency::at_once;
use tests::transcript::text;
use tests::{App, Call, Exchange, Value, json};

const KEYS: &str = "/v1/customers/acme-corp/keys";

async fn start() -> (App, String) {
    let app = App::start().await;
    let id = text(&app.new_customer("acme-corp").await, "id").to_owned();
    (app, id)
}

fn create<'a>(app: &'a App, customer: &str, body: Value) -> Call<'a> {
    app.operator("POST", &format!("/v1/customers/{customer}/keys")).json(body).once("k")
}

/// The same answer as `first` but for the secret, which is withheld.
fn is_replay(answer: Exchange, first: &Exchange) {
    assert_eq!((answer.status, answer.header("idempotency-replayed")), (201, Some("true")), "{answer}");
    let secret = format!("\"{}\"", text(&first.json(), "api_key_once"));
    assert_eq!(answer.body, first.body.replace(&secret, "null"));
}

#[tokio::test]
async fn a_created_key_is_replayed_without_its_secret() {
    let (app, id) = start().await;
    let body = json!({ "name": "a", "scopes": ["users:write"], "expires_at": "2999-01-01T00:00:00Z" });
    let first = create(&app, "acme-corp", body.clone()).send().await.expect_status(201);
    assert_eq!(first.header("idempotency-replayed"), None);
    is_replay(create(&app, "acme-corp", body.clone()).send().await, &first);
    is_replay(create(&app, &id, body.clone()).send().await, &first);
    // What became of the key does not matter.
    let path = format!("{KEYS}/{}", text(&first.json(), "key_id"));
    app.operator("DELETE", &path).send().await.expect_status(204);
    is_replay(create(&app, &id, body.clone()).send().await, &first);
    app.operator("DELETE", "/v1/customers/acme-corp").send().await.expect_status(204);
    is_replay(create(&app, "acme-corp", body.clone()).send().await, &first);
    is_replay(create(&app, &id, body.clone()).send().await, &first);
    create(&app, "acme-corp", json!({ "name": "b" })).send().await.expect_problem(409, "idempotency-key-conflict");
    app.operator("POST", "/v1/customers/acme-corp/restore").send().await.expect_status(200);
    app.new_customer("second").await;
    create(&app, "second", body).send().await.expect_problem(409, "idempotency-key-conflict");
    let listed = app.operator("GET", KEYS).send().await.expect_status(200).json();
    assert_eq!(listed["keys"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_replay_comes_before_the_clock() {
    let (app, _) = start().await;
    // The process is warm then: starting one must not take the key's whole life.
    app.new_integration_key("acme-corp").await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    let soon = tenancy::domain::Timestamp::from_milliseconds(i64::try_from(now).unwrap() + 2500).to_string();
    let body = json!({ "name": "a", "expires_at": soon });
    let first = create(&app, "acme-corp", body.clone()).send().await.expect_status(201);
    let secret = text(&first.json(), "api_key_once").to_owned();
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
    while app.with_key(&secret, "GET", "/tenants").send().await.status == 200 {
        assert!(tokio::time::Instant::now() < deadline, "the key never ends");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    is_replay(create(&app, "acme-corp", body.clone()).send().await, &first);
    let again = app.operator("POST", KEYS).json(body).send().await;
    assert_eq!(again.pointers(), ["/expires_at"]);
}

#[tokio::test]
async fn a_rotation_is_replayed_without_its_secret() {
    let (app, id) = start().await;
    let old = app.operator("POST", KEYS).json(json!({ "name": "a" })).send().await.expect_status(201).json();
    let old = text(&old, "key_id");
    let rotate = |customer: &str, body: &str| {
        let call = app.operator("POST", &format!("/v1/customers/{customer}/keys/{old}/rotate")).once("r");
        if body.is_empty() { call } else { call.body("application/json", body) }
    };
    let first = rotate("acme-corp", "").send().await.expect_status(201);
    // No body is `{}`. The old key has ended: without the record it would be 404.
    for (customer, body) in [("acme-corp", ""), ("acme-corp", "{}"), (id.as_str(), " { } ")] {
        is_replay(rotate(customer, body).send().await, &first);
    }
    rotate("acme-corp", r#"{"overlap_seconds":0}"#).send().await.expect_problem(409, "idempotency-key-conflict");
    let other = format!("{KEYS}/{}/rotate", text(&first.json(), "key_id"));
    app.operator("POST", &other).once("r").send().await.expect_problem(409, "idempotency-key-conflict");
    app.operator("DELETE", "/v1/customers/acme-corp").send().await.expect_status(204);
    is_replay(rotate(&id, "").send().await, &first);
    is_replay(rotate("acme-corp", "{}").send().await, &first);
}

#[tokio::test]
async fn numbers_are_the_same_where_their_doubles_are() {
    let (app, _) = start().await;
    let old = app.operator("POST", KEYS).json(json!({ "name": "a" })).send().await.expect_status(201).json();
    let path = format!("{KEYS}/{}/rotate", text(&old, "key_id"));
    let rotate = |number: &str| {
        app.operator("POST", &path).body("application/json", format!(r#"{{"overlap_seconds":{number}}}"#)).once("r")
    };
    let first = rotate("60").send().await.expect_status(201);
    for number in ["60.0", "6e1", "600E-1", "60.000000000000000000001"] {
        is_replay(rotate(number).send().await, &first);
    }
    rotate("61").send().await.expect_problem(409, "idempotency-key-conflict");
    let zero = |number: &str| {
        let path = format!("{KEYS}/{}/rotate", text(&first.json(), "key_id"));
        app.operator("POST", &path).body("application/json", format!(r#"{{"overlap_seconds":{number}}}"#)).once("z")
    };
    let first_zero = zero("0").send().await.expect_status(201);
    for number in ["-0", "0.0", "-0.0", "0e9"] {
        is_replay(zero(number).send().await, &first_zero);
    }
}

#[tokio::test]
async fn refusals_are_not_recorded() {
    let (app, _) = start().await;
    let past = json!({ "name": "a", "expires_at": "2020-01-01T00:00:00Z" });
    assert_eq!(create(&app, "acme-corp", past).send().await.pointers(), ["/expires_at"]);
    create(&app, "absent", json!({ "name": "a" })).send().await.expect_problem(404, "not-found");
    let first = create(&app, "acme-corp", json!({ "name": "a" })).send().await.expect_status(201);
    assert_eq!(first.header("idempotency-replayed"), None);
    let absent = format!("{KEYS}/key_01kaq7n0z2w4y6x8v0tqrstabc/rotate");
    app.operator("POST", &absent).once("r").send().await.expect_problem(404, "not-found");
    let path = format!("{KEYS}/{}/rotate", text(&first.json(), "key_id"));
    let rotated = app.operator("POST", &path).once("r").send().await.expect_status(201);
    assert_eq!(rotated.header("idempotency-replayed"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_16_parallel_duplicates_one_shows_the_secret() {
    let (app, _) = start().await;
    for function in ["create-key", "rotate-key"] {
        app.lambda.warm(function, 8).await.unwrap();
    }
    let answers = at_once(&app, (0..16).map(|_| create(&app, "acme-corp", json!({ "name": "a" })))).await;
    let (first, replays): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.header("idempotency-replayed").is_none());
    assert_eq!(first.len(), 1);
    replays.into_iter().for_each(|answer| is_replay(answer, &first[0]));
    let path = format!("{KEYS}/{}/rotate", text(&first[0].json(), "key_id"));
    let answers = at_once(&app, (0..16).map(|_| app.operator("POST", &path).once("r"))).await;
    let (first, replays): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.header("idempotency-replayed").is_none());
    assert_eq!(first.len(), 1, "{first:?}");
    replays.into_iter().for_each(|answer| is_replay(answer, &first[0]));
    let listed = app.operator("GET", KEYS).send().await.expect_status(200).json();
    assert_eq!(listed["keys"].as_array().unwrap().len(), 2);
}

/// A tenant under the idempotency key `k`.
fn create_tenant<'a>(app: &'a App, key: &str) -> Call<'a> {
    app.with_key(key, "POST", "/tenants").json(json!({ "external_id": "e", "name": "n" })).once("k")
}

#[tokio::test]
async fn two_integrations_use_one_idempotency_key_without_meeting() {
    let app = App::start().await;
    let (one, other) = (app.new_integration("acme-corp").await, app.new_integration("acme-labs").await);
    let foreign = app.new_operator_key("globex").await;
    let mut firsts = Vec::new();
    for key in [&one, &other] {
        let first = create_tenant(&app, key).send().await.expect_status(201);
        assert_eq!(first.header("idempotency-replayed"), None, "{first}");
        firsts.push(first);
    }
    assert_ne!(firsts[0].json()["id"], firsts[1].json()["id"]);
    assert_eq!(app.items_of("record").await.len(), 2);
    for (key, first) in [&one, &other].into_iter().zip(&firsts) {
        let again = create_tenant(&app, key).send().await.expect_status(201);
        assert_eq!((&again.body, again.header("idempotency-replayed")), (&first.body, Some("true")));
        let tenants = app.with_key(key, "GET", "/tenants").send().await.expect_status(200).json();
        assert_eq!(tenants["data"].as_array().map(Vec::len), Some(1));
    }
    // What one has used for another body is no conflict of the other's.
    let body = json!({ "name": "m" });
    app.with_key(&one, "POST", "/tenants").json(body.clone()).once("m").send().await.expect_status(201);
    app.with_key(&other, "POST", "/tenants").json(json!({})).once("m").send().await.expect_status(201);
    // Nor do two operators' customers of one name meet.
    app.with_key(&foreign, "POST", "/v1/customers").json(json!({ "customer_id": "acme-corp" })).send().await;
    let issued =
        app.with_key(&foreign, "POST", KEYS).json(json!({ "name": "a" })).send().await.expect_status(201).json();
    let created = create_tenant(&app, text(&issued, "api_key_once")).send().await.expect_status(201);
    assert_eq!(created.header("idempotency-replayed"), None, "{created}");
}

#[tokio::test]
async fn a_replay_is_the_integrations_whichever_of_its_keys_asks() {
    let (app, _) = start().await;
    let old = app.operator("POST", KEYS).json(json!({ "name": "a" })).send().await.expect_status(201).json();
    let first = create_tenant(&app, text(&old, "api_key_once")).send().await.expect_status(201);
    let rotate = format!("{KEYS}/{}/rotate", text(&old, "key_id"));
    let new = app.operator("POST", &rotate).send().await.expect_status(201).json();
    create_tenant(&app, text(&old, "api_key_once")).send().await.expect_problem(401, "insufficient-scope");
    let second = app.new_integration_key("acme-corp").await;
    for key in [text(&new, "api_key_once"), &second] {
        let again = create_tenant(&app, key).send().await.expect_status(201);
        assert_eq!((&again.body, again.header("idempotency-replayed")), (&first.body, Some("true")));
        for name in ["location", "etag"] {
            assert_eq!(again.header(name), first.header(name), "{name}: {again}");
        }
        let other = app.with_key(key, "POST", "/tenants").json(json!({ "name": "m" })).once("k").send().await;
        other.expect_problem(409, "idempotency-key-conflict");
    }
    assert_eq!((app.items_of("tenant").await.len(), app.items_of("record").await.len()), (1, 1));
}
