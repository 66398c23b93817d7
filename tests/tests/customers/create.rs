//! `POST /v1/customers` (contract section 3.1).

use futures_util::future::join_all;
use insta::assert_snapshot;
use tests::checks::most_writes_at_once;
use tests::transcript::{members, redacted, text, without_write_ids};
use tests::{App, Call, Value, json};

const PATH: &str = "/v1/customers";

fn create(app: &App, body: Value) -> Call<'_> {
    app.operator("POST", PATH).json(body)
}

/// What a 422 of this body points at.
async fn faults(app: &App, body: Value) -> Vec<String> {
    create(app, body).send().await.expect_problem(422, "validation-error").pointers()
}

#[tokio::test]
async fn a_new_customer_is_shown_whole_and_in_order() {
    let app = App::start().await;
    let body =
        json!({ "customer_id": "acme-corp", "display_name": "Acme", "description": "x", "labels": { "env": "prod" } });
    let created = create(&app, body).send().await.expect_status(201);
    assert_eq!(created.header("location"), Some("/v1/customers/acme-corp"));
    assert_eq!(created.header("content-type"), Some("application/json"));
    assert!(created.etag().starts_with('"'), "{created}");
    assert_eq!(created.header("idempotency-replayed"), None);
    assert_snapshot!(redacted(&created.body), @r#"{"id":"cust_…","customer_id":"acme-corp","display_name":"Acme","description":"x","state":"active","labels":{"env":"prod"},"limits":null,"created_at":"TIME","updated_at":"TIME","archived_at":null}"#);
    assert_eq!(created.json()["created_at"], created.json()["updated_at"]);
}

#[tokio::test]
async fn what_is_not_given_is_null_and_empty_text_means_null() {
    let app = App::start().await;
    let bodies = [
        json!({ "customer_id": "a" }),
        json!({ "customer_id": "b", "display_name": "", "description": "", "labels": {} }),
        json!({ "customer_id": "c", "display_name": null, "description": null }),
    ];
    for body in bodies {
        let created = create(&app, body).send().await.expect_status(201);
        assert_eq!(
            members(&created.body).join(" "),
            "id customer_id display_name description state labels limits created_at updated_at archived_at"
        );
        let created = created.json();
        assert_eq!([&created["display_name"], &created["description"], &created["archived_at"]], [&Value::Null; 3]);
        assert_eq!(created["labels"], json!({}));
    }
}

#[tokio::test]
async fn a_slug_has_its_grammar() {
    let app = App::start().await;
    let long = format!("a{}", "b".repeat(62));
    for slug in ["x", "a0", "a-b", "a--b", "z9-9", &long] {
        create(&app, json!({ "customer_id": slug })).send().await.expect_status(201);
    }
    let longer = format!("{long}b");
    let bad = [
        "",
        "A",
        "aB",
        "-a",
        "a-",
        "0a",
        "a_b",
        "a.b",
        " a",
        "a ",
        "a\n",
        "é",
        "а",
        "a\u{301}",
        &longer,
        "cust_01kaq7n0z2w4y6x8v0tqrstabc",
    ];
    for slug in bad.map(Value::from).into_iter().chain([json!(null), json!(1), json!(["a"]), json!({}), json!(true)]) {
        assert_eq!(faults(&app, json!({ "customer_id": slug })).await, ["/customer_id"], "{slug}");
    }
    assert_eq!(faults(&app, json!({})).await, ["/customer_id"]);
}

#[tokio::test]
async fn a_slug_is_taken_for_ever_but_only_for_its_operator() {
    let app = App::start().await;
    let first = app.new_customer("acme-corp").await;
    let again =
        async || create(&app, json!({ "customer_id": "acme-corp" })).send().await.expect_problem(409, "name-conflict");
    let second = again().await;
    assert_eq!(second.json()["conflicting_resource_id"], first["id"]);
    assert_eq!(second.json()["title"], "Name conflict");
    app.operator("DELETE", "/v1/customers/acme-corp").send().await.expect_status(204);
    assert_eq!(again().await.json()["conflicting_resource_id"], first["id"]);

    let other = app.new_operator_key("other").await;
    let foreign =
        app.with_key(&other, "POST", PATH).json(json!({ "customer_id": "acme-corp" })).send().await.expect_status(201);
    assert_ne!(foreign.json()["id"], first["id"]);
}

#[tokio::test]
async fn texts_are_counted_in_characters_and_stored_as_sent() {
    let app = App::start().await;
    let (name, description) = ("🦀".repeat(255), "e\u{301}".repeat(1000));
    let body = json!({ "customer_id": "long", "display_name": name, "description": description });
    let created = create(&app, body).send().await.expect_status(201).json();
    assert_eq!((text(&created, "display_name"), text(&created, "description")), (name.as_str(), description.as_str()));
    let odd = " \t\r\n\u{202e}\u{200d}\u{feff} é e\u{301} \"\\/";
    let body = json!({ "customer_id": "odd", "display_name": odd, "description": odd, "labels": { "k": odd } });
    create(&app, body).send().await.expect_status(201);
    let got = app.operator("GET", "/v1/customers/odd").send().await.expect_status(200).json();
    assert_eq!([text(&got, "display_name"), text(&got, "description"), text(&got["labels"], "k")], [odd; 3]);

    let body = json!({ "customer_id": "a", "display_name": "🦀".repeat(256), "description": "x".repeat(2001) });
    assert_eq!(faults(&app, body).await, ["/description", "/display_name"]);
    for control in ["\0", "\u{1}", "\u{b}", "\u{c}", "\u{1b}", "\u{7f}", "\u{80}", "\u{85}", "\u{9f}"] {
        let text = format!("a{control}b");
        let body = json!({ "customer_id": "a", "display_name": text, "description": text, "labels": { "k": text } });
        assert_eq!(faults(&app, body).await, ["/description", "/display_name", "/labels/k"], "{control:?}");
    }
}

#[tokio::test]
async fn labels_have_their_grammar_and_number() {
    let app = App::start().await;
    let many = |count: usize| -> Value {
        (0..count).map(|number| (format!("k{number}"), json!("v"))).collect::<serde_json::Map<String, Value>>().into()
    };
    create(&app, json!({ "customer_id": "most", "labels": many(64) })).send().await.expect_status(201);
    assert_eq!(faults(&app, json!({ "customer_id": "a", "labels": many(65) })).await, ["/labels"]);

    let key = format!("a{}", "_".repeat(62));
    let labels = json!({ "a": "", key: "🦀".repeat(63), "a.b-c_d9": "\t" });
    create(&app, json!({ "customer_id": "odd", "labels": labels })).send().await.expect_status(201);

    for key in ["", "A", "9", "_a", ".a", "-a", "aB", "a b", "é", "a\u{7f}", &"a".repeat(64)] {
        let pointer = format!("/labels/{key}");
        assert_eq!(faults(&app, json!({ "customer_id": "a", "labels": { key: "v" } })).await, [pointer]);
    }
    assert_eq!(faults(&app, json!({ "customer_id": "a", "labels": { "a/b~c": "v" } })).await, ["/labels/a~1b~0c"]);
    for value in [json!(null), json!(1), json!("x".repeat(64)), json!({}), json!("\0"), json!(true)] {
        assert_eq!(faults(&app, json!({ "customer_id": "a", "labels": { "k": value } })).await, ["/labels/k"]);
    }
    for labels in [json!(null), json!("a"), json!([]), json!(1)] {
        assert_eq!(faults(&app, json!({ "customer_id": "a", "labels": labels })).await, ["/labels"]);
    }
    let mut all = many(65);
    all["B"] = json!(1);
    all["k0"] = json!(null);
    assert_eq!(
        faults(&app, json!({ "labels": all })).await,
        ["/customer_id", "/labels", "/labels/B", "/labels/B", "/labels/k0"]
    );
}

#[tokio::test]
async fn unknown_and_read_only_members_are_refused_by_name() {
    let app = App::start().await;
    let body = json!({
        "customer_id": "a", "id": "cust_01kaq7n0z2w4y6x8v0tqrstabc", "state": "active", "created_at": null, "updated_at": 1,
        "archived_at": null, "a/b~": 1, "": 2, "pk": "O#acme#C", "ver": 7, "deleted_at": null, "Customer_id": "b",
    });
    let expected = [
        "/",
        "/Customer_id",
        "/archived_at",
        "/a~1b~0",
        "/created_at",
        "/deleted_at",
        "/id",
        "/pk",
        "/state",
        "/updated_at",
        "/ver",
    ];
    assert_eq!(faults(&app, body).await, expected);
    let body = json!({ "customer_id": "A", "display_name": 1, "description": ["x"], "labels": null, "extra": 5 });
    assert_eq!(faults(&app, body).await, ["/customer_id", "/description", "/display_name", "/extra", "/labels"]);
    assert_eq!(app.items_of("customer").await.len(), 0);
}

#[tokio::test]
async fn the_stored_items_are_these() {
    let app = App::start().await;
    let body = json!({ "customer_id": "acme-corp", "display_name": "Acme", "labels": { "env": "prod" } });
    create(&app, body).send().await.expect_status(201);
    let shown =
        async |entity: &str| redacted(&without_write_ids(app.items_of(entity).await.swap_remove(0)).to_string());
    assert_snapshot!(shown("customer").await, @r##"{"created_at":{"S":"TIME"},"customer_id":{"S":"acme-corp"},"display_name":{"S":"Acme"},"g1pk":{"S":"O#acme#C"},"g1sk":{"S":"ULID"},"id":{"S":"cust_…"},"labels":{"M":{"env":{"S":"prod"}}},"pk":{"S":"O#acme#C"},"sk":{"S":"acme-corp"},"state":{"S":"active"},"type":{"S":"customer"},"updated_at":{"S":"TIME"},"v":{"N":"1"},"ver":{"N":"1"}}"##);
    assert_snapshot!(shown("root").await, @r##"{"customer_id":{"S":"acme-corp"},"keys":{"M":{}},"operator":{"S":"acme"},"pk":{"S":"I#ULID"},"sk":{"S":"#"},"state":{"S":"active"},"type":{"S":"root"},"v":{"N":"1"},"ver":{"N":"1"}}"##);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_parallel_creators_one_wins_and_all_others_name_it() {
    let app = App::start().await;
    let calls = (0..64).map(|_| create(&app, json!({ "customer_id": "contested" })).send());
    let (answers, log) = app.requests_of(join_all(calls)).await;
    let winners: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(winners.len(), 1);
    for loser in answers.iter().filter(|answer| answer.status != 201) {
        let loser = loser.clone().expect_problem(409, "name-conflict");
        assert_eq!(loser.json()["conflicting_resource_id"], winners[0].json()["id"]);
    }
    assert_eq!((app.items_of("customer").await.len(), app.items_of("root").await.len()), (1, 1));
    assert_eq!(app.lambda.processes("create-customer").len(), 8);
    assert!(most_writes_at_once(&log) > 1, "the creators never met");
}
