//! `GET /tenants`

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use tests::checks::{check_walk, ids, pages, write_rows};
use tests::{App, LogEntry, Value, json};

/// Puts copies of a stored tenant beside it, under these ULIDs.
async fn copy(app: &App, original: &Value, ulids: impl IntoIterator<Item = String>) {
    let put = |ulid: String| {
        let mut item = original.clone();
        item["id"]["S"] = json!(format!("tnt_{ulid}"));
        item["sk"]["S"] = json!(ulid);
        item.as_object_mut().unwrap().remove("external_id");
        async move { app.store.put(&app.table, item).await.unwrap() }
    };
    // A few at a time: they may be large, and the engine closes connections that are too many.
    stream::iter(ulids).for_each_concurrent(4, put).await;
}

async fn list(app: &App, key: &str, query: &str) -> Value {
    app.with_key(key, "GET", &format!("/tenants?{query}")).send().await.expect_status(200).json()
}

#[tokio::test]
async fn pages_of_any_size_hold_each_tenant_once_in_both_directions() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let mut expected: Vec<String> = Vec::new();
    let empty = json!({ "object": "list", "data": [], "has_more": false, "next_cursor": null });
    assert_eq!(list(&app, &key, "limit=1").await, empty);
    for n in 1..=21 {
        expected.insert(0, app.new_tenant(&key, &format!("t{n}")).await["id"].as_str().unwrap().to_owned());
        if [1, 2, 3, 4, 9, 21].contains(&n) {
            expected.sort_by(|a, b| b.cmp(a));
            check_walk(&app, &key, "/tenants", 3, &expected).await;
        }
    }
    check_walk(&app, &key, "/tenants", 1, &expected).await;
    check_walk(&app, &key, "/tenants", 21, &expected).await;
    check_walk(&app, &key, "/tenants", 100, &expected).await;
    let first = list(&app, &key, "").await;
    assert_eq!((ids(&first).len(), &first["next_cursor"]), (20, &json!(expected[19])));
    // Before a row, with fewer rows than asked for: those next to it, in the list's order.
    let before = list(&app, &key, &format!("limit=3&ending_before={}", expected[10])).await;
    assert_eq!((ids(&before), &before["next_cursor"]), (expected[7..10].to_vec(), &json!(expected[7])));
    let whole = list(&app, &key, &format!("limit=3&ending_before={}", expected[3])).await;
    assert_eq!((ids(&whole), &whole["has_more"]), (expected[..3].to_vec(), &json!(false)));
    assert_eq!(list(&app, &key, &format!("ending_before={}", expected[0])).await, empty);
    assert_eq!(list(&app, &key, &format!("starting_after={}", expected[20])).await, empty);
}

#[tokio::test]
async fn a_position_need_not_exist() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    for n in 0..3 {
        app.new_tenant(&key, &format!("t{n}")).await;
    }
    let all = ids(&list(&app, &key, "").await);
    app.with_key(&key, "DELETE", &format!("/tenants/{}", all[1])).send().await.expect_status(204);
    assert_eq!(ids(&list(&app, &key, &format!("starting_after={}", all[1])).await), all[2..]);
    assert_eq!(ids(&list(&app, &key, &format!("ending_before={}", all[1])).await), all[..1]);
    let (oldest, newest) = ("tnt_00000000000000000000000000", "tnt_7zzzzzzzzzzzzzzzzzzzzzzzzz");
    assert_eq!(ids(&list(&app, &key, &format!("starting_after={newest}")).await).len(), 2);
    assert_eq!(ids(&list(&app, &key, &format!("ending_before={oldest}")).await).len(), 2);
    assert_eq!(ids(&list(&app, &key, &format!("starting_after={oldest}")).await).len(), 0);
    assert_eq!(ids(&list(&app, &key, &format!("ending_before={newest}")).await).len(), 0);
}

#[tokio::test]
async fn queries_that_are_wrong() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let id = "tnt_01arz3ndektsv4rrffq69g5fav";
    for (query, pointers) in [
        ("limit=0", vec!["/query/limit"]),
        ("limit=101", vec!["/query/limit"]),
        ("limit=-1", vec!["/query/limit"]),
        ("limit=%2B1", vec!["/query/limit"]),
        ("limit=1.0", vec!["/query/limit"]),
        ("limit=", vec!["/query/limit"]),
        ("limit=1&limit=1", vec!["/query/limit"]),
        ("limit=99999999999999999999999", vec!["/query/limit"]),
        ("status=archived&limit=x", vec!["/query/limit", "/query/status"]),
        ("status=", vec!["/query/status"]),
        ("status=Active", vec!["/query/status"]),
        ("starting_after=x&ending_before=", vec!["/query/starting_after"]),
        ("starting_after=&starting_after=", vec!["/query/starting_after"]),
        ("starting_after=rep_01arz3ndektsv4rrffq69g5fav", vec!["/query/starting_after"]),
        ("ending_before=tnt_zzzzzzzzzzzzzzzzzzzzzzzzzz", vec!["/query/ending_before"]),
        ("ending_before=TNT_01ARZ3NDEKTSV4RRFFQ69G5FAV", vec!["/query/ending_before"]),
        ("starting_after=I%23other%23T%230", vec!["/query/starting_after"]),
        ("name=x&a~b/c=1", vec!["/query/a~0b~1c", "/query/name"]),
    ] {
        let answer = app.with_key(&key, "GET", &format!("/tenants?{query}")).send().await;
        assert_eq!(answer.pointers(), pointers, "{query}");
    }
    for query in [
        format!("starting_after={id}&ending_before={id}"),
        format!("starting_after=x&ending_before={id}"),
        format!("starting_after={id}&ending_before={id}&limit=0"),
        "limit=%zz".to_owned(),
    ] {
        app.with_key(&key, "GET", &format!("/tenants?{query}")).send().await.expect_problem(400, "malformed-request");
    }
    app.with_key(&key, "GET", "/tenants?&limit=007&").send().await.expect_status(200);
    // An empty cursor is an absent one.
    let tenant = app.new_tenant(&key, "one").await;
    for query in [
        "starting_after=",
        "ending_before",
        "starting_after=&ending_before=",
        &format!("starting_after=&ending_before={id}"),
    ] {
        let answer = app.with_key(&key, "GET", &format!("/tenants?{query}")).send().await.expect_status(200);
        assert_eq!(answer.json()["data"], json!([tenant]), "{query}");
    }
}

#[tokio::test]
async fn a_walk_shows_what_was_there_throughout_exactly_once() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    for n in 0..12 {
        app.new_tenant(&key, &format!("t{n}")).await;
    }
    let all = ids(&list(&app, &key, "").await);
    let mut seen = Vec::new();
    let mut query = "limit=3".to_owned();
    for round in 0.. {
        let page = list(&app, &key, &query).await;
        seen.extend(ids(&page));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        // The anchor goes, so does one that is yet to come; a new one comes.
        app.with_key(&key, "DELETE", &format!("/tenants/{cursor}")).send().await.expect_status(204);
        if round < 2 {
            app.with_key(&key, "DELETE", &format!("/tenants/{}", all[11 - round])).send().await.expect_status(204);
        }
        app.new_tenant(&key, &format!("new{round}")).await;
        query = format!("limit=3&starting_after={cursor}");
    }
    assert_eq!(seen, all[..10]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tenants_of_one_millisecond_have_one_order() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    app.lambda.warm("create-tenant", 4).await.unwrap();
    // Ten at a time from four processes, and ten whose ids differ in nothing but the random part.
    let created = join_all((0..40).map(|_| app.with_key(&key, "POST", "/tenants").send())).await;
    let mut expected: Vec<String> =
        created.into_iter().map(|answer| answer.expect_status(201).json()["id"].as_str().unwrap().to_owned()).collect();
    let original = app.items_of("tenant").await.remove(0);
    let moment = &original["sk"]["S"].as_str().unwrap()[..10];
    let ulids: Vec<String> = (0..10).map(|n| format!("{moment}{n}ktsv4rrffq69g5f")).collect();
    copy(&app, &original, ulids.clone()).await;
    expected.extend(ulids.iter().map(|ulid| format!("tnt_{ulid}")));
    expected.sort_by(|a, b| b.cmp(a));
    check_walk(&app, &key, "/tenants", 3, &expected).await;
}

/// What was deleted is gone: it does not stand in the way of what is left.
#[tokio::test]
async fn five_thousand_deleted_tenants_in_front_cost_nothing() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let oldest = app.new_tenant(&key, "oldest").await["id"].clone();
    let mut row = app.items_of("tenant").await.remove(0);
    row.as_object_mut().unwrap().remove("external_id");
    let ulids = (0..5000).map(|n| format!("7zzzzzzzzzzzzzzzzzzz{n:06}"));
    let (mut put, mut delete) = (Vec::new(), Vec::new());
    for ulid in ulids {
        (row["id"]["S"], row["sk"]["S"]) = (json!(format!("tnt_{ulid}")), json!(ulid));
        put.push(json!({ "PutRequest": { "Item": row } }));
        delete.push(json!({ "DeleteRequest": { "Key": { "pk": row["pk"], "sk": row["sk"] } } }));
    }
    write_rows(&app, &put).await;
    let newest = list(&app, &key, "limit=1").await;
    assert_eq!(ids(&newest), ["tnt_7zzzzzzzzzzzzzzzzzzz004999"]);
    // The API leaves no more of one than the store does of the others.
    for id in ids(&list(&app, &key, "limit=10").await) {
        app.with_key(&key, "DELETE", &format!("/tenants/{id}")).send().await.expect_status(204);
    }
    assert_eq!(app.items_of("tenant").await.len(), 4991);
    write_rows(&app, &delete).await;
    for query in ["", "status=active"] {
        let (page, log) = app.requests_of(list(&app, &key, query)).await;
        assert_eq!((&page["data"][0]["id"], &page["has_more"]), (&oldest, &json!(false)));
        let queries: Vec<f64> =
            log.iter().filter(|entry| entry.operation == "Query").map(LogEntry::read_units).collect();
        assert_eq!(queries, [1.0], "{query}");
    }
}

/// A hundred of the largest tenants there can be: 105 KB each.
#[tokio::test]
async fn a_page_ends_at_4_mib_and_under_a_filter_it_may_be_empty() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let metadata: serde_json::Map<_, _> =
        (0..50).map(|n| (format!("{n:02}{}", "é".repeat(38)), json!("😀".repeat(500)))).collect();
    let created = app
        .with_key(&key, "POST", "/tenants")
        .json(json!({ "metadata": metadata }))
        .send()
        .await
        .expect_status(201)
        .json();
    let original = app.items_of("tenant").await.remove(0);
    // Older ones: the one that was made is the newest, and shown as it was answered.
    copy(&app, &original, (0..99).map(|n| format!("01arz3ndektsv4rrffq69g5{n:03}"))).await;
    let mut expected: Vec<String> = (0..99).rev().map(|n| format!("tnt_01arz3ndektsv4rrffq69g5{n:03}")).collect();
    expected.insert(0, created["id"].as_str().unwrap().to_owned());
    let forward = pages(&app, &key, "/tenants?limit=100", "starting_after", None).await;
    assert_eq!(forward.iter().flat_map(ids).collect::<Vec<_>>(), expected);
    assert_eq!(forward[0]["data"][0], created);
    assert_eq!(forward.len(), 3, "pages are as long as 4 MiB let them");
    assert!(forward.iter().all(|page| page.to_string().len() < (4 << 20) + 200));
    let mut backward = pages(&app, &key, "/tenants?limit=100", "ending_before", Some(&expected[99])).await;
    assert!(backward.iter().all(|page| page.to_string().len() < (4 << 20) + 200));
    backward.reverse();
    assert_eq!(backward.iter().flat_map(ids).collect::<Vec<_>>(), expected[..99]);

    // All but the oldest are suspended: one request reads at most 4 MB.
    let mut suspended = original.clone();
    suspended["status"]["S"] = json!("suspended");
    app.store.put(&app.table, suspended.clone()).await.unwrap();
    copy(&app, &suspended, (1..99).map(|n| format!("01arz3ndektsv4rrffq69g5{n:03}"))).await;
    let (first, log) = app.requests_of(list(&app, &key, "limit=1&status=active")).await;
    assert_eq!((ids(&first), &first["has_more"]), (vec![], &json!(true)));
    assert!(log.iter().filter(|entry| entry.operation == "Query").count() <= 4);
    let found = pages(&app, &key, "/tenants?limit=1&status=active", "starting_after", None).await;
    assert_eq!(found.iter().flat_map(ids).collect::<Vec<_>>(), expected[99..]);
    let found =
        pages(&app, &key, "/tenants?limit=1&status=active", "ending_before", Some("tnt_00000000000000000000000000"))
            .await;
    assert_eq!(found.iter().flat_map(ids).collect::<Vec<_>>(), expected[99..]);
}

#[tokio::test]
async fn a_status_is_listed_in_both_directions() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let (mut active, mut suspended) = (Vec::new(), Vec::new());
    for n in 0..10 {
        let id = app.new_tenant(&key, &format!("t{n}")).await["id"].as_str().unwrap().to_owned();
        if n % 3 == 0 {
            let patch = app.with_key(&key, "PATCH", &format!("/tenants/{id}")).json(json!({ "status": "suspended" }));
            patch.send().await.expect_status(200);
            suspended.insert(0, id);
        } else {
            active.insert(0, id);
        }
    }
    for (status, expected) in [("active", &mut active), ("suspended", &mut suspended)] {
        expected.sort_by(|a, b| b.cmp(a));
        let path = format!("/tenants?status={status}&limit=2");
        let forward = pages(&app, &key, &path, "starting_after", None).await;
        assert_eq!(forward.iter().flat_map(ids).collect::<Vec<_>>(), *expected);
        let mut backward = pages(&app, &key, &path, "ending_before", expected.last().map(String::as_str)).await;
        backward.reverse();
        assert_eq!(backward.iter().flat_map(ids).collect::<Vec<_>>(), expected[..expected.len() - 1]);
    }
}
