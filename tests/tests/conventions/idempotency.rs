//! `Idempotency-Key` on createCustomer and restoreCustomer, and what parallel duplicates of them and of createTenant come to
//! (contract section 2.8; docs/reliability.md, group B).

use futures_util::future::join_all;
use tests::checks::{most_writes_at_once, wrote};
use tests::operations::{Fixture, examples, protected};
use tests::transcript::text;
use tests::{Action, App, Call, Exchange, Rule, Value, json};

const CUSTOMERS: &str = "/v1/customers";

fn create<'a>(app: &'a App, body: &str, key: &str) -> Call<'a> {
    app.operator("POST", CUSTOMERS).body("application/json", body).once(key)
}

/// The same answer as `first`, marked as a replay.
fn is_replay(answer: Exchange, first: &Exchange) {
    assert_eq!((answer.status, &answer.body), (first.status, &first.body), "{answer}");
    for name in ["location", "etag", "content-type"] {
        assert_eq!(answer.header(name), first.header(name), "{name}: {answer}");
    }
    assert_eq!((first.header("idempotency-replayed"), answer.header("idempotency-replayed")), (None, Some("true")));
    assert_ne!(answer.header("x-request-id"), first.header("x-request-id"));
}

/// Sends all calls at once, at least four of which must write at the same moment. Each write waits before it reaches the
/// store, the first one longest, so that others come to the same place meanwhile: duplicates that come one by one would prove nothing.
pub async fn at_once<'a>(app: &'a App, calls: impl Iterator<Item = Call<'a>>) -> Vec<Exchange> {
    let wait = |ms| Rule::on("TransactWriteItems", Action::Delay { ms });
    app.faults([wait(300).nth(1), wait(40)]);
    let (answers, log) = app.requests_of(join_all(calls.map(Call::send))).await;
    app.faults([]);
    let most = most_writes_at_once(&log);
    assert!(most >= 4, "the duplicates came one by one: {most} at once");
    answers
}

/// Moves the only record's end: `expires_at` of the record in the table.
async fn end_record(app: &App, later: i64) {
    let records = app.items_of("record").await;
    assert_eq!(records.len(), 1, "{records:?}");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    let end = tenancy::domain::Timestamp::from_milliseconds(i64::try_from(now).unwrap() + later).to_string();
    let key = json!({ "pk": records[0]["pk"], "sk": records[0]["sk"] });
    app.store
        .update(&app.table, key, "SET expires_at = :end", json!({}), json!({ ":end": { "S": end } }))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_replay_is_the_first_answer_to_the_byte_and_writes_nothing() {
    let app = App::start().await;
    let body = r#"{"customer_id":"acme-corp","display_name":"A","labels":{"a":"1"}}"#;
    let first = create(&app, body, "k").send().await.expect_status(201);
    let items = app.items().await.len();
    for _ in 0..3 {
        let (answer, log) = app.requests_of(create(&app, body, "k").send()).await;
        is_replay(answer, &first);
        assert_eq!(log.iter().filter(|entry| entry.is_write() && entry.status == Some(200)).count(), 0);
    }
    assert_eq!(app.items().await.len(), items);
    app.operator("PATCH", "/v1/customers/acme-corp")
        .json(json!({ "display_name": "B" }))
        .send()
        .await
        .expect_status(200);
    is_replay(create(&app, body, "k").send().await, &first);
    app.operator("DELETE", "/v1/customers/acme-corp").send().await.expect_status(204);
    is_replay(create(&app, body, "k").send().await, &first);
    // Without the key it is what it is now.
    app.operator("POST", CUSTOMERS).body("application/json", body).send().await.expect_problem(409, "name-conflict");
}

#[tokio::test]
async fn every_operation_that_takes_a_key_replays_and_no_other_does() {
    let app = App::start().await;
    let mut replayed = 0;
    for (number, operation) in protected().filter(|operation| operation.is_write()).enumerate() {
        let fixture = Fixture::new(&app, &format!("customer-{number}")).await;
        let example = examples(&operation.id).unwrap().swap_remove(0);
        fixture.prepare(&app, &example).await;
        let send = async || fixture.call(&app, operation, &example).once("k").send().await;
        let first = send().await.expect_status(example.status);
        let again = send().await;
        if operation.takes("header:Idempotency-Key") {
            assert_eq!((again.status, again.header("idempotency-replayed")), (first.status, Some("true")), "{again}");
            replayed += 1;
        } else {
            assert_eq!(again.header("idempotency-replayed"), None, "{again}");
        }
    }
    assert_eq!(replayed, app.items_of("record").await.len(), "one record for each");
}

#[tokio::test]
async fn the_same_value_is_the_same_payload_however_it_is_written() {
    let app = App::start().await;
    let first =
        create(&app, r#"{"customer_id":"a","display_name":"é/","labels":{"a":"1","b":"2"},"description":null}"#, "k")
            .send()
            .await;
    let first = first.expect_status(201);
    let same = [
        r#"{"labels":{"b":"2","a":"1"},"description":null,"display_name":"\u00e9\/","customer_id":"a"}"#,
        " {\n\"customer_id\" :\t\"\\u0061\", \"display_name\":\"é/\",\"labels\": {\"a\":\"1\",\"b\":\"2\"},\r\n\"description\":null } ",
    ];
    for body in same {
        is_replay(create(&app, body, "k").send().await, &first);
    }
    let others = [
        r#"{"customer_id":"a","display_name":"é/","labels":{"a":"1","b":"2"}}"#,
        r#"{"customer_id":"a","display_name":"é/","labels":{"a":"1","b":"2"},"description":""}"#,
        r#"{"customer_id":"b","display_name":"é/","labels":{"a":"1","b":"2"},"description":null}"#,
        r#"{"customer_id":"a","display_name":"e\u0301/","labels":{"a":"1","b":"2"},"description":null}"#,
        r#"{"customer_id":"a","display_name":"é/","labels":{"a":"2","b":"1"},"description":null}"#,
    ];
    for body in others {
        let (answer, log) = app.requests_of(create(&app, body, "k").send()).await;
        let answer = answer.expect_problem(409, "idempotency-key-conflict");
        assert_eq!(
            (text(&answer.json(), "title"), answer.header("idempotency-replayed")),
            ("Idempotency key conflict", None)
        );
        assert!(
            log.iter().all(|entry| !entry.is_write() || entry.error_type() == Some("TransactionCanceledException"))
        );
    }
    assert_eq!(app.items_of("customer").await.len(), 1);
}

#[tokio::test]
async fn a_key_is_another_one_in_another_operation_and_for_another_operator() {
    let app = App::start().await;
    let first = create(&app, r#"{"customer_id":"a"}"#, "k").send().await.expect_status(201);
    app.operator("DELETE", "/v1/customers/a").send().await.expect_status(204);
    let restored = app.operator("POST", "/v1/customers/a/restore").once("k").send().await.expect_status(200);
    assert_eq!(restored.header("idempotency-replayed"), None);
    let issued = app
        .operator("POST", "/v1/customers/a/keys")
        .json(json!({ "name": "x" }))
        .once("k")
        .send()
        .await
        .expect_status(201);
    let rotate = format!("/v1/customers/a/keys/{}/rotate", text(&issued.json(), "key_id"));
    let rotated = app.operator("POST", &rotate).once("k").send().await.expect_status(201);
    assert_eq!((issued.header("idempotency-replayed"), rotated.header("idempotency-replayed")), (None, None));
    let other = app.new_operator_key("other").await;
    let foreign = app.with_key(&other, "POST", CUSTOMERS).json(json!({ "customer_id": "a" })).once("k").send().await;
    assert_eq!(foreign.expect_status(201).header("idempotency-replayed"), None);
    // Keys differ by every character, case and blanks inside too.
    for key in ["K", "k k", "k  k", "k'", "~"] {
        create(&app, r#"{"customer_id":"a"}"#, key).send().await.expect_problem(409, "name-conflict");
    }
    // Another key of the same operator replays; so does it after the first one is gone.
    let second = app.new_operator_key("acme").await;
    let id = format!("key_{}", &app.operator_key["sk_ops_acme_".len()..]["".len()..26]);
    let store = app.direct_store();
    let acme = tenancy::domain::customer::Slug::parse("acme").unwrap();
    store.revoke_operator_key(acme, tenancy::domain::KeyId::parse(&id).unwrap()).await.unwrap();
    create(&app, r#"{"customer_id":"a"}"#, "k").send().await.expect_problem(401, "insufficient-scope");
    let replay = app.with_key(&second, "POST", CUSTOMERS).json(json!({ "customer_id": "a" })).once("k").send().await;
    is_replay(replay, &first);
}

#[tokio::test]
async fn a_key_has_1_to_255_printable_characters_without_a_comma() {
    let app = App::start().await;
    let printable: String = (' '..='~').filter(|character| *character != ',').collect();
    for (number, key) in ["a", printable.trim(), &"x".repeat(255), "a b", "\"quoted\""].iter().enumerate() {
        let body = format!(r#"{{"customer_id":"c{number}"}}"#);
        let first = create(&app, &body, key).send().await.expect_status(201);
        is_replay(create(&app, &body, key).send().await, &first);
    }
    for key in ["", &"x".repeat(256), "é", "a,b", ",", "a\tb"] {
        let answer = create(&app, r#"{"customer_id":"x"}"#, key).send().await;
        assert_eq!(answer.pointers(), ["/header/Idempotency-Key"], "{key}");
        for path in ["/absent/keys", "/absent/restore", "/absent/keys/k/rotate"] {
            let answer =
                app.operator("POST", &format!("{CUSTOMERS}{path}")).json(json!({ "x": 1 })).once(key).send().await;
            assert!(answer.pointers().contains(&"/header/Idempotency-Key".to_owned()));
        }
    }
    let twice = create(&app, r#"{"customer_id":"x"}"#, "a").once("a").send().await;
    assert_eq!(twice.pointers(), ["/header/Idempotency-Key"]);
    for (method, path) in [("GET", ""), ("GET", "/c0"), ("PATCH", "/c0"), ("GET", "/c0/keys"), ("DELETE", "/c0")] {
        let call = app.operator(method, &format!("{CUSTOMERS}{path}"));
        let call = if method == "PATCH" { call.json(json!({ "display_name": "x" })) } else { call };
        let answer = call.once("a,b").once("").send().await;
        assert!((200..300).contains(&answer.status), "{answer}");
        assert_eq!(answer.header("idempotency-replayed"), None);
    }
}

#[tokio::test]
async fn a_record_counts_for_24_hours_by_the_clock() {
    let app = App::start().await;
    let first = create(&app, r#"{"customer_id":"a"}"#, "k").send().await.expect_status(201);
    let kept = app.items_of("record").await.swap_remove(0);
    let end = tenancy::domain::Timestamp::parse(kept["expires_at"]["S"].as_str().unwrap()).unwrap();
    let made = tenancy::domain::Timestamp::parse(text(&first.json(), "created_at")).unwrap();
    assert_eq!(end.milliseconds() - made.milliseconds(), 24 * 3_600_000);
    let swept: i64 = kept["ttl"]["N"].as_str().unwrap().parse().unwrap();
    assert!(swept * 1000 >= end.milliseconds(), "swept while it counts");

    end_record(&app, 60_000).await;
    is_replay(create(&app, r#"{"customer_id":"a"}"#, "k").send().await, &first);
    end_record(&app, -1).await;
    create(&app, r#"{"customer_id":"a"}"#, "k").send().await.expect_problem(409, "name-conflict");
    let second = create(&app, r#"{"customer_id":"b"}"#, "k").send().await.expect_status(201);
    assert_eq!(second.header("idempotency-replayed"), None);
    is_replay(create(&app, r#"{"customer_id":"b"}"#, "k").send().await, &second);
    assert_eq!(app.items_of("record").await.len(), 1, "the old record was replaced");
}

#[tokio::test]
async fn errors_and_what_wrote_nothing_are_not_recorded() {
    let app = App::start().await;
    app.new_customer("taken").await;
    create(&app, r#"{"customer_id":"A"}"#, "k").send().await.expect_problem(422, "validation-error");
    create(&app, "{", "k").send().await.expect_problem(400, "malformed-request");
    create(&app, r#"{"customer_id":"taken"}"#, "k").send().await.expect_problem(409, "name-conflict");
    assert_eq!(app.items_of("record").await.len(), 0);
    let created = create(&app, r#"{"customer_id":"a"}"#, "k").send().await.expect_status(201);
    assert_eq!(created.header("idempotency-replayed"), None);

    let restore = |name: &str| app.operator("POST", &format!("{CUSTOMERS}/{name}/restore")).once("r").send();
    restore("absent").await.expect_problem(404, "not-found");
    let (active, log) = app.requests_of(restore("a")).await;
    assert_eq!(active.expect_status(200).header("idempotency-replayed"), None);
    assert!(!wrote(&log));
    // The key is still free: another customer may have it.
    app.operator("DELETE", "/v1/customers/taken").send().await.expect_status(204);
    let first = restore("taken").await.expect_status(200);
    assert_eq!(first.header("idempotency-replayed"), None);
    restore("a").await.expect_problem(409, "idempotency-key-conflict");
    is_replay(restore("taken").await, &first);
}

#[tokio::test]
async fn a_restore_replays_what_it_said_then() {
    let app = App::start().await;
    let body = r#"{"customer_id":"a","display_name":"A","description":"d","labels":{"x":"y"}}"#;
    let id = text(&create(&app, body, "c").send().await.json(), "id").to_owned();
    app.operator("DELETE", "/v1/customers/a").send().await.expect_status(204);
    let restore = |name: &str| app.operator("POST", &format!("{CUSTOMERS}/{name}/restore")).once("r");
    let first = restore("a").send().await.expect_status(200);
    app.operator("PATCH", "/v1/customers/a").json(json!({ "display_name": "B" })).send().await.expect_status(200);
    is_replay(restore("a").send().await, &first);
    is_replay(restore(&id).send().await, &first);
    is_replay(restore("a").json(json!({})).send().await, &first);
    app.operator("DELETE", "/v1/customers/a").send().await.expect_status(204);
    is_replay(restore(&id).send().await, &first);
    app.operator("GET", "/v1/customers/a").send().await.expect_problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_32_parallel_duplicates_all_get_the_one_answer() {
    let app = App::start().await;
    app.lambda.warm("create-customer", 8).await.unwrap();
    let duplicates = (0..32).map(|_| create(&app, r#"{"customer_id":"a"}"#, "k"));
    let answers = at_once(&app, duplicates).await;
    assert_eq!(answers.iter().filter(|answer| answer.header("idempotency-replayed").is_none()).count(), 1);
    for answer in &answers {
        assert_eq!(
            (answer.status, &answer.body, answer.header("etag")),
            (201, &answers[0].body, answers[0].header("etag")),
            "{answer}"
        );
    }
    assert_eq!(
        (app.items_of("customer").await.len(), app.items_of("root").await.len(), app.items_of("record").await.len()),
        (1, 1, 1)
    );
    let bodies: Vec<String> = (0..32).map(|number| format!(r#"{{"customer_id":"c{}"}}"#, number % 4)).collect();
    let answers = at_once(&app, bodies.iter().map(|body| create(&app, body, "l"))).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
    assert_eq!((won.len(), lost.len()), (8, 24));
    assert!(won.iter().all(|answer| answer.body == won[0].body));
    lost.into_iter().for_each(|answer| drop(answer.expect_problem(409, "idempotency-key-conflict")));
    assert_eq!(app.items_of("customer").await.len(), 2);
}

/// Sends 32 creations of a tenant under one key, all at once.
async fn race_32(app: &App, key: &str, body: impl Fn(usize) -> Value) -> Vec<Exchange> {
    app.lambda.warm("create-tenant", 8).await.unwrap();
    at_once(app, (0..32).map(|n| app.with_key(key, "POST", "/tenants").json(body(n)).once("k"))).await
}

/// One tenant, its marker and its record.
async fn expect_one_tenant(app: &App) {
    for entity in ["tenant", "external_id", "record"] {
        assert_eq!(app.items_of(entity).await.len(), 1, "{entity}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_32_racing_creations_of_a_tenant_one_is_made_and_31_replay_it() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let answers = race_32(&app, &key, |_| json!({ "external_id": "e", "name": "n" })).await;
    let (first, replays): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.header("idempotency-replayed").is_none());
    assert_eq!((first.len(), first[0].status), (1, 201), "{first:?}");
    assert_eq!(replays.len(), 31);
    replays.into_iter().for_each(|answer| is_replay(answer, &first[0]));
    expect_one_tenant(&app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_32_racing_bodies_under_one_key_one_wins_and_31_are_told_so() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    // No two are alike, and a loser's external id may be the winner's as well: the answer is about the key.
    let body = |n: usize| json!({ "external_id": format!("e{}", n % 2), "name": format!("n{n}") });
    let answers = race_32(&app, &key, body).await;
    let winners: Vec<usize> = (0..32).filter(|n| answers[*n].status == 201).collect();
    assert_eq!(winners.len(), 1, "{answers:?}");
    let (number, winner) = (winners[0], answers[winners[0]].clone());
    assert_eq!((&winner.json()["name"], winner.header("idempotency-replayed")), (&body(number)["name"], None));
    for loser in answers.into_iter().filter(|answer| answer.status != 201) {
        loser.expect_problem(409, "idempotency-key-conflict");
    }
    expect_one_tenant(&app).await;
    let again = app.with_key(&key, "POST", "/tenants").json(body(number)).once("k").send().await;
    is_replay(again, &winner);
}
