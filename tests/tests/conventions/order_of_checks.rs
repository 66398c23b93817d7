//! The order of checks: of two faults the answer is about the first one in the list (contract section 2.9).

use tenancy::domain::principal::Scopes;
use tests::operations::{Caller, Fixture, examples, protected};
use tests::transcript::text;
use tests::{App, Call, Exchange, json};

const CUSTOMERS: &str = "/v1/customers";

async fn problem(call: Call<'_>, status: u16, slug: &str) -> Exchange {
    call.send_unchecked().await.expect_problem(status, slug)
}

#[tokio::test]
async fn the_path_the_method_the_credential_and_its_kind_come_first() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    // 404 before 405 before 401.
    problem(app.anonymous("PUT", "/v1/nothing"), 404, "not-found").await;
    problem(app.anonymous("PUT", CUSTOMERS), 405, "method-not-allowed").await;
    problem(app.anonymous("PUT", &format!("{CUSTOMERS}?a=%zz")).bare_body("{"), 405, "method-not-allowed").await;
    // 401 before 403 before 415.
    problem(app.with_key("sk_int_x", "POST", CUSTOMERS).bare_body("{"), 401, "insufficient-scope").await;
    problem(app.with_key(&key, "POST", CUSTOMERS).bare_body("{"), 403, "insufficient-scope").await;
    let absent = absent(&app).await;
    let reader = app.new_operator_key_with("acme", Scopes::default()).await;
    let read_only = app.operator("POST", "/v1/customers/absent-from/keys").json(json!({ "name": "k", "scopes": [] }));
    let read_only = text(&read_only.send().await.expect_status(201).json(), "api_key_once").to_owned();
    for operation in protected() {
        let path = format!("{}?a=%zz", absent.path(operation));
        let call = |key: &str| {
            let call = app.with_key(key, &operation.method, &path);
            call.bare_body("{").header("if-match", "x").once("a,b")
        };
        problem(call(absent.wrong_key_of(operation.caller)), 403, "insufficient-scope").await;
        if operation.scope.is_some() {
            let without_scope = if operation.caller == Caller::Operator { &reader } else { &read_only };
            problem(call(without_scope), 403, "insufficient-scope").await;
        }
        let anonymous = app.anonymous(&operation.method, &path).bare_body("{").header("if-match", "x").once("a,b");
        problem(anonymous, 401, "insufficient-scope").await;
    }
}

/// Paths of a valid form that lead nowhere, and keys that are good.
async fn absent(app: &App) -> Fixture {
    let fixture = Fixture::new(app, "absent-from").await;
    let names = fixture.names.map(|_, value| value.replace("_0", "_1").replace("absent-from", "absent"));
    Fixture { names, ..fixture }
}

#[tokio::test]
async fn then_the_media_type_the_size_the_syntax_and_all_that_is_stateless() {
    let app = App::start().await;
    let large = "{".repeat(300_000);
    let absent = absent(&app).await;
    for operation in protected() {
        let key = absent.key_of(operation.caller);
        let call = |query: &str| app.with_key(key, &operation.method, &format!("{}{query}", absent.path(operation)));
        if !operation.reads_body {
            // A body that is not read is neither too large nor ill-formed.
            let body = "{".repeat(1_000);
            problem(call("?a=%zz&b=1").bare_body(body.clone()), 400, "malformed-request").await;
            let needed = examples(&operation.id).unwrap()[0].query;
            let query = if needed.is_empty() { "?b=1".to_owned() } else { absent.filled(&format!("{needed}&b=1")) };
            problem(call(&query).bare_body(body), 422, "validation-error").await;
            continue;
        }
        // 415 before 413 before 400.
        problem(call("?a=%zz").body("text/plain", large.clone()), 415, "unsupported-media-type").await;
        problem(call("?a=%zz").body("application/json", large.clone()), 413, "payload-too-large").await;
        problem(call("?a=%zz").json(json!({ "unknown": 1 })), 400, "malformed-request").await;
        let ill_formed = call("?a=1").body("application/json", "{").header("if-match", "x").once("a,b");
        problem(ill_formed, 400, "malformed-request").await;
        // 422 before what needs the store: nothing of that name is there.
        let answer = problem(call("?a=1").json(json!({ "unknown": 1 })), 422, "validation-error").await;
        for pointer in ["/query/a", "/unknown"] {
            assert!(answer.pointers().contains(&pointer.to_owned()), "{answer}");
        }
    }
}

#[tokio::test]
async fn then_replay_or_conflict_before_404_and_what_is_stored() {
    let app = App::start().await;
    app.new_customer("acme-corp").await;
    let keys = format!("{CUSTOMERS}/acme-corp/keys");
    let create = |path: &str, name: &str| app.operator("POST", path).json(json!({ "name": name })).once("k");
    let issued = create(&keys, "a").send().await.expect_status(201).json();
    // 422 before the conflict.
    problem(create(&keys, ""), 422, "validation-error").await;
    // The conflict before 404, and before 422 by the clock.
    problem(create(&format!("{CUSTOMERS}/absent/keys"), "a"), 409, "idempotency-key-conflict").await;
    problem(create(&format!("{CUSTOMERS}/UPPER/keys"), "a"), 409, "idempotency-key-conflict").await;
    let past = json!({ "name": "a", "expires_at": "2020-01-01T00:00:00Z" });
    problem(app.operator("POST", &keys).json(past.clone()).once("k"), 409, "idempotency-key-conflict").await;
    // 404 before 422 by the clock.
    problem(app.operator("POST", &format!("{CUSTOMERS}/absent/keys")).json(past.clone()), 404, "not-found").await;
    assert_eq!(
        problem(app.operator("POST", &keys).json(past), 422, "validation-error").await.pointers(),
        ["/expires_at"]
    );

    let rotate = |key: &str| app.operator("POST", &format!("{keys}/{key}/rotate")).once("r");
    rotate(text(&issued, "key_id")).send().await.expect_status(201);
    for key in ["key_01kaq7n0z2w4y6x8v0tqrstabc", "nonsense"] {
        problem(rotate(key), 409, "idempotency-key-conflict").await;
    }
    // The conflict before the other 409, and before 404 of restore.
    let create = |slug: &str| app.operator("POST", CUSTOMERS).json(json!({ "customer_id": slug })).once("c");
    create("second").send().await.expect_status(201);
    problem(create("acme-corp"), 409, "idempotency-key-conflict").await;
    app.operator("DELETE", &format!("{CUSTOMERS}/second")).send().await.expect_status(204);
    let restore = |name: &str| app.operator("POST", &format!("{CUSTOMERS}/{name}/restore")).once("s");
    restore("second").send().await.expect_status(200);
    for name in ["absent", "UPPER", "acme-corp"] {
        problem(restore(name), 409, "idempotency-key-conflict").await;
    }
}

#[tokio::test]
async fn then_404_then_412_then_422_of_stored_state() {
    let app = App::start().await;
    app.new_customer("acme-corp").await;
    let patch = |name: &str, tag: &str| {
        let body = json!({ "customer_id": "other", "display_name": "x" });
        app.operator("PATCH", &format!("{CUSTOMERS}/{name}")).json(body).header("if-match", tag)
    };
    problem(patch("absent", "\"0\""), 404, "not-found").await;
    problem(patch("acme-corp", "\"0\""), 412, "precondition-failed").await;
    assert_eq!(problem(patch("acme-corp", "*"), 422, "validation-error").await.pointers(), ["/customer_id"]);
    problem(app.operator("DELETE", &format!("{CUSTOMERS}/absent")).header("if-match", "\"0\""), 404, "not-found").await;
    problem(
        app.operator("DELETE", &format!("{CUSTOMERS}/acme-corp")).header("if-match", "\"0\""),
        412,
        "precondition-failed",
    )
    .await;
}
