//! Two customers and two operators seeded alike (docs/reliability.md, group D): what belongs to another root is answered exactly like what
//! does not exist, and costs as much.

use std::collections::BTreeSet;
use tests::checks::{check_at_rest, ids, shape, wrote};
use tests::{App, Call, Exchange, LogEntry, Value, json};

/// A customer's integration with one of everything.
struct Side {
    key: String,
    root: String,
    customer: String,
    slug: String,
    api_key: String,
    tenant: String,
    external_id: String,
    repository: String,
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

impl Side {
    async fn new(app: &App, operator_key: &str, slug: &str) -> Self {
        let create = app.with_key(operator_key, "POST", "/v1/customers").json(json!({ "customer_id": slug }));
        let customer = text(&create.send().await.expect_status(201).json()["id"]);
        let issue =
            app.with_key(operator_key, "POST", &format!("/v1/customers/{slug}/keys")).json(json!({ "name": "k" }));
        let issued = issue.send().await.expect_status(201).json();
        let key = text(&issued["api_key_once"]);
        let external_id = format!("of-{slug}");
        let tenant = text(&app.new_tenant(&key, &external_id).await["id"]);
        let repository = text(&app.new_repository(&key, "one").await["id"]);
        app.with_key(&key, "PUT", &format!("/tenants/{tenant}/repositories/{repository}"))
            .send()
            .await
            .expect_status(201);
        let root = customer.replace("cust_", "I#");
        Self {
            key,
            root,
            customer,
            slug: slug.to_owned(),
            api_key: text(&issued["key_id"]),
            tenant,
            external_id,
            repository,
        }
    }

    /// What nobody has, of the same form and length.
    fn nobody(&self) -> Self {
        let other = |id: &str| id.replace("_0", "_1");
        let slug = self.slug.replace("corp", "none");
        Self {
            key: String::new(),
            root: String::new(),
            customer: other(&self.customer),
            external_id: format!("of-{slug}"),
            slug,
            api_key: other(&self.api_key),
            tenant: other(&self.tenant),
            repository: other(&self.repository),
        }
    }

    fn ids(&self) -> [&str; 6] {
        [&self.customer, &self.external_id, &self.slug, &self.api_key, &self.tenant, &self.repository]
    }

    /// Every operation that takes an id of an integration, with this side's ids where `own` has none.
    fn integration_calls(&self, own: &Self) -> Vec<(&'static str, String, Option<Value>)> {
        let (tenant, repository) = (&self.tenant, &self.repository);
        let mut calls = Vec::new();
        for method in ["GET", "PATCH", "DELETE"] {
            let body = (method == "PATCH").then(|| json!({ "name": "x" }));
            calls.push((method, format!("/tenants/{tenant}"), body.clone()));
            calls.push((method, format!("/repositories/{repository}"), body));
        }
        for method in ["GET", "DELETE"] {
            calls.push((method, format!("/tenants/by-external-id/{}", self.external_id), None));
        }
        calls.push(("PATCH", format!("/repositories/{repository}"), Some(json!({ "branch": "x" }))));
        calls.push(("GET", format!("/tenants/{tenant}/repositories"), None));
        for method in ["PUT", "DELETE"] {
            calls.push((method, format!("/tenants/{tenant}/repositories/{repository}"), None));
            calls.push((method, format!("/tenants/{tenant}/repositories/{}", own.repository), None));
            calls.push((method, format!("/tenants/{}/repositories/{repository}", own.tenant), None));
        }
        calls
    }

    /// Every operation of an operator that takes a customer, by slug and by id; and its keys as if they were `own`'s.
    fn operator_calls(&self, own: &Self) -> Vec<(&'static str, String, Option<Value>)> {
        let mut calls = Vec::new();
        for customer in [&self.slug, &self.customer] {
            let path = format!("/v1/customers/{customer}");
            calls.push(("GET", path.clone(), None));
            calls.push(("PATCH", path.clone(), Some(json!({ "display_name": "x" }))));
            calls.push(("POST", format!("{path}/restore"), None));
            calls.push(("GET", format!("{path}/keys"), None));
            calls.push(("POST", format!("{path}/keys"), Some(json!({ "name": "x" }))));
            calls.push(("POST", format!("{path}/keys/{}/rotate", self.api_key), None));
            calls.push(("DELETE", format!("{path}/keys/{}", self.api_key), None));
            calls.push(("DELETE", path, None));
        }
        calls.extend(self.key_calls(own));
        calls
    }

    /// Every operation that takes an API key, about this side's in the customer of `own`.
    fn key_calls(&self, own: &Self) -> Vec<(&'static str, String, Option<Value>)> {
        let mut calls = Vec::new();
        for customer in [&own.slug, &own.customer] {
            let path = format!("/v1/customers/{customer}/keys/{}", self.api_key);
            calls.push(("POST", format!("{path}/rotate"), None));
            calls.push(("DELETE", path, None));
        }
        calls
    }
}

fn call<'a>(app: &'a App, key: &str, call: &(&'static str, String, Option<Value>)) -> Call<'a> {
    let request = app.with_key(key, call.0, &call.1);
    call.2.clone().map_or(request.clone(), |body| request.json(body))
}

/// The requests to the store and their units.
fn cost(log: &[LogEntry]) -> Vec<(String, f64, f64)> {
    let mut cost: Vec<_> =
        log.iter().map(|entry| (entry.operation.clone(), entry.read_units(), entry.write_units())).collect();
    cost.sort_by(|a, b| a.partial_cmp(b).unwrap());
    cost
}

/// Sends the same operation about what is foreign and about what does not exist.
async fn check_alike(app: &App, key: &str, foreign: &Side, calls: [Vec<(&'static str, String, Option<Value>)>; 2]) {
    let nobody = foreign.nobody();
    let [of_foreign, of_nobody] = calls;
    for (one, other) in of_foreign.iter().zip(&of_nobody) {
        let (answer, log) = app.requests_of(call(app, key, one).send()).await;
        let (expected, expected_log) = app.requests_of(call(app, key, other).send()).await;
        let answer: Exchange = answer.expect_problem(404, "not-found");
        assert_eq!(shape(&answer, &foreign.ids()), shape(&expected, &nobody.ids()));
        assert_eq!(cost(&log), cost(&expected_log), "{answer}");
        assert!(log.iter().filter(|entry| entry.is_write()).all(|entry| entry.status != Some(200)), "{answer}");
        // D13: nothing foreign but what the caller sent itself.
        let names_foreign = |id: &&str| answer.body.contains(*id) && !answer.path.contains(*id);
        assert!(!foreign.ids().iter().any(names_foreign), "{answer}");
    }
}

#[tokio::test]
async fn what_is_foreign_is_as_what_does_not_exist() {
    let app = App::start().await;
    let beta = app.new_operator_key("beta").await;
    let mine = Side::new(&app, &app.operator_key, "mine-corp").await;
    let others = [Side::new(&app, &app.operator_key, "near-corp").await, Side::new(&app, &beta, "farr-corp").await];
    let before: BTreeSet<String> = app.items().await.iter().map(Value::to_string).collect();
    for foreign in &others {
        let calls = [foreign.integration_calls(&mine), foreign.nobody().integration_calls(&mine)];
        check_alike(&app, &mine.key, foreign, calls).await;
        let calls = [foreign.key_calls(&mine), foreign.nobody().key_calls(&mine)];
        check_alike(&app, &app.operator_key, foreign, calls).await;
    }
    let calls = [others[1].operator_calls(&mine), others[1].nobody().operator_calls(&mine)];
    check_alike(&app, &app.operator_key, &others[1], calls).await;
    let after: BTreeSet<String> = app.items().await.iter().map(Value::to_string).collect();
    assert_eq!(after, before, "nothing was written");
    // D13: the log names none of it, whoever sent it.
    let log = app.lambda.log_text();
    assert!(log.lines().count() > 100, "{log}");
    for id in others.iter().flat_map(|side| side.ids().into_iter().chain([&*side.key])) {
        assert!(!log.contains(id), "the log names {id}");
    }
}

/// Ids that are none, as segments of a path.
fn hostile_ids(prefix: &str, foreign: &Side) -> Vec<String> {
    let bare = &foreign.root[2..];
    let whole = ["%23", "%00", "%2F", "..", "%2e%2e", "I%23x%23T", "7zzzzzzzzzzzzzzzzzzzzzzzzz"].map(str::to_owned);
    let crafted = [format!("I%23{bare}%23T%230"), format!("{bare}%23T"), format!("{prefix}{bare}%23T")];
    // 26 characters are a ULID: more and fewer, one past 128 bits, upper case, and letters that it has not.
    let bodies = [
        String::new(),
        bare[1..].to_owned(),
        format!("{bare}0"),
        format!("0{bare}"),
        bare.to_uppercase(),
        "Z".repeat(26),
        "z".repeat(26),
        format!("8{}", &bare[1..]),
        format!("{}u", &bare[..25]),
        format!("{}%00", &bare[..25]),
    ];
    let prefixed = bodies.iter().map(|body| format!("{prefix}{body}"));
    let upper = format!("{}{bare}", prefix.to_uppercase());
    whole.into_iter().chain(crafted).chain(prefixed).chain([upper]).collect()
}

#[tokio::test]
async fn every_key_of_the_store_begins_with_the_callers_root() {
    let app = App::start().await;
    let mine = Side::new(&app, &app.operator_key, "mine-corp").await;
    let foreign = Side::new(&app, &app.operator_key, "near-corp").await;
    let work = async {
        for request in foreign.integration_calls(&mine).iter().chain(&mine.integration_calls(&foreign)) {
            call(&app, &mine.key, request).send().await;
        }
        let send = async |method: &'static str, path: String, statuses: &[u16]| {
            let body = (method == "PATCH").then(|| json!({ "name": "x" }));
            let answer = call(&app, &mine.key, &(method, path, body)).send_unchecked().await;
            assert!(statuses.contains(&answer.status), "{answer}");
        };
        for id in hostile_ids("tnt_", &foreign) {
            for method in ["GET", "PATCH", "DELETE"] {
                send(method, format!("/tenants/{id}"), &[404, 422]).await;
            }
            send("GET", format!("/tenants/{id}/repositories"), &[404, 422]).await;
            send("GET", format!("/tenants?starting_after={id}"), &[422]).await;
            // As somebody's own name for a tenant nearly anything will do.
            for (method, statuses) in [("GET", &[404][..]), ("PUT", &[201, 422]), ("DELETE", &[204, 404])] {
                send(method, format!("/tenants/by-external-id/{id}"), statuses).await;
            }
        }
        for id in hostile_ids("rep_", &foreign) {
            for method in ["GET", "PATCH", "DELETE"] {
                send(method, format!("/repositories/{id}"), &[404, 422]).await;
            }
            for method in ["PUT", "DELETE"] {
                send(method, format!("/tenants/{}/repositories/{id}", mine.tenant), &[404, 422]).await;
            }
            send("GET", format!("/repositories?starting_after={id}"), &[422]).await;
            send("GET", format!("/repositories?name={id}"), &[200, 422]).await;
        }
    };
    let ((), log) = app.requests_of(work).await;
    assert!(log.len() > 200);
    check_roots(&log, &[&mine.root]);
}

/// An operator's, or that of its own customer where one was found first.
#[tokio::test]
async fn every_key_of_the_store_begins_with_the_operators_root() {
    let app = App::start().await;
    let beta = app.new_operator_key("beta").await;
    let mine = Side::new(&app, &app.operator_key, "mine-corp").await;
    let foreign = Side::new(&app, &beta, "farr-corp").await;
    let work = async {
        for request in foreign.key_calls(&mine) {
            call(&app, &app.operator_key, &request).send().await.expect_problem(404, "not-found");
        }
        let send = async |method: &'static str, path: String, body: Option<Value>| {
            let answer = call(&app, &app.operator_key, &(method, path, body)).send_unchecked().await;
            assert!([404, 422].contains(&answer.status), "{answer}");
        };
        for id in hostile_ids("cust_", &foreign) {
            let path = format!("/v1/customers/{id}");
            send("GET", path.clone(), None).await;
            send("PATCH", path.clone(), Some(json!({ "display_name": "x" }))).await;
            send("DELETE", path.clone(), None).await;
            send("POST", format!("{path}/restore"), None).await;
            send("GET", format!("{path}/keys"), None).await;
            send("POST", format!("{path}/keys"), Some(json!({ "name": "x" }))).await;
            send("GET", format!("/v1/customers?page.page_token={id}"), None).await;
        }
        for id in hostile_ids("key_", &foreign) {
            send("POST", format!("/v1/customers/mine-corp/keys/{id}/rotate"), None).await;
            send("DELETE", format!("/v1/customers/mine-corp/keys/{id}"), None).await;
        }
    };
    let ((), log) = app.requests_of(work).await;
    assert!(log.len() > 100);
    // Where the body is judged first, an ill-formed id stands for the one that is nobody's.
    check_roots(&log, &["O#acme", &mine.root, "I#00000000000000000000000000"]);
}

/// Every key that was asked for is one of these roots or below it.
fn check_roots(log: &[LogEntry], roots: &[&str]) {
    for part in log.iter().flat_map(LogEntry::parts) {
        let key = part.partition.clone().unwrap_or_default();
        let below = |root: &&str| key.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('#'));
        assert!(roots.iter().any(below), "{part:?}");
    }
}

#[tokio::test]
async fn names_are_each_customers_own() {
    let app = App::start().await;
    let mine = Side::new(&app, &app.operator_key, "mine-corp").await;
    let foreign = Side::new(&app, &app.operator_key, "near-corp").await;
    // D3
    let path = format!("/tenants/by-external-id/{}", foreign.external_id);
    app.with_key(&mine.key, "GET", &path).send().await.expect_problem(404, "not-found");
    let own = app.with_key(&mine.key, "PUT", &path).send().await.expect_status(201).json();
    assert_ne!(own["id"], foreign.tenant);
    let theirs = app.with_key(&foreign.key, "GET", &path).send().await.expect_status(200);
    assert_eq!((theirs.json()["id"].as_str(), theirs.version()), (Some(&*foreign.tenant), 1));
    app.with_key(&mine.key, "DELETE", &path).send().await.expect_status(204);
    app.with_key(&foreign.key, "GET", &path).send().await.expect_status(200);
    // Both have a repository `one`; the filter finds the caller's.
    let named = app.with_key(&mine.key, "GET", "/repositories?name=one").send().await.json();
    assert_eq!(ids(&named), [mine.repository.as_str()]);
    // D4: a foreign position is a mere position.
    for (path, position) in [("/tenants", &foreign.tenant), ("/repositories", &foreign.repository)] {
        for cursor in ["starting_after", "ending_before"] {
            let page = app
                .with_key(&mine.key, "GET", &format!("{path}?{cursor}={position}"))
                .send()
                .await
                .expect_status(200)
                .json();
            assert!(ids(&page).iter().all(|id| [&mine.tenant, &mine.repository].contains(&id)), "{page}");
        }
    }
    check_at_rest(&app).await;
}

#[tokio::test]
async fn a_page_token_is_its_operators_own() {
    let app = App::start().await;
    let beta = app.new_operator_key("beta").await;
    for key in [&app.operator_key, &beta] {
        for slug in ["a", "b"] {
            app.with_key(key, "POST", "/v1/customers")
                .json(json!({ "customer_id": slug }))
                .send()
                .await
                .expect_status(201);
        }
    }
    let page = app.operator("GET", "/v1/customers?page.page_size=1").send().await.expect_status(200).json();
    let token = page["page"]["next_page_token"].as_str().unwrap();
    let path = format!("/v1/customers?page.page_size=1&page.page_token={token}");
    assert_eq!(app.operator("GET", &path).send().await.expect_status(200).json()["customers"][0]["customer_id"], "b");
    assert_eq!(app.with_key(&beta, "GET", &path).send().await.pointers(), ["/query/page.page_token"]);
}

#[tokio::test]
async fn bodies_assign_nothing_that_is_not_the_callers() {
    let app = App::start().await;
    let mine = Side::new(&app, &app.operator_key, "mine-corp").await;
    let foreign = Side::new(&app, &app.operator_key, "near-corp").await;
    let members = [
        "customer",
        "customer_id",
        "deleted_at",
        "g1pk",
        "id",
        "integration",
        "n",
        "pk",
        "repos",
        "root_tenant_id",
        "sk",
        "ver",
        "w",
    ];
    let mut body: Value = members
        .map(|name| (name.to_owned(), json!(foreign.root)))
        .into_iter()
        .collect::<serde_json::Map<_, _>>()
        .into();
    let pointers = members.map(|name| format!("/{name}"));
    for (method, path) in [
        ("POST", "/tenants".to_owned()),
        ("PATCH", format!("/tenants/{}", mine.tenant)),
        ("PUT", format!("/tenants/by-external-id/{}", mine.external_id)),
        ("PATCH", format!("/repositories/{}", mine.repository)),
        ("PUT", format!("/tenants/{}/repositories/{}", mine.tenant, mine.repository)),
    ] {
        // D9
        let (answer, log) = app.requests_of(app.with_key(&mine.key, method, &path).json(body.clone()).send()).await;
        assert_eq!((answer.pointers(), wrote(&log)), (pointers.to_vec(), false));
    }
    // As a key of metadata it is data.
    body = json!({ "metadata": body });
    app.with_key(&mine.key, "PATCH", &format!("/tenants/{}", mine.tenant)).json(body).send().await.expect_status(200);
    // D8
    let default = |id: &str| json!({ "default_repository_id": id });
    let patch =
        |id: &str| app.with_key(&mine.key, "PATCH", &format!("/tenants/{}", mine.tenant)).json(default(id)).send();
    let (one, other) = (patch(&foreign.repository).await, patch(&foreign.nobody().repository).await);
    assert_eq!((one.pointers(), shape(&one, &[])), (vec!["/default_repository_id".to_owned()], shape(&other, &[])));
    check_at_rest(&app).await;
}

/// D10
#[tokio::test]
async fn a_key_of_the_other_kind_is_403_and_writes_nothing() {
    let app = App::start().await;
    let mine = Side::new(&app, &app.operator_key, "mine-corp").await;
    let operators = mine.operator_calls(&mine).into_iter().map(|call| (mine.key.clone(), call));
    let integrations = mine.integration_calls(&mine).into_iter().map(|call| (app.operator_key.clone(), call));
    let collections = [
        (mine.key.clone(), ("GET", "/v1/customers".to_owned(), None)),
        (mine.key.clone(), ("POST", "/v1/customers".to_owned(), Some(json!({ "customer_id": "x" })))),
        (app.operator_key.clone(), ("GET", "/tenants".to_owned(), None)),
        (app.operator_key.clone(), ("POST", "/tenants".to_owned(), None)),
        (app.operator_key.clone(), ("PUT", "/tenants/by-external-id/x".to_owned(), None)),
        (app.operator_key.clone(), ("GET", "/repositories".to_owned(), None)),
        (app.operator_key.clone(), ("GET", "/integration/self".to_owned(), None)),
    ];
    for (key, request) in operators.chain(integrations).chain(collections) {
        let (answer, log) = app.requests_of(call(&app, &key, &request).send()).await;
        let problem = answer.expect_problem(403, "insufficient-scope").json();
        assert_eq!((problem["title"].as_str(), wrote(&log)), (Some("Forbidden"), false));
    }
    check_at_rest(&app).await;
}
