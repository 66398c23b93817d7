//! Two customers and two operators seeded alike (docs/reliability.md, group D): what belongs to another root is answered exactly like what
//! does not exist, and costs as much.

use std::collections::BTreeSet;
use tests::checks::{check_at_rest, ids, shape, wrote};
use tests::operations::{
    Caller, Fixture, Names, Operation, examples, is_excluded, operations_of, protected, with_body,
};
use tests::{App, Exchange, LogEntry, Value, json};

/// What takes names of the path that are not there.
const EXCLUDED: [(&str, &str); 1] = [(
    "upsertTenantByExternalId",
    "it creates: an external id is each customer's own (`names_are_each_customers_own`)",
)];

/// The root of a customer in the table.
fn root(fixture: &Fixture) -> String {
    fixture.customer.replace("cust_", "I#")
}

/// Names of the same form and length that nothing has.
fn absent(names: &Names) -> Names {
    names.map(|_, value| value.replace("_0", "_1").replace("corp", "none"))
}

/// `own` with one or more of the names of an operation's path from `other`, in every combination.
fn mixed(operation: &Operation, own: &Names, other: &Names) -> Vec<Names> {
    let names = operation.names();
    let taken = |set: usize| names.iter().enumerate().filter(move |(at, _)| set >> at & 1 == 1).map(|(_, name)| *name);
    // A user is made by any external id in a tenant of the caller's own.
    let creates = |set: usize| operation.id == "upsertUserByExternalId" && taken(set).all(|name| name == "external_id");
    (1..1_usize << names.len())
        .filter(|set| !creates(*set))
        .map(|set| taken(set).fold(own.clone(), |mixed, name| mixed.with(name, other.get(name))))
        .collect()
}

/// The requests to the store and their units.
fn cost(log: &[LogEntry]) -> Vec<(String, f64, f64)> {
    let mut cost: Vec<_> =
        log.iter().map(|entry| (entry.operation.clone(), entry.read_units(), entry.write_units())).collect();
    cost.sort_by(|a, b| a.partial_cmp(b).unwrap());
    cost
}

/// Sends an operation about what is foreign, and the same about what does not exist; both on every combination of these names and `own`.
async fn check_alike(app: &App, caller: &Fixture, operation: &Operation, own: &Names, foreign: &Names) {
    let nothing = absent(foreign);
    for (of_foreign, of_nothing) in mixed(operation, own, foreign).into_iter().zip(mixed(operation, own, &nothing)) {
        check_pair(app, caller, operation, foreign, [of_foreign, of_nothing]).await;
    }
}

/// The answers on names of which at least one is `foreign`, and on such as nothing has.
async fn check_pair(app: &App, caller: &Fixture, operation: &Operation, foreign: &Names, pair: [Names; 2]) {
    let send = async |names: &Names| {
        let caller = Fixture { names: names.clone(), ..caller.clone() };
        app.requests_of(caller.first(app, operation).send()).await
    };
    let (answer, log) = send(&pair[0]).await;
    let (expected, expected_log) = send(&pair[1]).await;
    let answer: Exchange = answer.expect_problem(404, "not-found");
    let shaped = |answer: &Exchange, sent: &Names| shape(answer, &sent.values().collect::<Vec<_>>());
    assert_eq!(shaped(&answer, &pair[0]), shaped(&expected, &pair[1]));
    assert_eq!(cost(&log), cost(&expected_log), "{answer}");
    assert!(log.iter().filter(|entry| entry.is_write()).all(|entry| entry.status != Some(200)), "{answer}");
    // D13: nothing foreign but what the caller sent itself.
    let is_shown = |name: &&str| *name != PROBLEM && answer.body.contains(*name) && !answer.path.contains(*name);
    assert_eq!(foreign.values().find(is_shown), None, "{answer}");
}

/// The one name of a path that is the same for all: what is not found is this problem.
const PROBLEM: &str = "not-found";

#[tokio::test]
async fn what_is_foreign_is_as_what_does_not_exist() {
    let app = App::start().await;
    let beta = app.new_operator_key("beta").await;
    let mine = Fixture::new(&app, "mine-corp").await;
    let (near, far) = (Fixture::new(&app, "near-corp").await, Fixture::of(&app, &beta, "farr-corp").await);
    let before: BTreeSet<String> = app.items().await.iter().map(Value::to_string).collect();
    for operation in protected().filter(|operation| !operation.names().is_empty()) {
        if is_excluded(operation, "foreign names", &EXCLUDED) {
            continue;
        }
        match operation.caller {
            Caller::Operator => {
                // By the slug and by the id.
                for id in [far.names.get("customer_id"), &far.customer] {
                    check_alike(&app, &mine, operation, &mine.names, &far.names.with("customer_id", id)).await;
                }
            }
            _ => {
                for foreign in [&near, &far] {
                    check_alike(&app, &mine, operation, &mine.names, &foreign.names).await;
                }
            }
        }
    }
    // A key of another customer of the same operator.
    for operation in operations_of(Caller::Operator).filter(|operation| operation.names().contains(&"key_id")) {
        for id in [mine.names.get("customer_id"), &mine.customer] {
            let own = mine.names.with("customer_id", id);
            let pair = [&near.names, &absent(&near.names)].map(|names| own.with("key_id", names.get("key_id")));
            check_pair(&app, &mine, operation, &near.names, pair).await;
        }
    }
    let after: BTreeSet<String> = app.items().await.iter().map(Value::to_string).collect();
    assert_eq!(after, before, "nothing was written");
    // D13: no line but one of the customer's own requests has any of it, not even of what the caller sent.
    let log = app.lambda.log_text();
    assert!(log.lines().count() > 100, "{log}");
    for side in [&near, &far] {
        let own = format!("\"customer\":\"{}\"", side.customer);
        for name in side.names.values().chain([&*side.customer, &*side.key]).filter(|name| *name != PROBLEM) {
            let shown = log.lines().find(|line| line.contains(name) && !(line.contains(&own) && name != &*side.key));
            assert_eq!(shown, None, "the log has {name}");
        }
    }
}

/// Values that are no id, as segments of a path.
fn hostile_ids(prefix: &str, foreign: &Fixture) -> Vec<String> {
    let root = root(foreign);
    let bare = &root[2..];
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

/// How the ids of a path parameter begin.
fn prefix(parameter: &str) -> &'static str {
    match parameter {
        "customer_id" => "cust_",
        "key_id" => "key_",
        "tenant_id" | "external_id" => "tnt_",
        "repository_id" => "rep_",
        "user_id" => "usr_",
        "role_id" => "rol_",
        "conversation_id" => "con_",
        _ => panic!("isolation.rs has no prefix for {parameter}"),
    }
}

/// Sends each operation of a kind of caller with each hostile value in the place of each name of its path.
async fn send_hostile(app: &App, mine: &Fixture, foreign: &Fixture, caller: Caller) {
    for operation in operations_of(caller) {
        for parameter in operation.names() {
            // Nearly any text is an external id.
            let statuses: &[u16] = match (parameter, &*operation.method) {
                ("external_id", "GET") => &[404],
                ("external_id", "PUT") => &[201, 422],
                ("external_id", "DELETE") => &[204, 404],
                _ => &[404, 422],
            };
            for id in hostile_ids(prefix(parameter), foreign) {
                let caller = Fixture { names: mine.names.with(parameter, &id), ..mine.clone() };
                let answer = caller.first(app, operation).send_unchecked().await;
                assert!(statuses.contains(&answer.status), "{answer}");
            }
        }
    }
}

#[tokio::test]
async fn every_key_of_the_store_begins_with_the_callers_root() {
    let app = App::start().await;
    let mine = Fixture::new(&app, "mine-corp").await;
    let foreign = Fixture::new(&app, "near-corp").await;
    let work = async {
        for operation in operations_of(Caller::Integration) {
            for names in mixed(operation, &mine.names, &foreign.names) {
                Fixture { names, ..mine.clone() }.first(&app, operation).send().await;
            }
        }
        send_hostile(&app, &mine, &foreign, Caller::Integration).await;
        for (path, prefix) in [("/tenants", "tnt_"), ("/repositories", "rep_")] {
            for id in hostile_ids(prefix, &foreign) {
                let list =
                    app.with_key(&mine.key, "GET", &format!("{path}?starting_after={id}")).send_unchecked().await;
                assert_eq!(list.status, 422, "{list}");
                let list = app.with_key(&mine.key, "GET", &format!("/repositories?name={id}")).send_unchecked().await;
                assert!([200, 422].contains(&list.status), "{list}");
            }
        }
    };
    let ((), log) = app.requests_of(work).await;
    assert!(log.len() > 200);
    check_roots(&log, &[&root(&mine)]);
}

/// An operator's, or that of its own customer where one was found first.
#[tokio::test]
async fn every_key_of_the_store_begins_with_the_operators_root() {
    let app = App::start().await;
    let beta = app.new_operator_key("beta").await;
    let mine = Fixture::new(&app, "mine-corp").await;
    let foreign = Fixture::of(&app, &beta, "farr-corp").await;
    let work = async {
        for operation in operations_of(Caller::Operator).filter(|operation| operation.names().contains(&"key_id")) {
            for customer in [mine.names.get("customer_id"), &mine.customer] {
                let names = foreign.names.with("customer_id", customer);
                let call = Fixture { names, ..mine.clone() }.first(&app, operation);
                call.send().await.expect_problem(404, "not-found");
            }
        }
        send_hostile(&app, &mine, &foreign, Caller::Operator).await;
        for id in hostile_ids("cust_", &foreign) {
            let list = app.operator("GET", &format!("/v1/customers?page.page_token={id}")).send_unchecked().await;
            assert!([404, 422].contains(&list.status), "{list}");
        }
    };
    let ((), log) = app.requests_of(work).await;
    assert!(log.len() > 100);
    // Where the body is judged first, an ill-formed id is looked up as one that nothing has.
    check_roots(&log, &["O#acme", &root(&mine), "I#00000000000000000000000000"]);
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
    let mine = Fixture::new(&app, "mine-corp").await;
    let foreign = Fixture::new(&app, "near-corp").await;
    // D3
    let path = format!("/tenants/by-external-id/{}", foreign.names.get("external_id"));
    app.with_key(&mine.key, "GET", &path).send().await.expect_problem(404, "not-found");
    let own = app.with_key(&mine.key, "PUT", &path).send().await.expect_status(201).json();
    assert_ne!(own["id"], foreign.names.get("tenant_id"));
    let theirs = app.with_key(&foreign.key, "GET", &path).send().await.expect_status(200);
    assert_eq!((theirs.json()["id"].as_str(), theirs.version()), (Some(foreign.names.get("tenant_id")), 1));
    app.with_key(&mine.key, "DELETE", &path).send().await.expect_status(204);
    app.with_key(&foreign.key, "GET", &path).send().await.expect_status(200);
    // Both have a repository `one`; the filter finds the caller's.
    let named = app.with_key(&mine.key, "GET", "/repositories?name=one").send().await.json();
    assert_eq!(ids(&named), [mine.names.get("repository_id")]);
    // D4: a foreign position is a mere position.
    let members = app.with_key(&mine.key, "GET", "/tenants/by-external-id/of-mine-corp-members").send().await.json();
    for (path, position) in [("/tenants", "tenant_id"), ("/repositories", "repository_id"), ("/users", "user_id")] {
        let position = foreign.names.get(position);
        for cursor in ["starting_after", "ending_before"] {
            let page = app
                .with_key(&mine.key, "GET", &format!("{path}?{cursor}={position}"))
                .send()
                .await
                .expect_status(200)
                .json();
            let own = ["tenant_id", "repository_id", "user_id"].map(|name| mine.names.get(name));
            assert!(ids(&page).iter().all(|id| own.contains(&id.as_str()) || members["id"] == **id), "{page}");
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
    let mine = Fixture::new(&app, "mine-corp").await;
    let foreign = Fixture::new(&app, "near-corp").await;
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
    let hostile = members.map(|name| (name.to_owned(), json!(root(&foreign))));
    let pointers = members.map(|name| format!("/{name}"));
    // D9
    for operation in operations_of(Caller::Integration).filter(|operation| operation.reads_body) {
        for example in examples(&operation.id).unwrap() {
            let mut body = Some(mine.body(&example)).filter(Value::is_object).unwrap_or(json!({}));
            body.as_object_mut().unwrap().extend(hostile.clone());
            let call = with_body(mine.bare(&app, operation), body);
            let (answer, log) = app.requests_of(call.send()).await;
            assert_eq!((answer.pointers(), wrote(&log)), (pointers.to_vec(), false), "{}", operation.id);
        }
    }
    // As a key of metadata it is data.
    let body = json!({ "metadata": serde_json::Map::from_iter(hostile) });
    let tenant = format!("/tenants/{}", mine.names.get("tenant_id"));
    app.with_key(&mine.key, "PATCH", &tenant).json(body).send().await.expect_status(200);
    // D8
    let default = |id: &str| json!({ "default_repository_id": id });
    let patch = |id: &str| app.with_key(&mine.key, "PATCH", &tenant).json(default(id)).send();
    let other = absent(&foreign.names);
    let (one, other) = (patch(foreign.names.get("repository_id")).await, patch(other.get("repository_id")).await);
    assert_eq!((one.pointers(), shape(&one, &[])), (vec!["/default_repository_id".to_owned()], shape(&other, &[])));
    check_at_rest(&app).await;
}

/// D10
#[tokio::test]
async fn a_key_of_the_other_kind_is_403_and_writes_nothing() {
    let app = App::start().await;
    let mine = Fixture::new(&app, "mine-corp").await;
    for operation in protected() {
        for example in examples(&operation.id).unwrap() {
            let (key, path) = (mine.wrong_key_of(operation.caller), mine.path(operation));
            let call = with_body(app.with_key(key, &operation.method, &path), mine.body(&example));
            let (answer, log) = app.requests_of(call.send()).await;
            let problem = answer.expect_problem(403, "insufficient-scope").json();
            assert_eq!((problem["title"].as_str(), wrote(&log)), (Some("Forbidden"), false));
        }
    }
    check_at_rest(&app).await;
}
