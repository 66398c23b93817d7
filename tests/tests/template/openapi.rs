//! The check of every exchange against infra/openapi.yaml fails where it must.

use tests::{Exchange, Value, json, openapi};

fn tenant() -> Value {
    let settings = json!({
        "filler_enabled": true, "default_agent_type": "claude-agent-sdk", "max_sticky_ttl_seconds": 3600, "max_concurrent_sticky": 5,
    });
    json!({
        "object": "tenant", "id": "tnt_01kaq7n0z2w4y6x8v0tqrstabc", "external_id": null, "name": null, "status": "active",
        "default_repository_id": null, "settings": settings, "metadata": {},
        "created_at": "2026-01-01T00:00:00.000Z", "updated_at": "2026-01-01T00:00:00.000Z",
    })
}

/// A right answer, but for what `change` does to it.
fn judged(change: impl FnOnce(&mut Exchange, &mut Value)) -> Result<(), String> {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let headers = vec![
        header("content-type", "application/json"),
        header("etag", "\"1\""),
        header("x-request-id", "req_01kaq7n0z2w4y6x8v0tqrstabc"),
        header("cache-control", "private, no-cache"),
    ];
    let path = "/tenants/tnt_01kaq7n0z2w4y6x8v0tqrstabc".to_owned();
    let mut exchange = Exchange { method: "GET".to_owned(), path, status: 200, headers, body: String::new() };
    let mut body = tenant();
    change(&mut exchange, &mut body);
    if exchange.body.is_empty() {
        exchange.body = body.to_string();
    }
    openapi::judge(&exchange)
}

#[test]
fn a_right_answer_is_taken() {
    judged(|_, _| ()).unwrap();
}

#[test]
fn a_wrong_answer_is_told() {
    let wrong: [(&str, Result<(), String>); 12] = [
        ("a member too many", judged(|_, body| body["secret"] = json!(1))),
        ("a member missing", judged(|_, body| drop(body.as_object_mut().unwrap().remove("name")))),
        ("a wrong type", judged(|_, body| body["status"] = json!("paused"))),
        ("an ill-formed id", judged(|_, body| body["id"] = json!("rep_01kaq7n0z2w4y6x8v0tqrstabc"))),
        ("a status that is not described", judged(|exchange, _| exchange.status = 418)),
        ("a media type", judged(|exchange, _| exchange.headers[0].1 = "text/plain".to_owned())),
        ("a header missing", judged(|exchange, _| drop(exchange.headers.remove(1)))),
        ("a header's value", judged(|exchange, _| exchange.headers[3].1 = "public, max-age=300".to_owned())),
        ("a header too many", judged(|exchange, _| exchange.headers.push(("location".to_owned(), "/x".to_owned())))),
        ("a time with an offset", judged(|_, body| body["updated_at"] = json!("2026-01-01T00:00:00.000+00:00"))),
        ("a member too many within", judged(|_, body| body["settings"]["secret"] = json!(1))),
        ("no JSON", judged(|exchange, _| exchange.body = "<html>".to_owned())),
    ];
    for (what, judgement) in wrong {
        assert!(judgement.is_err(), "{what} was not noticed");
    }
}
