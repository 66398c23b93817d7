//! Callers in parallel (docs/reliability.md, group C): the final state equals some serial order, and the invariants hold at rest.
//!
//! Each race asserts from the proxy's log that writes to the store were under way at the same time: a test in which the
//! callers happened to come one by one proves nothing.

mod races {
    mod members;
}

use futures_util::future::join_all;
use std::collections::BTreeSet;
use std::time::Duration;
use tests::checks::{check_at_rest, most_writes_at_once};
use tests::{Action, App, Call, Exchange, Rule, Value, json};
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
async fn all_of_32_who_choose_a_default_get_through() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let path = format!("/tenants/{}", app.new_tenant(&key, "one").await["id"].as_str().unwrap());
    let mut repositories = Vec::new();
    for name in ["a", "b"] {
        let repository = app.new_repository(&key, name).await["id"].as_str().unwrap().to_owned();
        app.with_key(&key, "PUT", &format!("{path}/repositories/{repository}")).send().await.expect_status(201);
        repositories.push(repository);
    }
    warm(&app, &["update-tenant"]).await;
    let choose = |n: usize| {
        let body = json!({ "default_repository_id": repositories[n % 2], "metadata": { "by": n.to_string() } });
        app.with_key(&key, "PATCH", &path).json(body)
    };
    let answers = race(&app, (0..32).map(choose)).await;
    check_statuses(&answers, &[(200, 32)]);
    assert_eq!(app.with_key(&key, "GET", &path).send().await.version(), 33, "each was applied once");
    check_at_rest(&app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_default_is_never_detached_by_a_race() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let tenant = app.new_tenant(&key, "one").await["id"].as_str().unwrap().to_owned();
    let repository = app.new_repository(&key, "one").await["id"].as_str().unwrap().to_owned();
    let path = format!("/tenants/{tenant}");
    let attachment = format!("{path}/repositories/{repository}");
    warm(&app, &["update-tenant", "detach-tenant-repository"]).await;
    let mut raced = false;
    for _ in 0..8 {
        app.with_key(&key, "PUT", &attachment).send().await;
        let choose = |_| app.with_key(&key, "PATCH", &path).json(json!({ "default_repository_id": repository }));
        let detach = |_| app.with_key(&key, "DELETE", &attachment);
        let (answers, overlapped) = race_once(&app, (0..4).map(choose).chain((0..4).map(detach))).await;
        raced |= overlapped;
        let detached = answers.iter().filter(|answer| answer.status == 204).count();
        assert!(detached <= 1, "{answers:?}");
        for answer in &answers {
            assert!([200, 204, 404, 409, 422].contains(&answer.status), "{answer}");
        }
        check_at_rest(&app).await;
        app.with_key(&key, "PATCH", &path)
            .json(json!({ "default_repository_id": null }))
            .send()
            .await
            .expect_status(200);
    }
    assert!(raced, "the callers came one by one: nothing was raced");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_repository_is_never_attached_by_a_race() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let tenant = app.new_tenant(&key, "one").await["id"].as_str().unwrap().to_owned();
    warm(&app, &["attach-tenant-repository", "delete-repository"]).await;
    let mut raced = false;
    for round in 0..8 {
        let repository = app.new_repository(&key, &format!("r{round}")).await["id"].as_str().unwrap().to_owned();
        let attach = |_| app.with_key(&key, "PUT", &format!("/tenants/{tenant}/repositories/{repository}"));
        let delete = |_| app.with_key(&key, "DELETE", &format!("/repositories/{repository}"));
        let (answers, overlapped) = race_once(&app, (0..4).map(attach).chain((0..4).map(delete))).await;
        raced |= overlapped;
        let (attached, deleted) = answers.split_at(4);
        if deleted.iter().any(|answer| answer.status == 204) {
            assert!(attached.iter().all(|answer| answer.status == 404), "{answers:?}");
        } else {
            assert!(attached.iter().all(|answer| [200, 201].contains(&answer.status)), "{answers:?}");
            let named = |answer: &Exchange| answer.json()["conflicting_resource_id"] == tenant;
            assert!(deleted.iter().all(|answer| answer.status == 409 && named(answer)), "{answers:?}");
        }
        check_at_rest(&app).await;
    }
    assert!(raced, "the callers came one by one: nothing was raced");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_32_attaches_one_is_the_first() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let tenant = app.new_tenant(&key, "one").await["id"].as_str().unwrap().to_owned();
    let repository = app.new_repository(&key, "one").await["id"].as_str().unwrap().to_owned();
    warm(&app, &["attach-tenant-repository"]).await;
    let path = format!("/tenants/{tenant}/repositories/{repository}");
    let answers = race(&app, (0..32).map(|_| app.with_key(&key, "PUT", &path))).await;
    check_statuses(&answers, &[(201, 1), (200, 31)]);
    assert_eq!(answers.iter().map(|answer| answer.body.clone()).collect::<BTreeSet<_>>().len(), 1);
    assert_eq!(app.items_of("repository").await[0]["n"]["N"], "1");
    check_at_rest(&app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_default_that_32_ask_for_changes_the_tenant_once() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let tenant = app.new_tenant(&key, "one").await["id"].as_str().unwrap().to_owned();
    let repository = app.new_repository(&key, "one").await["id"].as_str().unwrap().to_owned();
    warm(&app, &["attach-tenant-repository"]).await;
    let path = format!("/tenants/{tenant}/repositories/{repository}");
    app.with_key(&key, "PUT", &path).send().await.expect_status(201);
    let ask = |body: Value| app.with_key(&key, "PUT", &path).json(body);
    for (body, tag) in [
        (json!({ "is_default": true, "branch_override": "dev" }), 2),
        (json!({ "is_default": false }), 3),
        (json!({ "is_default": true, "branch_override": null }), 4),
    ] {
        let answers = race(&app, (0..32).map(|_| ask(body.clone()))).await;
        check_statuses(&answers, &[(200, 32)]);
        assert_eq!(answers.iter().map(|answer| answer.body.clone()).collect::<BTreeSet<_>>().len(), 1);
        let now = app.with_key(&key, "GET", &format!("/tenants/{tenant}")).send().await;
        assert_eq!(now.version(), tag, "the tag moves when the default changes, and only then");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_default_at_a_time() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let tenant = app.new_tenant(&key, "one").await["id"].as_str().unwrap().to_owned();
    let mut paths = Vec::new();
    for n in 0..8 {
        let repository = app.new_repository(&key, &format!("r{n}")).await["id"].as_str().unwrap().to_owned();
        paths.push(format!("/tenants/{tenant}/repositories/{repository}"));
    }
    warm(&app, &["attach-tenant-repository"]).await;
    let attach = |n: usize| app.with_key(&key, "PUT", &paths[n % 8]).json(json!({ "is_default": n % 5 != 4 }));
    let answers = race(&app, (0..64).map(attach)).await;
    check_statuses(&answers, &[(201, 8), (200, 56)]);
    let list =
        app.with_key(&key, "GET", &format!("/tenants/{tenant}/repositories")).send().await.expect_status(200).json();
    let default =
        app.with_key(&key, "GET", &format!("/tenants/{tenant}")).send().await.json()["default_repository_id"].clone();
    for row in list["data"].as_array().unwrap() {
        assert_eq!(row["is_default"], json!(row["repository_id"] == default), "{list}");
    }
    check_at_rest(&app).await;
}

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_registrations_of_a_name_one_wins_and_64_renames_all_get_through() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    warm(&app, &["register-repository", "update-repository"]).await;
    let body = json!({ "name": "one", "repo_url": "https://example.com/one.git" });
    let register = |_| app.with_key(&key, "POST", "/repositories").json(body.clone());
    let answers = race(&app, (0..64).map(register)).await;
    check_statuses(&answers, &[(201, 1), (409, 63)]);
    let winner = answers.iter().find(|answer| answer.status == 201).unwrap().json()["id"].clone();
    for loser in answers.iter().filter(|answer| answer.status == 409) {
        let problem = loser.clone().expect_problem(409, "name-conflict").json();
        assert_eq!(problem["conflicting_resource_id"], winner);
    }
    let path = format!("/repositories/{}", winner.as_str().unwrap());
    let rename = |n: usize| app.with_key(&key, "PATCH", &path).json(json!({ "name": format!("n{n}") }));
    let answers = race(&app, (0..64).map(rename)).await;
    check_statuses(&answers, &[(200, 64)]);
    assert_eq!(answers.iter().map(Exchange::version).collect::<BTreeSet<_>>(), (2..=65).collect());
    check_at_rest(&app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_repositories_that_race_for_a_name_do_not_share_it() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let mut paths = Vec::new();
    for n in 0..8 {
        let repository = app.new_repository(&key, &format!("r{n}")).await;
        paths.push(format!("/repositories/{}", repository["id"].as_str().unwrap()));
    }
    warm(&app, &["update-repository"]).await;
    let rename = |path: &String| app.with_key(&key, "PATCH", path).json(json!({ "name": "wanted" }));
    let answers = race(&app, paths.iter().map(rename)).await;
    check_statuses(&answers, &[(200, 1), (409, 7)]);
    let winner = answers.iter().find(|answer| answer.status == 200).unwrap().json()["id"].clone();
    assert!(
        answers
            .iter()
            .filter(|answer| answer.status == 409)
            .all(|answer| answer.json()["conflicting_resource_id"] == winner)
    );
    check_at_rest(&app).await;
}
