//! `GET /v1/customers` over much data: the limits of a body and of what one request reads (contract section 3.2).

use tests::checks::write_rows;
use tests::transcript::text;
use tests::{App, Exchange, Value, json};

const MIB: usize = 1 << 20;

/// Puts customers straight into the table, like one that the API made; `change` makes each its own.
async fn put(app: &App, numbers: std::ops::Range<usize>, change: impl Fn(usize, &mut Value)) {
    if app.items_of("customer").await.is_empty() {
        app.new_customer("a-first").await;
    }
    let model = app.items_of("customer").await.swap_remove(0);
    let items: Vec<Value> = numbers
        .map(|number| {
            let mut item = model.clone();
            let ulid = format!("01kaq7n0z2w4y6x8v0tq{number:06}");
            let slug = json!({ "S": format!("c{number:05}") });
            (item["sk"], item["customer_id"], item["g1sk"]) = (slug.clone(), slug, json!({ "S": ulid }));
            item["id"]["S"] = json!(format!("cust_{ulid}"));
            change(number, &mut item);
            json!({ "PutRequest": { "Item": item } })
        })
        .collect();
    write_rows(app, &items).await;
}

async fn page(app: &App, query: &str, token: &str) -> (Exchange, Vec<String>, String) {
    let page = app
        .operator("GET", &format!("/v1/customers?{query}&page.page_token={token}"))
        .send_unchecked()
        .await
        .expect_status(200);
    let json = page.json();
    let slugs = json["customers"].as_array().unwrap().iter().map(|row| text(row, "customer_id").to_owned()).collect();
    let next = text(&json["page"], "next_page_token").to_owned();
    (page, slugs, next)
}

/// Reads all pages; none is over 4 MiB, and none but the last could have taken one row more.
async fn check_bodies(app: &App, count: usize) {
    let (mut all, mut next, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let (answer, slugs, token) = page(app, "page.page_size=1000", &next).await;
        assert!(answer.body.len() <= 4 * MIB, "{}", answer.body.len());
        all.extend(slugs);
        pages += 1;
        next = token;
        if next.is_empty() {
            break;
        }
        assert!(answer.body.len() > 3 * MIB, "a page of {} ends early", answer.body.len());
    }
    assert!(pages > 1 && all.is_sorted());
    assert_eq!(all.len(), count + 1);
    all.dedup();
    assert_eq!(all.len(), count + 1);
}

#[tokio::test]
async fn a_page_ends_before_its_body_is_over_4_mib() {
    let app = App::start().await;
    put(&app, 0..700, |number, item| {
        item["description"] = json!({ "S": "é".repeat(1900 + number % 100) });
        item["labels"] = json!({ "M": (0..30).map(|key| (format!("k{key}"), json!({ "S": "v".repeat(63) }))).collect::<serde_json::Map<_, _>>() });
    })
    .await;
    check_bodies(&app, 700).await;
}

#[tokio::test]
async fn a_page_of_texts_that_json_escapes_is_answered_too() {
    let app = App::start().await;
    put(&app, 0..1100, |number, item| item["description"] = json!({ "S": "\"\\".repeat(950 + number % 50) })).await;
    check_bodies(&app, 1100).await;
}

/// Every page under a filter, as slugs; none reads more than 4 MB of the table.
async fn pages_under(app: &App, filter: &str) -> Vec<Vec<String>> {
    let (mut pages, mut next) = (Vec::new(), String::new());
    loop {
        let query = format!("page.page_size=5&page.filter={filter}");
        let ((_, slugs, token), log) = app.requests_of(page(app, &query, &next)).await;
        let queries = log.iter().filter(|entry| entry.operation == "Query").count();
        assert!((1..=4).contains(&queries), "{queries} queries");
        pages.push(slugs);
        next = token;
        if next.is_empty() {
            return pages;
        }
    }
}

#[tokio::test]
async fn a_filter_that_rarely_or_never_matches_gives_short_pages_and_reads_4_mb_each() {
    let app = App::start().await;
    put(&app, 0..5000, |number, item| {
        item["description"] = json!({ "S": "x".repeat(2000) });
        if number == 4990 {
            item["display_name"] = json!({ "S": "needle" });
        }
    })
    .await;
    let rare = pages_under(&app, "display_name%3Dneedle").await;
    assert_eq!(rare.concat(), ["c04990"]);
    let never = pages_under(&app, "display_name%3Dhaystack").await;
    assert_eq!(never.concat(), [""; 0]);
    for pages in [rare, never] {
        assert!((3..=5).contains(&pages.len()), "11 MB in {} pages", pages.len());
        assert!(pages[0].is_empty(), "the first 4 MB hold no needle");
    }
}

#[tokio::test]
async fn archived_customers_in_front_make_short_pages_with_a_token() {
    let app = App::start().await;
    put(&app, 0..6000, |_, item| {
        item["state"] = json!({ "S": "archived" });
        item["deleted_at"] = item["updated_at"].clone();
        item["description"] = json!({ "S": "x".repeat(1000) });
    })
    .await;
    app.operator("DELETE", "/v1/customers/a-first").send().await.expect_status(204);
    app.new_customer("z-last").await;
    let (mut found, mut next, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let ((_, slugs, token), log) = app.requests_of(page(&app, "page.page_size=10", &next)).await;
        assert!(log.iter().filter(|entry| entry.operation == "Query").count() <= 4);
        (found, next, pages) = ([found, slugs].concat(), token, pages + 1);
        if next.is_empty() {
            break;
        }
    }
    assert_eq!(found, ["z-last"]);
    assert!(pages <= 4, "{pages}");
}
