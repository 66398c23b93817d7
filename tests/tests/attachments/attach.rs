//! `PUT /tenants/{tenant_id}/repositories/{repository_id}`

use crate::World;
use tests::checks::{check_at_rest, wrote};
use tests::{Action, Exchange, Rule, Value, json};

#[tokio::test]
async fn the_first_is_201_and_what_is_omitted_stays() {
    let world = World::new(1).await;
    let bare = world.app.with_key(&world.key, "PUT", &world.path(0)).send().await.expect_status(201);
    let first = bare.json();
    let (tenant, id, time) = (&world.tenant, &world.repositories[0], first["created_at"].as_str().unwrap());
    let repository = world.app.with_key(&world.key, "GET", &format!("/repositories/{id}")).send().await.body;
    let shown = format!(
        r#"{{"object":"repository_attachment","tenant_id":"{tenant}","repository_id":"{id}","is_default":false,"branch_override":null,"repository":{repository},"created_at":"{time}","updated_at":"{time}"}}"#
    );
    assert_eq!((bare.body, bare.headers.iter().any(|(name, _)| name == "etag" || name == "location")), (shown, false));
    let branch = "😀".repeat(255);
    let changed = world.attach(0, json!({ "branch_override": branch })).await.expect_status(200).json();
    assert_eq!((&changed["branch_override"], &changed["created_at"]), (&json!(branch), &first["created_at"]));
    let chosen = world.attach(0, json!({ "is_default": true })).await.expect_status(200).json();
    assert_eq!((&chosen["branch_override"], &chosen["is_default"]), (&json!(branch), &json!(true)));
    for body in [
        json!({}),
        json!({ "is_default": true }),
        json!({ "branch_override": branch }),
        json!({ "is_default": true, "branch_override": branch }),
    ] {
        let (same, log) = world.app.requests_of(world.attach(0, body)).await;
        assert_eq!((same.expect_status(200).json(), wrote(&log)), (chosen.clone(), false));
    }
    for body in [json!({ "branch_override": null }), json!({ "branch_override": "" })] {
        world.attach(0, json!({ "branch_override": "x" })).await.expect_status(200);
        let cleared = world.attach(0, body).await.expect_status(200).json();
        assert_eq!((&cleared["branch_override"], &cleared["is_default"]), (&Value::Null, &json!(true)));
    }
    check_at_rest(&world.app).await;
}

#[tokio::test]
async fn is_default_is_the_tenants_default() {
    let world = World::new(3).await;
    let default = async || world.tenant().await.json()["default_repository_id"].clone();
    let shown = async || {
        let list = world.list("").await;
        let defaults = list["data"].as_array().unwrap().iter().filter(|row| row["is_default"] == true);
        defaults.map(|row| row["repository_id"].clone()).collect::<Vec<_>>()
    };
    let id = |n: usize| json!(world.repositories[n]);
    assert_eq!(
        world.attach(0, json!({ "is_default": true, "branch_override": "dev" })).await.expect_status(201).json()["is_default"],
        true
    );
    assert_eq!((default().await, shown().await), (id(0), vec![id(0)]));
    world.attach(1, json!({ "is_default": true })).await.expect_status(201);
    assert_eq!((default().await, shown().await), (id(1), vec![id(1)]));
    world.attach(0, json!({ "is_default": true })).await.expect_status(200);
    assert_eq!((default().await, shown().await), (id(0), vec![id(0)]));
    // `false` on another than the default changes nothing, on the default it clears it.
    world.attach(1, json!({ "is_default": false })).await.expect_status(200);
    world.attach(2, json!({ "is_default": false })).await.expect_status(201);
    assert_eq!((default().await, shown().await), (id(0), vec![id(0)]));
    assert_eq!(world.attach(0, json!({ "is_default": false })).await.expect_status(200).json()["is_default"], false);
    assert_eq!((default().await, shown().await), (Value::Null, vec![]));
    world.patch(json!({ "default_repository_id": id(2) })).await.expect_status(200);
    assert_eq!(shown().await, [id(2)]);
    assert_eq!(world.attach(2, json!({})).await.json()["is_default"], true);
    check_at_rest(&world.app).await;
}

#[tokio::test]
async fn versions_and_times_move_with_what_is_theirs_alone() {
    let world = World::new(2).await;
    let state = async || {
        let tenant = world.tenant().await;
        let list = world.list("").await;
        let time = |n: usize| {
            let rows = list["data"].as_array().unwrap().iter();
            rows.filter(|row| row["repository_id"] == world.repositories[n])
                .map(|row| row["updated_at"].to_string())
                .collect::<String>()
        };
        (tenant.etag(), tenant.json()["updated_at"].to_string(), time(0), time(1))
    };
    world.attach(1, json!({})).await.expect_status(201);
    let first = state().await;
    world.attach(0, json!({})).await.expect_status(201);
    let attached = state().await;
    assert_eq!((&attached.0, &attached.1, &attached.3), (&first.0, &first.1, &first.3), "attaching leaves the tenant");
    tests::checks::next_millisecond().await;
    world.attach(0, json!({ "branch_override": "x" })).await.expect_status(200);
    let changed = state().await;
    assert_eq!((&changed.0, &changed.1, &changed.3), (&attached.0, &attached.1, &attached.3));
    assert_ne!(changed.2, attached.2, "its own PUT moves an attachment");
    tests::checks::next_millisecond().await;
    world.attach(0, json!({ "is_default": true })).await.expect_status(200);
    let chosen = state().await;
    assert!(chosen.0 != changed.0 && chosen.1 != changed.1 && chosen.2 != changed.2 && chosen.3 == changed.3);
    tests::checks::next_millisecond().await;
    world.attach(1, json!({ "is_default": true })).await.expect_status(200);
    let other = state().await;
    assert!(other.0 != chosen.0 && other.1 != chosen.1 && other.3 != chosen.3);
    assert_eq!(other.2, chosen.2, "it lost the default by another's PUT");
    tests::checks::next_millisecond().await;
    world.patch(json!({ "default_repository_id": null })).await.expect_status(200);
    let cleared = state().await;
    assert_eq!((&cleared.2, &cleared.3), (&other.2, &other.3), "a PATCH of the tenant is no PUT of an attachment");
    world.detach(0).await.expect_status(204);
    assert_eq!((state().await.0, state().await.1), (cleared.0, cleared.1), "detaching leaves the tenant");
}

#[tokio::test]
async fn what_is_wrong_or_missing() {
    let world = World::new(1).await;
    let body = json!({ "is_default": null, "branch_override": "x".repeat(256), "repository": {}, "tenant_id": "x", "created_at": "x" });
    assert_eq!(
        world.attach(0, body).await.pointers(),
        ["/branch_override", "/created_at", "/is_default", "/repository", "/tenant_id"]
    );
    assert_eq!(
        world.attach(0, json!({ "is_default": "true", "branch_override": 1 })).await.pointers(),
        ["/branch_override", "/is_default"]
    );
    let put = |path: &str| world.app.with_key(&world.key, "PUT", path);
    let stale = put(&world.path(0)).header("if-match", "x").send().await;
    stale.expect_status(201);
    put(&world.path(0)).body("text/plain", "{}").send().await.expect_problem(415, "unsupported-media-type");
    put(&world.path(0)).body("application/json", "[]").send().await.expect_problem(400, "malformed-request");
    let (tenant, repository) = (&world.tenant, &world.repositories[0]);
    let absent = "01arz3ndektsv4rrffq69g5fav";
    for path in [
        format!("/tenants/{tenant}/repositories/rep_{absent}"),
        format!("/tenants/tnt_{absent}/repositories/{repository}"),
        format!("/tenants/{tenant}/repositories/x"),
        format!("/tenants/x/repositories/{repository}"),
        format!("/tenants/{}/repositories/{repository}", tenant.to_uppercase()),
    ] {
        put(&path).send().await.expect_problem(404, "not-found");
        assert_eq!(put(&path).json(json!({ "x": 1 })).send().await.pointers(), ["/x"], "stateless faults come first");
        world.app.with_key(&world.key, "DELETE", &path).send().await.expect_problem(404, "not-found");
    }
    check_at_rest(&world.app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_are_attached_and_no_more() {
    let world = World::new(102).await;
    let attach = |n: usize| world.attach(n, json!({ "branch_override": "é".repeat(255) }));
    // The last two places are raced for.
    for n in 0..98 {
        attach(n).await.expect_status(201);
    }
    let raced: Vec<Exchange> = futures_util::future::join_all((98..102).map(attach)).await;
    let (first, full): (Vec<_>, Vec<_>) = raced.into_iter().partition(|answer| answer.status == 201);
    assert_eq!((first.len(), full.len()), (2, 2));
    assert!(full.iter().all(|answer| answer.pointers() == [""]));
    assert_eq!(world.attach(0, json!({ "is_default": true })).await.expect_status(200).json()["is_default"], true);
    let list = world.list("limit=100").await;
    assert_eq!((list["data"].as_array().unwrap().len(), &list["has_more"]), (100, &json!(false)));
    world.detach(1).await.expect_status(204);
    check_at_rest(&world.app).await;
    let again = world.attach(1, json!({})).await.expect_status(201).json();
    assert_eq!(again["branch_override"], Value::Null, "nothing is left of an earlier attachment");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_that_change_an_attachment_at_once_leave_what_one_of_them_asked_for() {
    let world = World::new(1).await;
    world.app.lambda.warm("attach-tenant-repository", 2).await.unwrap();
    world.attach(0, json!({ "branch_override": "y" })).await.expect_status(201);
    let (mut one_left, mut other_left) = (false, false);
    for _ in 0..20 {
        world.attach(0, json!({ "is_default": false, "branch_override": "y" })).await.expect_status(200);
        // Each names a member that is as it asks for already, and one that is not. Their writes wait for each other.
        world.app.faults([Rule::on("UpdateItem", Action::Delay { ms: 30 })]);
        let bodies = [
            json!({ "is_default": true, "branch_override": "y" }),
            json!({ "is_default": false, "branch_override": "z" }),
        ];
        let (one, other) = tokio::join!(world.attach(0, bodies[0].clone()), world.attach(0, bodies[1].clone()));
        world.app.faults([]);
        let shown = |answer: &Value| json!({ "is_default": answer["is_default"], "branch_override": answer["branch_override"] });
        for (answer, body) in [(one, &bodies[0]), (other, &bodies[1])] {
            assert_eq!(shown(&answer.expect_status(200).json()), *body);
        }
        let left = shown(&world.list("limit=1").await["data"][0]);
        assert!(bodies.contains(&left), "a mixture: {left}");
        one_left |= left == bodies[0];
        other_left |= left == bodies[1];
    }
    assert!(one_left && other_left, "one of them always won: nothing was raced");
    check_at_rest(&world.app).await;
}
