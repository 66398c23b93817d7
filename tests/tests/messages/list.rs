//! `GET /conversations/{conversation_id}/messages`

use futures_util::future::join_all;
use tests::checks::{ids, pages};
use tests::{Members, Value, id_of, json};

async fn world(many: usize) -> (Members, String, Vec<String>) {
    let world = Members::new().await;
    let id = id_of(&world.conversation(&world.user("u").await).await);
    let made = join_all((0..many).map(|number| world.say(&id, json!({ "content": format!("c{number}") })))).await;
    let mut messages: Vec<String> = made.into_iter().map(|made| id_of(&made.expect_status(201).json())).collect();
    messages.sort_unstable();
    (world, id, messages)
}

async fn list(world: &Members, id: &str, query: &str) -> Value {
    world.get(&format!("/conversations/{id}/messages?{query}")).await.json()
}

fn empty() -> Value {
    json!({ "object": "list", "data": [], "has_more": false, "next_cursor": null })
}

#[tokio::test]
async fn pages_of_any_size_hold_each_message_once_in_both_orders_and_directions() {
    let (world, id, oldest_first) = world(23).await;
    let mut newest_first = oldest_first.clone();
    newest_first.reverse();
    for (order, expected) in [("", &oldest_first), ("order=asc&", &oldest_first), ("order=desc&", &newest_first)] {
        for limit in [1, 4, 22, 23, 100] {
            let path = format!("/conversations/{id}/messages?{order}limit={limit}");
            let walked = pages(&world.app, &world.key, &path, "starting_after", None).await;
            assert_eq!(walked.iter().flat_map(ids).collect::<Vec<_>>(), *expected, "{path}");
            assert!(walked.iter().rev().skip(1).all(|page| ids(page).len() == limit), "{walked:?}");
            let (last, before) = expected.split_last().unwrap();
            let mut back = pages(&world.app, &world.key, &path, "ending_before", Some(last)).await;
            back.reverse();
            assert_eq!(back.iter().flat_map(ids).collect::<Vec<_>>(), before, "{path}");
        }
        let first = list(&world, &id, order.trim_end_matches('&')).await;
        assert_eq!((ids(&first).len(), &first["next_cursor"]), (20, &json!(expected[19])));
        let between = list(&world, &id, &format!("{order}limit=3&ending_before={}", expected[10])).await;
        assert_eq!((ids(&between), &between["next_cursor"]), (expected[7..10].to_vec(), &json!(expected[7])));
        let after = list(&world, &id, &format!("{order}limit=3&starting_after={}", expected[19])).await;
        assert_eq!((ids(&after), &after["has_more"]), (expected[20..].to_vec(), &json!(false)));
        assert_eq!(list(&world, &id, &format!("{order}starting_after={}", expected[22])).await, empty());
        assert_eq!(list(&world, &id, &format!("{order}ending_before={}", expected[0])).await, empty());
    }
    // A cursor is a position, whether or not it exists.
    let (first, last) = ("msg_00000000000000000000000000", "msg_7zzzzzzzzzzzzzzzzzzzzzzzzz");
    for (query, many) in [
        (format!("starting_after={first}"), 20),
        (format!("starting_after={last}"), 0),
        (format!("ending_before={last}"), 20),
        (format!("ending_before={first}"), 0),
        (format!("order=desc&starting_after={last}"), 20),
        (format!("order=desc&starting_after={first}"), 0),
    ] {
        assert_eq!(ids(&list(&world, &id, &query).await).len(), many, "{query}");
    }
}

#[tokio::test]
async fn a_list_is_of_one_conversation() {
    let (world, id, messages) = world(2).await;
    let other = id_of(&world.conversation(&world.user("other").await).await);
    assert_eq!(list(&world, &other, "").await, empty());
    world.say(&other, json!({ "content": "c" })).await.expect_status(201);
    assert_eq!(ids(&list(&world, &id, "").await), messages);
    assert_eq!(ids(&list(&world, &other, "").await).len(), 1);
}

#[tokio::test]
async fn queries_that_are_wrong() {
    let (world, id, _) = world(0).await;
    let get = |query: &str| world.call("GET", &format!("/conversations/{id}/messages?{query}")).send();
    for (query, pointers) in [
        ("order=newest", vec!["/query/order"]),
        ("order=", vec!["/query/order"]),
        ("order=asc&order=asc", vec!["/query/order"]),
        ("order=ASC&limit=0", vec!["/query/limit", "/query/order"]),
        ("limit=101", vec!["/query/limit"]),
        ("starting_after=con_01arz3ndektsv4rrffq69g5fav", vec!["/query/starting_after"]),
        ("ending_before=x&role=user", vec!["/query/ending_before", "/query/role"]),
    ] {
        assert_eq!(get(query).await.pointers(), pointers, "{query}");
    }
    let message = "msg_01arz3ndektsv4rrffq69g5fav";
    for query in [format!("starting_after={message}&ending_before={message}"), "order=%zz".to_owned()] {
        get(&query).await.expect_problem(400, "malformed-request");
    }
    get("starting_after=&ending_before=&order=desc&limit=1").await.expect_status(200);
}

#[tokio::test]
async fn a_page_of_large_messages_ends_before_4_mib() {
    let (world, id, _) = world(0).await;
    for _ in 0..12 {
        world.say(&id, json!({ "content": "c" })).await.expect_status(201);
    }
    // Each control character takes six bytes as JSON: too many for a request, so they are put in their place.
    let content = "\u{1}".repeat(64 * 1024);
    let copies = world.app.items_of("message").await;
    let rows = copies.iter().map(|item| {
        let mut item = item.clone();
        item["content"]["S"] = json!(content);
        json!({ "PutRequest": { "Item": item } })
    });
    tests::checks::write_rows(&world.app, &rows.collect::<Vec<_>>()).await;
    for order in ["asc", "desc"] {
        let path = format!("/conversations/{id}/messages?order={order}&limit=100");
        let answer = world.call("GET", &path).send_unchecked().await.expect_status(200);
        let page = answer.json();
        assert!(answer.body.len() <= 4 << 20, "{}", answer.body.len());
        assert_eq!((ids(&page).len(), &page["has_more"]), (10, &json!(true)));
        let walked = pages(&world.app, &world.key, &path, "starting_after", None).await;
        assert_eq!(walked.iter().flat_map(ids).count(), 12);
    }
}
