//! The member `limits` of a customer.

use futures_util::future::join_all;
use tests::checks::wrote;
use tests::{App, Exchange, Value, json};

async fn patch(app: &App, limits: Value) -> Exchange {
    app.operator("PATCH", "/v1/customers/acme-corp").json(json!({ "limits": limits })).send().await
}

async fn get(app: &App) -> Exchange {
    app.operator("GET", "/v1/customers/acme-corp").send().await.expect_status(200)
}

fn limits(requests_per_second: u32, burst: u32) -> Value {
    json!({ "requests_per_second": requests_per_second, "burst": burst })
}

/// The limits and the buckets in the customer's root.
async fn root(app: &App) -> [Value; 2] {
    let root = app.items_of("root").await.pop().unwrap();
    [root["limits"].clone(), root["buckets"].clone()]
}

#[tokio::test]
async fn limits_are_set_replaced_and_removed() {
    let app = App::start().await;
    assert_eq!(app.new_customer("acme-corp").await["limits"], Value::Null);
    for (given, expected) in [
        (limits(5, 10), limits(5, 10)),
        (json!({ "requests_per_second": 7 }), limits(7, 7)),
        (limits(10_000, 100_000), limits(10_000, 100_000)),
        (limits(1, 1), limits(1, 1)),
        (Value::Null, Value::Null),
    ] {
        let before = get(&app).await;
        let patched = patch(&app, given).await.expect_status(200);
        assert_eq!(patched.json()["limits"], expected);
        assert_eq!(patched.etag(), before.etag_after(1));
        assert_eq!((get(&app).await.body, get(&app).await.etag()), (patched.body.clone(), patched.etag()));
        let stored = |name: &str| json!({ "N": expected[name].to_string() });
        let stored = json!({ "M": { "requests_per_second": stored("requests_per_second"), "burst": stored("burst") } });
        let expected = if expected.is_null() { [Value::Null, Value::Null] } else { [stored, json!({ "M": {} })] };
        assert_eq!(root(&app).await, expected);
    }
}

#[tokio::test]
async fn a_customer_may_be_created_with_limits() {
    let app = App::start().await;
    let body = json!({ "customer_id": "acme-corp", "limits": limits(5, 10) });
    let create = || app.operator("POST", "/v1/customers").json(body.clone()).once("k").send();
    let created = create().await.expect_status(201);
    assert_eq!((&created.json()["limits"], get(&app).await.body), (&limits(5, 10), created.body.clone()));
    let replayed = create().await.expect_status(201);
    assert_eq!((replayed.header("idempotency-replayed"), &replayed.body), (Some("true"), &created.body));
    let [_, buckets] = root(&app).await;
    assert_eq!(buckets, json!({ "M": {} }));
}

#[tokio::test]
async fn limits_out_of_their_bounds_are_refused_each_at_its_place() {
    let app = App::start().await;
    app.new_customer("acme-corp").await;
    for (limits, pointers) in [
        (json!(5), &["/limits"][..]),
        (json!([]), &["/limits"]),
        (json!({}), &["/limits/requests_per_second"]),
        (json!({ "burst": 5 }), &["/limits/requests_per_second"]),
        (json!({ "requests_per_second": null }), &["/limits/requests_per_second"]),
        (limits(0, 0), &["/limits/burst", "/limits/requests_per_second"]),
        (limits(10_001, 100_001), &["/limits/burst", "/limits/requests_per_second"]),
        (
            json!({ "requests_per_second": 1.5, "burst": "1", "per": 1 }),
            &["/limits/burst", "/limits/per", "/limits/requests_per_second"],
        ),
    ] {
        let (answer, log) = app.requests_of(patch(&app, limits.clone())).await;
        assert_eq!(answer.expect_problem(422, "validation-error").pointers(), pointers, "{limits}");
        assert!(!wrote(&log));
    }
}

#[tokio::test]
async fn parallel_changes_of_limits_and_others_leave_root_and_customer_alike() {
    let app = App::start().await;
    app.new_customer("acme-corp").await;
    let change = async |number: u32| {
        let name = json!({ "display_name": number.to_string() });
        if number.is_multiple_of(2) {
            patch(&app, limits(number + 1, number + 1)).await
        } else {
            app.operator("PATCH", "/v1/customers/acme-corp").json(name).send().await
        }
    };
    for answer in join_all((0..32).map(change)).await {
        answer.expect_status(200);
    }
    let customer = get(&app).await;
    assert_eq!(customer.version(), 33);
    let [in_root, _] = root(&app).await;
    assert_eq!(in_root["M"]["burst"]["N"], customer.json()["limits"]["burst"].to_string());
}

#[tokio::test]
async fn a_stale_tag_changes_no_limits() {
    let app = App::start().await;
    app.new_customer("acme-corp").await;
    let stale = app.operator("PATCH", "/v1/customers/acme-corp").json(json!({ "limits": limits(1, 1) }));
    stale.header("if-match", "\"0\"").send().await.expect_problem(412, "precondition-failed");
    assert_eq!(root(&app).await, [Value::Null, Value::Null]);
}
