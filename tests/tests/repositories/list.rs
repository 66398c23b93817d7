//! `GET /repositories`

use tests::checks::{check_walk, escaped, ids, pages};
use tests::{App, Value, json};

async fn list(app: &App, key: &str, query: &str) -> Value {
    app.with_key(key, "GET", &format!("/repositories?{query}")).send().await.expect_status(200).json()
}

#[tokio::test]
async fn pages_hold_each_repository_once_in_both_directions() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let mut expected: Vec<String> = Vec::new();
    for n in 0..=12 {
        check_walk(&app, &key, "/repositories", 4, &expected).await;
        expected.push(app.new_repository(&key, &format!("r{n}")).await["id"].as_str().unwrap().to_owned());
        expected.sort_by(|a, b| b.cmp(a));
    }
    check_walk(&app, &key, "/repositories", 1, &expected).await;
    check_walk(&app, &key, "/repositories", 100, &expected).await;
    for (query, pointers) in [
        ("limit=0", vec!["/query/limit"]),
        ("limit=101", vec!["/query/limit"]),
        ("status=active", vec!["/query/status"]),
        ("name=&starting_after=tnt_01arz3ndektsv4rrffq69g5fav", vec!["/query/name", "/query/starting_after"]),
        ("name=a%00b", vec!["/query/name"]),
        ("name=a&name=b", vec!["/query/name"]),
    ] {
        let answer = app.with_key(&key, "GET", &format!("/repositories?{query}")).send().await;
        assert_eq!(answer.pointers(), pointers, "{query}");
    }
    for query in ["starting_after=&ending_before=", "ending_before=&limit=20"] {
        let page = app.with_key(&key, "GET", &format!("/repositories?{query}")).send().await.expect_status(200).json();
        assert_eq!(page["data"][0]["id"], expected[0], "{query}");
    }
    let both = format!("/repositories?starting_after={0}&ending_before={0}", expected[0]);
    app.with_key(&key, "GET", &both).send().await.expect_problem(400, "malformed-request");
}

#[tokio::test]
async fn a_name_is_found_exactly_and_cursors_apply_to_it() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let older = app.new_repository(&key, "older").await["id"].as_str().unwrap().to_owned();
    let id = app.new_repository(&key, "A+b é&=%41").await["id"].as_str().unwrap().to_owned();
    let newer = app.new_repository(&key, "newer").await["id"].as_str().unwrap().to_owned();
    let name = escaped("A+b é&=%41");
    let empty = json!({ "object": "list", "data": [], "has_more": false, "next_cursor": null });
    for query in [format!("name={name}"), format!("name={name}&limit=1"), "name=A%2Bb+%C3%A9%26%3D%2541".to_owned()] {
        let found = list(&app, &key, &query).await;
        assert_eq!(
            (ids(&found), &found["has_more"], &found["next_cursor"]),
            (vec![id.clone()], &json!(false), &Value::Null)
        );
    }
    let longest = "x".repeat(255);
    for other in ["a%2Bb+%C3%A9%26%3D%2541", "A", "%20", longest.as_str()] {
        assert_eq!(list(&app, &key, &format!("name={other}")).await, empty);
    }
    let too_long = app.with_key(&key, "GET", &format!("/repositories?name={longest}x")).send().await;
    assert!([200, 422].contains(&too_long.status), "{too_long}");
    let with = async |cursor: &str, id: &str| ids(&list(&app, &key, &format!("name={name}&{cursor}={id}")).await).len();
    // Ids made in one millisecond have no order of their own: the position is compared, not the creation.
    assert_eq!(with("starting_after", &newer).await, usize::from(id < newer));
    assert_eq!(with("ending_before", &older).await, usize::from(id > older));
    assert_eq!((with("starting_after", &id).await, with("ending_before", &id).await), (0, 0));
    app.with_key(&key, "PATCH", &format!("/repositories/{id}"))
        .json(json!({ "name": "renamed" }))
        .send()
        .await
        .expect_status(200);
    assert_eq!(list(&app, &key, &format!("name={name}")).await, empty);
    assert_eq!(ids(&list(&app, &key, "name=renamed").await), [id.as_str()]);
    app.with_key(&key, "DELETE", &format!("/repositories/{id}")).send().await.expect_status(204);
    assert_eq!(list(&app, &key, "name=renamed").await, empty);
}

/// Repositories, and a tenant's attachments of them, as large as they can be: 105 KB each.
#[tokio::test]
async fn a_page_of_large_rows_ends_at_4_mib() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let metadata: serde_json::Map<_, _> = (0..50).map(|n| (format!("{n:02}"), json!("😀".repeat(500)))).collect();
    let body = json!({ "name": "one", "repo_url": "https://example.com/", "metadata": metadata });
    app.with_key(&key, "POST", "/repositories").json(body).send().await.expect_status(201);
    let tenant = app.new_tenant(&key, "one").await["id"].as_str().unwrap().to_owned();
    let (mut repository, mut holder) =
        (app.items_of("repository").await.remove(0), app.items_of("tenant").await.remove(0));
    app.store.delete(&app.table, json!({ "pk": repository["pk"], "sk": repository["sk"] })).await.unwrap();
    let time = repository["created_at"].clone();
    for n in 0..45 {
        let ulid = format!("01arz3ndektsv4rrffq69g5{n:03}");
        repository["id"]["S"] = json!(format!("rep_{ulid}"));
        repository["sk"]["S"] = json!(ulid);
        app.store.put(&app.table, repository.clone()).await.unwrap();
        holder["repos"]["M"][ulid] = json!({ "M": { "c": time, "u": time } });
    }
    app.store.put(&app.table, holder).await.unwrap();
    let expected: Vec<String> = (0..45).rev().map(|n| format!("rep_01arz3ndektsv4rrffq69g5{n:03}")).collect();
    for path in ["/repositories?limit=100".to_owned(), format!("/tenants/{tenant}/repositories?limit=100")] {
        let forward = pages(&app, &key, &path, "starting_after", None).await;
        assert_eq!(forward.iter().flat_map(ids).collect::<Vec<_>>(), expected);
        let mut backward = pages(&app, &key, &path, "ending_before", Some("rep_00000000000000000000000000")).await;
        backward.reverse();
        assert_eq!(backward.iter().flat_map(ids).collect::<Vec<_>>(), expected);
        assert_eq!((forward.len(), backward.len()), (2, 2), "{path}");
        assert!(forward.iter().chain(&backward).all(|page| page.to_string().len() < (4 << 20) + 200));
    }
}
