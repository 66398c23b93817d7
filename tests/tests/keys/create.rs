//! `POST /v1/customers/{customer_id}/keys` (contract section 3.4).

use crate::{KEYS, create, from_now, issue, list, rewrite, shown, start, use_key};
use futures_util::future::join_all;
use insta::assert_snapshot;
use tests::checks::most_writes_at_once;
use tests::transcript::{members, redacted, text, without_write_ids};
use tests::{App, Value, json};

const ALL: [&str; 7] = [
    "tenants:write",
    "repositories:write",
    "users:write",
    "roles:write",
    "conversations:read_all",
    "conversations:write",
    "tokens:write",
];

async fn faults(app: &App, body: Value) -> Vec<String> {
    create(app, body).send().await.expect_problem(422, "validation-error").pointers()
}

#[tokio::test]
async fn a_new_key_is_shown_whole_and_its_secret_once() {
    let app = start().await;
    let issued = create(&app, json!({ "name": "ci" })).send().await.expect_status(201);
    assert_eq!(
        members(&issued.body).join(" "),
        "key_id name scopes prefix suffix created_at expires_at revoked_at api_key_once"
    );
    assert_eq!((issued.header("location"), issued.header("etag")), (None, None));
    let key = issued.json();
    let (secret, prefix, suffix) = (text(&key, "api_key_once"), text(&key, "prefix"), text(&key, "suffix"));
    assert!(secret.starts_with("sk_int_") && secret.starts_with(prefix) && secret.ends_with(suffix), "{key}");
    assert_eq!(suffix.len(), 4);
    assert!(secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'), "{secret}");
    // 43 base-62 digits hold 256 bits; what follows is the checksum.
    assert!(secret.len() - prefix.len() >= 43 + 4, "{secret}");
    assert_eq!((&key["name"], &key["scopes"]), (&json!("ci"), &json!(ALL)));
    assert_eq!((&key["expires_at"], &key["revoked_at"]), (&Value::Null, &Value::Null));

    let mut expected = key.clone();
    expected.as_object_mut().unwrap().remove("api_key_once");
    assert_eq!(list(&app).await, [expected]);
    assert_eq!(use_key(&app, &key).await.expect_status(200).json()["key_id"], key["key_id"]);
}

#[tokio::test]
async fn scopes_are_a_set_in_one_order() {
    let app = start().await;
    let mut backwards = ALL;
    backwards.reverse();
    let table = [
        (json!(backwards), json!(ALL)),
        (json!([]), json!([])),
        (json!(["tokens:write", "tenants:write"]), json!(["tenants:write", "tokens:write"])),
    ];
    for (sent, expected) in table {
        let key = issue(&app, json!({ "name": "k", "scopes": sent })).await;
        assert_eq!(key["scopes"], expected);
        assert_eq!(shown(&app, &key).await["scopes"], expected);
        assert_eq!(use_key(&app, &key).await.json()["scopes"], expected);
    }
    let table = [
        (json!(["tenants:write", "tenants:write"]), vec!["/scopes/1"]),
        (
            json!(["x", "roles:write", "roles:write", "tokens:write", "x", "tokens:write", "roles:write"]),
            vec!["/scopes/0", "/scopes/2", "/scopes/4", "/scopes/5", "/scopes/6"],
        ),
        (
            json!(["x", "tokens:write", "customers:write", "keys:write", "tenants:read", "", 1, null, "Tenants:write"]),
            vec![
                "/scopes/0",
                "/scopes/2",
                "/scopes/3",
                "/scopes/4",
                "/scopes/5",
                "/scopes/6",
                "/scopes/7",
                "/scopes/8",
            ],
        ),
        (json!(["*"]), vec!["/scopes/0"]),
        (json!([["tenants:write"]]), vec!["/scopes/0"]),
        (json!(null), vec!["/scopes"]),
        (json!("tenants:write"), vec!["/scopes"]),
        (json!({}), vec!["/scopes"]),
    ];
    for (scopes, expected) in table {
        assert_eq!(faults(&app, json!({ "name": "k", "scopes": scopes })).await, expected, "{scopes}");
    }
}

#[tokio::test]
async fn a_key_without_scopes_can_only_read() {
    let app = start().await;
    let key = issue(&app, json!({ "name": "reader", "scopes": [] })).await;
    let secret = text(&key, "api_key_once");
    for path in ["/tenants", "/repositories", "/integration/self"] {
        app.with_key(secret, "GET", path).send().await.expect_status(200);
    }
}

#[tokio::test]
async fn names_have_1_to_255_characters() {
    let app = start().await;
    for name in ["a", &"🦀".repeat(255), " \t\n", "e\u{301}"] {
        assert_eq!(text(&issue(&app, json!({ "name": name })).await, "name"), name);
    }
    for name in
        [json!(""), json!(null), json!(1), json!("x".repeat(256)), json!("a\u{0}"), json!("\u{9b}"), json!(["a"])]
    {
        assert_eq!(faults(&app, json!({ "name": name })).await, ["/name"], "{name}");
    }
    let body = json!({ "scopes": ["x"], "expires_at": "soon", "key_id": "key_1", "prefix": "p", "api_key_once": "s", "revoked_at": null });
    assert_eq!(
        faults(&app, body).await,
        ["/api_key_once", "/expires_at", "/key_id", "/name", "/prefix", "/revoked_at", "/scopes/0"]
    );
    assert_eq!(list(&app).await.len(), 4);
}

#[tokio::test]
async fn an_end_is_a_time_in_the_future() {
    let app = start().await;
    let table = [
        (json!("2999-12-31T23:59:59Z"), json!("2999-12-31T23:59:59.000Z")),
        (json!("2999-01-01T00:00:00.1239999999999Z"), json!("2999-01-01T00:00:00.123Z")),
        (json!("9999-12-31T23:59:59.9999Z"), json!("9999-12-31T23:59:59.999Z")),
        (json!("2998-02-28T00:00:00.5Z"), json!("2998-02-28T00:00:00.500Z")),
        (json!("2999-01-01T00:00:00+00:00"), json!("2999-01-01T00:00:00.000Z")),
        (json!("2999-01-01T00:00:00-00:00"), json!("2999-01-01T00:00:00.000Z")),
        (json!("2999-01-01T01:30:00.123456+02:00"), json!("2998-12-31T23:30:00.123Z")),
        (json!("2998-12-31t23:00:00.0-05:00"), json!("2999-01-01T04:00:00.000Z")),
        (json!("2999-01-01t00:00:00z"), json!("2999-01-01T00:00:00.000Z")),
        (json!(null), json!(null)),
    ];
    for (sent, expected) in table {
        let key = issue(&app, json!({ "name": "k", "expires_at": sent })).await;
        assert_eq!(key["expires_at"], expected);
        assert_eq!(shown(&app, &key).await["expires_at"], expected);
        use_key(&app, &key).await.expect_status(200);
    }
    let bad = [
        "",
        "2999-01-01",
        "2999-01-01T00:00:00",
        "2999-01-01T00:00:00+0000",
        "2999-01-01T00:00:00+24:00",
        "2999-01-01 00:00:00Z",
        "2999-12-31T23:59:60Z",
        "2998-12-31T23:59:60+00:00",
        "9999-12-31T23:59:59-01:00",
        "0000-01-01T00:00:00+01:00",
        "2999-02-30T00:00:00Z",
        "2999-01-01T24:00:00Z",
        "10000-01-01T00:00:00Z",
        "+2999-01-01T00:00:00Z",
        "2999-01-01T00:00Z",
        "2999-01-01T00:00:00.Z",
        " 2999-01-01T00:00:00Z",
        "32503680000",
    ];
    for end in bad.map(Value::from).into_iter().chain([json!(32_503_680_000_u64), json!([]), json!(true)]) {
        assert_eq!(faults(&app, json!({ "name": "", "expires_at": end })).await, ["/expires_at", "/name"], "{end}");
    }
}

#[tokio::test]
async fn an_end_that_is_past_is_told_alone_and_after_404() {
    let app = start().await;
    for past in ["2020-01-01T00:00:00Z".to_owned(), "0000-01-01T00:00:00Z".to_owned(), from_now(-1)] {
        assert_eq!(faults(&app, json!({ "name": "k", "expires_at": past })).await, ["/expires_at"]);
        let call = app.operator("POST", "/v1/customers/absent/keys").json(json!({ "name": "k", "expires_at": past }));
        call.send().await.expect_problem(404, "not-found");
        // Faults of the body itself are answered without it.
        assert_eq!(faults(&app, json!({ "name": "", "expires_at": past })).await, ["/name"]);
    }
    assert!(list(&app).await.is_empty());
}

#[tokio::test]
async fn a_key_is_dead_from_its_end_on() {
    let app = start().await;
    let key = issue(&app, json!({ "name": "k", "expires_at": from_now(3_600_000) })).await;
    use_key(&app, &key).await.expect_status(200);
    rewrite(&app, &key, "x", json!({ "S": from_now(-1) })).await;
    use_key(&app, &key).await.expect_problem(401, "insufficient-scope");
    rewrite(&app, &key, "x", json!({ "S": from_now(60_000) })).await;
    use_key(&app, &key).await.expect_status(200);
}

#[tokio::test]
async fn the_51st_key_drops_the_oldest_dead_one_or_is_refused() {
    let app = start().await;
    let mut keys = Vec::new();
    for number in 0..50 {
        keys.push(issue(&app, json!({ "name": number.to_string() })).await);
    }
    assert_eq!(faults(&app, json!({ "name": "51st" })).await, [""]);
    assert_eq!(list(&app).await.len(), 50);
    crate::revoke(&app, &keys[30]).send().await.expect_status(204);
    rewrite(&app, &keys[20], "x", json!({ "S": from_now(-1) })).await;
    crate::revoke(&app, &keys[10]).send().await.expect_status(204);
    for (number, dropped) in [(51, 10), (52, 20), (53, 30)] {
        keys.push(issue(&app, json!({ "name": number.to_string() })).await);
        let kept = list(&app).await;
        assert_eq!(kept.len(), 50);
        assert!(kept.iter().all(|key| key["key_id"] != keys[dropped]["key_id"]), "{dropped} is kept");
        crate::revoke(&app, &keys[dropped]).send().await.expect_problem(404, "not-found");
        crate::rotate(&app, &keys[dropped], json!({})).send().await.expect_problem(404, "not-found");
        use_key(&app, &keys[dropped]).await.expect_problem(401, "insufficient-scope");
    }
    assert_eq!(faults(&app, json!({ "name": "54th" })).await, [""]);
    // A full list comes after a past end, and both after 404.
    assert_eq!(faults(&app, json!({ "name": "54th", "expires_at": "2020-01-01T00:00:00Z" })).await, ["/expires_at"]);
    for key in [&keys[0], &keys[52]] {
        use_key(&app, key).await.expect_status(200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_parallel_creations_50_succeed_and_all_work() {
    let app = start().await;
    let calls = (0..64).map(|number| create(&app, json!({ "name": number.to_string() })).send());
    let (answers, log) = app.requests_of(join_all(calls)).await;
    let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
    assert_eq!((made.len(), refused.len()), (50, 14));
    for answer in refused {
        assert_eq!(answer.pointers(), [""]);
    }
    let mut listed: Vec<String> = list(&app).await.iter().map(|key| text(key, "key_id").to_owned()).collect();
    let mut issued: Vec<String> = made.iter().map(|answer| text(&answer.json(), "key_id").to_owned()).collect();
    listed.sort();
    issued.sort();
    assert_eq!(listed, issued);
    for answer in join_all(made.iter().map(|answer| async { use_key(&app, &answer.json()).await })).await {
        answer.expect_status(200);
    }
    assert!(most_writes_at_once(&log) > 1, "nothing was raced");
}

#[tokio::test]
async fn the_secret_is_nowhere_but_in_its_answer() {
    let app = start().await;
    let call = create(&app, json!({ "name": "ci" })).once("secret-test-key");
    let key = call.clone().send().await.expect_status(201).json();
    let secret = text(&key, "api_key_once");
    use_key(&app, &key).await.expect_status(200);
    let rotated = crate::rotate(&app, &key, json!({})).once("other-test-key").send().await.expect_status(201).json();
    let replay = call.send().await.expect_status(201);
    let random = &secret[text(&key, "prefix").len()..];
    let table = app.items().await.iter().map(Value::to_string).collect::<String>();
    let listed = app.operator("GET", KEYS).send().await.body;
    let requests: String = app.proxy.log().iter().map(|entry| entry.body.to_string()).collect();
    for place in [&table, &listed, &replay.body, &requests, &app.lambda.log_text()] {
        for secret in [random, &text(&rotated, "api_key_once")[text(&rotated, "prefix").len()..]] {
            assert!(!place.contains(&secret[..8]) && !place.contains(&secret[secret.len() - 12..]), "{place}");
        }
    }
    assert!(!table.contains("secret-test-key") && !app.lambda.log_text().contains("secret-test-key"));
}

#[tokio::test]
async fn the_stored_items_are_these() {
    let app = start().await;
    let key =
        issue(&app, json!({ "name": "ci", "scopes": ["tenants:write"], "expires_at": "2999-01-01T00:00:00Z" })).await;
    let item = async |entity: &str| without_write_ids(app.items_of(entity).await.swap_remove(0));
    let mut root = item("root").await;
    let entry = root["keys"]["M"].as_object_mut().unwrap().values_mut().next().unwrap();
    let hash = entry["M"]["h"]["B"].take();
    assert_eq!(hash.as_str().map(str::len), Some(44), "32 bytes in base64");
    assert_snapshot!(redacted(&root.to_string()), @r##"{"customer_id":{"S":"acme-corp"},"keys":{"M":{"ULID":{"M":{"h":{"B":null},"s":{"N":"4"},"x":{"S":"TIME"}}}}},"operator":{"S":"acme"},"pk":{"S":"I#ULID"},"sk":{"S":"#"},"state":{"S":"active"},"type":{"S":"root"},"v":{"N":"1"},"ver":{"N":"2"}}"##);
    let details = redacted(&item("key_details").await.to_string()).replace(text(&key, "suffix"), "LAST");
    assert_snapshot!(details, @r##"{"kULID":{"M":{"expires_at":{"S":"TIME"},"name":{"S":"ci"},"scopes":{"N":"4"},"suffix":{"S":"LAST"}}},"pk":{"S":"O#acme#K"},"sk":{"S":"acme-corp"},"type":{"S":"key_details"},"v":{"N":"1"}}"##);
}
