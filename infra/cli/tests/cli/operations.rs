//! Every operation of infra/openapi.yaml is a command, and the command succeeds with the flags that its document suggests.

use std::collections::BTreeMap;

use tests::operations::{Example, Fixture, Operation, examples, operation, operations};
use tests::{Value, json, openapi};

use super::process::{Said, Set, folder, tare};

/// The commands, by the operation that the help of each names.
async fn commands() -> BTreeMap<String, Vec<[String; 2]>> {
    let mut found = BTreeMap::<String, Vec<[String; 2]>>::new();
    for group in listed(&help(&["api", "-h"]).await) {
        for command in listed(&help(&["api", &group, "-h"]).await) {
            let text = help(&["api", &group, &command, "-h"]).await;
            let (_, operation) = text.rsplit_once("Operation ").expect("it names its operation");
            let id = operation.split(':').next().unwrap().to_owned();
            found.entry(id).or_default().push([group.clone(), command]);
        }
    }
    found
}

async fn help(words: &[&str]) -> String {
    let output = tare(&folder(), words).output().await.unwrap();
    assert!(output.status.success(), "{words:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The names below `Commands:`.
fn listed(help: &str) -> Vec<String> {
    let (_, list) = help.split_once("Commands:\n").expect("it has commands");
    let lines = list.lines().take_while(|line| !line.is_empty());
    let names = lines.filter_map(|line| line.strip_prefix("  ")?.split(' ').next().filter(|name| !name.is_empty()));
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[tokio::test]
async fn every_operation_of_the_document_is_a_command() {
    let commands = commands().await;
    let missing: Vec<&str> =
        operations().iter().map(|operation| operation.id.as_str()).filter(|id| !commands.contains_key(*id)).collect();
    assert_eq!(missing, [""; 0], "no command");
    let unknown: Vec<&String> =
        commands.keys().filter(|id| !operations().iter().any(|operation| operation.id == **id)).collect();
    assert!(unknown.is_empty(), "not in the document: {unknown:?}");
    let groups: Vec<&str> = commands.values().flatten().map(|[group, _]| group.as_str()).collect();
    for group in [
        "customers",
        "keys",
        "tenants",
        "repositories",
        "attachments",
        "users",
        "roles",
        "conversations",
        "messages",
        "tokens",
        "self",
        "jwks",
    ] {
        assert!(groups.contains(&group), "no group {group}");
    }
    let update = &commands["updateTenant"];
    for command in ["update", "suspend", "activate"] {
        assert!(update.iter().any(|known| *known == ["tenants", command]), "{update:?}");
    }
}

/// What a reference within the document refers to; anything else is what it is.
fn resolved(value: &'static Value) -> &'static Value {
    match value["$ref"].as_str() {
        Some(reference) => resolved(openapi::document().pointer(reference.trim_start_matches('#')).unwrap()),
        None => value,
    }
}

/// The members of a request's body, those of its objects with the object's name before theirs.
fn members(schema: &'static Value, above: &str, into: &mut Vec<String>) {
    let schema = resolved(schema);
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        let member = resolved(member);
        let name = format!("{above}{name}").replace('_', "-");
        match member["properties"].is_object() {
            true => members(member, &format!("{name}-"), into),
            false if member["additionalProperties"].is_object() => into.push(name.trim_end_matches('s').to_owned()),
            false => into.push(name),
        }
    }
}

#[tokio::test]
async fn every_parameter_and_every_member_of_a_body_is_a_flag() {
    let commands = commands().await;
    let mut count = 0;
    for operation in operations() {
        let [group, command] = &commands[&operation.id][0];
        let help = help(&["api", group, command, "-h"]).await;
        let parameters = operation.parameters.iter().map(|parameter| match parameter.split_once(':').unwrap() {
            (_, "limit") => "page-size".to_owned(),
            (_, name) => name.trim_start_matches("page.").replace('_', "-").to_lowercase(),
        });
        let mut flags: Vec<String> = parameters.collect();
        let item = &openapi::document()["paths"][&operation.path][operation.method.to_lowercase()];
        let content = &resolved(&item["requestBody"])["content"]["application/json"];
        members(&content["schema"], "", &mut flags);
        for flag in flags {
            let is_there = help.lines().any(|line| {
                let words = line.trim_start().strip_prefix(&format!("--{flag}"));
                words.is_some_and(|rest| rest.starts_with([' ', '[']) || rest.is_empty())
            });
            assert!(is_there, "{}: tare api {group} {command} has no --{flag}:\n{help}", operation.id);
            count += 1;
        }
    }
    assert!(count > 150, "only {count} flags were compared");
}

/// The flags for a body: what a person types, not `--body`.
fn body_flags(body: &Value, above: &str) -> Vec<String> {
    let mut flags = Vec::new();
    for (name, value) in body.as_object().into_iter().flatten() {
        let flag = format!("--{above}{}", name.replace('_', "-"));
        match value {
            Value::Object(_) => flags.extend(body_flags(value, &format!("{}-", name.replace('_', "-")))),
            Value::Array(items) => {
                let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
                flags.push(format!("{flag}={}", items.join(",")));
            }
            Value::String(text) => flags.extend([flag, text.clone()]),
            other => flags.push(format!("{flag}={other}")),
        }
    }
    flags
}

/// The words of an example: the command, the ids of its path, its query, its body.
fn words(fixture: &Fixture, command: &[String; 2], operation: &Operation, example: &Example) -> Vec<String> {
    let mut words = vec!["api".to_owned(), command[0].clone(), command[1].clone()];
    for name in operation.names() {
        let name = name.trim_matches(['{', '}']);
        words.extend([format!("--{}", name.replace('_', "-")), fixture.names.get(name).to_owned()]);
    }
    let query = fixture.filled(example.query);
    for pair in query.trim_start_matches('?').split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap();
        words.push(format!("--{}={value}", name.replace('_', "-")));
    }
    words.extend(body_flags(&fixture.body(example), ""));
    words
}

async fn run(set: &Set, fixture: &Fixture, operation: &Operation, words: &[String]) -> Said {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    set.with_key(fixture.key_of(operation.caller), &words).await
}

#[tokio::test]
async fn every_command_sends_what_it_says_and_succeeds() {
    let set = Set::new().await;
    let commands = commands().await;
    let mut count = 0;
    for operation_now in operations() {
        for example in examples(&operation_now.id).unwrap() {
            count += 1;
            let fixture = Fixture::new(&set.app, &format!("c{count}")).await;
            for id in example.before {
                let before = operation(id);
                let first = &examples(id).unwrap()[0];
                run(&set, &fixture, before, &words(&fixture, &commands[*id][0], before, first)).await.expect(0);
            }
            let words = words(&fixture, &commands[&operation_now.id][0], operation_now, &example);
            let shown = run(&set, &fixture, operation_now, &[&words[..], &["--dry-run".to_owned()]].concat()).await;
            let shown = shown.expect(0).out;
            let target = format!("{}{}", fixture.path(operation_now), fixture.filled(example.query));
            let line = format!("{} {target} HTTP/1.1", operation_now.method);
            assert_eq!(shown.lines().next(), Some(line.as_str()), "{words:?}");
            let sent = shown.split_once("\n\n").map(|(_, body)| serde_json::from_str::<Value>(body).unwrap());
            let wanted = Some(fixture.body(&example)).filter(|body| !body.is_null());
            assert_eq!(sent.filter(|body| *body != json!({})), wanted, "{words:?}");

            let said = run(&set, &fixture, operation_now, &words).await;
            assert_eq!(said.code, 0, "tare {words:?}: {said:?}");
            assert_eq!(said.out.is_empty(), example.status == 204, "tare {words:?}: {said:?}");
        }
    }
    assert!(count >= 55, "only {count} examples");
}
