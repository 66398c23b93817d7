//! `GET /conversations`: whose, in which order, and what is asked wrongly. Walks through pages are in `list_pages.rs`.

use tests::checks::{ids, next_millisecond};
use tests::{App, Members, Value, id_of, json};

async fn list(world: &Members, query: &str) -> Value {
    world.get(&format!("/conversations?{query}")).await.json()
}

fn of<const N: usize>(ids: [&String; N]) -> Vec<String> {
    ids.map(String::clone).to_vec()
}

fn empty() -> Value {
    json!({ "object": "list", "data": [], "has_more": false, "next_cursor": null })
}

#[tokio::test]
async fn a_list_is_of_a_user_or_of_a_tenant() {
    let world = Members::new().await;
    let (one, two) = (world.user("one").await, world.user("two").await);
    let other = id_of(&world.app.new_tenant(&world.key, "two").await);
    let third = id_of(&world.app.new_user(&world.key, &other, "one").await);
    let mut made = Vec::new();
    for user in [&one, &two, &one, &third] {
        next_millisecond().await;
        made.push(world.conversation(user).await);
    }
    let of_user = list(&world, &format!("user_id={one}")).await;
    assert_eq!(
        of_user,
        json!({ "object": "list", "data": [made[2], made[0]], "has_more": false, "next_cursor": null })
    );
    let of_tenant = list(&world, &format!("tenant_id={}", world.tenant)).await;
    assert_eq!(of_tenant["data"], json!([made[2], made[1], made[0]]));
    assert_eq!(list(&world, &format!("tenant_id={other}")).await["data"], json!([made[3]]));
    // What is unknown, foreign or deprovisioned has none.
    let stranger = world.app.new_integration("stranger").await;
    for owner in [format!("user_id={one}"), format!("tenant_id={}", world.tenant)] {
        let foreign = world.by(&stranger, "GET", &format!("/conversations?{owner}")).send().await;
        assert_eq!(foreign.expect_status(200).json(), empty(), "{owner}");
    }
    world.call("DELETE", "/tenants/by-external-id/two").send().await.expect_status(204);
    for owner in [
        "user_id=usr_00000000000000000000000000".to_owned(),
        "tenant_id=tnt_00000000000000000000000000".to_owned(),
        format!("user_id={third}"),
        format!("tenant_id={other}"),
    ] {
        assert_eq!(list(&world, &owner).await, empty(), "{owner}");
        let after = format!("{owner}&starting_after={}", id_of(&made[3]));
        assert_eq!(list(&world, &after).await, empty(), "{after}");
    }
}

#[tokio::test]
async fn the_last_that_was_used_comes_first() {
    let world = Members::new().await;
    let user = world.user("u").await;
    let mut made = Vec::new();
    for _ in 0..3 {
        next_millisecond().await;
        made.push(id_of(&world.conversation(&user).await));
    }
    let [first, second, third] = &made[..] else { unreachable!() };
    for owner in [format!("user_id={user}"), format!("tenant_id={}", world.tenant)] {
        assert_eq!(ids(&list(&world, &owner).await), of([third, second, first]));
    }
    next_millisecond().await;
    world.say(first, json!({ "content": "c" })).await.expect_status(201);
    for owner in [format!("user_id={user}"), format!("tenant_id={}", world.tenant)] {
        let listed = list(&world, &owner).await;
        assert_eq!(ids(&listed), of([first, third, second]));
        assert_eq!(listed["data"][0], world.shown(first).await.json());
    }
    // What is no message moves none.
    next_millisecond().await;
    world.change(second, json!({ "title": "T" })).await.expect_status(200);
    world.archive(third).await.expect_status(204);
    assert_eq!(ids(&list(&world, &format!("user_id={user}")).await), of([first, third, second]));
    next_millisecond().await;
    world.say(second, json!({ "content": "c" })).await.expect_status(201);
    assert_eq!(ids(&list(&world, &format!("user_id={user}")).await), of([second, first, third]));
    // A cursor marks the place that it has now.
    let after = |id: &str| format!("user_id={user}&starting_after={id}");
    let before = |id: &str| format!("user_id={user}&ending_before={id}");
    assert_eq!(ids(&list(&world, &after(first)).await), of([third]));
    assert_eq!(ids(&list(&world, &before(first)).await), of([second]));
    next_millisecond().await;
    world.say(first, json!({ "content": "c" })).await.expect_status(201);
    assert_eq!(ids(&list(&world, &after(first)).await), of([second, third]));
    assert_eq!(list(&world, &before(first)).await, empty());
}

#[tokio::test]
async fn a_status_shows_these_only() {
    let world = Members::new().await;
    let user = world.user("u").await;
    let mut made = Vec::new();
    for number in 0..6 {
        next_millisecond().await;
        made.insert(0, id_of(&world.conversation(&user).await));
        if number % 3 == 1 {
            world.archive(&made[0]).await.expect_status(204);
        }
    }
    let [f, e, d, c, b, a] = &made[..] else { unreachable!() };
    for owner in [format!("user_id={user}"), format!("tenant_id={}", world.tenant)] {
        assert_eq!(ids(&list(&world, &format!("{owner}&status=archived")).await), of([e, b]));
        assert_eq!(ids(&list(&world, &format!("{owner}&status=active")).await), of([f, d, c, a]));
        assert_eq!(ids(&list(&world, &owner).await), of([f, e, d, c, b, a]));
        let page = list(&world, &format!("{owner}&status=active&limit=2")).await;
        assert_eq!((ids(&page), &page["has_more"]), (vec![f.clone(), d.clone()], &json!(true)));
        let cursor = page["next_cursor"].as_str().unwrap();
        let page = list(&world, &format!("{owner}&status=active&limit=2&starting_after={cursor}")).await;
        assert_eq!((ids(&page), &page["has_more"]), (vec![c.clone(), a.clone()], &json!(false)));
        // A cursor need not be of the status.
        assert_eq!(ids(&list(&world, &format!("{owner}&status=active&starting_after={e}")).await), of([d, c, a]));
        assert_eq!(ids(&list(&world, &format!("{owner}&status=archived&ending_before={c}")).await), of([e]));
    }
    world.change(e, json!({ "status": "active" })).await.expect_status(200);
    assert_eq!(ids(&list(&world, &format!("user_id={user}&status=archived")).await), of([b]));
}

#[tokio::test]
async fn an_unknown_cursor_gives_an_empty_page() {
    let world = Members::new().await;
    let (user, other) = (world.user("u").await, world.user("other").await);
    world.conversation(&user).await;
    let of_other = id_of(&world.conversation(&other).await);
    let stranger = world.app.new_integration("stranger").await;
    let theirs = id_of(&world.app.new_tenant(&stranger, "theirs").await);
    let theirs = id_of(&world.app.new_user(&stranger, &theirs, "u").await);
    let theirs = json!({ "user_id": theirs });
    let theirs = world.by(&stranger, "POST", "/conversations").json(theirs).send().await.expect_status(201).json();
    for cursor in ["con_00000000000000000000000000", "con_7zzzzzzzzzzzzzzzzzzzzzzzzz", &of_other, &id_of(&theirs)] {
        for direction in ["starting_after", "ending_before"] {
            assert_eq!(list(&world, &format!("user_id={user}&{direction}={cursor}")).await, empty(), "{cursor}");
        }
    }
    let tenant = format!("tenant_id={}", world.tenant);
    assert_eq!(ids(&list(&world, &format!("{tenant}&starting_after={of_other}")).await).len(), 1);
}

#[tokio::test]
async fn queries_that_are_wrong() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let (user, tenant) = ("user_id=usr_01arz3ndektsv4rrffq69g5fav", "tenant_id=tnt_01arz3ndektsv4rrffq69g5fav");
    let get = |query: &str| app.with_key(&key, "GET", &format!("/conversations?{query}")).send();
    for query in [
        String::new(),
        "limit=5".to_owned(),
        format!("{user}&{tenant}"),
        format!("{user}&tenant_id=x"),
        "user_id=".to_owned(),
        format!("{user}&starting_after=con_01arz3ndektsv4rrffq69g5fav&ending_before=con_01arz3ndektsv4rrffq69g5fav"),
        format!("{user}&limit=%zz"),
    ] {
        get(&query).await.expect_problem(400, "malformed-request");
    }
    for (query, pointers) in [
        ("user_id=x".to_owned(), vec!["/query/user_id"]),
        ("tenant_id=usr_01arz3ndektsv4rrffq69g5fav".to_owned(), vec!["/query/tenant_id"]),
        (format!("{user}&{user}"), vec!["/query/user_id"]),
        (format!("{user}&limit=0&status=open"), vec!["/query/limit", "/query/status"]),
        (format!("{user}&status="), vec!["/query/status"]),
        (format!("{user}&starting_after=usr_01arz3ndektsv4rrffq69g5fav"), vec!["/query/starting_after"]),
        (format!("{user}&ending_before=con_1&order=desc"), vec!["/query/ending_before", "/query/order"]),
    ] {
        assert_eq!(get(&query).await.pointers(), pointers, "{query}");
    }
    assert_eq!(get(&format!("{user}&tenant_id=")).await.pointers(), ["/query/tenant_id"]);
    get(&format!("{tenant}&starting_after=&ending_before=")).await.expect_status(200);
}
