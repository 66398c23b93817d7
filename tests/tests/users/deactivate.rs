//! `DELETE /users/{user_id}`: it suspends.

use tests::checks::{check_at_rest, wrote};
use tests::{Members, json};

#[tokio::test]
async fn a_user_is_suspended_once_and_stays() {
    let world = Members::new().await;
    let path = format!("/users/{}", world.user("one").await);
    let before = world.get(&path).await;
    let gone = world.call("DELETE", &path).bare_body("is ignored").send().await.expect_status(204);
    assert_eq!((gone.body.as_str(), gone.header("etag")), ("", None));
    let suspended = world.get(&path).await;
    assert_eq!((&suspended.json()["status"], suspended.etag()), (&json!("suspended"), before.etag_after(1)));
    let (again, log) = world.app.requests_of(world.call("DELETE", &path).send()).await;
    again.expect_status(204);
    assert!(!wrote(&log));
    assert_eq!(world.get(&path).await.etag(), suspended.etag());
    assert_eq!(world.get(&world.path("one")).await.body, suspended.body);
    let active = world.send("PATCH", &path, json!({ "status": "active" })).await.expect_status(200);
    assert_eq!((&active.json()["status"], active.version()), (&json!("active"), 3));
    check_at_rest(&world.app).await;
}

#[tokio::test]
async fn a_version_may_be_asked_for() {
    let world = Members::new().await;
    let path = format!("/users/{}", world.user("one").await);
    let delete = async |tag: &str| world.call("DELETE", &path).header("if-match", tag).send().await;
    let tag = world.get(&path).await.etag();
    delete("\"1\"").await.expect_problem(412, "precondition-failed");
    assert_eq!(delete("x").await.pointers(), ["/header/If-Match"]);
    delete(&tag).await.expect_status(204);
    delete(&tag).await.expect_problem(412, "precondition-failed");
    delete("*").await.expect_status(204);
    for id in ["usr_01arz3ndektsv4rrffq69g5fav", "x"] {
        world
            .call("DELETE", &format!("/users/{id}"))
            .header("if-match", "*")
            .send()
            .await
            .expect_problem(404, "not-found");
    }
}
