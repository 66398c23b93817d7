//! `DELETE /v1/customers/{customer_id}/keys/{key_id}` (contract section 3.4).

use crate::{KEYS, from_now, issue, milliseconds, revoke, rewrite, shown, start, use_key};
use tests::json;
use tests::transcript::text;

#[tokio::test]
async fn a_revoked_key_is_dead_on_the_next_request_of_every_warm_process() {
    let app = start().await;
    for _ in 0..20 {
        let key = issue(&app, json!({ "name": "a" })).await;
        let warm = (0..4).map(|_| use_key(&app, &key));
        futures_util::future::join_all(warm).await.into_iter().for_each(|answer| drop(answer.expect_status(200)));
        revoke(&app, &key).send().await.expect_status(204);
        let stale = (0..4).map(|_| use_key(&app, &key));
        for answer in futures_util::future::join_all(stale).await {
            answer.expect_problem(401, "insufficient-scope");
        }
    }
}

#[tokio::test]
async fn revoking_twice_is_204_twice_and_one_moment() {
    let app = start().await;
    let (key, other) = (issue(&app, json!({ "name": "a" })).await, issue(&app, json!({ "name": "b" })).await);
    let answer = revoke(&app, &key).header("if-match", "nonsense").once("bad,key").send().await.expect_status(204);
    assert_eq!((answer.body.as_str(), answer.header("etag")), ("", None));
    let first = shown(&app, &key).await["revoked_at"].clone();
    assert!(milliseconds(&first) >= milliseconds(&key["created_at"]));
    revoke(&app, &key).send().await.expect_status(204);
    assert_eq!(shown(&app, &key).await["revoked_at"], first);
    assert_eq!(shown(&app, &other).await["revoked_at"], json!(null));
    use_key(&app, &other).await.expect_status(200);
}

#[tokio::test]
async fn an_expired_key_can_be_revoked_and_an_unknown_one_not() {
    let app = start().await;
    let key = issue(&app, json!({ "name": "a" })).await;
    rewrite(&app, &key, "x", json!({ "S": from_now(-1) })).await;
    revoke(&app, &key).send().await.expect_status(204);
    for id in ["key_01kaq7n0z2w4y6x8v0tqrstabc", "key_", "a", "key_zzzzzzzzzzzzzzzzzzzzzzzzzz", text(&key, "prefix")] {
        app.operator("DELETE", &format!("{KEYS}/{id}")).send().await.expect_problem(404, "not-found");
    }
    let upper = text(&key, "key_id").to_uppercase().replace("KEY_", "key_");
    app.operator("DELETE", &format!("{KEYS}/{upper}")).send().await.expect_problem(404, "not-found");
    let answer = app.operator("DELETE", &format!("{KEYS}/a?x=1")).send().await;
    assert_eq!(answer.pointers(), ["/query/x"]);
}
