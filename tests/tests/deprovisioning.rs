//! Deprovisioning (contract section 4): total at once, and the sweep of what hung below (cases H5-H8): the shipped binary
//! with its schedule's event.

mod deprovisioning {
    mod members;
    mod runs;
}

use local::lambda::Deadline;
use std::time::Duration;
use tenancy::domain::Timestamp;
use tests::checks::check_at_rest;
use tests::transcript::no_writes;
use tests::{Action, App, LogEntry, Rule, Value, json};

const SWEEP: &str = "SweepDeprovisionedTenantsFunction";
/// The partitions of the index that a sweep reads first: 16, and that of earlier releases.
const PARTITIONS: usize = 17;
/// The calls before the last of these reads. A sweep that ends after one of them has changed nothing, like one that ends after the last.
const READS: u64 = PARTITIONS as u64 - 1;

struct World {
    app: App,
    key: String,
    repositories: Vec<String>,
}

impl World {
    async fn new(repositories: usize) -> Self {
        let app = App::start().await;
        let key = app.new_integration("acme-corp").await;
        let mut world = Self { app, key, repositories: Vec::new() };
        for n in 0..repositories {
            let repository = world.app.new_repository(&world.key, &format!("r{n}")).await;
            world.repositories.push(repository["id"].as_str().unwrap().to_owned());
        }
        world
    }

    /// A tenant that holds all repositories, the first as its default.
    async fn tenant(&self, external_id: &str) -> String {
        let tenant = self.app.new_tenant(&self.key, external_id).await["id"].as_str().unwrap().to_owned();
        for (n, repository) in self.repositories.iter().enumerate() {
            let put = self.app.with_key(&self.key, "PUT", &format!("/tenants/{tenant}/repositories/{repository}"));
            put.json(json!({ "is_default": n == 0 })).send().await.expect_status(201);
        }
        tenant
    }

    async fn deprovision(&self, external_id: &str) {
        let path = format!("/tenants/by-external-id/{external_id}");
        self.app.with_key(&self.key, "DELETE", &path).send().await.expect_status(204);
    }

    /// The repositories' counts, those in use.
    async fn counts(&self) -> Vec<String> {
        let items = self.app.items_of("repository").await;
        items.iter().map(|item| item["n"]["N"].as_str().unwrap().to_owned()).collect()
    }

    /// Sweeps with a new process, which is killed when the store has done its nth call and nothing that it asks for after that;
    /// whether it came that far.
    async fn sweep_and_kill_after(&self, nth: u64) -> bool {
        self.kill_sweepers().await;
        self.app.faults([
            Rule::always(Action::DelayAfter { ms: 60_000 }).function(SWEEP).nth(nth),
            Rule::always(Action::DropBefore).function(SWEEP).nth(nth + 1).times(u64::MAX),
        ]);
        let before = self.app.proxy.log_len();
        let is_done = |entry: &LogEntry| matches!(entry.action, Action::DelayAfter { .. }) && entry.status.is_some();
        let came_so_far = async {
            while !self.app.proxy.log_from(before).iter().any(is_done) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let mut sweep = std::pin::pin!(self.app.sweep());
        let killed = tokio::select! {
            ended = &mut sweep => {
                ended.unwrap();
                false
            }
            () = came_so_far => {
                self.kill_sweepers().await;
                sweep.await.unwrap_err();
                true
            }
        };
        self.app.faults([]);
        killed
    }

    async fn kill_sweepers(&self) {
        for pid in self.app.lambda.processes("sweep-deprovisioned-tenants") {
            local::lambda::kill(pid, "KILL").await.unwrap();
        }
    }

    /// Lets the leases of all jobs run out.
    async fn expire_leases(&self) {
        for job in self.app.items_of("sweep_job").await {
            let key = json!({ "pk": job["pk"], "sk": job["sk"] });
            let past = json!({ ":past": { "S": "2020-01-01T00:00:00.000Z" } });
            self.app.store.update(&self.app.table, key, "SET lease_until = :past", json!({}), past).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_deprovisioned_tenant_is_gone_at_once_with_all_below_it() {
    let world = World::new(2).await;
    let (app, key) = (&world.app, &world.key);
    let tenant = world.tenant("one").await;
    app.with_key(key, "PATCH", &format!("/tenants/{tenant}")).json(json!({ "status": "suspended" })).send().await;
    let by_external_id = |method: &'static str| app.with_key(key, method, "/tenants/by-external-id/one");
    by_external_id("DELETE").header("if-match", "\"1\"").send().await.expect_problem(412, "precondition-failed");
    let tag = by_external_id("GET").send().await.etag();
    by_external_id("DELETE").header("if-match", &tag).bare_body("x").send().await.expect_status(204);
    by_external_id("DELETE").send().await.expect_problem(404, "not-found");
    by_external_id("GET").send().await.expect_problem(404, "not-found");
    by_external_id("DELETE").header("if-match", "*").send().await.expect_problem(404, "not-found");
    let (path, attachments) = (format!("/tenants/{tenant}"), format!("/tenants/{tenant}/repositories"));
    let attachment = format!("{attachments}/{}", world.repositories[0]);
    for (method, path) in [
        ("GET", &path),
        ("PATCH", &path),
        ("DELETE", &path),
        ("GET", &attachments),
        ("PUT", &attachment),
        ("DELETE", &attachment),
    ] {
        let call = app.with_key(key, method, path);
        let call = if method == "PATCH" { call.json(json!({ "name": "x" })) } else { call };
        call.send().await.expect_problem(404, "not-found");
    }
    for status in ["suspended", "active"] {
        let list = app.with_key(key, "GET", &format!("/tenants?status={status}")).send().await.json();
        assert_eq!(list["data"], json!([]));
    }
    // Until the sweep is through, a repository may still name it.
    let repository = format!("/repositories/{}", world.repositories[1]);
    let refused = app.with_key(key, "DELETE", &repository).send().await.expect_problem(409, "resource-in-use");
    assert_eq!(refused.json()["conflicting_resource_id"], tenant);
    let again = app.new_tenant(key, "one").await;
    assert_ne!(again["id"], tenant);
    app.sweep().await.unwrap();
    app.with_key(key, "DELETE", &repository).send().await.expect_status(204);
    assert_eq!(by_external_id("GET").send().await.expect_status(200).json(), again, "the sweep is about the old one");
    check_at_rest(app).await;
}

#[tokio::test]
async fn the_job_is_all_that_is_left() {
    let world = World::new(2).await;
    world.app.new_tenant(&world.key, "bare").await;
    world.deprovision("bare").await;
    check_at_rest(&world.app).await;
    let tenant = world.tenant("one").await;
    let root = world.app.items_of("tenant").await[0]["pk"]["S"].as_str().unwrap().trim_end_matches("#T").to_owned();
    world.deprovision("one").await;
    assert_eq!((world.app.items_of("tenant").await, world.app.items_of("external_id").await), (vec![], vec![]));
    let job = world.app.items_of("sweep_job").await.remove(0);
    let mut ulids: Vec<&str> = world.repositories.iter().map(|id| &id[4..]).collect();
    ulids.sort_unstable();
    let expected = json!({
        "type": { "S": "sweep_job" }, "v": { "N": "1" }, "ver": { "N": "1" }, "w": job["w"], "ws": no_writes(),
        "pk": { "S": format!("{root}#J") }, "sk": { "S": &tenant[4..] }, "g1pk": job["g1pk"], "g1sk": job["g1sk"],
        "customer": { "S": format!("cust_{}", &root[2..]) }, "tenant": { "S": tenant },
        "repositories": { "L": ulids.iter().map(|ulid| json!({ "S": ulid })).collect::<Vec<_>>() },
    });
    assert_eq!(job, expected);
    // One of 16 partitions of the index, by the tenant's last four bits; within it the oldest is the first.
    let last = "0123456789abcdefghjkmnpqrstvwxyz".find(&tenant[29..]).unwrap();
    assert_eq!(job["g1pk"]["S"], format!("J#{:x}", last % 16));
    let (created, of) = job["g1sk"]["S"].as_str().unwrap().split_once('#').unwrap();
    assert!(Timestamp::parse(created).is_some() && of == &tenant[4..], "{job}");
    assert_eq!(world.counts().await, ["1", "1"]);
    world.app.sweep().await.unwrap();
    check_at_rest(&world.app).await;
    let ((), log) = world.app.requests_of(async { world.app.sweep().await.unwrap() }).await;
    let operations: Vec<&str> = log.iter().map(|entry| entry.operation.as_str()).collect();
    assert_eq!(operations, ["Query"; PARTITIONS], "a second sweep finds nothing to do");
}

/// H5: the sweep ends after each of its calls in turn, its answer lost, and every further call in vain.
#[tokio::test]
async fn a_sweep_that_fails_at_any_call_is_taken_up_again() {
    let world = World::new(8).await;
    let neighbour = world.tenant("stays").await;
    let mut calls = 0;
    for nth in READS + 1.. {
        world.tenant("goes").await;
        world.deprovision("goes").await;
        world.app.faults([
            Rule::always(Action::DropAfter).function(SWEEP).nth(nth),
            Rule::always(Action::DropBefore).function(SWEEP).nth(nth + 1).times(u64::MAX),
        ]);
        let failed = world.app.sweep().await.is_err();
        world.app.faults([]);
        assert!(world.counts().await.iter().all(|n| n == "1" || n == "2"), "after call {nth}");
        world.expire_leases().await;
        world.app.sweep().await.unwrap();
        check_at_rest(&world.app).await;
        assert_eq!(world.counts().await, ["1"; 8], "after call {nth}");
        if !failed {
            calls = nth - 1;
            break;
        }
    }
    assert!(calls > READS + 10, "one call per repository, and some more: {calls}");
    let path = format!("/tenants/{neighbour}/repositories");
    let list = world.app.with_key(&world.key, "GET", &path).send().await.expect_status(200).json();
    assert_eq!(list["data"].as_array().unwrap().len(), 8);
}

/// H5, from the beginning: the process is killed after each of its calls in turn, each time with the whole job before it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_that_is_killed_after_any_call_is_taken_up_again() {
    let world = World::new(3).await;
    let mut calls = READS;
    loop {
        world.tenant("goes").await;
        world.deprovision("goes").await;
        let killed = world.sweep_and_kill_after(calls + 1).await;
        world.expire_leases().await;
        world.app.sweep().await.unwrap();
        assert_eq!(world.counts().await, ["0"; 3], "after call {}", calls + 1);
        check_at_rest(&world.app).await;
        if !killed {
            break;
        }
        calls += 1;
    }
    assert_eq!(calls, READS + 1 + 1 + 3 + 1, "the last list, the lease, each repository, the job");
}

/// H5, going on: one job of 100 repositories, and each process is killed one call later than the one before it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_of_100_repositories_ends_though_every_process_is_killed() {
    let world = World::new(100).await;
    world.tenant("stays").await;
    world.tenant("goes").await;
    world.deprovision("goes").await;
    let mut calls = READS;
    while world.sweep_and_kill_after(calls + 1).await {
        calls += 1;
        let counted: usize = world.counts().await.iter().map(|n| n.parse::<usize>().unwrap()).sum();
        assert_eq!(counted, world.app.items_of("attachment").await.len(), "after call {calls}");
        world.expire_leases().await;
    }
    assert_eq!(calls, READS + 1 + 1 + 100 + 1, "the last list, the lease, each repository, the job");
    assert_eq!(world.counts().await, ["1"; 100]);
    check_at_rest(&world.app).await;
    let before = world.app.proxy.log_len();
    world.app.sweep().await.unwrap();
    let operations: Vec<_> = world.app.proxy.log_from(before).into_iter().map(|entry| entry.operation).collect();
    assert_eq!(operations, ["Query"; PARTITIONS], "a second sweep finds nothing to do");
}

#[tokio::test]
async fn a_lease_keeps_others_away_until_it_ends() {
    let world = World::new(3).await;
    world.tenant("one").await;
    world.deprovision("one").await;
    world.app.faults([Rule::on("TransactWriteItems", Action::DropBefore).function(SWEEP).nth(2).times(u64::MAX)]);
    world.app.sweep().await.unwrap_err();
    world.app.faults([]);
    let job = world.app.items_of("sweep_job").await.remove(0);
    assert!(job["lease_until"]["S"].is_string());
    world.app.sweep().await.unwrap();
    assert_eq!(world.app.items_of("sweep_job").await, [job], "another sweep has the lease");
    world.expire_leases().await;
    world.app.sweep().await.unwrap();
    check_at_rest(&world.app).await;
}

/// H6
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_sweepers_count_nothing_twice() {
    let world = World::new(4).await;
    world.tenant("stays").await;
    world.app.lambda.warm("sweep-deprovisioned-tenants", 4).await.unwrap();
    for _ in 0..3 {
        for external_id in ["a", "b", "c"] {
            world.tenant(external_id).await;
            world.deprovision(external_id).await;
        }
        let sweeps = (0..4).map(|_| world.app.sweep());
        let (ended, log) = world.app.requests_of(futures_util::future::join_all(sweeps)).await;
        assert!(ended.iter().all(Result::is_ok), "{ended:?}");
        let leases: Vec<_> = log.iter().filter(|entry| entry.operation == "UpdateItem").collect();
        assert!(
            leases.iter().any(|one| leases.iter().any(|other| one.number != other.number && one.overlaps(other))),
            "nothing was raced"
        );
        assert_eq!(world.counts().await, ["1"; 4]);
        check_at_rest(&world.app).await;
    }
}

/// H7
#[tokio::test]
async fn a_job_that_cannot_be_read_is_set_aside_and_the_others_are_done() {
    let world = World::new(2).await;
    for (n, poison) in [json!({ "N": "1" }), json!({ "L": [{ "S": "no repository" }] }), json!({ "L": [{ "N": "1" }] })]
        .into_iter()
        .enumerate()
    {
        let tenant = world.tenant("poisoned").await;
        world.deprovision("poisoned").await;
        let mut job =
            world.app.items_of("sweep_job").await.into_iter().find(|job| job["tenant"]["S"] == tenant).unwrap();
        let healthy = job.clone();
        job["repositories"] = poison;
        world.app.store.put(&world.app.table, job.clone()).await.unwrap();
        world.tenant("sound").await;
        world.deprovision("sound").await;
        world.app.sweep().await.unwrap_err();
        let left = world.app.items_of("sweep_job").await;
        assert_eq!(left.len(), 1, "the sound one is done: {left:?}");
        assert_eq!((&left[0]["g1pk"], left[0]["failed_at"]["S"].is_string()), (&Value::Null, true), "case {n}");
        let log = world.app.lambda.log_with("\"level\":\"error\"").await.unwrap();
        assert!(log.contains("cause"));
        // It delays no other job any more; put right, it is done as any other.
        world.app.sweep().await.unwrap();
        assert_eq!(world.counts().await, ["1", "1"]);
        world.app.store.put(&world.app.table, healthy).await.unwrap();
        world.app.sweep().await.unwrap();
        check_at_rest(&world.app).await;
    }
}

/// H8
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_external_id_is_made_anew_while_the_sweep_runs() {
    let world = World::new(3).await;
    for _ in 0..3 {
        let old = world.tenant("one").await;
        world.deprovision("one").await;
        let (swept, new) = tokio::join!(world.app.sweep(), world.tenant("one"));
        swept.unwrap();
        assert_ne!(old, new);
        assert_eq!(world.counts().await, ["1"; 3]);
        check_at_rest(&world.app).await;
        world.deprovision("one").await;
        world.app.sweep().await.unwrap();
        check_at_rest(&world.app).await;
    }
}

/// More jobs than are fetched at once, of two customers.
#[tokio::test]
async fn every_job_of_every_customer_is_done() {
    let world = World::new(1).await;
    let other = world.app.new_integration("other").await;
    let repository = world.app.new_repository(&other, "one").await["id"].as_str().unwrap().to_owned();
    for n in 0..30 {
        world.tenant(&format!("t{n}")).await;
        world.deprovision(&format!("t{n}")).await;
    }
    let tenant = world.app.new_tenant(&other, "t").await["id"].as_str().unwrap().to_owned();
    let attach = world.app.with_key(&other, "PUT", &format!("/tenants/{tenant}/repositories/{repository}"));
    attach.send().await.expect_status(201);
    world.app.with_key(&other, "DELETE", "/tenants/by-external-id/t").send().await.expect_status(204);
    world.app.sweep().await.unwrap();
    assert_eq!(world.counts().await, ["0", "0"]);
    check_at_rest(&world.app).await;
}

#[tokio::test]
async fn a_sweep_without_time_leaves_its_jobs_to_the_next() {
    let world = World::new(1).await;
    world.tenant("one").await;
    world.deprovision("one").await;
    world.app.lambda.set_deadline(Deadline::In(Duration::from_secs(2)));
    world.app.sweep().await.unwrap();
    assert_eq!(world.counts().await, ["1"], "no job is begun that may not be ended");
    world.app.lambda.set_deadline(Deadline::Timeout);
    world.app.sweep().await.unwrap();
    check_at_rest(&world.app).await;
}
