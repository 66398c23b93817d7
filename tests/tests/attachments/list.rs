//! `GET /tenants/{tenant_id}/repositories`

use crate::World;
use tests::checks::{check_walk, ids};
use tests::json;

#[tokio::test]
async fn the_newest_repository_is_first_whenever_it_was_attached() {
    let world = World::new(10).await;
    let path = format!("/tenants/{}/repositories", world.tenant);
    let mut expected = Vec::new();
    for n in [3, 0, 9, 6, 1, 8, 5, 2, 7, 4] {
        check_walk(&world.app, &world.key, &path, 3, &expected).await;
        world.attach(n, json!({ "is_default": n == 5 })).await.expect_status(201);
        expected.push(world.repositories[n].clone());
        expected.sort_by(|a, b| b.cmp(a));
    }
    check_walk(&world.app, &world.key, &path, 1, &expected).await;
    check_walk(&world.app, &world.key, &path, 100, &expected).await;
    let list = world.list("limit=10").await;
    for row in list["data"].as_array().unwrap() {
        let id = row["repository_id"].as_str().unwrap();
        let repository = world.app.with_key(&world.key, "GET", &format!("/repositories/{id}")).send().await.json();
        assert_eq!((&row["repository"], &row["tenant_id"]), (&repository, &json!(world.tenant)));
        assert_eq!(row["is_default"], json!(id == world.repositories[5]));
    }
    // A position that is not attached any more, and one that never was.
    world.detach(1).await.expect_status(204);
    expected.retain(|id| *id != world.repositories[1]);
    let older: Vec<_> = expected.iter().filter(|id| **id < world.repositories[1]).cloned().collect();
    assert_eq!(ids(&world.list(&format!("starting_after={}", world.repositories[1])).await), older);
    assert_eq!(ids(&world.list("ending_before=rep_00000000000000000000000000").await), expected);
    assert_eq!(ids(&world.list("starting_after=rep_00000000000000000000000000").await).len(), 0);
}

#[tokio::test]
async fn queries_that_are_wrong_and_tenants_that_are_not_there() {
    let world = World::new(0).await;
    let get = |path: &str| world.app.with_key(&world.key, "GET", path).send();
    let path = format!("/tenants/{}/repositories", world.tenant);
    let empty = json!({ "object": "list", "data": [], "has_more": false, "next_cursor": null });
    assert_eq!(get(&path).await.expect_status(200).json(), empty);
    assert_eq!(get(&format!("{path}?starting_after=&ending_before=")).await.expect_status(200).json(), empty);
    let pointers =
        get(&format!("{path}?limit=0&starting_after=tnt_01arz3ndektsv4rrffq69g5fav&name=x")).await.pointers();
    assert_eq!(pointers, ["/query/limit", "/query/name", "/query/starting_after"]);
    let both =
        format!("{path}?starting_after=rep_01arz3ndektsv4rrffq69g5fav&ending_before=rep_01arz3ndektsv4rrffq69g5fav");
    get(&both).await.expect_problem(400, "malformed-request");
    for tenant in ["tnt_01arz3ndektsv4rrffq69g5fav", "x"] {
        get(&format!("/tenants/{tenant}/repositories")).await.expect_problem(404, "not-found");
        assert_eq!(get(&format!("/tenants/{tenant}/repositories?limit=0")).await.pointers(), ["/query/limit"]);
    }
}

#[tokio::test]
async fn a_body_is_at_most_4_mib_to_the_byte() {
    let world = World::new(1).await;
    world.attach(0, json!({})).await.expect_status(201);
    let row = world.list("limit=1").await["data"][0].to_string().len();
    // As many rows as make 4 MiB exactly, were there nothing around them.
    let (rows, bytes) = (40, (4 << 20) / 40 - 1);
    let mut item = world.app.items_of("repository").await.remove(0);
    let texts = (0..50).map(|n| (format!("{n:02}"), json!({ "S": "x".repeat((bytes - row - 50 * 8 + 1) / 50) })));
    item["metadata"] = json!({ "M": texts.collect::<serde_json::Map<_, _>>() });
    let mut tenant = world.app.items_of("tenant").await.remove(0);
    let attached = tenant["repos"]["M"].as_object().unwrap().values().next().unwrap().clone();
    for n in 0..=rows {
        let ulid = format!("01arz3ndektsv4rrffq69gr{n:03}");
        (item["sk"]["S"], item["id"]["S"]) = (json!(ulid), json!(format!("rep_{ulid}")));
        item["name"]["S"] = json!(format!("{n:02}"));
        world.app.store.put(&world.app.table, item.clone()).await.unwrap();
        tenant["repos"]["M"][&ulid] = attached.clone();
    }
    tenant["repos"]["M"].as_object_mut().unwrap().retain(|ulid, _| ulid.starts_with("01arz3ndek"));
    world.app.store.put(&world.app.table, tenant).await.unwrap();
    let path = format!("/tenants/{}/repositories?limit=100", world.tenant);
    let page = world.app.with_key(&world.key, "GET", &path).send_unchecked().await.expect_status(200);
    let next = page.json()["data"][0].to_string().len() + 1;
    assert!(page.body.len() <= 4 << 20 && page.body.len() + next > 4 << 20, "{} of {next} each", page.body.len());
}
