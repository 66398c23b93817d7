//! Runs of the sweep: what they log, for how long they work, and jobs of earlier releases.

use crate::{SWEEP, World};
use std::time::Duration;
use tenancy::domain::Timestamp;
use tests::checks::check_at_rest;
use tests::{Action, Rule, Value, json};

/// Sweeps once; what the run logged.
async fn sweep_line(world: &World) -> Value {
    let before = lines_of_sweeps(&world.app.lambda.log_text()).len();
    let _ = world.app.sweep().await;
    let line = async {
        loop {
            match lines_of_sweeps(&world.app.lambda.log_text()).split_off(before).pop() {
                Some(line) => break line,
                None => tokio::time::sleep(Duration::from_millis(2)).await,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), line).await.expect("the sweep logs a line")
}

fn lines_of_sweeps(log: &str) -> Vec<Value> {
    let lines = log.lines().filter(|line| line.contains("\"jobs\":"));
    lines.map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

#[tokio::test]
async fn a_sweep_logs_its_jobs_and_the_age_of_the_oldest() {
    let world = World::new(1).await;
    let idle = sweep_line(&world).await;
    assert_eq!((&idle["jobs"], &idle["oldest_job_seconds"]), (&json!(0), &json!(0)), "{idle}");
    assert!(idle["lambda"].is_string() && idle["cold"] == true && idle["gateway"].is_null(), "{idle}");
    for external_id in ["one", "two"] {
        world.tenant(external_id).await;
        world.deprovision(external_id).await;
    }
    // One of them has been there for ten minutes.
    let job = world.app.items_of("sweep_job").await.remove(0);
    let sort_key = job["g1sk"]["S"].as_str().unwrap();
    let (created, tenant) = sort_key.split_once('#').unwrap();
    let old = Timestamp::parse(created).unwrap().plus_milliseconds(-600_000);
    let key = json!({ "pk": job["pk"], "sk": job["sk"] });
    let values = json!({ ":old": { "S": format!("{old}#{tenant}") } });
    world.app.store.update(&world.app.table, key, "SET g1sk = :old", json!({}), values).await.unwrap();
    let line = sweep_line(&world).await;
    assert_eq!(line["jobs"], 2, "{line}");
    assert!((600..660).contains(&line["oldest_job_seconds"].as_u64().unwrap()), "{line}");
    assert!(line["cold"].is_null() && line["write"].as_f64().unwrap() > 10.0, "{line}");
    check_at_rest(&world.app).await;
    // Without the store nothing is known.
    world.app.faults([Rule::always(Action::Reset).function(SWEEP)]);
    let failed = sweep_line(&world).await;
    assert!(failed["oldest_job_seconds"].is_null() && failed["level"] == "error", "{failed}");
    assert!(failed["cause"].is_string() && failed["jobs"] == 0, "{failed}");
}

/// An earlier release put all jobs into one partition of the index, in the order of their tenants.
#[tokio::test]
async fn a_job_of_an_earlier_release_is_done() {
    let world = World::new(2).await;
    world.tenant("one").await;
    world.deprovision("one").await;
    let mut job = world.app.items_of("sweep_job").await.remove(0);
    (job["g1pk"], job["g1sk"]) = (json!({ "S": "J" }), job["sk"].clone());
    world.app.store.put(&world.app.table, job).await.unwrap();
    let line = sweep_line(&world).await;
    assert_eq!((&line["jobs"], &line["oldest_job_seconds"]), (&json!(1), &json!(0)), "{line}");
    assert_eq!(world.counts().await, ["0", "0"]);
    check_at_rest(&world.app).await;
}

/// A request has 7 s for the store; a run of the sweep has 50 s.
#[tokio::test]
async fn a_sweep_works_for_longer_than_a_request() {
    let world = World::new(1).await;
    for n in 0..6 {
        world.tenant(&format!("t{n}")).await;
        world.deprovision(&format!("t{n}")).await;
    }
    // 17 lists, and three writes for each job.
    world.app.faults([Rule::always(Action::Delay { ms: 300 }).function(SWEEP)]);
    let line = sweep_line(&world).await;
    assert!(line["jobs"] == 6 && line["milliseconds"].as_u64().unwrap() > 10_000, "{line}");
    check_at_rest(&world.app).await;
}
