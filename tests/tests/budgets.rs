//! What each operation on tenants, repositories and attachments costs: the budgets of docs/access-patterns.md.
//!
//! The first request is one strongly consistent batch: the caller's root, and what the operation reads first by key.

use tests::{Action, App, Call, Counting, LogEntry, Rule, Value, json};

/// The requests in order, with the number of their items; read units; write units as DynamoDB charges them.
type Cost = (String, f64, f64);

/// Requests that ran side by side are one round trip: `+` joins them, `,` parts round trips.
fn cost(log: &[LogEntry]) -> Cost {
    let mut shape = String::new();
    for (at, entry) in log.iter().enumerate() {
        let is_beside = at > 0 && entry.overlaps(&log[at - 1]);
        shape += match at {
            0 => "",
            _ if is_beside => " + ",
            _ => ", ",
        };
        shape += &match &*entry.operation {
            "BatchGetItem" => format!("Batch{}", entry.parts().len()),
            "TransactWriteItems" => format!("Transact{}", entry.parts().len()),
            operation => operation.trim_end_matches("Item").to_owned(),
        };
    }
    let units = |of: fn(&LogEntry) -> f64| log.iter().map(of).sum();
    (shape, units(LogEntry::read_units), units(LogEntry::write_units))
}

struct World {
    app: App,
    key: String,
    tenant: String,
    repositories: Vec<String>,
}

impl World {
    /// A tenant with two repositories of three; another tenant without; nothing is cold.
    async fn new() -> Self {
        let app = App::start().await;
        let key = app.new_integration("acme-corp").await;
        let tenant = app.new_tenant(&key, "one").await["id"].as_str().unwrap().to_owned();
        let mut repositories = Vec::new();
        for n in 0..3 {
            let id = app.new_repository(&key, &format!("r{n}")).await["id"].as_str().unwrap().to_owned();
            if n < 2 {
                app.with_key(&key, "PUT", &format!("/tenants/{tenant}/repositories/{id}"))
                    .send()
                    .await
                    .expect_status(201);
            }
            repositories.push(id);
        }
        app.new_tenant(&key, "two").await;
        // Reads that are sent side by side are long enough to be seen so.
        app.faults([Rule::on("BatchGetItem", Action::Delay { ms: 20 })]);
        Self { app, key, tenant, repositories }
    }

    fn call(&self, method: &str, path: &str, body: Option<Value>) -> Call<'_> {
        let path = path.replace("{T}", &self.tenant);
        let path = (0..3).fold(path, |path, n| path.replace(&format!("{{R{n}}}"), &self.repositories[n]));
        let call = self.app.with_key(&self.key, method, &path);
        body.map_or(call.clone(), |body| call.json(body))
    }

    async fn check(&self, call: Call<'_>, status: u16, expected: (&str, f64, f64)) {
        let (answer, log) = self.app.requests_of(call.send()).await;
        let answer = answer.expect_status(status);
        let (requests, reads, writes) = cost(&log);
        assert_eq!((requests.as_str(), reads, writes), expected, "{answer}");
    }
}

#[tokio::test]
async fn every_operation_keeps_its_budget() {
    let world = World::new().await;
    let none = None::<Value>;
    let counting = Counting::of(&world.app.store, &world.app.table).await;
    let default = || Some(json!({ "default_repository_id": world.repositories[0] }));
    let absent = "rep_00000000000000000000000000";
    let repository = || Some(json!({ "name": "new", "repo_url": "https://example.com/" }));
    for (method, path, body, status, expected) in [
        ("GET", "/tenants/{T}", none.clone(), 200, ("Batch2", 2.0, 0.0)),
        ("GET", "/tenants", none.clone(), 200, ("Batch1 + Query", 2.0, 0.0)),
        ("GET", "/tenants?status=active", none.clone(), 200, ("Batch1 + Query", 2.0, 0.0)),
        ("GET", "/tenants?status=suspended", none.clone(), 200, ("Batch1 + Query", counting.pick(1.5, 1.0), 0.0)),
        ("POST", "/tenants", none.clone(), 201, ("Batch1, Put", 1.0, 1.0)),
        ("POST", "/tenants", Some(json!({ "external_id": "three" })), 201, ("Batch1, Transact2", 1.0, 4.0)),
        ("PATCH", "/tenants/{T}", Some(json!({ "name": "x" })), 200, ("Batch2, Update", 2.0, 1.0)),
        ("PATCH", "/tenants/{T}", default(), 200, ("Batch2, Update", 2.0, 1.0)),
        ("PATCH", "/tenants/{T}", Some(json!({ "default_repository_id": absent })), 422, ("Batch2", 2.0, 0.0)),
        ("PATCH", "/tenants/{T}", Some(json!({})), 200, ("Batch2", 2.0, 0.0)),
        ("PATCH", "/tenants/{T}", Some(json!({ "status": "suspended" })), 200, ("Batch2, Update", 2.0, 2.0)),
        ("PATCH", "/tenants/{T}", Some(json!({ "name": "z" })), 200, ("Batch2, Update", 2.0, 2.0)),
        ("PATCH", "/tenants/{T}", Some(json!({ "status": "active" })), 200, ("Batch2, Update", 2.0, 2.0)),
        ("GET", "/tenants/by-external-id/one", none.clone(), 200, ("Batch2, Batch1", 3.0, 0.0)),
        ("PUT", "/tenants/by-external-id/one", none.clone(), 200, ("Batch2, Batch1", 3.0, 0.0)),
        ("PUT", "/tenants/by-external-id/one", Some(json!({ "name": "y" })), 200, ("Batch2, Batch1, Update", 3.0, 1.0)),
        ("PUT", "/tenants/by-external-id/new", none.clone(), 201, ("Batch2, Transact2", 2.0, 4.0)),
        ("GET", "/repositories", none.clone(), 200, ("Batch1 + Query", 2.0, 0.0)),
        ("GET", "/repositories?name=r0", none.clone(), 200, ("Batch2, Batch1", 3.0, 0.0)),
        ("GET", "/repositories/{R0}", none.clone(), 200, ("Batch2", 2.0, 0.0)),
        ("POST", "/repositories", repository(), 201, ("Batch1, Transact2", 1.0, 4.0)),
        ("PATCH", "/repositories/{R0}", Some(json!({ "branch": "x" })), 200, ("Batch2, Update", 2.0, 1.0)),
        ("PATCH", "/repositories/{R0}", Some(json!({ "name": "renamed" })), 200, ("Batch2, Transact3", 2.0, 6.0)),
        ("GET", "/tenants/{T}/repositories", none.clone(), 200, ("Batch2, Batch2", 4.0, 0.0)),
        ("PUT", "/tenants/{T}/repositories/{R2}", none.clone(), 201, ("Batch3, Transact3", 3.0, 6.0)),
        ("PUT", "/tenants/{T}/repositories/{R2}", none.clone(), 200, ("Batch3", 3.0, 0.0)),
        (
            "PUT",
            "/tenants/{T}/repositories/{R2}",
            Some(json!({ "branch_override": "x" })),
            200,
            ("Batch3, Update", 3.0, 1.0),
        ),
        ("DELETE", "/tenants/{T}/repositories/{R2}", none.clone(), 204, ("Batch2, Transact3", 2.0, 6.0)),
        ("DELETE", "/repositories/{R2}", none.clone(), 204, ("Batch2, Transact2", 2.0, 4.0)),
        ("DELETE", "/repositories/{R0}", none.clone(), 409, ("Batch2, Query", 3.0, 0.0)),
        ("DELETE", "/tenants/{T}", none.clone(), 409, ("Batch2", 2.0, 0.0)),
        (
            "DELETE",
            "/tenants/by-external-id/one",
            none.clone(),
            204,
            ("Batch2, Batch1, Transact3", 3.0, counting.pick(7.0, 6.0)),
        ),
        ("DELETE", "/tenants/by-external-id/two", none, 204, ("Batch2, Batch1, Transact2", 3.0, 4.0)),
    ] {
        world.check(world.call(method, path, body), status, expected).await;
    }
}

#[tokio::test]
async fn a_job_of_the_sweep_keeps_its_budget() {
    let world = World::new().await;
    world.call("DELETE", "/tenants/by-external-id/one", None).send().await.expect_status(204);
    let (swept, log) = world.app.requests_of(world.app.sweep()).await;
    swept.unwrap();
    let requests: Vec<_> = log.iter().map(|entry| (entry.operation.as_str(), entry.parts().len())).collect();
    let release = ("TransactWriteItems", 2);
    assert_eq!(requests, [("Query", 1), ("UpdateItem", 1), release, release, ("TransactWriteItems", 1)]);
    // The lease and the job's end are index writes, too. What DynamoDB Local counts for them is no budget of this table.
    if Counting::of(&world.app.store, &world.app.table).await == Counting::Aws {
        let units: Vec<_> = log.iter().map(|entry| entry.read_units() + entry.write_units()).collect();
        assert_eq!(units, [0.5, 2.0, 4.0, 4.0, 3.0]);
    }
}

#[tokio::test]
async fn an_idempotency_key_costs_its_record() {
    let world = World::new().await;
    let create = || world.call("POST", "/tenants", Some(json!({ "external_id": "new" }))).once("k");
    world.check(create(), 201, ("Batch1, Transact3", 1.0, 6.0)).await;
    world.check(create(), 201, ("Batch1, Transact3", 1.0, 6.0)).await;
    world.check(world.call("POST", "/tenants", None).once("l"), 201, ("Batch1, Transact2", 1.0, 4.0)).await;
    let register = Some(json!({ "name": "new", "repo_url": "https://example.com/" }));
    world.check(world.call("POST", "/repositories", register).once("k"), 201, ("Batch1, Transact3", 1.0, 6.0)).await;
    let id = world.app.with_key(&world.key, "GET", "/tenants/by-external-id/two").send().await.json()["id"].clone();
    let path = format!("/tenants/{}", id.as_str().unwrap());
    world.check(world.call("DELETE", &path, None), 204, ("Batch2, Transact2", 2.0, 4.0)).await;
}

#[tokio::test]
async fn what_is_refused_early_costs_no_more_than_its_credential() {
    let world = World::new().await;
    let call = world.app.anonymous("GET", "/tenants").header("authorization", "Bearer sk_int_x");
    let (answer, log) = world.app.requests_of(call.send()).await;
    assert_eq!((answer.status, log.len()), (401, 0));
    for call in [
        world.call("POST", "/tenants", Some(json!({ "name": 1 }))),
        world.call("GET", "/tenants?limit=0", None),
        world.call("GET", "/tenants/x", None),
    ] {
        let (_, log) = world.app.requests_of(call.send()).await;
        assert_eq!(cost(&log), ("Batch1".to_owned(), 1.0, 0.0));
    }
}
