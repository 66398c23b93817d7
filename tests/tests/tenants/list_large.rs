//! `GET /tenants` over large items: a page is full, whatever it takes to read it.

use tests::{App, Value, json};

/// A hundred attachments with the longest branches make an item of 110 KB, of which a list shows 400 bytes.
#[tokio::test]
async fn a_page_is_full_however_much_must_be_read_for_it() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    app.new_tenant(&key, "one").await;
    let mut item = app.items_of("tenant").await.remove(0);
    let attached =
        |n: usize| (format!("01arz3ndektsv4rrffq69gr{n:03}"), json!({ "M": { "b": { "S": "😀".repeat(255) } } }));
    item["repos"] = json!({ "M": (0..100).map(attached).collect::<serde_json::Map<_, _>>() });
    for n in 0..60 {
        let ulid = format!("01arz3ndektsv4rrffq69g5{n:03}");
        (item["sk"]["S"], item["id"]["S"]) = (json!(ulid), json!(format!("tnt_{ulid}")));
        app.store.put(&app.table, item.clone()).await.unwrap();
    }
    for (query, expected) in [("limit=60", 60), ("limit=100", 61)] {
        let (page, log) =
            app.requests_of(app.with_key(&key, "GET", &format!("/tenants?{query}")).send_unchecked()).await;
        let page: Value = page.expect_status(200).json();
        assert_eq!((page["data"].as_array().unwrap().len(), &page["has_more"]), (expected, &json!(expected == 60)));
        assert!(log.iter().filter(|entry| entry.operation == "Query").count() > 4);
    }
}
