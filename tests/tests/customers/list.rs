//! `GET /v1/customers` (contract section 3.2): pages, tokens, filters, orders.

use std::time::{Duration, Instant};
use tenancy::domain::filter::Filter;
use tests::checks::escaped;
use tests::transcript::{members, text};
use tests::{App, Call, Exchange, Value, json};

fn list<'a>(app: &'a App, query: &str) -> Call<'a> {
    app.operator("GET", &format!("/v1/customers?{query}"))
}

/// The page's slugs.
fn slugs(page: &Exchange) -> Vec<String> {
    let page = page.json();
    page["customers"].as_array().unwrap().iter().map(|customer| text(customer, "customer_id").to_owned()).collect()
}

fn token(page: &Exchange) -> String {
    text(&page.json()["page"], "next_page_token").to_owned()
}

/// The slugs that a filter leaves, joined.
async fn filtered(app: &App, filter: &str) -> String {
    let page = list(app, &format!("page.filter={}", escaped(filter))).send().await.expect_status(200);
    assert_eq!(token(&page), "");
    slugs(&page).join(" ")
}

/// All pages until the empty token.
async fn walk(app: &App, query: &str) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut next = String::new();
    loop {
        let page = list(app, &format!("{query}&page.page_token={next}")).send().await.expect_status(200);
        pages.push(slugs(&page));
        next = token(&page);
        assert!(pages.len() < 100);
        if next.is_empty() {
            return pages;
        }
    }
}

/// `c00`, `c01`, …: created in another order than that of their names.
async fn with_customers(count: usize) -> App {
    let app = App::start().await;
    for number in 0..count {
        app.new_customer(&format!("c{:02}", number * 7 % count)).await;
    }
    app
}

#[tokio::test]
async fn an_operator_without_customers_gets_an_empty_last_page() {
    let app = App::start().await;
    let page = app.operator("GET", "/v1/customers").send().await.expect_status(200);
    assert_eq!(page.body, r#"{"customers":[],"page":{"next_page_token":""}}"#);
    assert_eq!(page.header("etag"), None);
    app.new_customer("mine").await;
    let other = app.new_operator_key("other").await;
    let foreign = app.with_key(&other, "GET", "/v1/customers?page.show_archived=true").send().await.expect_status(200);
    assert_eq!(foreign.body, page.body);
}

#[tokio::test]
async fn a_page_has_50_unless_it_is_asked_for_1_to_1000() {
    let app = with_customers(51).await;
    let page = app.operator("GET", "/v1/customers").send().await.expect_status(200);
    assert_eq!(members(&page.body), ["customers", "page"]);
    assert_eq!((slugs(&page).len(), token(&page).is_empty()), (50, false));
    let rest = list(&app, &format!("page.page_token={}", token(&page))).send().await.expect_status(200);
    assert_eq!((slugs(&rest), token(&rest)), (vec!["c50".to_owned()], String::new()));
    for (size, pages) in [("1", 51), ("17", 3), ("050", 2), ("51", 1), ("52", 1), ("1000", 1)] {
        let walked = walk(&app, &format!("page.page_size={size}")).await;
        assert_eq!(walked.len(), pages, "{size}");
        let all = walked.concat();
        assert!(all.len() == 51 && all.is_sorted(), "{all:?}");
        let full: usize = size.parse().unwrap();
        assert!(walked[..pages - 1].iter().all(|page| page.len() == full));
    }
    for size in ["0", "1001", "-1", "x", "", "1.0", "%2B5", "5%20", "99999999999999999999999", "٣"] {
        let size = if size.is_ascii() { size.to_owned() } else { escaped(size) };
        assert_eq!(
            list(&app, &format!("page.page_size={size}")).send().await.pointers(),
            ["/query/page.page_size"],
            "{size}"
        );
    }
    let first = app.operator("GET", "/v1/customers").send().await.json()["customers"][0].clone();
    assert_eq!(first, app.operator("GET", "/v1/customers/c00").send().await.json());
}

#[tokio::test]
async fn a_token_is_good_for_this_very_list_alone() {
    let app = with_customers(3).await;
    let query = "page.page_size=1&page.filter=state%3Dactive&page.order_by=created_at%20desc&page.show_archived=true";
    let mine = token(&list(&app, query).send().await.expect_status(200));
    let next = async |query: &str| list(&app, &format!("{query}&page.page_token={mine}")).send().await;
    next(query).await.expect_status(200);
    next(&query.replace("page_size=1", "page_size=2")).await.expect_status(200);
    next(&query.replace("true", "true&&")).await.expect_status(200);
    let others = [
        query.replace("state%3Dactive", ""),
        query.replace("%3Dactive", "%3Aactive"),
        query.replace("page.filter=state%3Dactive&", ""),
        query.replace("%20desc", ""),
        query.replace("created_at%20desc", "customer_id%20desc"),
        query.replace("true", "false"),
        query.replace("&page.show_archived=true", ""),
    ];
    for other in others {
        assert_eq!(next(&other).await.pointers(), ["/query/page.page_token"], "{other}");
    }
    let key = app.new_operator_key("other").await;
    let foreign = app.with_key(&key, "GET", &format!("/v1/customers?{query}&page.page_token={mine}")).send().await;
    assert_eq!(foreign.pointers(), ["/query/page.page_token"]);
    // Another key of the same operator is the same operator.
    let key = app.new_operator_key("acme").await;
    let own = app.with_key(&key, "GET", &format!("/v1/customers?{query}&page.page_token={mine}")).send().await;
    assert_eq!(slugs(&own.expect_status(200)), slugs(&next(query).await));
}

#[tokio::test]
async fn a_token_changed_at_any_place_is_refused() {
    let app = with_customers(2).await;
    let whole = token(&list(&app, "page.page_size=1").send().await);
    let mut bad: Vec<String> = ["x", "%00", "*", "%22", "c00", "AAAA"].map(str::to_owned).to_vec();
    for at in 0..whole.len() {
        let other = if whole.as_bytes()[at] == b'A' { 'B' } else { 'A' };
        bad.push(format!("{}{other}{}", &whole[..at], &whole[at + 1..]));
    }
    let added = ["A", "=", "==", "%0A", "+"].map(|more| format!("{whole}{more}"));
    bad.extend(added.into_iter().chain([whole[1..].to_owned(), whole[..whole.len() - 1].to_owned(), whole.repeat(2)]));
    for token in bad {
        let answer = list(&app, &format!("page.page_size=1&page.page_token={token}")).send().await;
        assert_eq!(answer.pointers(), ["/query/page.page_token"], "{token}");
    }
    assert_eq!(slugs(&list(&app, &format!("page.page_token={whole}")).send().await), ["c01"]);
    assert_eq!(slugs(&list(&app, "page.page_token=").send().await), ["c00", "c01"]);
}

#[tokio::test]
async fn it_is_ordered_by_slug_or_creation_both_ways() {
    let app = with_customers(9).await;
    let by_name: Vec<String> = (0..9).map(|number| format!("c{number:02}")).collect();
    let by_age: Vec<String> = (0..9).map(|number| format!("c{:02}", number * 7 % 9)).collect();
    let turned = |list: &[String]| list.iter().rev().cloned().collect::<Vec<_>>();
    let orders = [
        ("", by_name.clone()),
        ("customer_id", by_name.clone()),
        ("customer_id+asc", by_name.clone()),
        ("customer_id%20desc", turned(&by_name)),
        ("created_at", by_age.clone()),
        ("created_at%20asc", by_age.clone()),
        ("created_at+desc", turned(&by_age)),
    ];
    for (order, expected) in orders {
        for size in [1, 2, 3, 9, 10] {
            let walked = walk(&app, &format!("page.order_by={order}&page.page_size={size}")).await;
            assert_eq!(walked.concat(), expected, "{order} {size}");
            assert_eq!(walked.len(), expected.len().div_ceil(size), "{order} {size}");
        }
    }
    for order in [
        "updated_at",
        "created_at%20down",
        "DESC",
        "customer_id,created_at",
        "created_at%20desc%20asc",
        "created_at%20DESC",
        "-created_at",
        "%00",
    ] {
        assert_eq!(
            list(&app, &format!("page.order_by={order}")).send().await.pointers(),
            ["/query/page.order_by"],
            "{order}"
        );
    }
}

#[tokio::test]
async fn archived_customers_are_shown_on_demand() {
    let app = with_customers(4).await;
    for slug in ["c00", "c02"] {
        app.operator("DELETE", &format!("/v1/customers/{slug}")).send().await.expect_status(204);
    }
    for order in ["customer_id", "created_at"] {
        for (shown, expected) in [
            ("", vec!["c01", "c03"]),
            ("&page.show_archived=false", vec!["c01", "c03"]),
            ("&page.show_archived=true", vec!["c00", "c01", "c02", "c03"]),
        ] {
            for size in [1, 2, 5] {
                let mut all = walk(&app, &format!("page.order_by={order}&page.page_size={size}{shown}")).await.concat();
                all.sort();
                assert_eq!(all, expected, "{order}{shown}");
            }
        }
    }
    for bad in ["", "TRUE", "1", "yes", "%20true", "null"] {
        assert_eq!(
            list(&app, &format!("page.show_archived={bad}")).send().await.pointers(),
            ["/query/page.show_archived"]
        );
    }
    assert_eq!(filtered(&app, "state = archived").await, "");
    let archived = list(&app, "page.show_archived=true&page.filter=state:archived").send().await;
    assert_eq!(slugs(&archived), ["c00", "c02"]);
    let unset = list(&app, "page.show_archived=true&page.filter=NOT+archived_at:*").send().await;
    assert_eq!(slugs(&unset), ["c01", "c03"]);
}

#[tokio::test]
async fn filters_are_read_as_aip_160_says() {
    let app = App::start().await;
    let bodies = [
        json!({ "customer_id": "aa", "display_name": "Acme Inc", "labels": { "env": "prod", "a.b": "1" } }),
        json!({ "customer_id": "bb", "display_name": "a*", "description": "say \"hi\"", "labels": { "env": "pre-prod" } }),
        json!({ "customer_id": "cc", "description": "AND + more", "labels": { "note": "" } }),
    ];
    for body in bodies {
        app.operator("POST", "/v1/customers").json(body).send().await.expect_status(201);
    }
    let time = text(&app.operator("GET", "/v1/customers/bb").send().await.json(), "created_at").to_owned();
    let table = [
        ("customer_id = bb", "bb"),
        ("customer_id != bb", "aa cc"),
        ("customer_id < bb", "aa"),
        ("customer_id <= bb", "aa bb"),
        ("customer_id > bb", "cc"),
        ("customer_id >= bb", "bb cc"),
        ("customer_id : bb", "bb"),
        ("customer_id = 'b*'", "bb"),
        ("display_name = \"Acme*\"", "aa"),
        ("display_name = Acme", ""),
        ("display_name = a\\*", "bb"),
        ("display_name:*", "aa bb"),
        ("display_name != x", "aa bb"),
        ("NOT display_name = x", "aa bb cc"),
        ("NOT display_name:*", "cc"),
        ("labels.env = prod OR labels.env = pre-prod", "aa bb"),
        ("labels.env:*", "aa bb"),
        ("labels.a.b = 1", "aa"),
        ("labels.note:*", "cc"),
        ("customer_id = aa OR customer_id = cc AND labels.note:*", "cc"),
        ("(customer_id = aa) OR (customer_id = cc AND labels.note:*)", "aa cc"),
        ("NOT customer_id = aa AND NOT (customer_id = bb OR customer_id = zz)", "cc"),
        ("description = 'say \"hi\"'", "bb"),
        ("description = \"say \\\"hi\\\"\"", "bb"),
        ("description = \"AND + more\"", "cc"),
        ("state = active", "aa bb cc"),
        ("state != active", ""),
        (&format!("created_at = {time}"), "bb"),
        (&format!("created_at < {time}"), "aa"),
        (&format!("updated_at > \"{time}\""), "cc"),
        (&format!("created_at >= {}", time.replace('Z', "+00:00")), "bb cc"),
        ("archived_at:*", ""),
        ("archived_at != 2020-01-01T00:00:00Z", ""),
    ];
    for (filter, expected) in table {
        assert_eq!(filtered(&app, filter).await, expected, "{filter}");
    }
    // A plus is a space, an escaped one itself.
    for (raw, expected) in [
        ("description=\"AND+%2B+more\"", "cc"),
        ("description=\"AND+++more\"", ""),
        ("description=%22AND%20%2B%20more%22", "cc"),
        ("", "aa bb cc"),
    ] {
        let page = list(&app, &format!("page.filter={}", raw.replace('"', "%22"))).send().await.expect_status(200);
        assert_eq!(slugs(&page).join(" "), expected, "{raw}");
    }
}

#[tokio::test]
async fn what_is_no_filter_is_refused_with_its_offset() {
    let app = with_customers(1).await;
    let deep = |levels: usize| format!("{}state:active{}", "(".repeat(levels), ")".repeat(levels));
    let long = |length: usize| format!("customer_id={}", "c".repeat(length - 12));
    list(&app, &format!("page.filter={}", escaped(&deep(32)))).send().await.expect_status(200);
    list(&app, &format!("page.filter={}", escaped(&long(2000)))).send().await.expect_status(200);
    let (deep, long) = (deep(33), long(2001));
    let many = format!("state:active{}", " OR state:active".repeat(125));
    let table = [
        ("customer_id", 11),
        ("x = 1", 0),
        ("customer_id = a and customer_id = b", 16),
        ("NOT NOT state:active", 4),
        ("state < active", 6),
        ("state = deleted", 8),
        ("display_name < a*", 16),
        ("display_name = a*b", 16),
        ("display_name = \"a", 15),
        ("(state:active", 0),
        ("state:active)", 12),
        ("created_at = soon", 13),
        ("integration = \"other\"", 0),
        ("labels.A = 1", 0),
        ("state:active AND", 16),
        ("customer_id = ", 14),
        ("created_at = 2020*", 17),
        ("lower(customer_id) = a", 0),
        (" ", 1),
        ("acme", 0),
        ("state = active\u{0}", 14),
        (&deep, 32),
        (&long, 2000),
        (&many, 2000),
    ];
    for (filter, offset) in table {
        let answer = list(&app, &format!("page.filter={}", escaped(filter))).send().await;
        assert_eq!(answer.pointers(), ["/query/page.filter"], "{filter}");
        let message = text(&answer.json()["errors"][0], "message").to_owned();
        assert!(
            message.split(|c: char| !c.is_ascii_digit()).any(|word| word == offset.to_string()),
            "{filter}: {offset}: {message}"
        );
    }
}

/// In process, the quickest of 20 readings: what else the machine does meanwhile is no matter.
#[test]
fn a_bomb_is_refused_within_5_milliseconds() {
    let bombs = [
        "(".repeat(33) + "state:active" + &")".repeat(33),
        "NOT (".repeat(400),
        ["state:active"; 10_000].join(" OR "),
        ["state:*"; 181].join(" OR ") + " AND",
        "customer_id=".to_owned() + &"c".repeat(1989),
        "customer_id='".to_owned() + &"\\'".repeat(900),
        " ".repeat(2001),
        "(".repeat(1_000_000),
    ];
    for bomb in &bombs {
        let reading = || {
            let started = Instant::now();
            assert!(Filter::parse(bomb).is_err(), "{bomb:.50}");
            started.elapsed()
        };
        let quickest = (0..20).map(|_| reading()).min().unwrap();
        assert!(quickest < Duration::from_millis(5), "{quickest:?}: {bomb:.50}");
    }
}

#[tokio::test]
async fn all_faults_of_a_query_are_told_at_once() {
    let app = with_customers(1).await;
    let answer = list(
        &app,
        "page.page_size=0&page.filter=x&page.order_by=y&page.show_archived=z&page.page_token=t&page.x=1&limit=2&a/b=",
    )
    .send()
    .await;
    let expected = [
        "/query/a~1b",
        "/query/limit",
        "/query/page.filter",
        "/query/page.order_by",
        "/query/page.page_size",
        "/query/page.page_token",
        "/query/page.show_archived",
        "/query/page.x",
    ];
    assert_eq!(answer.pointers(), expected);
    let twice = ["page.page_size=1", "page.page_token=", "page.filter=", "page.order_by=", "page.show_archived=true"];
    for parameter in twice {
        let name = parameter.split('=').next().unwrap();
        assert_eq!(list(&app, &format!("{parameter}&{parameter}")).send().await.pointers(), [format!("/query/{name}")]);
    }
    list(&app, "page.filter=&page.order_by=&page.page_token").send().await.expect_status(200);
}

#[tokio::test]
async fn who_stays_throughout_a_walk_is_seen_exactly_once() {
    let app = with_customers(20).await;
    for order in ["customer_id", "customer_id%20desc", "created_at", "created_at%20desc"] {
        let query = format!("page.page_size=3&page.order_by={order}");
        let (mut seen, mut next, mut round) = (Vec::new(), String::new(), 0);
        loop {
            let page = list(&app, &format!("{query}&page.page_token={next}")).send().await.expect_status(200);
            seen.extend(slugs(&page));
            next = token(&page);
            round += 1;
            if next.is_empty() {
                break;
            }
            let last = seen.last().unwrap().clone();
            app.new_customer(&format!("b{}-{round}", order.len())).await;
            // The anchor of the next page goes and comes back, which must not matter.
            app.operator("DELETE", &format!("/v1/customers/{last}")).send().await.expect_status(204);
            let page = list(&app, &format!("{query}&page.page_token={next}")).send().await.expect_status(200);
            assert!(!slugs(&page).contains(&last));
            app.operator("POST", &format!("/v1/customers/{last}/restore")).send().await.expect_status(200);
        }
        let mut old: Vec<&String> = seen.iter().filter(|slug| slug.starts_with('c')).collect();
        old.sort();
        let expected: Vec<String> = (0..20).map(|number| format!("c{number:02}")).collect();
        assert_eq!(old, expected.iter().collect::<Vec<_>>(), "{order}");
    }
}

#[tokio::test]
async fn pages_under_a_filter_are_full_while_more_remain() {
    let app = App::start().await;
    for number in 0..24 {
        let body = json!({ "customer_id": format!("c{number:02}"), "labels": { "third": (number % 3).to_string() } });
        app.operator("POST", "/v1/customers").json(body).send().await.expect_status(201);
    }
    let walked = walk(&app, "page.page_size=3&page.filter=labels.third%3D1").await;
    let lengths: Vec<usize> = walked.iter().map(Vec::len).filter(|length| *length > 0).collect();
    assert_eq!(lengths, [3, 3, 2]);
    let all: Vec<Value> = walked.concat().into_iter().map(Value::from).collect();
    assert_eq!(all, (0..8).map(|number| json!(format!("c{:02}", number * 3 + 1))).collect::<Vec<_>>());
}
