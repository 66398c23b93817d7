//! What generators, validators and clients need of infra/openapi.yaml: names, patterns, open answers, and the gateway's own answers.

use regex::Regex;
use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};
use tests::{Value, json, openapi};

/// Generators make names of their own of the document's: Go's `New` + schema is a constructor, `<Operation>Response` is the wrapper of
/// an answer. A schema with such a name makes a client that does not compile.
#[test]
fn no_schema_has_a_name_that_generators_make() {
    let schemas: Vec<&String> = openapi::document()["components"]["schemas"].as_object().unwrap().keys().collect();
    let operations: Vec<&str> = operations().iter().filter_map(|operation| operation["operationId"].as_str()).collect();
    let of_schemas =
        schemas.iter().flat_map(|name| ["New", "Nullable", "Opt", "Nil"].map(|word| format!("{word}{name}")));
    let of_operations = operations.iter().flat_map(|id| {
        [
            "Request",
            "Response",
            "Params",
            "JSONRequestBody",
            "Req",
            "Res",
            "Body",
            "Data",
            "Error",
            "Errors",
            "Responses",
        ]
        .map(|word| format!("{id}{word}"))
    });
    let made: BTreeSet<String> = of_schemas.chain(of_operations).map(|name| name.to_ascii_lowercase()).collect();
    let clashing: Vec<_> = schemas.iter().filter(|name| made.contains(&name.to_ascii_lowercase())).collect();
    assert!(clashing.is_empty(), "generators use these names themselves: {clashing:?}");
    let distinct: BTreeSet<String> = schemas.iter().map(|name| name.to_ascii_lowercase()).collect();
    assert_eq!(distinct.len(), schemas.len(), "two schemas differ in case only");
}

/// Every object of the document, with where it is.
fn visit(value: &'static Value, at: &str, see: &mut dyn FnMut(&str, &'static Value)) {
    match value {
        Value::Object(members) => {
            see(at, value);
            members.iter().for_each(|(name, member)| visit(member, &format!("{at}/{name}"), see));
        }
        Value::Array(items) => items.iter().for_each(|item| visit(item, at, see)),
        _ => {}
    }
}

fn everywhere(see: &mut dyn FnMut(&str, &'static Value)) {
    visit(openapi::document(), "", see);
}

fn patterns() -> BTreeSet<&'static str> {
    let mut patterns = BTreeSet::new();
    everywhere(&mut |_, value| patterns.extend(value["pattern"].as_str()));
    assert!(patterns.len() > 15, "{patterns:?}");
    patterns
}

/// Whether an engine of another language takes each pattern and judges the texts of `cases` as `regex` does. None where it is not here.
fn agrees(program: &str, script: &str, cases: &Value) -> Option<String> {
    let mut command = Command::new(program);
    command.args([if program == "node" { "-e" } else { "-c" }, script]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = command.spawn().ok()?;
    process.stdin.take().unwrap().write_all(cases.to_string().as_bytes()).unwrap();
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "{program} does not take a pattern");
    Some(String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

#[test]
fn every_pattern_is_one_for_every_engine() {
    let mut cases = Vec::new();
    let texts = [
        "",
        "a",
        " a ",
        "a b",
        "\u{dc}b\u{e9}r",
        "\u{85}",
        "\u{a0}a",
        "\u{3000}a\u{2003}",
        "a?b",
        ".",
        "..",
        "\u{1f600}",
        "\"1\"",
        "*",
    ];
    for pattern in patterns() {
        assert!(!pattern.contains("\\u"), "Go's and PCRE's engines take no \\u: {pattern}");
        let is_plain = |c: char| !c.is_control() && !['\u{2028}', '\u{2029}'].contains(&c);
        assert!(pattern.chars().all(is_plain), "a control character or line separator: {pattern:?}");
        // RE2's syntax: no look-around, no references back.
        let compiled = Regex::new(pattern).unwrap_or_else(|error| panic!("{error}"));
        cases.extend(texts.map(|text| json!([pattern, text, u8::from(compiled.is_match(text))])));
    }
    let expected: String = cases.iter().map(|case| case[2].to_string()).collect();
    let cases = Value::from(cases);
    let python = "import json, re, sys\nfor p, t, _ in json.load(sys.stdin): print(int(bool(re.search(p, t))), end='')";
    let node = "for (const [p, t] of JSON.parse(require('fs').readFileSync(0))) process.stdout.write(String(+new RegExp(p, 'u').test(t)))";
    for (program, script) in [("python3", python), ("node", node)] {
        if let Some(judged) = agrees(program, script, &cases) {
            assert!(judged == expected, "{program} judges some text otherwise");
        } else {
            assert!(std::env::var_os("CI").is_none(), "{program} is not here");
        }
    }
}

#[test]
fn the_pattern_of_an_external_id_is_the_rule() {
    let schemas = &openapi::document()["components"]["schemas"];
    let pattern = schemas["TenantCreation"]["properties"]["external_id"]["pattern"].as_str().unwrap();
    let parameter = &openapi::document()["components"]["parameters"]["PathExternalId"]["schema"]["pattern"];
    assert_eq!(parameter, pattern);
    let pattern = Regex::new(pattern).unwrap();
    let long = "\u{e9}".repeat(255);
    for taken in [
        "a",
        ".a",
        "a.",
        "...",
        ".. a",
        "acme:tenant:1",
        "a b",
        " \u{3000}a\t",
        "\u{dc}",
        "\u{1f600}",
        "a\u{2028}b",
        &long,
    ] {
        assert!(pattern.is_match(taken), "{taken:?}");
    }
    let longer = format!("{long}e");
    for refused in ["", " ", "\u{2003}", "\u{2028}", ".", "..", " .. ", "a?b", "?", "a\u{7}b", "\u{1}", &longer] {
        assert!(!pattern.is_match(refused), "{refused:?}");
    }
}

#[test]
fn the_document_is_as_generators_read_it() {
    assert_eq!(openapi::document()["info"].get("summary"), None, "new in 3.1, and no tool shows it");
    everywhere(&mut |at, value| {
        assert!(value["format"] != "date-time" || value.get("pattern").is_none(), "a pattern beside a date-time: {at}");
        for alternatives in ["anyOf", "oneOf"] {
            let is_null = |schema: &Value| schema["type"] == "null";
            let is_nullable = value[alternatives].as_array().is_some_and(|all| all.iter().any(is_null));
            assert!(!is_nullable, "null beside a reference: {at}");
        }
    });
    let headers = &openapi::document()["components"]["headers"];
    assert_eq!(headers["WWWAuthenticate"]["schema"], json!({ "type": "string", "const": "Bearer" }));
    assert_eq!(headers["IdempotencyReplayed"]["schema"], json!({ "type": "string", "const": "true" }));
}

/// The schemas that these references lead to, and those that they lead to.
fn reached(from: &'static Value, all: &mut BTreeSet<&'static str>) {
    let mut found = Vec::new();
    visit(from, "", &mut |_, value| found.extend(value["$ref"].as_str()));
    for reference in found {
        let target = openapi::document().pointer(reference.trim_start_matches('#')).unwrap();
        if all.insert(reference) {
            reached(target, all);
        }
    }
}

#[test]
fn answers_are_open_and_requests_are_closed() {
    let (mut answers, mut requests) = (BTreeSet::new(), BTreeSet::new());
    for operation in operations() {
        reached(&operation["responses"], &mut answers);
        reached(&operation["requestBody"], &mut requests);
    }
    let mut counts = [0, 0];
    for (index, (references, open)) in [(&answers, true), (&requests, false)].into_iter().enumerate() {
        for reference in references.iter().filter(|reference| reference.starts_with("#/components/schemas/")) {
            let schema = openapi::document().pointer(reference.trim_start_matches('#')).unwrap();
            // A map says what its values are.
            if schema["type"] == "object" && !schema["additionalProperties"].is_object() {
                assert_eq!(schema["additionalProperties"], open, "{reference}");
                counts[index] += 1;
            }
            if open && schema["enum"].is_array() {
                let description = schema["description"].as_str().unwrap_or_default();
                assert!(description.ends_with("Later versions may add values."), "{reference}: {description}");
            }
        }
    }
    assert!(counts[0] >= 20 && counts[1] >= 10, "{counts:?}");
}

fn operations() -> Vec<&'static Value> {
    let paths = openapi::document()["paths"].as_object().unwrap();
    let operations = paths.values().flat_map(|item| item.as_object().unwrap().values());
    let operations: Vec<_> = operations.filter(|operation| operation["operationId"].is_string()).collect();
    assert!(operations.len() > 20);
    operations
}

fn resolved(value: &'static Value) -> &'static Value {
    value["$ref"].as_str().map_or(value, |reference| {
        openapi::document().pointer(reference.trim_start_matches('#')).expect("a reference leads somewhere")
    })
}

#[test]
fn every_operation_may_be_answered_by_the_gateway() {
    for operation in operations() {
        let responses = operation["responses"].as_object().unwrap();
        for status in ["400", "403", "413", "429", "500", "503", "504", "default"] {
            let name = format!("{} {status}", operation["operationId"]);
            let Some(response) = responses.get(status).map(resolved) else {
                assert!(["400", "403", "413"].contains(&status), "{name} is not described");
                continue;
            };
            let failure = resolved(&response["content"]["application/json"]["schema"]);
            let alternatives =
                ["Problem", "GatewayMessage"].map(|name| json!({ "$ref": format!("#/components/schemas/{name}") }));
            assert_eq!(failure["oneOf"], json!(alternatives), "{name}");
            assert_eq!(response["content"]["application/problem+json"]["schema"], alternatives[0], "{name}");
            for (header, described) in response["headers"].as_object().unwrap() {
                assert_ne!(resolved(described)["required"], true, "{name}: the gateway has no {header}");
            }
        }
        let unauthorized = responses.get("401").map(resolved);
        let required = unauthorized.map(|response| &resolved(&response["headers"]["WWW-Authenticate"])["required"]);
        assert_ne!(required, Some(&Value::Bool(true)), "a gateway may rename it");
    }
}
