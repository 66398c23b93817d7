//! `POST /v1/customers/{customer_id}/keys/{key_id}/rotate` (contract section 3.4).

use crate::{KEYS, create, from_now, issue, list, milliseconds, revoke, rotate, shown, start, use_key};
use futures_util::future::join_all;
use tests::transcript::{members, text};
use tests::{Value, json};

const HOUR: i64 = 3_600_000;

#[tokio::test]
async fn a_rotated_key_ends_at_once_and_the_new_one_has_its_name_and_scopes() {
    let app = start().await;
    let old = issue(&app, json!({ "name": "ci", "scopes": ["roles:write", "tenants:write"] })).await;
    let answer =
        app.operator("POST", &format!("{KEYS}/{}/rotate", text(&old, "key_id"))).send().await.expect_status(201);
    assert_eq!(
        members(&answer.body).join(" "),
        "key_id name scopes prefix suffix created_at expires_at revoked_at api_key_once"
    );
    assert_eq!((answer.header("location"), answer.header("etag")), (None, None));
    let new = answer.json();
    assert_ne!(new["key_id"], old["key_id"]);
    assert_eq!((&new["name"], &new["scopes"]), (&old["name"], &old["scopes"]));
    assert_eq!((&new["expires_at"], &new["revoked_at"]), (&Value::Null, &Value::Null));
    use_key(&app, &old).await.expect_problem(401, "insufficient-scope");
    use_key(&app, &new).await.expect_status(200);
    let ended = shown(&app, &old).await;
    assert_eq!((&ended["expires_at"], &ended["revoked_at"]), (&new["created_at"], &Value::Null));
    for (key, what) in [(&old, "expired"), (&new, "revoked")] {
        if what == "revoked" {
            revoke(&app, key).send().await.expect_status(204);
        }
        rotate(&app, key, json!({})).send().await.expect_problem(404, "not-found");
        rotate(&app, key, json!({ "expires_at": "2020-01-01T00:00:00Z" }))
            .send()
            .await
            .expect_problem(404, "not-found");
    }
    assert_eq!(list(&app).await.len(), 2);
}

#[tokio::test]
async fn an_overlap_leaves_the_old_key_its_time() {
    let app = start().await;
    let table = [
        (json!(60), 60_000),
        (json!(60.0), 60_000),
        (json!(6e1), 60_000),
        (json!(604_800), 604_800_000),
        (json!(1), 1000),
    ];
    for (sent, lasts) in table {
        let old = issue(&app, json!({ "name": "a" })).await;
        let new = rotate(&app, &old, json!({ "overlap_seconds": sent })).send().await.expect_status(201).json();
        assert_eq!(milliseconds(&shown(&app, &old).await["expires_at"]), milliseconds(&new["created_at"]) + lasts);
        assert_eq!(new["expires_at"], json!(null));
        use_key(&app, &old).await.expect_status(200);
        use_key(&app, &new).await.expect_status(200);
    }
    // Never later than its own end.
    let end = from_now(HOUR);
    let old = issue(&app, json!({ "name": "a", "expires_at": end })).await;
    rotate(&app, &old, json!({ "overlap_seconds": 604_800 })).send().await.expect_status(201);
    assert_eq!(shown(&app, &old).await["expires_at"], json!(end));
    rotate(&app, &old, json!({ "overlap_seconds": 60 })).send().await.expect_status(201);
    assert!(milliseconds(&shown(&app, &old).await["expires_at"]) < milliseconds(&json!(end)) - HOUR / 2);
}

#[tokio::test]
async fn faults_are_told_at_once_and_the_past_alone() {
    let app = start().await;
    let old = issue(&app, json!({ "name": "a" })).await;
    for bad in [json!(-1), json!(604_801), json!(1.5), json!("60"), json!(null), json!(true), json!(1e300), json!([])] {
        let answer = rotate(&app, &old, json!({ "overlap_seconds": bad, "expires_at": "", "name": "x" })).send().await;
        assert_eq!(answer.pointers(), ["/expires_at", "/name", "/overlap_seconds"], "{bad}");
    }
    let past = json!({ "expires_at": "2020-01-01T00:00:00Z" });
    assert_eq!(rotate(&app, &old, past.clone()).send().await.pointers(), ["/expires_at"]);
    for path in [
        "/v1/customers/absent/keys/key_01kaq7n0z2w4y6x8v0tqrstabc/rotate",
        &format!("{KEYS}/key_01kaq7n0z2w4y6x8v0tqrstabc/rotate"),
        &format!("{KEYS}/nonsense/rotate"),
    ] {
        app.operator("POST", path).json(past.clone()).send().await.expect_problem(404, "not-found");
    }
    assert_eq!(list(&app).await.len(), 1);
    assert_eq!(shown(&app, &old).await["expires_at"], json!(null));
    rotate(&app, &old, json!([])).send().await.expect_problem(400, "malformed-request");
    let plain = app.operator("POST", &format!("{KEYS}/{}/rotate", text(&old, "key_id"))).body("text/plain", "{}");
    plain.send().await.expect_problem(415, "unsupported-media-type");
}

#[tokio::test]
async fn a_lifetime_is_counted_from_now_as_given_at_creation() {
    let app = start().await;
    let first = issue(&app, json!({ "name": "a", "expires_at": from_now(48 * HOUR) })).await;
    let lifetime = milliseconds(&first["expires_at"]) - milliseconds(&first["created_at"]);
    let second = rotate(&app, &first, json!({ "overlap_seconds": 60 })).send().await.expect_status(201).json();
    assert_eq!(milliseconds(&second["expires_at"]) - milliseconds(&second["created_at"]), lifetime);
    // The first one ends in a minute now; its lifetime is still what it was made with.
    let third = rotate(&app, &first, json!({ "overlap_seconds": 30 })).send().await.expect_status(201).json();
    assert_eq!(milliseconds(&third["expires_at"]) - milliseconds(&third["created_at"]), lifetime);
    let fourth = rotate(&app, &third, json!({})).send().await.expect_status(201).json();
    assert_eq!(milliseconds(&fourth["expires_at"]) - milliseconds(&fourth["created_at"]), lifetime);

    let given =
        rotate(&app, &second, json!({ "expires_at": "2999-01-01T00:00:00Z" })).send().await.expect_status(201).json();
    assert_eq!(given["expires_at"], json!("2999-01-01T00:00:00.000Z"));
    let offset = json!({ "expires_at": "2999-01-01T00:00:00.5+02:00" });
    let given = rotate(&app, &given, offset).send().await.expect_status(201).json();
    assert_eq!(given["expires_at"], json!("2998-12-31T22:00:00.500Z"));
    let none = rotate(&app, &given, json!({ "expires_at": null })).send().await.expect_status(201).json();
    assert_eq!(none["expires_at"], json!(null));
    assert_eq!(shown(&app, &none).await["expires_at"], json!(null));
}

#[tokio::test]
async fn no_lifetime_reaches_past_the_year_9999() {
    let app = start().await;
    let last = issue(&app, json!({ "name": "a", "expires_at": "9999-12-31T23:59:59.999Z" })).await;
    let new = rotate(&app, &last, json!({})).send().await.expect_status(201).json();
    assert_eq!(new["expires_at"], json!("9999-12-31T23:59:59.999Z"));
    use_key(&app, &new).await.expect_status(200);
}

#[tokio::test]
async fn without_an_overlap_there_is_always_room() {
    let app = start().await;
    let mut keys = Vec::new();
    for name in 0..50 {
        keys.push(issue(&app, json!({ "name": name.to_string() })).await);
    }
    assert_eq!(rotate(&app, &keys[7], json!({ "overlap_seconds": 1 })).send().await.pointers(), [""]);
    use_key(&app, &keys[7]).await.expect_status(200);
    // The one that is rotated is the oldest dead one itself.
    let new = rotate(&app, &keys[7], json!({})).send().await.expect_status(201).json();
    let listed = list(&app).await;
    assert!(listed.len() == 50 && listed.iter().all(|key| key["key_id"] != keys[7]["key_id"]));
    use_key(&app, &keys[7]).await.expect_problem(401, "insufficient-scope");
    use_key(&app, &new).await.expect_status(200);
    // An older dead one goes first; then the rotated one is kept, expired.
    revoke(&app, &keys[3]).send().await.expect_status(204);
    rotate(&app, &keys[9], json!({ "overlap_seconds": 0 })).send().await.expect_status(201);
    let listed: Vec<Value> = list(&app).await.into_iter().map(|mut key| key["key_id"].take()).collect();
    assert!(listed.len() == 50 && !listed.contains(&keys[3]["key_id"]) && listed.contains(&keys[9]["key_id"]));
    // Now there is room for an overlap, in the place of the expired one.
    rotate(&app, &keys[10], json!({ "overlap_seconds": 60 })).send().await.expect_status(201);
    use_key(&app, &keys[10]).await.expect_status(200);
    revoke(&app, &keys[9]).send().await.expect_problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_16_parallel_rotations_without_overlap_one_succeeds() {
    let app = start().await;
    let old = issue(&app, json!({ "name": "a" })).await;
    let answers = join_all((0..16).map(|_| rotate(&app, &old, json!({})).send())).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1, "{answers:?}");
    for loser in answers.into_iter().filter(|answer| answer.status != 201) {
        loser.expect_problem(404, "not-found");
    }
    assert_eq!(list(&app).await.len(), 2);
    let parallel = join_all((0..16).map(|number| create(&app, json!({ "name": number.to_string() })).send())).await;
    parallel.into_iter().for_each(|answer| drop(answer.expect_status(201)));
}
