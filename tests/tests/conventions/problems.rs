//! Errors as RFC 9457 problems (contract section 2.10).

use insta::assert_snapshot;
use tests::transcript::{members, redacted, text};
use tests::{Action, App, Exchange, Rule, json};

/// One problem of each kind that callers and the store can cause.
async fn problems(app: &App) -> Vec<Exchange> {
    let key = app.new_integration("acme-corp").await;
    let customer = "/v1/customers/acme-corp";
    let create = |slug: &str| app.operator("POST", "/v1/customers").json(json!({ "customer_id": slug }));
    create("second").once("k").send().await.expect_status(201);
    let tenant = app.new_tenant(&key, "one").await;
    let repository = app.new_repository(&key, "one").await;
    let attachment = format!("/tenants/{}/repositories/{}", text(&tenant, "id"), text(&repository, "id"));
    app.with_key(&key, "PUT", &attachment).send().await.expect_status(201);
    let while_the_store = async |action: Action| {
        app.faults([Rule::always(action)]);
        let answer = app.operator("GET", customer).send().await;
        app.faults([]);
        answer
    };
    let refusal = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ValidationException"}"#.to_owned();
    vec![
        app.operator("POST", "/v1/customers").json(json!([])).send().await,
        app.anonymous("GET", customer).send().await,
        app.operator("GET", "/integration/self").send().await,
        app.operator("GET", "/v1/customers/absent").send().await,
        app.anonymous("PUT", "/v1/customers").send_unchecked().await,
        app.with_key(&key, "POST", "/tenants").json(json!({ "external_id": "one" })).send().await,
        create("acme-corp").send().await,
        app.with_key(&key, "DELETE", &format!("/repositories/{}", text(&repository, "id"))).send().await,
        create("third").once("k").send().await,
        app.operator("PATCH", customer).json(json!({})).header("if-match", "\"0\"").send().await,
        app.operator("POST", "/v1/customers").body("application/json", " ".repeat(300_000)).send().await,
        app.operator("POST", "/v1/customers").bare_body("{}").send().await,
        create("A").send().await,
        while_the_store(Action::status(400, refusal)).await,
        while_the_store(Action::Throttle).await,
    ]
}

#[tokio::test]
async fn each_problem_is_this() {
    let app = App::start().await;
    let shown = |problem: &Exchange| redacted(&problem.body).replace(&format!("https://{}", app.address()), "BASE");
    let all: Vec<String> = problems(&app).await.iter().map(shown).collect();
    assert_snapshot!(all.join("\n"), @r#"
    {"type":"BASE/problems/malformed-request","slug":"malformed-request","title":"Malformed request","status":400,"detail":"The body must be a JSON object.","instance":"/v1/customers","request_id":"req_…"}
    {"type":"BASE/problems/insufficient-scope","slug":"insufficient-scope","title":"Unauthorized","status":401,"detail":"No credential was sent: send an API key as a bearer token in the Authorization header.","instance":"/v1/customers/acme-corp","request_id":"req_…"}
    {"type":"BASE/problems/insufficient-scope","slug":"insufficient-scope","title":"Forbidden","status":403,"detail":"This operation needs an integration's key.","instance":"/integration/self","request_id":"req_…"}
    {"type":"BASE/problems/not-found","slug":"not-found","title":"Not found","status":404,"detail":"There is nothing here for this credential.","instance":"/v1/customers/absent","request_id":"req_…"}
    {"type":"BASE/problems/method-not-allowed","slug":"method-not-allowed","title":"Method not allowed","status":405,"detail":"This path does not take this method.","instance":"/v1/customers","request_id":"req_…"}
    {"type":"BASE/problems/external-id-conflict","slug":"external-id-conflict","title":"External ID conflict","status":409,"detail":"The external id \"one\" belongs to another tenant.","instance":"/tenants","request_id":"req_…","conflicting_resource_id":"tnt_…"}
    {"type":"BASE/problems/name-conflict","slug":"name-conflict","title":"Name conflict","status":409,"detail":"The customer_id \"acme-corp\" is taken by another customer.","instance":"/v1/customers","request_id":"req_…","conflicting_resource_id":"cust_…"}
    {"type":"BASE/problems/resource-in-use","slug":"resource-in-use","title":"Resource in use","status":409,"detail":"The repository is attached to a tenant: detach it there first, or wait where that tenant was deprovisioned.","instance":"/repositories/rep_ULID","request_id":"req_…","conflicting_resource_id":"tnt_…"}
    {"type":"BASE/problems/idempotency-key-conflict","slug":"idempotency-key-conflict","title":"Idempotency key conflict","status":409,"detail":"The Idempotency-Key was used for another request within the last 24 hours.","instance":"/v1/customers","request_id":"req_…"}
    {"type":"BASE/problems/precondition-failed","slug":"precondition-failed","title":"Precondition failed","status":412,"detail":"The resource is not at the version that the request names.","instance":"/v1/customers/acme-corp","request_id":"req_…"}
    {"type":"BASE/problems/payload-too-large","slug":"payload-too-large","title":"Payload too large","status":413,"detail":"The body is over 256 KiB.","instance":"/v1/customers","request_id":"req_…"}
    {"type":"BASE/problems/unsupported-media-type","slug":"unsupported-media-type","title":"Unsupported media type","status":415,"detail":"Send application/json without a content coding.","instance":"/v1/customers","request_id":"req_…"}
    {"type":"BASE/problems/validation-error","slug":"validation-error","title":"Validation error","status":422,"detail":"The request breaks rules; errors[] names each place.","instance":"/v1/customers","request_id":"req_…","errors":[{"pointer":"/customer_id","message":"must be 1 to 63 characters: a lower-case letter, then lower-case letters, digits and hyphens, not ending in a hyphen"}]}
    {"type":"BASE/problems/internal-error","slug":"internal-error","title":"Internal error","status":500,"detail":"Something went wrong in this service.","instance":"/v1/customers/acme-corp","request_id":"req_…"}
    {"type":"BASE/problems/unavailable","slug":"unavailable","title":"Service unavailable","status":503,"detail":"The service cannot answer now; try again.","instance":"/v1/customers/acme-corp","request_id":"req_…"}
    "#);
}

#[tokio::test]
async fn a_problem_has_its_members_and_its_registered_type() {
    let app = App::start().await;
    for problem in problems(&app).await {
        assert_eq!(problem.header("content-type"), Some("application/problem+json"));
        let body = problem.json();
        let always = ["type", "slug", "title", "status", "detail", "instance", "request_id"];
        let extra = match problem.status {
            422 => vec!["errors"],
            409 if !text(&body, "type").ends_with("/idempotency-key-conflict") => vec!["conflicting_resource_id"],
            _ => vec![],
        };
        assert_eq!(members(&problem.body), [always.to_vec(), extra].concat());
        assert_eq!(body["status"], problem.status);
        assert!(text(&body, "type").ends_with(&format!("/problems/{}", text(&body, "slug"))), "{problem}");
        assert_eq!(text(&body, "instance"), problem.path);
        let path = text(&body, "type").split(&app.address().to_string()).nth(1).unwrap().to_owned();
        let registered = app.anonymous("GET", &path).send().await.expect_status(200).json();
        assert_eq!(registered["type"], body["type"]);
        let status = json!({ "status": problem.status, "title": body["title"] });
        assert!(registered["statuses"].as_array().unwrap().contains(&status), "{registered}");
        assert_eq!(problem.header("retry-after").is_some(), problem.status == 503, "{problem}");
    }
}

#[tokio::test]
async fn a_store_that_is_down_is_503_and_tells_nothing_of_itself() {
    let app = App::start().await;
    app.new_customer("acme-corp").await;
    let not_tables =
        r#"{"__type":"com.amazonaws.dynamodb.v20120810#ValidationException","message":"secret table name"}"#.to_owned();
    let actions = [
        (Action::status(500, "secret stack"), 503, "unavailable"),
        (Action::Garbage, 503, "unavailable"),
        (Action::Throttle, 503, "unavailable"),
        (Action::status(400, not_tables), 500, "internal-error"),
    ];
    for (action, status, slug) in actions {
        app.faults([Rule::always(action)]);
        for call in [
            app.operator("GET", "/v1/customers/acme-corp"),
            app.operator("POST", "/v1/customers").json(json!({ "customer_id": "x" })),
        ] {
            let answer = call.send().await.expect_problem(status, slug);
            assert_eq!(answer.header("retry-after").is_some(), status == 503, "{answer}");
            assert!(
                !answer.body.contains("secret") && !answer.body.contains(&app.table) && !answer.body.contains("dynamo"),
                "{answer}"
            );
        }
        app.faults([]);
    }
    app.operator("GET", "/v1/customers/acme-corp").send().await.expect_status(200);
}
