//! Assertions that several tests share, and what they need to see.

use crate::history::conversations::check_conversations;
use crate::members::check_members;
use crate::{App, Exchange, LogEntry, Value, json, openapi};
use futures_util::stream::{self, StreamExt};
use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

/// A text as one path segment: every byte that is no letter or digit is escaped.
pub fn escaped(text: &str) -> String {
    let escape =
        |byte: u8| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(escape).collect()
}

/// Every page of a list, by `next_cursor` as `direction`, from `start` on.
pub async fn pages(app: &App, key: &str, path: &str, direction: &str, start: Option<&str>) -> Vec<Value> {
    let mut cursor = start.map(str::to_owned);
    let mut pages: Vec<Value> = Vec::new();
    loop {
        let mark = if path.contains('?') { '&' } else { '?' };
        let position = cursor.map(|cursor| format!("{mark}{direction}={cursor}")).unwrap_or_default();
        let answer = app.with_key(key, "GET", &format!("{path}{position}")).send_unchecked().await.expect_status(200);
        // To check megabytes against the document takes longer than all the rest.
        if answer.body.len() < 1 << 20 {
            openapi::check(&answer);
        }
        let page = answer.json();
        assert_eq!(page["has_more"], json!(!page["next_cursor"].is_null()), "{page}");
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        pages.push(page);
        assert!(pages.len() < 1000, "the list {path} has no end");
        if cursor.is_none() {
            return pages;
        }
    }
}

/// The ids of a page's rows; of attachments, their repositories'.
pub fn ids(page: &Value) -> Vec<String> {
    let id = |row: &Value| row["id"].as_str().or(row["repository_id"].as_str()).expect("a row has an id").to_owned();
    page["data"].as_array().expect("a page has rows").iter().map(id).collect()
}

/// Walks a list in both directions by pages of `limit`: each row of `expected` (newest first) exactly once, every page but
/// the last one full, backwards the same rows again, and before each page the one that was before it.
pub async fn check_walk(app: &App, key: &str, path: &str, limit: usize, expected: &[String]) {
    let path = format!("{path}?limit={limit}");
    let walked = pages(app, key, &path, "starting_after", None).await;
    let forward: Vec<Vec<String>> = walked.iter().map(ids).collect();
    assert_eq!(forward.concat(), expected);
    let full = forward.len() - 1;
    assert!(forward.iter().take(full).all(|page| page.len() == limit), "a page is short: {forward:?}");
    assert!(full == 0 || !forward[full].is_empty(), "the last page is empty");
    let Some((last, before)) = expected.split_last() else { return };
    let mut backward = pages(app, key, &path, "ending_before", Some(last)).await;
    backward.reverse();
    assert_eq!(backward.iter().flat_map(ids).collect::<Vec<_>>(), before);
    for (at, two) in walked.windows(2).enumerate() {
        let previous = format!("{path}&ending_before={}", forward[at + 1][0]);
        let previous = app.with_key(key, "GET", &previous).send().await.expect_status(200).json();
        assert_eq!(previous["data"], two[0]["data"], "before page {}", at + 2);
        assert_eq!(previous["has_more"], json!(at > 0), "{previous}");
    }
}

/// Writes many rows past the API: each a `PutRequest` or a `DeleteRequest`.
pub async fn write_rows(app: &App, rows: &[Value]) {
    let batch = |batch: &[Value]| app.store.call("BatchWriteItem", json!({ "RequestItems": { &app.table: batch } }));
    // A few at a time: the engine closes connections that are too many.
    let written = stream::iter(rows.chunks(25)).map(batch).buffer_unordered(4);
    written.for_each(async |answer| drop(answer.expect("the rows can be written"))).await;
}

/// Whether any of these requests wrote.
pub fn wrote(log: &[LogEntry]) -> bool {
    log.iter().any(LogEntry::is_write)
}

/// How many of these requests that write were under way at the same moment, at most: 1 where they came one by one.
pub fn most_writes_at_once(log: &[LogEntry]) -> usize {
    let writes: Vec<&LogEntry> = log.iter().filter(|entry| entry.is_write()).collect();
    // As many as are under way is highest when one of them begins.
    let at_start = |one: &LogEntry| {
        let is_under_way = |other: &&&LogEntry| {
            other.started <= one.started && other.finished.is_none_or(|finished| finished > one.started)
        };
        writes.iter().filter(is_under_way).count()
    };
    writes.iter().map(|one| at_start(one)).max().unwrap_or_default()
}

/// An answer without what the caller itself sent, the request's own ids, and what differs by nature: for comparing answers.
pub fn shape(exchange: &Exchange, sent: &[&str]) -> String {
    let mut headers = exchange.headers.clone();
    let own = ["x-request-id", "apigw-requestid", "date", "content-length"];
    headers.retain(|(name, _)| !own.contains(&name.as_str()));
    let mut text = format!("{} {headers:?} {}", exchange.status, exchange.body);
    if let Some(id) = exchange.header("x-request-id") {
        text = text.replace(id, "REQUEST");
    }
    sent.iter().filter(|sent| !sent.is_empty()).fold(text, |text, sent| text.replace(sent, "SENT"))
}

/// What holds whenever nothing is under way and no sweep is due: markers and live tenants one to one, back references and
/// attachments one to one, each repository's count, defaults attached, the index holds the suspended.
pub async fn check_at_rest(app: &App) {
    let items = app.items().await;
    let of = |entity: &str| items.iter().filter(|item| item["type"]["S"] == entity).collect::<Vec<_>>();
    let text = |item: &Value, name: &str| item[name]["S"].as_str().unwrap_or_default().to_owned();
    assert_eq!(of("sweep_job"), Vec::<&Value>::new());
    let (mut markers, mut attachments) = (BTreeSet::new(), BTreeSet::new());
    for tenant in of("tenant") {
        let pk = text(tenant, "pk");
        let root = pk.strip_suffix("#T").expect("a tenant's key");
        if !tenant["external_id"].is_null() {
            markers.insert((format!("{root}#X#{}", text(tenant, "external_id")), text(tenant, "id")));
        }
        let repositories = tenant["repos"]["M"].as_object().expect("a tenant has attachments");
        attachments.extend(repositories.keys().map(|ulid| (format!("{root}#A#{ulid}"), text(tenant, "sk"))));
        let default = text(tenant, "default_repository_id");
        assert!(default.is_empty() || repositories.contains_key(default.trim_start_matches("rep_")), "{tenant}");
        let suspended = text(tenant, "status") == "suspended";
        assert_eq!(text(tenant, "g1pk"), if suspended { format!("{pk}#S") } else { String::new() }, "{tenant}");
        assert_eq!(text(tenant, "g1sk"), if suspended { text(tenant, "sk") } else { String::new() }, "{tenant}");
    }
    let kept: BTreeSet<_> = of("external_id").iter().map(|item| (text(item, "pk"), text(item, "id"))).collect();
    assert_eq!(kept, markers, "markers and live tenants");
    let kept: BTreeSet<_> = of("attachment").iter().map(|item| (text(item, "pk"), text(item, "sk"))).collect();
    assert_eq!(kept, attachments, "back references and attachments");
    for repository in of("repository") {
        let back = text(repository, "pk").replace("#R", "#A#") + &text(repository, "sk");
        let count = attachments.iter().filter(|(key, _)| *key == back).count();
        assert_eq!(repository["n"]["N"], count.to_string(), "{repository}");
    }
    let names: BTreeSet<_> = of("repository_name").iter().map(|item| (text(item, "pk"), text(item, "id"))).collect();
    let named = |item: &&Value| (text(item, "pk").replace("#R", "#N#") + &text(item, "name"), text(item, "id"));
    assert_eq!(names, of("repository").iter().map(named).collect(), "names and repositories");
    check_members(&items);
    check_conversations(&items).unwrap_or_else(|fault| panic!("{fault}"));
}

/// Sweeps until no job is left. A sweep that had no more time leaves the lease of its last job behind, which is removed.
pub async fn sweep_all(app: &App) {
    for _ in 0..100 {
        app.sweep().await.expect("the sweep runs");
        let jobs = app.items_of("sweep_job").await;
        if jobs.is_empty() {
            return;
        }
        for job in jobs {
            let key = json!({ "pk": job["pk"], "sk": job["sk"] });
            let released = app.store.update(&app.table, key, "REMOVE lease_until", json!({}), json!({}));
            released.await.expect("the lease can be removed");
        }
    }
    panic!("the sweep does not end");
}

/// Waits until the clock shows another millisecond, so that a time that moves can be seen to move.
pub async fn next_millisecond() {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970").as_millis();
    let before = now();
    while now() <= before {
        tokio::task::yield_now().await;
    }
}
