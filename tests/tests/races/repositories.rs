//! Repositories, their names, attachments and defaults in parallel.

use crate::{check_statuses, race, race_once, warm};
use std::collections::BTreeSet;
use tests::checks::check_at_rest;
use tests::{App, Exchange, Value, json};

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
