//! Who calls, and how a caller without the right is answered (contract section 1; cases E1-E4, E7, E8, E10).

use insta::assert_snapshot;
use tenancy::domain::principal::{KeyKind, Scope, Scopes};
use tests::operations::{Caller, Fixture, examples, operations_of, protected};
use tests::transcript::{redacted, text};
use tests::{Action, App, Exchange, Rule, json};

fn is_401(answer: Exchange) -> Exchange {
    let answer = answer.expect_problem(401, "insufficient-scope");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    assert_eq!(text(&answer.json(), "title"), "Unauthorized");
    answer
}

fn is_403(answer: Exchange) -> Exchange {
    let answer = answer.expect_problem(403, "insufficient-scope");
    assert_eq!((text(&answer.json(), "title"), answer.header("www-authenticate")), ("Forbidden", None));
    answer
}

/// Whatever a key once was: unknown, revoked, expired, or of an archived customer.
fn is_401_of_no_live_key(answer: Exchange) -> Exchange {
    let answer = is_401(answer);
    assert_eq!(text(&answer.json(), "detail"), "The API key or token is unknown, revoked or expired.");
    answer
}

/// The secret with its checksum made right again after a change (CRC-32 in 6 base-62 digits).
fn resealed(secret: &str) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let signed = &secret[..secret.len() - 6];
    let mut crc = !0u32;
    for byte in signed.bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    let mut number = !crc;
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[number as usize % 62];
        number /= 62;
    }
    format!("{signed}{}", std::str::from_utf8(&digits).unwrap())
}

#[tokio::test]
async fn without_a_valid_credential_everything_is_401() {
    let app = App::start().await;
    let fixture = Fixture::new(&app, "acme-corp").await;
    let answer = is_401(app.anonymous("GET", "/v1/customers").send().await);
    let body = redacted(&answer.body).replace(&app.address().to_string(), "HOST");
    assert_snapshot!(body, @r#"{"type":"https://HOST/problems/insufficient-scope","slug":"insufficient-scope","title":"Unauthorized","status":401,"detail":"No credential was sent: send an API key as a bearer token in the Authorization header.","instance":"/v1/customers","request_id":"req_…"}"#);
    let key = &app.operator_key;
    let none = text(&answer.json(), "detail").to_owned();
    for header in ["", " ", "Bearer", "bearer ", "Bearer   "] {
        let (answer, log) =
            app.requests_of(app.anonymous("GET", "/v1/customers").header("authorization", header).send()).await;
        assert_eq!(text(&is_401(answer).json(), "detail"), none, "{header:?}");
        assert!(log.is_empty(), "{header}: the store was asked");
    }
    let headers = [
        "x",
        "Basic",
        "Basic eDp5",
        &format!("Basic {key}"),
        key,
        &format!("Bearer{key}"),
        &format!("Bearer {key}x"),
        &format!("Bearer {key},"),
        &format!("Bearer {key} x"),
        &format!("Bearer \"{key}\""),
        &format!("Bearer\t{key}"),
        &format!("Bearer {key}, Bearer {key}"),
        "Bearer sk_ops_",
        "Bearer sk_int_",
        "Bearer a.b.c",
        "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1In0.",
        "Bearer é",
        &format!("Bearer {}", "x".repeat(5000)),
        &format!("Bearer {}", key.to_uppercase()),
    ];
    for header in headers {
        let (answer, log) =
            app.requests_of(app.anonymous("GET", "/v1/customers").header("authorization", header).send()).await;
        let body = is_401(answer).json();
        assert!(
            text(&body, "detail").starts_with("The credential is neither a key nor a token of this API"),
            "{header}: {body}"
        );
        assert!(log.is_empty(), "{header}: the store was asked");
    }
    let twice = app.operator("GET", "/v1/customers").header("authorization", &format!("Bearer {key}"));
    is_401(twice.send().await);
    for operation in protected() {
        is_401(app.anonymous(&operation.method, &fixture.path(operation)).send().await);
    }
}

#[tokio::test]
async fn the_schemes_case_does_not_matter() {
    let app = App::start().await;
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR", "Bearer  "] {
        let header = format!("{scheme} {}", app.operator_key);
        app.anonymous("GET", "/v1/customers").header("authorization", &header).send().await.expect_status(200);
    }
}

#[tokio::test]
async fn a_mistyped_key_is_refused_without_a_look_up() {
    let app = App::start().await;
    let integration = app.new_integration("acme-corp").await;
    for (key, path) in [(app.operator_key.clone(), "/v1/customers"), (integration, "/tenants")] {
        assert_eq!(resealed(&key), key, "the checksum is a CRC-32");
        app.with_key(&key, "GET", path).send().await.expect_status(200);
        let tries = async {
            for at in 0..key.len() {
                let other = if key.as_bytes()[at] == b'a' { 'b' } else { 'a' };
                let wrong = format!("{}{other}{}", &key[..at], &key[at + 1..]);
                is_401(app.with_key(&wrong, "GET", path).send().await);
            }
        };
        let ((), log) = app.requests_of(tries).await;
        assert!(log.is_empty(), "{} look-ups", log.len());
    }
}

#[tokio::test]
async fn an_unknown_key_costs_what_a_known_one_reads_first() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let wrong_secret =
        |key: &str| resealed(&format!("{}{}{}", &key[..key.len() - 20], "A".repeat(14), &key[key.len() - 6..]));
    let unknown_root =
        |key: &str| resealed(&key.replacen("sk_int_01", "sk_int_00", 1).replacen("sk_ops_acme", "sk_ops_acmf", 1));
    let unknown_id = {
        let prefix = key.len() - 49 - 26;
        resealed(&format!("{}{}{}", &key[..prefix], "01kaq7n0z2w4y6x8v0tqrstabc", &key[prefix + 26..]))
    };
    let operator = app.operator_key.clone();
    let cases = [
        (wrong_secret(&key), "/tenants/tnt_01kaq7n0z2w4y6x8v0tqrstabc"),
        (unknown_root(&key), "/tenants/tnt_01kaq7n0z2w4y6x8v0tqrstabc"),
        (unknown_id, "/tenants/tnt_01kaq7n0z2w4y6x8v0tqrstabc"),
        (wrong_secret(&operator), "/v1/customers/acme-corp"),
        (unknown_root(&operator), "/v1/customers/acme-corp"),
    ];
    for (key, path) in cases {
        let (answer, log) = app.requests_of(app.with_key(&key, "GET", path).send()).await;
        is_401_of_no_live_key(answer);
        let reads: Vec<_> =
            log.iter().map(|entry| (&*entry.operation, entry.parts().len(), entry.read_units())).collect();
        assert_eq!(reads, [("BatchGetItem", 2, 2.0)]);
        let (answer, log) = app
            .requests_of(app.with_key(&key, "POST", "/v1/customers").json(json!({ "customer_id": "x" })).send())
            .await;
        is_401(answer);
        assert_eq!(log.len(), 1);
    }
    let keys = app.with_key(&wrong_secret(&operator), "GET", "/v1/customers/acme-corp/keys");
    let (answer, log) = app.requests_of(keys.send()).await;
    is_401(answer);
    assert_eq!(log.len(), 1);
    let reads: Vec<String> = log[0].parts().into_iter().map(|part| part.partition.unwrap()).collect();
    assert!(reads.iter().all(|partition| partition.starts_with("O#acme")), "read past the first: {reads:?}");
}

#[tokio::test]
async fn a_credential_of_the_other_kind_is_403_and_nothing_is_written() {
    let app = App::start().await;
    let fixture = Fixture::new(&app, "acme-corp").await;
    let work = async {
        for operation in protected() {
            let key = fixture.wrong_key_of(operation.caller);
            is_403(app.with_key(key, &operation.method, &fixture.path(operation)).send().await);
        }
    };
    let ((), log) = app.requests_of(work).await;
    assert!(log.iter().all(|entry| !entry.is_write()));
    // Of two faults the credential's own comes first.
    let dead = app.new_integration_key("acme-corp").await;
    app.operator("DELETE", "/v1/customers/acme-corp").send().await.expect_status(204);
    is_401(app.with_key(&dead, "GET", "/v1/customers").send().await);
}

#[tokio::test]
async fn a_write_needs_its_scope_and_a_read_none() {
    let app = App::start().await;
    for caller in [Caller::Operator, Caller::Integration] {
        let kind = if caller == Caller::Operator { KeyKind::Operator } else { KeyKind::Integration };
        let all = Scope::ALL.into_iter().filter(|(_, owner, _)| *owner == kind);
        let single = all.map(|(scope, ..)| Scopes::default().with(scope));
        for (number, scopes) in [Scopes::default()].into_iter().chain(single).enumerate() {
            let full = Fixture::new(&app, &format!("{caller:?}-{number}").to_ascii_lowercase()).await;
            let mut fixture = full.clone();
            if caller == Caller::Operator {
                fixture.operator_key = app.new_operator_key_with("acme", scopes).await;
            } else {
                let path = format!("/v1/customers/{}/keys", fixture.names.get("customer_id"));
                let issue = app.operator("POST", &path).json(json!({ "name": "k", "scopes": scopes.names() }));
                fixture.key = text(&issue.send().await.expect_status(201).json(), "api_key_once").to_owned();
            }
            for operation in operations_of(caller) {
                if operation.scope.is_none() {
                    full.prepare(&app, &examples(&operation.id).unwrap()[0]).await;
                }
                // Nothing is changed where the condition is looked at.
                let answer = fixture.first(&app, operation).header("if-match", "\"0\"").send().await;
                match &operation.scope {
                    // Not everything is there that an example needs.
                    None => assert!([200, 404].contains(&answer.status), "{answer}"),
                    Some(scope) if scopes.names().contains(&scope.as_str()) => {
                        assert!(![401, 403].contains(&answer.status), "{answer}");
                    }
                    Some(_) => drop(is_403(answer)),
                }
            }
        }
    }
}

#[tokio::test]
async fn expiry_revocation_and_archiving_hold_on_the_next_request() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let use_it = async || app.with_key(&key, "GET", "/tenants").send().await;
    use_it().await.expect_status(200);
    for _ in 0..5 {
        app.operator("DELETE", "/v1/customers/acme-corp").send().await.expect_status(204);
        is_401_of_no_live_key(use_it().await);
        app.operator("POST", "/v1/customers/acme-corp/restore").send().await.expect_status(200);
        use_it().await.expect_status(200);
    }
}

#[tokio::test]
async fn nobody_gets_in_while_the_store_is_down() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    for action in [Action::Reset, Action::status(500, ""), Action::Throttle] {
        app.faults([Rule::always(action)]);
        for (key, path) in [(&app.operator_key, "/v1/customers"), (&key, "/tenants"), (&app.operator_key, "/tenants")] {
            let answer = app.with_key(key, "GET", path).send().await.expect_problem(503, "unavailable");
            assert!(answer.header("retry-after").is_some_and(|after| after.parse::<u32>().is_ok()), "{answer}");
        }
        app.faults([]);
    }
    app.with_key(&key, "GET", "/tenants").send().await.expect_status(200);
}
