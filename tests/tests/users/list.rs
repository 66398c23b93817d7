//! `GET /users`

use tests::checks::{check_at_rest, check_walk, escaped, ids, pages};
use tests::{App, Members, Value, id_of, json};

async fn list(world: &Members, query: &str) -> Value {
    world.get(&format!("/users?{query}")).await.json()
}

fn empty() -> Value {
    json!({ "object": "list", "data": [], "has_more": false, "next_cursor": null })
}

#[tokio::test]
async fn pages_hold_each_user_once_in_both_directions() {
    let world = Members::new().await;
    let other = id_of(&world.app.new_tenant(&world.key, "two").await);
    let (mut all, mut mine): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for n in 0..9 {
        check_walk(&world.app, &world.key, "/users", 4, &all).await;
        let tenant = if n % 3 == 0 { &other } else { &world.tenant };
        let user = id_of(&world.app.new_user(&world.key, tenant, &format!("u{n}")).await);
        all.push(user.clone());
        mine.extend((n % 3 != 0).then_some(user));
        all.sort_by(|a, b| b.cmp(a));
        mine.sort_by(|a, b| b.cmp(a));
    }
    for limit in [1, 4, 100] {
        check_walk(&world.app, &world.key, "/users", limit, &all).await;
    }
    let query = format!("tenant_id={}&limit=4", world.tenant);
    let forward = pages(&world.app, &world.key, &format!("/users?{query}"), "starting_after", None).await;
    assert_eq!(forward.iter().flat_map(ids).collect::<Vec<_>>(), mine);
    let mut backward =
        pages(&world.app, &world.key, &format!("/users?{query}"), "ending_before", mine.last().map(String::as_str))
            .await;
    backward.reverse();
    assert_eq!(backward.iter().flat_map(ids).collect::<Vec<_>>(), mine[..mine.len() - 1]);
    let row = list(&world, "limit=1").await["data"][0].clone();
    assert_eq!(row, world.get(&format!("/users/{}", all[0])).await.json());
}

#[tokio::test]
async fn wrong_parameters_are_told_at_once() {
    let world = Members::new().await;
    let user = world.user("one").await;
    for (query, pointers) in [
        ("limit=0", vec!["/query/limit"]),
        ("tenant_id=x&email=x&status=gone", vec!["/query/email", "/query/status", "/query/tenant_id"]),
        ("tenant_id=&email=&status=", vec!["/query/email", "/query/status", "/query/tenant_id"]),
        ("email=a%00%40b&name=x", vec!["/query/email", "/query/name"]),
        ("status=active&status=active", vec!["/query/status"]),
        ("starting_after=tnt_01arz3ndektsv4rrffq69g5fav", vec!["/query/starting_after"]),
    ] {
        let answer = world.call("GET", &format!("/users?{query}")).send().await;
        assert_eq!(answer.pointers(), pointers, "{query}");
        let answer = world.call("GET", &format!("/users?{query}&tenant_id={}", world.tenant)).send().await;
        assert_eq!(answer.status, 422, "{query}");
    }
    let too_long = format!("/users?email={}%40b", "x".repeat(319));
    assert_eq!(world.call("GET", &too_long).send().await.pointers(), ["/query/email"]);
    let both = format!("/users?starting_after={user}&ending_before={user}");
    world.call("GET", &both).send().await.expect_problem(400, "malformed-request");
    assert_eq!(ids(&list(&world, "starting_after=&ending_before=").await), [user]);
}

#[tokio::test]
async fn filters_hold_together_and_are_exact() {
    let world = Members::new().await;
    let other = id_of(&world.app.new_tenant(&world.key, "two").await);
    let email = "A+é%41@example.com";
    let mine = id_of(&world.put("one", json!({ "email": email })).await.json());
    let plain = world.user("two").await;
    world.call("DELETE", &format!("/users/{mine}")).send().await.expect_status(204);
    let theirs = id_of(&world.app.new_user(&world.key, &other, "one").await);
    world.send("PATCH", &format!("/users/{theirs}"), json!({ "email": email })).await.expect_status(200);
    let sorted = |mut ids: Vec<String>| {
        ids.sort();
        ids
    };
    let (tenant, email) = (format!("tenant_id={}", world.tenant), format!("email={}", escaped(email)));
    for (query, expected) in [
        (email.clone(), vec![&mine, &theirs]),
        (format!("{email}&status=active"), vec![&theirs]),
        (format!("{email}&{tenant}"), vec![&mine]),
        (format!("{email}&{tenant}&status=active"), vec![]),
        ("status=suspended".to_owned(), vec![&mine]),
        ("status=active".to_owned(), vec![&plain, &theirs]),
        (format!("{tenant}&status=active"), vec![&plain]),
        ("email=a%2B%C3%A9%2541%40example.com".to_owned(), vec![]),
        ("email=unknown%40example.com".to_owned(), vec![]),
    ] {
        let page = list(&world, &query).await;
        assert_eq!(sorted(ids(&page)), sorted(expected.into_iter().cloned().collect()), "{query}");
    }
    // The filters see changes at once.
    world
        .send("PATCH", &format!("/users/{mine}"), json!({ "status": "active", "email": null }))
        .await
        .expect_status(200);
    assert_eq!(list(&world, &format!("{email}&{tenant}")).await, empty());
    assert_eq!(list(&world, "status=suspended").await, empty());
    check_at_rest(&world.app).await;
}

#[tokio::test]
async fn a_filter_that_rarely_matches_finds_every_user() {
    let world = Members::new().await;
    let mut expected = Vec::new();
    for n in 0..30 {
        let user = id_of(
            &world.put(&format!("u{n}"), json!({ "email": if n % 10 == 0 { "a@b" } else { "b@a" } })).await.json(),
        );
        expected.extend((n % 10 == 0).then_some(user));
    }
    expected.sort_by(|a, b| b.cmp(a));
    for query in ["email=a%40b&limit=1".to_owned(), format!("email=a%40b&limit=2&tenant_id={}", world.tenant)] {
        let found = pages(&world.app, &world.key, &format!("/users?{query}"), "starting_after", None).await;
        assert_eq!(found.iter().flat_map(ids).collect::<Vec<_>>(), expected, "{query}");
    }
}

#[tokio::test]
async fn users_of_absent_tenants_and_of_others_are_not_listed() {
    let world = Members::new().await;
    world.user("one").await;
    let other = id_of(&world.app.new_tenant(&world.key, "stays").await);
    let stays = id_of(&world.app.new_user(&world.key, &other, "one").await);
    let foreign = world.app.new_integration("foreign").await;
    assert_eq!(world.app.with_key(&foreign, "GET", "/users").send().await.json(), empty());
    for tenant in [world.tenant.as_str(), "tnt_01arz3ndektsv4rrffq69g5fav"] {
        let path = format!("/users?tenant_id={tenant}");
        assert_eq!(world.app.with_key(&foreign, "GET", &path).send().await.expect_status(200).json(), empty());
    }
    let bare = id_of(&world.app.new_tenant(&world.key, "bare").await);
    assert_eq!(list(&world, &format!("tenant_id={bare}")).await, empty());
    world.deprovision().await;
    assert_eq!(list(&world, &format!("tenant_id={}", world.tenant)).await, empty());
    for query in ["", "status=active"] {
        assert_eq!(ids(&list(&world, query).await), [stays.as_str()], "before the sweep");
    }
    world.app.sweep().await.unwrap();
    assert_eq!(ids(&list(&world, "").await), [stays]);
    check_at_rest(&world.app).await;
}

/// Users as large as they can be: 100 KB each.
#[tokio::test]
async fn a_page_of_large_rows_ends_at_4_mib() {
    let world = Members::new().await;
    let metadata: serde_json::Map<_, _> = (0..50).map(|n| (format!("{n:02}"), json!("😀".repeat(500)))).collect();
    let user = id_of(&world.put("one", json!({ "metadata": metadata })).await.json());
    let mut item = world.app.items_of("user").await.remove(0);
    let mut expected = vec![user.clone()];
    for n in 0..45 {
        let ulid = format!("{}{n:04}", &user[4..26]);
        item["id"]["S"] = json!(format!("usr_{ulid}"));
        item["sk"]["S"] = json!(ulid);
        item["g1sk"]["S"] = json!(ulid);
        world.app.store.put(&world.app.table, item.clone()).await.unwrap();
        expected.push(format!("usr_{ulid}"));
    }
    expected.sort_by(|a, b| b.cmp(a));
    expected.dedup();
    for query in ["limit=100".to_owned(), format!("limit=100&tenant_id={}", world.tenant)] {
        check_large(&world.app, &world.key, &format!("/users?{query}"), &expected).await;
    }
}

async fn check_large(app: &App, key: &str, path: &str, expected: &[String]) {
    let forward = pages(app, key, path, "starting_after", None).await;
    assert_eq!(forward.iter().flat_map(ids).collect::<Vec<_>>(), expected);
    let mut backward = pages(app, key, path, "ending_before", Some("usr_00000000000000000000000000")).await;
    backward.reverse();
    assert_eq!(backward.iter().flat_map(ids).collect::<Vec<_>>(), expected);
    assert_eq!((forward.len(), backward.len()), (2, 2), "{path}");
    assert!(forward.iter().chain(&backward).all(|page| page.to_string().len() < (4 << 20) + 200));
}
