//! `GET /repositories/{repository_id}`

use tests::App;

#[tokio::test]
async fn a_caller_that_has_the_version_gets_304_and_an_unknown_id_404() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let repository = app.new_repository(&key, "one").await;
    let id = repository["id"].as_str().unwrap();
    let get = |id: &str, tag: &str| {
        app.with_key(&key, "GET", &format!("/repositories/{id}")).header("if-none-match", tag).send()
    };
    let found = get(id, "\"2\"").await.expect_status(200);
    assert_eq!((found.json(), found.etag().as_str()), (repository.clone(), "\"1\""));
    for tag in ["\"1\"", "W/\"1\"", "*", "\"x\",\"1\""] {
        get(id, tag).await.expect_status(304);
    }
    assert_eq!(get(id, "1").await.pointers(), ["/header/If-None-Match"]);
    for id in [
        "rep_01arz3ndektsv4rrffq69g5fav",
        "x",
        &id.to_uppercase(),
        &id.replace("rep_", "tnt_"),
        "rep_zzzzzzzzzzzzzzzzzzzzzzzzzz",
    ] {
        get(id, "*").await.expect_problem(404, "not-found");
        for method in ["PATCH", "DELETE"] {
            let call = app.with_key(&key, method, &format!("/repositories/{id}")).json(tests::json!({ "name": "x" }));
            call.send().await.expect_problem(404, "not-found");
        }
    }
}
