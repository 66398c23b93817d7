//! `GET /v1/customers/{customer_id}` (contract section 3.1).

use tests::checks::shape;
use tests::transcript::text;
use tests::{App, Call};

fn get<'a>(app: &'a App, name: &str) -> Call<'a> {
    app.operator("GET", &format!("/v1/customers/{name}"))
}

#[tokio::test]
async fn a_customer_is_found_by_slug_and_by_id() {
    let app = App::start().await;
    let customer = app.new_customer("acme-corp").await;
    let by_slug = get(&app, "acme-corp").send().await.expect_status(200);
    let by_id = get(&app, text(&customer, "id")).send().await.expect_status(200);
    assert_eq!(by_slug.json(), customer);
    assert_eq!((&by_id.body, by_id.etag()), (&by_slug.body, by_slug.etag()));
    let escaped = get(&app, "%61cme%2Dcorp").send_unchecked().await.expect_status(200);
    assert_eq!(escaped.body, by_slug.body);
}

#[tokio::test]
async fn absent_archived_foreign_and_ill_formed_are_alike() {
    let app = App::start().await;
    app.new_customer("mine").await;
    let archived = app.new_customer("gone").await;
    app.operator("DELETE", "/v1/customers/gone").send().await.expect_status(204);
    let other = app.new_operator_key("other").await;
    let body = tests::json!({ "customer_id": "theirs" });
    let foreign = app.with_key(&other, "POST", "/v1/customers").json(body).send().await.expect_status(201).json();

    let absent = get(&app, "absent").send().await.expect_problem(404, "not-found");
    let expected = shape(&absent, &["absent"]);
    assert!(expected.contains("/v1/customers/SENT"), "{expected}");
    let long = "a".repeat(64);
    let names = [
        "gone",
        text(&archived, "id"),
        "theirs",
        text(&foreign, "id"),
        "cust_00000000000000000000000000",
        "cust_7zzzzzzzzzzzzzzzzzzzzzzzzz",
        "cust_zzzzzzzzzzzzzzzzzzzzzzzzzz",
        "UPPER",
        "cust_",
        &long,
        "tnt_01kaq7n0z2w4y6x8v0tqrstabc",
        "-a",
        "a_b",
    ];
    for name in names {
        let answer = get(&app, name).send().await.expect_problem(404, "not-found");
        assert_eq!(shape(&answer, &[name]), expected, "{name}");
    }
    // `instance` shows a path as it was sent: percent-encoded.
    for escaped in ["%23", "%00", "O%23other%23C", "mine%20", "%2561", "MINE"] {
        let answer = get(&app, escaped).send_unchecked().await.expect_problem(404, "not-found");
        assert_eq!(shape(&answer, &[escaped]), expected, "{escaped}");
    }
}

#[tokio::test]
async fn every_operation_on_a_missing_customer_is_the_same_404() {
    let app = App::start().await;
    let archived = app.new_customer("gone").await;
    app.operator("DELETE", "/v1/customers/gone").send().await.expect_status(204);
    let other = app.new_operator_key("other").await;
    let body = tests::json!({ "customer_id": "theirs" });
    let foreign = app.with_key(&other, "POST", "/v1/customers").json(body).send().await.expect_status(201).json();
    let key = "key_01kaq7n0z2w4y6x8v0tqrstabc";
    let operations = [
        ("GET", String::new(), ""),
        ("PATCH", String::new(), r#"{"display_name":"x"}"#),
        ("PATCH", String::new(), "{}"),
        ("DELETE", String::new(), ""),
        ("GET", "/keys".to_owned(), ""),
        ("POST", "/keys".to_owned(), r#"{"name":"x"}"#),
        ("POST", format!("/keys/{key}/rotate"), ""),
        ("DELETE", format!("/keys/{key}"), ""),
        ("POST", "/restore".to_owned(), ""),
    ];
    for (method, rest, body) in operations {
        let send = async |name: &str| {
            let call = app.operator(method, &format!("/v1/customers/{name}{rest}"));
            let call = if body.is_empty() { call } else { call.body("application/json", body) };
            let answer = call.send().await.expect_problem(404, "not-found");
            shape(&answer, &[name])
        };
        let expected = send("absent").await;
        let mut names = vec![text(&foreign, "id"), "theirs", "cust_01", "cust_7zzzzzzzzzzzzzzzzzzzzzzzzz"];
        if rest != "/restore" {
            names.extend(["gone", text(&archived, "id")]);
        }
        for name in names {
            assert_eq!(send(name).await, expected, "{method} {name}{rest}");
        }
    }
}

#[tokio::test]
async fn a_known_version_is_304_without_a_body() {
    let app = App::start().await;
    app.new_customer("acme-corp").await;
    let etag = get(&app, "acme-corp").send().await.expect_status(200).etag();
    let weak = format!("W/{etag}");
    let list = format!(", \"x\" ,, {etag},");
    for tags in [etag.as_str(), "*", " * ", &weak, &list] {
        let answer = get(&app, "acme-corp").header("if-none-match", tags).send().await.expect_status(304);
        assert_eq!((answer.etag(), answer.body.as_str()), (etag.clone(), ""), "{tags}");
        assert!(answer.header("x-request-id").is_some_and(|id| id.starts_with("req_")));
    }
    for tags in ["\"0\"", "\"\"", "\"é\"", "W/\"2\", \"3\""] {
        get(&app, "acme-corp").header("if-none-match", tags).send().await.expect_status(200);
    }
    for tags in ["", ",", "1", "\"1", "*, \"1\"", "w/\"1\"", "\"1\" \"2\"", "\"a b\"", "W/ \"1\""] {
        let answer = get(&app, "acme-corp").header("if-none-match", tags).send().await;
        assert_eq!(answer.pointers(), ["/header/If-None-Match"], "{tags}");
    }
    get(&app, "absent").header("if-none-match", "*").send().await.expect_problem(404, "not-found");
    get(&app, "acme-corp").header("if-match", "nonsense").send().await.expect_status(200);
}

#[tokio::test]
async fn a_body_is_ignored_and_a_parameter_is_not() {
    let app = App::start().await;
    app.new_customer("acme-corp").await;
    get(&app, "acme-corp").body("text/plain", "{").header("content-encoding", "gzip").send().await.expect_status(200);
    get(&app, "acme-corp").once("bad,key").send().await.expect_status(200);
    let answer = get(&app, "acme-corp?a=1&b/~=&a=2").header("if-none-match", "x").send().await;
    assert_eq!(answer.pointers(), ["/header/If-None-Match", "/query/a", "/query/a", "/query/b~1~0"]);
    get(&app, "absent?a=1").send().await.expect_problem(422, "validation-error");
}
