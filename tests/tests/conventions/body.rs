//! The body: media type, size, syntax, values (contract section 2.3; cases F2, F3, F5, F12).

use tests::transcript::text;
use tests::{App, Call, Exchange, json};

const PATH: &str = "/v1/customers";

fn post<'a>(app: &'a App, kind: &str, body: impl Into<Vec<u8>>) -> Call<'a> {
    app.operator("POST", PATH).body(kind, body)
}

async fn malformed(call: Call<'_>) -> Exchange {
    let answer = call.send().await.expect_problem(400, "malformed-request");
    assert_eq!((text(&answer.json(), "title"), answer.json().get("errors")), ("Malformed request", None));
    answer
}

#[tokio::test]
async fn a_body_is_json_by_its_media_type() {
    let app = App::start().await;
    let kinds = [
        "application/json",
        "APPLICATION/JSON",
        "application/json;charset=utf-7",
        "application/json ; a=\"b;c\"",
        " application/json",
        "application/json;",
    ];
    for (number, kind) in kinds.iter().enumerate() {
        post(&app, kind, format!(r#"{{"customer_id":"c{number}"}}"#)).send().await.expect_status(201);
    }
    let others = [
        "",
        "text/plain",
        "application/jsonx",
        "application/xml",
        "*/*",
        "application/merge-patch+json",
        "application/problem+json",
        "text/json",
        "json",
        "application/x-www-form-urlencoded",
        "application/json, text/plain",
        "application",
    ];
    for kind in others {
        for body in [r#"{"customer_id":"x"}"#, "{", " "] {
            post(&app, kind, body).send().await.expect_problem(415, "unsupported-media-type");
        }
    }
    app.operator("POST", PATH).bare_body("{}").send().await.expect_problem(415, "unsupported-media-type");
    let twice = post(&app, "application/json", "{}").header("content-type", "application/json");
    twice.send().await.expect_problem(415, "unsupported-media-type");
    let patch = app.operator("PATCH", &format!("{PATH}/c0")).body("text/plain", "{}");
    patch.send().await.expect_problem(415, "unsupported-media-type");
}

#[tokio::test]
async fn no_content_coding_but_identity_is_taken() {
    let app = App::start().await;
    for (number, coding) in ["identity", "Identity", "IDENTITY", " identity"].iter().enumerate() {
        let body = format!(r#"{{"customer_id":"c{number}"}}"#);
        post(&app, "application/json", body).header("content-encoding", coding).send().await.expect_status(201);
    }
    for coding in ["gzip", "br", "deflate", "x", "identity, gzip", "gzip, identity", "*", "identity;q=1"] {
        let call = post(&app, "application/json", r#"{"customer_id":"x"}"#).header("content-encoding", coding);
        call.send().await.expect_problem(415, "unsupported-media-type");
    }
}

#[tokio::test]
async fn a_body_has_at_most_256_kib() {
    let app = App::start().await;
    let sized = |slug: &str, bytes: usize| {
        let body = format!(r#"{{"customer_id":"{slug}"}}"#);
        format!("{}{body}", " ".repeat(bytes - body.len()))
    };
    post(&app, "application/json", sized("most", 262_144)).send().await.expect_status(201);
    for bytes in [262_145, 300_000, 4_000_000] {
        let answer =
            post(&app, "application/json", sized("more", bytes)).send().await.expect_problem(413, "payload-too-large");
        assert_eq!(text(&answer.json(), "title"), "Payload too large");
        let broken = post(&app, "application/json", "{".repeat(bytes)).send().await;
        broken.expect_problem(413, "payload-too-large");
    }
    // Bytes that are no text arrive in base64: it is the bytes that count.
    post(&app, "application/json", [b"\xff".as_slice(), " ".repeat(262_143).as_bytes()].concat())
        .send()
        .await
        .expect_status(400);
    for bytes in [(6 << 20) + 1, (10 << 20) + 1] {
        let answer = post(&app, "application/json", " ".repeat(bytes)).send_unchecked().await;
        assert_eq!(answer.status, 413);
    }
    post(&app, "application/json", sized("again", 1000)).send().await.expect_status(201);
}

#[tokio::test]
async fn a_body_is_one_json_object() {
    let app = App::start().await;
    let table: [&[u8]; 38] = [
        b" ",
        b"null",
        b"[]",
        b"1",
        b"\"a\"",
        b"true",
        b"{",
        b"{}{}",
        b"{} x",
        b"{\"customer_id\":\"a\",}",
        b"{,}",
        b"{\"customer_id\" \"a\"}",
        b"{customer_id:\"a\"}",
        b"{'customer_id':'a'}",
        b"{\"customer_id\":\"a\",\"customer_id\":\"a\"}",
        b"{\"customer_id\":\"a\",\"customer\\u005fid\":\"b\"}",
        b"{\"customer_id\":\"a\",\"labels\":{\"k\":\"1\",\"k\":\"1\"}}",
        b"\xef\xbb\xbf{\"customer_id\":\"a\"}",
        b"\xff\xfe{\0}\0",
        b"\xfe\xff\0{\0}",
        b"{\0}\0",
        b"{\"customer_id\":NaN}",
        b"{\"customer_id\":Infinity}",
        b"{\"customer_id\":1e400}",
        b"{\"x\":-1e400}",
        b"{\"customer_id\":01}",
        b"{\"customer_id\":+1}",
        b"{\"customer_id\":1.}",
        b"{\"customer_id\":.5}",
        b"{\"customer_id\":\"\\ud800\"}",
        b"{\"x\":\"\\udc00\\ud800\"}",
        b"{\"\\ud800\":1}",
        b"{\"customer_id\":\"\\x\"}",
        b"{\"customer_id\":\"a\nb\"}",
        b"{\"customer_id\":\"\xff\"}",
        b"{\"customer_id\":\"\xed\xa0\x80\"}",
        b"// x\n{}",
        b"{\"customer_id\":\"a\"}\0",
    ];
    for body in table {
        malformed(post(&app, "application/json", body)).await;
    }
    malformed(app.operator("POST", PATH)).await;
    malformed(app.operator("POST", PATH).header("content-type", "text/plain").header("content-encoding", "gzip")).await;
    malformed(app.operator("PATCH", &format!("{PATH}/absent"))).await;
    malformed(app.operator("POST", &format!("{PATH}/absent/keys"))).await;
    let fine = "\t\r\n {\"customer_id\" : \"\\u0061\", \"display_name\":\"\\ud83e\\udd80\\/\" } \n";
    let created = post(&app, "application/json", fine).send().await.expect_status(201).json();
    assert_eq!((text(&created, "customer_id"), text(&created, "display_name")), ("a", "🦀/"));
}

#[tokio::test]
async fn a_body_has_at_most_127_levels() {
    let app = App::start().await;
    let deep = |levels: usize| format!("{{\"x\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
    assert_eq!(post(&app, "application/json", deep(127)).send().await.pointers(), ["/customer_id", "/x"]);
    for levels in [128, 200, 100_000] {
        malformed(post(&app, "application/json", deep(levels))).await;
    }
    let objects = |levels: usize| format!("{}1{}", "{\"x\":".repeat(levels), "}".repeat(levels));
    assert_eq!(post(&app, "application/json", objects(127)).send().await.pointers(), ["/customer_id", "/x"]);
    malformed(post(&app, "application/json", objects(128))).await;
}

#[tokio::test]
async fn numbers_are_doubles_and_integers_have_no_fraction() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let settings = async |number: &str| {
        let body = format!(r#"{{"settings":{{"max_sticky_ttl_seconds":{number}}}}}"#);
        app.with_key(&key, "POST", "/tenants").body("application/json", body).send().await
    };
    for (number, value) in [
        ("60", 60),
        ("60.0", 60),
        ("6e1", 60),
        ("6.0E+1", 60),
        ("600e-1", 60),
        ("86400", 86_400),
        ("60.00000000000000000001", 60),
        ("8.64e4", 86_400),
    ] {
        let tenant = settings(number).await.expect_status(201).json();
        assert_eq!(tenant["settings"]["max_sticky_ttl_seconds"], json!(value), "{number}");
    }
    for number in
        ["59", "86401", "60.5", "\"60\"", "null", "true", "1e308", "-60", "1e-400", "18446744073709551676", "[60]"]
    {
        assert_eq!(settings(number).await.pointers(), ["/settings/max_sticky_ttl_seconds"], "{number}");
    }
}

#[tokio::test]
async fn faults_of_body_query_and_headers_are_told_together() {
    let app = App::start().await;
    let body = json!({ "customer_id": "A", "display_name": "\u{0}", "description": 1, "labels": { "~/": "x", "ok": null }, "x/y~z": 1, "": 2 });
    let answer = app.operator("POST", &format!("{PATH}?q=1")).json(body).header("idempotency-key", "a,b").send().await;
    let expected = [
        "/",
        "/customer_id",
        "/description",
        "/display_name",
        "/header/Idempotency-Key",
        "/labels/ok",
        "/labels/~0~1",
        "/query/q",
        "/x~1y~0z",
    ];
    assert_eq!(answer.pointers(), expected);
    let body = answer.json();
    assert_eq!((text(&body, "title"), body["status"].as_u64()), ("Validation error", Some(422)));
    assert!(
        body["errors"]
            .as_array()
            .unwrap()
            .iter()
            .all(|fault| fault.as_object().unwrap().len() == 2 && !text(fault, "message").is_empty())
    );
}

#[tokio::test]
async fn more_faults_than_one_answer_holds_are_answered_as_a_problem() {
    let app = App::start().await;
    app.new_customer("acme-corp").await;
    let body = json!({ "name": "", "scopes": vec![0; 130_000] });
    let answer = app.operator("POST", "/v1/customers/acme-corp/keys").json(body).send_unchecked().await;
    let answer = answer.expect_problem(422, "validation-error");
    let pointers = answer.pointers();
    assert!(pointers.len() > 10_000 && pointers.contains(&"/name".to_owned()), "{} faults", pointers.len());
}
