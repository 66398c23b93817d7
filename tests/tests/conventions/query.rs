//! The query (contract section 2.2).

use tests::transcript::text;
use tests::{App, json};

const LIST: &str = "/v1/customers";

#[tokio::test]
async fn broken_escapes_are_400_in_names_and_values_of_every_operation() {
    let app = App::start().await;
    app.new_customer("acme-corp").await;
    let key = app.new_integration_key("acme-corp").await;
    for query in [
        "a=%",
        "a=%4",
        "a=%zz",
        "%=1",
        "%zz",
        "a=%ff",
        "a=%C3%28",
        "%ff=1",
        "a=1&b=%e2%82",
        "page.filter=%80",
        "%ed%a0%80=1",
    ] {
        let answer =
            app.operator("GET", &format!("{LIST}?{query}")).send().await.expect_problem(400, "malformed-request");
        assert_eq!(answer.json().get("errors"), None);
    }
    for (method, path) in [
        ("GET", "/acme-corp"),
        ("PATCH", "/acme-corp"),
        ("DELETE", "/acme-corp"),
        ("GET", "/acme-corp/keys"),
        ("POST", "/acme-corp/keys"),
        ("POST", "/acme-corp/restore"),
        ("DELETE", "/acme-corp/keys/k"),
        ("POST", "/acme-corp/keys/k/rotate"),
        ("POST", ""),
    ] {
        let call = app.operator(method, &format!("{LIST}{path}?x=%zz")).json(json!({ "unknown": 1 }));
        call.send().await.expect_problem(400, "malformed-request");
        let answer = app.operator(method, &format!("{LIST}{path}?x=1&y/z~")).json(json!({})).send().await;
        let queries: Vec<String> =
            answer.pointers().into_iter().filter(|pointer| pointer.starts_with("/query")).collect();
        assert_eq!(queries, ["/query/x", "/query/y~1z~0"], "{method} {path}");
    }
    app.with_key(&key, "GET", "/integration/self?%").send().await.expect_problem(400, "malformed-request");
}

#[tokio::test]
async fn a_parameter_is_given_once_known_and_not_empty() {
    let app = App::start().await;
    let pointers = async |query: &str| app.operator("GET", &format!("{LIST}?{query}")).send().await.pointers();
    assert_eq!(pointers("page.page_size=1&page.page_size=1").await, ["/query/page.page_size"]);
    assert_eq!(pointers("page.page_size=1&page%2Epage_size=2").await, ["/query/page.page_size"]);
    assert_eq!(
        pointers("page.page_size=&page.show_archived").await,
        ["/query/page.page_size", "/query/page.show_archived"]
    );
    assert_eq!(
        pointers("page_size=1&PAGE.PAGE_SIZE=1&=").await,
        ["/query/", "/query/PAGE.PAGE_SIZE", "/query/page_size"]
    );
    assert_eq!(pointers("a+b=1").await, ["/query/a b"]);
    assert_eq!(pointers("%c3%a9=1").await, ["/query/é"]);
    assert_eq!(pointers("page.filter=&page.filter=").await, ["/query/page.filter"]);
    for query in ["", "&", "&&page.page_size=1&", "page.page%5Fsize=1", "page.filter&page.order_by=&page.page_token="] {
        app.operator("GET", &format!("{LIST}?{query}")).send().await.expect_status(200);
    }
}

#[tokio::test]
async fn a_plus_is_a_space_and_escapes_are_decoded_once() {
    let app = App::start().await;
    let body = json!({ "customer_id": "a", "display_name": "1+1 %41", "labels": { "k": "x" } });
    app.operator("POST", LIST).json(body).send().await.expect_status(201);
    let found = async |filter: &str| {
        let page = app.operator("GET", &format!("{LIST}?page.filter={filter}")).send().await.expect_status(200).json();
        page["customers"].as_array().unwrap().len() == 1
    };
    assert!(found("display_name=%221%2B1+%2541%22").await);
    assert!(found("display_name+=+'1%2B1%20%2541'").await);
    assert!(found("display_name=%271%2b1%20%2541%27").await);
    assert!(!found("display_name=%221+1+%2541%22").await);
    assert!(!found("display_name=%221%2B1+%41%22").await);
    assert!(found("labels.k=x&page.order_by=created_at+desc").await);
}

#[tokio::test]
async fn an_instance_is_the_path_without_the_query() {
    let app = App::start().await;
    let answer = app.operator("GET", &format!("{LIST}?page.page_size=0&secret=1")).send().await;
    assert_eq!(text(&answer.json(), "instance"), LIST);
}
