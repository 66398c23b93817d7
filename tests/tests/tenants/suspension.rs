//! Suspended tenants and archived customers (contract sections 3 and 4).

use std::time::{Duration, Instant};
use tests::checks::{check_at_rest, ids, write_rows};
use tests::operations::{Caller, Fixture, examples, operations_of};
use tests::{App, Exchange, Value, json};

#[tokio::test]
async fn a_suspended_tenant_is_read_and_written_as_before() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let tenant = app.new_tenant(&key, "one").await["id"].as_str().unwrap().to_owned();
    let other = app.new_tenant(&key, "two").await["id"].as_str().unwrap().to_owned();
    let repository = app.new_repository(&key, "one").await["id"].as_str().unwrap().to_owned();
    let path = format!("/tenants/{tenant}");
    let patch = |body: Value| app.with_key(&key, "PATCH", &path).json(body).send();
    assert_eq!(patch(json!({ "status": "suspended" })).await.expect_status(200).json()["status"], "suspended");
    let listed = async |status: &str| {
        ids(&app.with_key(&key, "GET", &format!("/tenants?status={status}")).send().await.expect_status(200).json())
    };
    assert_eq!((listed("suspended").await, listed("active").await), (vec![tenant.clone()], vec![other.clone()]));
    assert_eq!(app.with_key(&key, "GET", &path).send().await.expect_status(200).json()["status"], "suspended");
    // Every other write goes on, and the upsert never reactivates.
    let attachment = format!("{path}/repositories/{repository}");
    app.with_key(&key, "PUT", &attachment).json(json!({ "is_default": true })).send().await.expect_status(201);
    assert_eq!(
        patch(json!({ "name": "x", "metadata": { "a": "b" } })).await.expect_status(200).json()["status"],
        "suspended"
    );
    for body in [json!({}), json!({ "name": "y" })] {
        let upsert =
            app.with_key(&key, "PUT", "/tenants/by-external-id/one").json(body).send().await.expect_status(200);
        assert_eq!(upsert.json()["status"], "suspended");
    }
    app.with_key(&key, "PUT", &attachment).json(json!({ "is_default": false })).send().await.expect_status(200);
    app.with_key(&key, "DELETE", &attachment).send().await.expect_status(204);
    assert_eq!(listed("suspended").await, [tenant.as_str()], "the index follows the item");
    check_at_rest(&app).await;
    assert_eq!(patch(json!({ "status": "active" })).await.expect_status(200).json()["status"], "active");
    assert_eq!((listed("suspended").await, listed("active").await), (vec![], vec![other, tenant]));
    patch(json!({ "status": "suspended" })).await.expect_status(200);
    app.with_key(&key, "DELETE", "/tenants/by-external-id/one").send().await.expect_status(204);
    assert_eq!(listed("suspended").await, Vec::<String>::new());
    check_at_rest(&app).await;
}

#[tokio::test]
async fn an_archived_customer_is_shut_out_at_once_and_comes_back_as_it_was() {
    let app = App::start().await;
    let fixture = Fixture::new(&app, "acme-corp").await;
    let show = async || {
        let mut answers = Vec::new();
        for operation in operations_of(Caller::Integration).filter(|operation| !operation.is_write()) {
            let answer: Exchange = fixture.first(&app, operation).send().await.expect_status(200);
            answers.push((answer.body.clone(), answer.header("etag").map(str::to_owned)));
        }
        answers
    };
    for operation in operations_of(Caller::Integration).filter(|operation| !operation.is_write()) {
        fixture.prepare(&app, &examples(&operation.id).unwrap()[0]).await;
    }
    let before = show().await;
    app.operator("DELETE", "/v1/customers/acme-corp").send().await.expect_status(204);
    for operation in operations_of(Caller::Integration) {
        let refused = fixture.bare(&app, operation).send().await.expect_problem(401, "insufficient-scope");
        assert_eq!(
            (refused.json()["title"].as_str(), refused.header("www-authenticate")),
            (Some("Unauthorized"), Some("Bearer"))
        );
    }
    app.operator("POST", "/v1/customers/acme-corp/restore").send().await.expect_status(200);
    assert_eq!(show().await, before);
    check_at_rest(&app).await;
}

/// Archives and restores: the requests and their units, and how long it took.
async fn archive_and_restore(app: &App, slug: &str) -> (Vec<(String, f64, f64)>, Duration) {
    let work = async {
        let started = Instant::now();
        app.operator("DELETE", &format!("/v1/customers/{slug}")).send().await.expect_status(204);
        app.operator("POST", &format!("/v1/customers/{slug}/restore")).send().await.expect_status(200);
        started.elapsed()
    };
    let (took, log) = app.requests_of(work).await;
    (log.iter().map(|entry| (entry.operation.clone(), entry.read_units(), entry.write_units())).collect(), took)
}

#[tokio::test]
async fn archiving_costs_and_takes_the_same_with_one_tenant_and_with_10_000() {
    let app = App::start().await;
    let one = app.new_integration("one").await;
    let many = app.new_integration("many").await;
    app.new_tenant(&one, "a").await;
    app.new_tenant(&many, "a").await;
    let items = app.items_of("tenant").await;
    let root = app.with_key(&many, "GET", "/integration/self").send().await.json()["root_tenant_id"].as_str().unwrap()
        [4..]
        .to_owned();
    let mut item = items.into_iter().find(|item| item["pk"]["S"].as_str().unwrap().contains(&root)).unwrap();
    item.as_object_mut().unwrap().remove("external_id");
    let row = |n: usize| {
        let ulid = format!("01arz3ndektsv4rrffq6{n:06}");
        (item["id"]["S"], item["sk"]["S"]) = (json!(format!("tnt_{ulid}")), json!(ulid));
        json!({ "PutRequest": { "Item": item } })
    };
    write_rows(&app, &(1..10_000).map(row).collect::<Vec<_>>()).await;
    // The quickest of five, by turns: what else the machine does meanwhile is no matter.
    let mut quickest = [Duration::MAX; 2];
    for _ in 0..5 {
        let (cost_of_one, took_one) = archive_and_restore(&app, "one").await;
        let (cost_of_many, took_many) = archive_and_restore(&app, "many").await;
        assert_eq!(cost_of_many, cost_of_one);
        quickest = [quickest[0].min(took_one), quickest[1].min(took_many)];
    }
    assert!(quickest[1] < 2 * quickest[0] + Duration::from_millis(50), "{quickest:?}");
    let list = app.with_key(&many, "GET", "/tenants?limit=100").send().await.expect_status(200).json();
    assert_eq!((ids(&list).len(), &list["has_more"]), (100, &json!(true)));
}
