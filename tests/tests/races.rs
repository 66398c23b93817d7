//! Callers in parallel (docs/reliability.md, group C): the final state equals some serial order, and the invariants hold at rest.
//!
//! Each race asserts from the proxy's log that writes to the store were under way at the same time: a test in which the
//! callers happened to come one by one proves nothing.

mod races {
    mod members;
    mod repositories;
}

use futures_util::future::join_all;
use std::collections::BTreeSet;
use std::time::Duration;
use tests::checks::{check_at_rest, most_writes_at_once};
use tests::{Action, App, Call, Exchange, Rule, json};
use tokio::sync::Mutex;

/// How many of these answers have each of the statuses.
#[track_caller]
fn check_statuses(answers: &[Exchange], expected: &[(u16, usize)]) {
    for (status, count) in expected {
        let found: Vec<_> = answers.iter().filter(|answer| answer.status == *status).collect();
        assert_eq!(found.len(), *count, "{status}: {answers:?}");
    }
    assert_eq!(answers.len(), expected.iter().map(|(_, count)| count).sum::<usize>());
}

/// What waits a moment before it reaches the store, so that others come to the same place meanwhile.
const WRITES: [&str; 3] = ["PutItem", "UpdateItem", "TransactWriteItems"];

fn each_write_waits() -> [Rule; 3] {
    WRITES.map(|write| Rule::on(write, Action::Delay { ms: 40 }))
}

/// Does `work` while the proxy does this, and says whether writes to the store overlapped.
async fn race_within<T>(app: &App, rules: impl IntoIterator<Item = Rule>, work: impl Future<Output = T>) -> (T, bool) {
    // One race at a time: sixteen of them with eight processes each starve one another until answers come too late.
    static TRACK: Mutex<()> = Mutex::const_new(());
    let _alone = TRACK.lock().await;
    app.faults(rules);
    let (outcome, log) = app.requests_of(work).await;
    app.faults([]);
    (outcome, most_writes_at_once(&log) > 1)
}

/// Sends all calls at once, and says whether writes to the store overlapped.
async fn race_once<'a>(app: &App, calls: impl IntoIterator<Item = Call<'a>>) -> (Vec<Exchange>, bool) {
    race_within(app, each_write_waits(), join_all(calls.into_iter().map(Call::send))).await
}

/// Sends all calls at once; writes to the store must overlap. The first one waits until others have surely come, also where
/// one write is all that there is to do.
async fn race<'a>(app: &App, calls: impl IntoIterator<Item = Call<'a>>) -> Vec<Exchange> {
    let first_waits = WRITES.map(|write| Rule::on(write, Action::Delay { ms: 300 }).nth(1));
    let rules = first_waits.into_iter().chain(each_write_waits());
    let (answers, overlapped) = race_within(app, rules, join_all(calls.into_iter().map(Call::send))).await;
    assert!(overlapped, "the callers came one by one: nothing was raced");
    answers
}

/// Processes of a function start one by one; they are there before the race begins.
async fn warm(app: &App, functions: &[&str]) {
    join_all(functions.iter().map(|function| app.lambda.warm(function, 4)))
        .await
        .into_iter()
        .for_each(|warm| warm.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_creators_of_one_external_id_one_wins_and_the_others_name_it() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    warm(&app, &["create-tenant"]).await;
    let create = |n: usize| {
        app.with_key(&key, "POST", "/tenants").json(json!({ "external_id": "one", "name": format!("n{n}") }))
    };
    let answers = race(&app, (0..64).map(create)).await;
    check_statuses(&answers, &[(201, 1), (409, 63)]);
    let winner = answers.iter().find(|answer| answer.status == 201).unwrap().json()["id"].clone();
    for loser in answers.iter().filter(|answer| answer.status == 409) {
        let problem = loser.clone().expect_problem(409, "external-id-conflict").json();
        assert_eq!(problem["conflicting_resource_id"], winner);
    }
    let found = app.with_key(&key, "GET", "/tenants/by-external-id/one").send().await.expect_status(200);
    assert_eq!(found.json()["id"], winner);
    assert_eq!(app.items_of("tenant").await.len(), 1);
    check_at_rest(&app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_first_upserts_one_creates_and_each_other_changes_once() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    warm(&app, &["upsert-tenant-by-external-id"]).await;
    let upsert = |n: usize| {
        let body = json!({ "name": format!("n{n}"), "metadata": { "n": n.to_string() }, "settings": { "max_concurrent_sticky": n } });
        app.with_key(&key, "PUT", "/tenants/by-external-id/one").json(body)
    };
    let answers = race(&app, (0..64).map(upsert)).await;
    check_statuses(&answers, &[(201, 1), (200, 63)]);
    let ids: BTreeSet<String> = answers.iter().map(|answer| answer.json()["id"].to_string()).collect();
    assert_eq!(ids.len(), 1, "one tenant");
    // Each answer is the state right after its own write: 64 versions, and within each the members of one caller.
    let versions: BTreeSet<u64> = answers.iter().map(Exchange::version).collect();
    assert_eq!(versions, (1..=64).collect(), "`ver` counts the writes");
    let last = app.with_key(&key, "GET", "/tenants/by-external-id/one").send().await.expect_status(200);
    assert_eq!(last.version(), 64);
    let newest = answers.iter().find(|answer| answer.version() == 64).unwrap();
    assert_eq!(newest.json(), last.json());
    for answer in &answers {
        let n = answer.json()["metadata"]["n"].as_str().unwrap().to_owned();
        assert_eq!(answer.json()["name"], format!("n{n}"));
        assert_eq!(answer.json()["settings"]["max_concurrent_sticky"].to_string(), n);
    }
    check_at_rest(&app).await;
}

/// One caller finds half of what it asks for already there: what it writes must be the whole of it all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn upserts_that_agree_in_a_member_still_end_as_in_some_serial_order() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    warm(&app, &["upsert-tenant-by-external-id"]).await;
    let upsert = |name: &str, n: &str| {
        let body = json!({ "name": name, "metadata": { "n": n } });
        app.with_key(&key, "PUT", "/tenants/by-external-id/one").json(body)
    };
    // A pair is asked for whole: `a` comes with 1 or 3, `b` with 2.
    let mut raced = false;
    for _ in 0..6 {
        upsert("a", "3").send().await;
        let pairs = [("a", "1"), ("b", "2")].repeat(8);
        let (answers, overlapped) = race_once(&app, pairs.iter().map(|(name, n)| upsert(name, n))).await;
        raced |= overlapped;
        for answer in &answers {
            let tenant = answer.json();
            let pair = (tenant["name"].as_str().unwrap(), tenant["metadata"]["n"].as_str().unwrap());
            assert!([("a", "1"), ("b", "2")].contains(&pair), "a mixture of two callers: {answer}");
        }
    }
    assert!(raced, "the callers came one by one: nothing was raced");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_equal_upserts_one_writes() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    app.new_tenant(&key, "one").await;
    warm(&app, &["upsert-tenant-by-external-id"]).await;
    let upsert = |_| app.with_key(&key, "PUT", "/tenants/by-external-id/one").json(json!({ "name": "new" }));
    let answers = race(&app, (0..64).map(upsert)).await;
    check_statuses(&answers, &[(200, 64)]);
    assert_eq!(answers.iter().map(Exchange::version).collect::<BTreeSet<_>>(), BTreeSet::from([2]));
    assert_eq!(answers.iter().map(|answer| answer.body.clone()).collect::<BTreeSet<_>>().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_racing_upserts_is_first_or_names_the_winner() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    warm(&app, &["upsert-tenant-by-external-id", "create-tenant"]).await;
    let mut raced = false;
    for round in 0..4 {
        let external_id = format!("round-{round}");
        let upserts = (0..8).map(|_| app.with_key(&key, "PUT", &format!("/tenants/by-external-id/{external_id}")));
        let create = || app.with_key(&key, "POST", "/tenants").json(json!({ "external_id": external_id }));
        let (answers, overlapped) = race_once(&app, upserts.chain((0..8).map(|_| create()))).await;
        raced |= overlapped;
        let (upserted, created) = answers.split_at(8);
        assert!(upserted.iter().all(|answer| [200, 201].contains(&answer.status)), "{upserted:?}");
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1, "{answers:?}");
        let id = upserted[0].json()["id"].clone();
        for answer in created.iter().filter(|answer| answer.status != 201) {
            assert_eq!(
                answer.clone().expect_problem(409, "external-id-conflict").json()["conflicting_resource_id"],
                id
            );
        }
    }
    assert!(raced, "the callers came one by one: nothing was raced");
    check_at_rest(&app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_32_changes_of_one_version_one_is_made() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let tenant = app.new_tenant(&key, "one").await;
    let repository = app.new_repository(&key, "one").await;
    warm(&app, &["update-tenant", "update-repository"]).await;
    let paths = [
        format!("/tenants/{}", tenant["id"].as_str().unwrap()),
        format!("/repositories/{}", repository["id"].as_str().unwrap()),
    ];
    for path in paths {
        let tag = app.with_key(&key, "GET", &path).send().await.etag();
        let change = |n: usize| {
            app.with_key(&key, "PATCH", &path).header("if-match", &tag).json(json!({ "name": format!("n{n}") }))
        };
        let answers = race(&app, (0..32).map(change)).await;
        check_statuses(&answers, &[(200, 1), (412, 31)]);
        let made = answers.iter().find(|answer| answer.status == 200).unwrap();
        let now = app.with_key(&key, "GET", &path).send().await.expect_status(200);
        assert_eq!((now.version(), now.json()), (2, made.json()));
    }
    check_at_rest(&app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_of_different_members_are_all_kept() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let tenant = app.new_tenant(&key, "one").await;
    let path = format!("/tenants/{}", tenant["id"].as_str().unwrap());
    warm(&app, &["update-tenant"]).await;
    let members = [
        json!({ "name": "new" }),
        json!({ "metadata": { "a": "b" } }),
        json!({ "settings": { "filler_enabled": false } }),
        json!({ "status": "suspended" }),
    ];
    let change = |n: usize| app.with_key(&key, "PATCH", &path).json(members[n % 4].clone());
    let answers = race(&app, (0..32).map(change)).await;
    check_statuses(&answers, &[(200, 32)]);
    let now = app.with_key(&key, "GET", &path).send().await.expect_status(200);
    assert_eq!(now.version(), 33, "a PATCH with a member is a write, whatever was there");
    let now = now.json();
    assert_eq!((&now["name"], &now["status"]), (&json!("new"), &json!("suspended")));
    assert_eq!((&now["metadata"], &now["settings"]["filler_enabled"]), (&json!({ "a": "b" }), &json!(false)));
    check_at_rest(&app).await;
}

/// A default must be attached when it is written, so that such a change is bound to the tenant as it was read: each that lost a race is
/// decided again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_suspensions_leaves_status_and_index_in_agreement() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let tenant = app.new_tenant(&key, "one").await["id"].as_str().unwrap().to_owned();
    let path = format!("/tenants/{tenant}");
    warm(&app, &["update-tenant"]).await;
    let change = |n: usize| {
        let status = if n.is_multiple_of(2) { "suspended" } else { "active" };
        app.with_key(&key, "PATCH", &path).json(json!({ "status": status }))
    };
    let answers = race(&app, (0..64).map(change)).await;
    check_statuses(&answers, &[(200, 64)]);
    check_at_rest(&app).await;
    let status = app.with_key(&key, "GET", &path).send().await.json()["status"].clone();
    for wanted in ["suspended", "active"] {
        let list =
            app.with_key(&key, "GET", &format!("/tenants?status={wanted}")).send().await.expect_status(200).json();
        assert_eq!(list["data"].as_array().unwrap().len(), usize::from(status == wanted), "{list}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_external_id_that_comes_and_goes_has_at_most_one_owner() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    warm(&app, &["create-tenant", "upsert-tenant-by-external-id", "delete-tenant-by-external-id"]).await;
    let path = "/tenants/by-external-id/one";
    let worker = async |n: usize| {
        let mut made = Vec::new();
        for round in 0..8 {
            let answer = match (n + round) % 3 {
                0 => app.with_key(&key, "POST", "/tenants").json(json!({ "external_id": "one" })).send().await,
                1 => app.with_key(&key, "PUT", path).send().await,
                _ => app.with_key(&key, "DELETE", path).send().await,
            };
            assert!([200, 201, 204, 404, 409].contains(&answer.status), "{answer}");
            if answer.status == 201 {
                made.push(answer.json()["id"].as_str().unwrap().to_owned());
            }
        }
        made
    };
    let mut seen = BTreeSet::new();
    let watch = async {
        // Often enough to see one after the other, and seldom enough to leave the store to the workers.
        let mut looks = tokio::time::interval(Duration::from_millis(20));
        loop {
            looks.tick().await;
            let owners = app.items_of("tenant").await;
            assert!(owners.len() <= 1, "{owners:?}");
            seen.extend(owners.iter().map(|owner| owner["id"]["S"].as_str().unwrap().to_owned()));
        }
    };
    let work = async {
        tokio::select! {
            made = join_all((0..8).map(worker)) => made.concat(),
            () = watch => unreachable!("it watches as long as they work"),
        }
    };
    let (made, overlapped) = race_within(&app, each_write_waits(), work).await;
    assert!(overlapped, "the callers came one by one: nothing was raced");
    let ids: BTreeSet<String> = made.iter().cloned().collect();
    assert_eq!(ids.len(), made.len(), "ids are never used again");
    assert!(seen.len() > 1 && seen.is_subset(&ids), "the watch saw {seen:?} of {ids:?}");
    check_at_rest(&app).await;
}
