//! Requests of callers with limits: what is counted, what an empty bucket answers, and what it costs.

use super::{fill_in, limit, tenants};
use futures_util::future::join_all;
use std::time::Instant;
use tests::checks::wrote;
use tests::operations::{Fixture, protected};
use tests::{Action, App, Exchange, LogEntry, Members, Rule, Value, from_now, json};

/// The numbers in an answer's headers: the tokens of a full bucket, those that are left, and the seconds until it is full.
fn bucket(answer: &Exchange) -> Option<[u32; 3]> {
    let number = |name: &str| answer.header(name).map(|value| value.parse().expect("a number"));
    Some([number("ratelimit-limit")?, number("ratelimit-remaining")?, number("ratelimit-reset")?])
}

/// The id of the only tenant.
async fn tenant_id(app: &App, key: &str) -> String {
    tenants(app, key).await.json()["data"][0]["id"].as_str().expect("a tenant").to_owned()
}

fn is_refused(answer: &Exchange) -> bool {
    answer.status == 429
}

/// Writes that count a request.
fn counts(log: &[LogEntry]) -> usize {
    let is_count = |entry: &&LogEntry| entry.body.to_string().contains("#buckets");
    log.iter().filter(|entry| entry.operation == "UpdateItem").filter(is_count).count()
}

#[tokio::test]
async fn a_key_without_a_token_is_refused_until_it_has_one() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    assert_eq!(bucket(&tenants(&app, &key).await.expect_status(200)), None);
    limit(&app, "acme-corp", 1, 3).await;
    for least in [2, 1, 0] {
        let answer = tenants(&app, &key).await.expect_status(200);
        let [full, left, _] = bucket(&answer).unwrap();
        // A token may have come back meanwhile.
        assert!(full == 3 && (least..=2).contains(&left), "{answer}");
    }
    fill_in(&app, "acme-corp", &key, 3600).await;
    let (refused, log) = app.requests_of(tenants(&app, &key)).await;
    let refused = refused.expect_problem(429, "rate-limited");
    let [full, left, reset] = bucket(&refused).unwrap();
    let retry_after: u32 = refused.header("retry-after").unwrap().parse().unwrap();
    // The bucket is full in an hour, and has a token two seconds before.
    assert!((full, left, reset) == (3, 0, retry_after + 2) && (3500..=3598).contains(&retry_after), "{refused}");
    // It reads what every request reads, and writes nothing.
    assert!(!wrote(&log) && log.len() <= 2, "{log:?}");
    // A token comes by the clock alone.
    let emptied = Instant::now();
    fill_in(&app, "acme-corp", &key, 3).await;
    while is_refused(&tenants(&app, &key).await) {}
    assert!(emptied.elapsed().as_millis() >= 990, "{:?}", emptied.elapsed());
}

#[tokio::test]
async fn each_key_has_a_bucket_and_all_tokens_of_users_have_one() {
    let app = App::start().await;
    let first = app.new_integration("acme-corp").await;
    let second = app.new_integration_key("acme-corp").await;
    let other = app.new_integration("other-corp").await;
    app.new_tenant(&first, "one").await;
    let mut tokens = Vec::new();
    for user in ["u1", "u2"] {
        let path = format!("/tenants/{}/users/by-external-id/{user}", tenant_id(&app, &first).await);
        app.with_key(&first, "PUT", &path).send().await.expect_status(201);
        let body = json!({ "tenant_external_id": "one", "user_external_id": user });
        let call = app.with_key(&first, "POST", "/auth/token-exchange").json(body);
        tokens.push(call.send().await.expect_status(200).json()["token"].as_str().unwrap().to_owned());
    }
    limit(&app, "acme-corp", 1, 1).await;
    let path = "/conversations/con_01m6gg76aq27h6p3amkdqg6stt";
    let conversation = async |credential: &str| app.with_key(credential, "GET", path).send().await;
    fill_in(&app, "acme-corp", &first, 3600).await;
    fill_in(&app, "acme-corp", "tokens", 3600).await;
    for (credential, expected) in [(&first, 429), (&second, 404), (&tokens[0], 429), (&tokens[1], 429), (&other, 404)] {
        let answer = conversation(credential).await.expect_status(expected);
        assert_eq!(bucket(&answer).is_some(), *credential != other, "{answer}");
    }
    app.operator("GET", "/v1/customers").send().await.expect_status(200);
    // Without limits all go on at once.
    app.operator("PATCH", "/v1/customers/acme-corp").json(json!({ "limits": null })).send().await.expect_status(200);
    for credential in [&first, &second, &tokens[0], &tokens[1]] {
        assert_eq!(bucket(&conversation(credential).await.expect_status(404)), None);
    }
}

#[tokio::test]
async fn of_64_parallel_requests_as_many_are_admitted_as_there_are_tokens() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    limit(&app, "acme-corp", 1, 20).await;
    let started = Instant::now();
    let answers = join_all((0..64).map(|_| tenants(&app, &key))).await;
    let admitted = answers.iter().filter(|answer| !is_refused(answer)).count();
    let came = usize::try_from(started.elapsed().as_secs() + 1).unwrap();
    assert!((20..=20 + came).contains(&admitted), "{admitted} are admitted in {:?}", started.elapsed());
    for refused in answers.iter().filter(|answer| is_refused(answer)) {
        assert_eq!((refused.header("retry-after"), bucket(refused).map(|[_, left, _]| left)), (Some("1"), Some(0)));
    }
}

#[tokio::test]
async fn of_a_large_limit_few_requests_are_counted_and_the_sum_is_right() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    // One request in 20 is counted for 20.
    limit(&app, "acme-corp", 200, 10_000).await;
    let (answers, log) = app.requests_of(join_all((0..300).map(|_| tenants(&app, &key)))).await;
    assert!(!answers.iter().any(is_refused));
    // 15 are expected. None and more than 45 are each less likely than one in a million.
    assert!((1..=45).contains(&counts(&log)), "{}", counts(&log));
    limit(&app, "acme-corp", 20, 100_000).await;
    let (_, log) = app.requests_of(join_all((0..300).map(|_| tenants(&app, &key)))).await;
    // One in 2, so 150 of 300: more than 8 standard deviations off are less likely than one in 10 million.
    assert!((80..=220).contains(&counts(&log)), "{}", counts(&log));
    let root = app.items_of("root").await.pop().unwrap();
    let full_at: i64 =
        root["buckets"]["M"].as_object().unwrap().values().next().unwrap()["N"].as_str().unwrap().parse().unwrap();
    let now = from_now(0).milliseconds() * 1000;
    // 300 requests take 15 s at 20 a second.
    assert!((6_000_000..=24_000_000).contains(&(full_at - now)), "{}", full_at - now);
}

#[tokio::test]
async fn the_refusal_comes_after_401_and_before_all_else() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    limit(&app, "acme-corp", 1, 1).await;
    fill_in(&app, "acme-corp", &key, 3600).await;
    let revoked = app.new_integration("revoked-corp").await;
    let of_revoked = app.operator("DELETE", "/v1/customers/revoked-corp");
    of_revoked.send().await.expect_status(204);
    let refuse = async |method: &str, path: &str, body: Value| {
        app.with_key(&revoked, method, path).json(body.clone()).send().await.expect_problem(401, "insufficient-scope");
        let (answer, log) = app.requests_of(app.with_key(&key, method, path).json(body).send()).await;
        answer.expect_problem(429, "rate-limited");
        assert!(!wrote(&log), "{log:?}");
    };
    refuse("POST", "/v1/customers", json!({ "customer_id": "x" })).await;
    refuse("POST", "/tenants", json!({ "name": 5 })).await;
    refuse("POST", "/tenants", json!({ "external_id": "x" })).await;
    refuse("GET", "/tenants/ten_01m6gg76aq27h6p3amkdqg6stt", Value::Null).await;
}

/// Longer than a count may take.
const SLOW: Action = Action::Delay { ms: 300 };

#[tokio::test]
async fn a_request_that_cannot_be_counted_goes_on() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    // What comes late is applied all the same.
    limit(&app, "acme-corp", 19, 1000).await;
    for action in [Action::Throttle, Action::DropBefore, Action::status(500, "{}"), Action::Conflict, SLOW] {
        app.faults([Rule::on("UpdateItem", action.clone())]);
        for _ in 0..3 {
            let (answer, log) = app.requests_of(tenants(&app, &key)).await;
            assert_eq!(counts(&log), 1, "it is not repeated");
            let line = app.line_of(&answer.expect_status(200)).await;
            assert!(line["cause"].is_string() && line["level"].is_null(), "{line}");
        }
    }
}

/// Also where the key is of the wrong kind. Every function is allowed to count (`suite/policies.rs`).
#[tokio::test]
async fn every_operation_with_a_credential_counts_a_request() {
    let app = App::start().await;
    let fixture = Fixture::new(&app, "acme-corp").await;
    for operation in protected() {
        // A small rate, and a burst that is counted in full: each request is written.
        limit(&app, "acme-corp", 19, 1000).await;
        let path = fixture.path(operation);
        let (answer, log) =
            app.requests_of(app.with_key(&fixture.key, &operation.method, &path).json(json!({ "no": 1 })).send()).await;
        assert_eq!(
            (counts(&log), bucket(&answer).map(|[full, left, _]| [full, left])),
            (1, Some([1000, 999])),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn requests_of_a_suspended_user_count() {
    let members = Members::new().await;
    let user = members.user("u1").await;
    let token = members.token("u1").await;
    members.send("PATCH", &format!("/users/{user}"), json!({ "status": "suspended" })).await.expect_status(200);
    limit(&members.app, "acme-corp", 1, 1).await;
    let conversations = || members.by(&token, "GET", &format!("/conversations?user_id={user}")).send();
    assert_eq!(bucket(&conversations().await.expect_problem(403, "insufficient-scope")), Some([1, 0, 1]));
    fill_in(&members.app, "acme-corp", "tokens", 3600).await;
    conversations().await.expect_problem(429, "rate-limited");
}

#[tokio::test]
async fn the_line_of_a_refused_request_has_its_caller_and_its_units() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    limit(&app, "acme-corp", 1, 1).await;
    let admitted = app.line_of(&tenants(&app, &key).await).await;
    assert_eq!((&admitted["status"], &admitted["write"]), (&json!(200), &json!(1)), "{admitted}");
    fill_in(&app, "acme-corp", &key, 3600).await;
    let refused = tenants(&app, &key).await;
    let line = app.line_of(&refused).await;
    assert_eq!((&line["status"], &line["write"]), (&json!(429), &Value::Null), "{line}");
    assert!(line["key"].is_string() && line["customer"].is_string(), "{line}");
}

#[tokio::test]
async fn the_bucket_of_a_dropped_key_is_removed() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    limit(&app, "acme-corp", 1, 1).await;
    tenants(&app, &key).await.expect_status(200);
    let buckets = async || app.items_of("root").await.pop().unwrap()["buckets"]["M"].as_object().unwrap().len();
    assert_eq!(buckets().await, 1);
    let keys = "/v1/customers/acme-corp/keys";
    let of_key = format!("{keys}/key_{}", &key[33..59]);
    app.operator("DELETE", &of_key).send().await.expect_status(204);
    // The fiftieth more drops the oldest key that is revoked.
    for _ in 0..50 {
        assert_eq!(buckets().await, 1);
        app.operator("POST", keys).json(json!({ "name": "k" })).send().await.expect_status(201);
    }
    assert_eq!(buckets().await, 0);
}
