//! Walks through pages of conversations.

use futures_util::future::join_all;
use tests::checks::{ids, next_millisecond, pages};
use tests::{Members, id_of, json};

/// Walks a list in both directions: each of `expected` exactly once.
async fn check_both_ways(world: &Members, list: &str, limit: usize, expected: &[String]) {
    let path = format!("/conversations?{list}&limit={limit}");
    let walked = pages(&world.app, &world.key, &path, "starting_after", None).await;
    assert_eq!(walked.iter().flat_map(ids).collect::<Vec<_>>(), expected, "{path}");
    assert!(walked.iter().rev().skip(1).all(|page| ids(page).len() == limit), "a page is short: {walked:?}");
    let (last, before) = expected.split_last().unwrap();
    let mut back = pages(&world.app, &world.key, &path, "ending_before", Some(last)).await;
    back.reverse();
    assert_eq!(back.iter().flat_map(ids).collect::<Vec<_>>(), before, "{path}");
}

#[tokio::test]
async fn pages_of_any_size_hold_each_conversation_once_in_both_directions() {
    let world = Members::new().await;
    let (one, two) = (world.user("one").await, world.user("two").await);
    // Some of the same millisecond, which their ids order.
    let of_one: Vec<String> = join_all((0..11).map(|_| world.conversation(&one))).await.iter().map(id_of).collect();
    let of_two: Vec<String> = join_all((0..10).map(|_| world.conversation(&two))).await.iter().map(id_of).collect();
    for id in [&of_one[2], &of_two[3], &of_one[5]] {
        next_millisecond().await;
        world.say(id, json!({ "content": "c" })).await.expect_status(201);
    }
    let expected = async |ids: &[String]| {
        let mut shown = Vec::new();
        for id in ids {
            let conversation = world.shown(id).await.json();
            let activity = conversation["last_message_at"].as_str().or(conversation["created_at"].as_str()).unwrap();
            shown.push((activity.to_owned(), id.clone()));
        }
        shown.sort_by(|a, b| b.cmp(a));
        shown.into_iter().map(|(_, id)| id).collect::<Vec<_>>()
    };
    let (all, of_one) = (expected(&[of_one.clone(), of_two].concat()).await, expected(&of_one).await);
    for limit in [1, 3, 10, 11, 21, 100] {
        check_both_ways(&world, &format!("tenant_id={}", world.tenant), limit, &all).await;
        check_both_ways(&world, &format!("user_id={one}"), limit, &of_one).await;
    }
    let first = world.get(&format!("/conversations?tenant_id={}", world.tenant)).await.json();
    assert_eq!((ids(&first).len(), &first["next_cursor"]), (20, &json!(all[19])));
    // Archived ones are in the list, and under a status each is in one of two.
    for id in all.iter().step_by(3) {
        world.archive(id).await.expect_status(204);
    }
    let archived: Vec<String> = all.iter().step_by(3).cloned().collect();
    let active: Vec<String> = all.iter().filter(|id| !archived.contains(id)).cloned().collect();
    for limit in [1, 2, 7, 100] {
        check_both_ways(&world, &format!("tenant_id={}&status=archived", world.tenant), limit, &archived).await;
        check_both_ways(&world, &format!("tenant_id={}&status=active", world.tenant), limit, &active).await;
    }
}

#[tokio::test]
async fn a_status_that_few_have_is_found_behind_hundreds_of_others() {
    let world = Members::new().await;
    let user = world.user("u").await;
    let oldest = id_of(&world.conversation(&user).await);
    world.archive(&oldest).await.expect_status(204);
    next_millisecond().await;
    // 450 newer ones, past the API: copies of one.
    let newest = id_of(&world.conversation(&user).await);
    let items = world.app.items_of("conversation").await;
    let original = items.iter().find(|item| item["id"]["S"] == newest).unwrap();
    let time = original["created_at"]["S"].as_str().unwrap();
    let copy = |number: usize| {
        let id = format!("con_{}{number:04}", &newest[4..26]);
        let mut item = original.clone();
        (item["id"]["S"], item["sk"]["S"]) = (json!(id), json!(id[4..]));
        item["g2sk"]["S"] = json!(format!("{time}#{}", &id[4..]));
        json!({ "PutRequest": { "Item": item } })
    };
    tests::checks::write_rows(&world.app, &(0..450).map(copy).collect::<Vec<_>>()).await;
    let path = format!("/conversations?user_id={user}&status=archived");
    let walked = pages(&world.app, &world.key, &path, "starting_after", None).await;
    assert_eq!(walked.iter().flat_map(ids).collect::<Vec<_>>(), [oldest]);
    assert!(walked.len() > 1, "a page ends after a bounded number of rows");
    let active =
        pages(&world.app, &world.key, &path.replace("archived", "active&limit=100"), "starting_after", None).await;
    assert_eq!(active.iter().flat_map(ids).count(), 451);
}
