//! What clients were promised stays (N2): infra/openapi.baseline.txt is infra/openapi.yaml as it was last released, in short, and
//! nothing in it may be taken away, nor more be asked of callers. What is added needs no change of it. Types are not looked at.
//!
//! At a release: `WRITE_OPENAPI_BASELINE=1 cargo test --package tests --test template baseline`.

use std::collections::{BTreeMap, BTreeSet};
use std::{env, fs};
use tests::{Value, json, openapi, repository_root};

/// Sets of words by what they are of: `POST /tenants takes`, `POST /tenants requires`, `POST /tenants answers 201`. A word is a
/// parameter (`query:limit`), a header, a media type or the pointer of a member, with `*` for the items of an array.
type Surface = BTreeMap<String, BTreeSet<String>>;

struct Document<'a>(&'a Value);

impl<'a> Document<'a> {
    fn surface(&self) -> Surface {
        let mut surface = Surface::new();
        for (path, item) in self.0["paths"].as_object().expect("a document has paths") {
            for method in ["get", "put", "post", "patch", "delete"] {
                if item[method].is_object() {
                    self.add(&mut surface, &format!("{} {path}", method.to_ascii_uppercase()), item, &item[method]);
                }
            }
        }
        surface
    }

    fn add(&self, surface: &mut Surface, name: &str, item: &'a Value, operation: &'a Value) {
        let (mut takes, mut requires) = (BTreeSet::new(), BTreeSet::new());
        for parameter in list(&item["parameters"]).chain(list(&operation["parameters"])) {
            let parameter = self.resolved(parameter);
            let word = format!("{}:{}", text(&parameter["in"]), text(&parameter["name"]));
            if parameter["required"] == true {
                requires.insert(word.clone());
            }
            takes.insert(word);
        }
        let body = self.resolved(&operation["requestBody"]);
        if body["required"] == true {
            requires.insert("body".to_owned());
        }
        for (media_type, content) in body["content"].as_object().into_iter().flatten() {
            takes.insert(media_type.clone());
            self.members(&content["schema"], "", &mut takes, &mut requires);
        }
        surface.insert(format!("{name} takes"), takes);
        surface.insert(format!("{name} requires"), requires);
        for (status, response) in operation["responses"].as_object().into_iter().flatten() {
            let response = self.resolved(response);
            let headers = response["headers"].as_object().into_iter().flatten();
            let mut answers: BTreeSet<String> = headers.map(|(name, _)| format!("header:{name}")).collect();
            for (media_type, content) in response["content"].as_object().into_iter().flatten() {
                answers.insert(media_type.clone());
                self.members(&content["schema"], "", &mut answers, &mut BTreeSet::new());
            }
            surface.insert(format!("{name} answers {status}"), answers);
        }
    }

    /// The pointers of all members of a schema, and of those that it requires.
    fn members(&self, schema: &'a Value, at: &str, all: &mut BTreeSet<String>, required: &mut BTreeSet<String>) {
        let schema = self.resolved(schema);
        required.extend(list(&schema["required"]).map(|name| format!("{at}/{}", text(name))));
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            let at = format!("{at}/{name}");
            self.members(member, &at, all, required);
            all.insert(at);
        }
        if schema["items"].is_object() {
            self.members(&schema["items"], &format!("{at}/*"), all, required);
        }
        for alternative in ["allOf", "anyOf", "oneOf"].iter().flat_map(|name| list(&schema[name])) {
            self.members(alternative, at, all, required);
        }
    }

    fn resolved(&self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
            Some(pointer) => self.0.pointer(pointer).expect("a reference leads somewhere"),
            None => value,
        }
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// What breaks callers of `old` where `new` is deployed.
fn breaks(old: &Surface, new: &Surface) -> Vec<String> {
    let (none, mut found) = (BTreeSet::new(), Vec::new());
    for (name, before) in old {
        let after = new.get(name);
        match name.strip_suffix(" requires") {
            Some(operation) => {
                let taken = &old[&format!("{operation} takes")];
                let more = after.unwrap_or(&none).difference(before).filter(|word| is_asked_of_all(word, taken));
                found.extend(more.map(|word| format!("{operation} requires {word}")));
            }
            None if after.is_none() => found.push(format!("{name}: nothing any more")),
            None => found.extend(before.difference(&new[name]).map(|word| format!("{name}: no {word} any more"))),
        }
    }
    found
}

/// Whether a required word is asked of callers who know nothing of what is new: not where the object that it is in is new.
fn is_asked_of_all(word: &str, taken: &BTreeSet<String>) -> bool {
    let object = word.rsplit_once('/').map_or("", |(object, _)| object.trim_end_matches("/*"));
    object.is_empty() || taken.contains(object)
}

fn written(surface: &Surface) -> String {
    let words = |words: &BTreeSet<String>| words.iter().map(|word| format!(" {word}")).collect::<String>();
    surface.iter().map(|(name, set)| format!("{name}:{}\n", words(set))).collect()
}

fn read(text: &str) -> Surface {
    let line = |line: &str| {
        let (name, words) = line.split_once(':').expect("a line has a name");
        (name.to_owned(), words.split_whitespace().map(str::to_owned).collect())
    };
    text.lines().map(line).collect()
}

#[test]
fn nothing_in_the_baseline_is_taken_away_and_no_more_is_asked() {
    let file = repository_root().join("infra/openapi.baseline.txt");
    let now = Document(openapi::document()).surface();
    if env::var_os("WRITE_OPENAPI_BASELINE").is_some() {
        fs::write(&file, written(&now)).unwrap();
    }
    let baseline = read(&fs::read_to_string(&file).unwrap());
    assert!(baseline.len() > 200, "the baseline is not whole: {} lines", baseline.len());
    let breaks = breaks(&baseline, &now);
    assert!(
        breaks.is_empty(),
        "infra/openapi.yaml breaks those who were promised the baseline:\n{}",
        breaks.join("\n")
    );
}

#[test]
fn what_breaks_clients_is_told_and_what_is_added_is_not() {
    let change = |pointer: &str, value: Value| {
        let mut document = json!({ "paths": { "/a": { "post": {
            "parameters": [{ "in": "query", "name": "limit" }],
            "requestBody": { "content": { "application/json": { "schema": {
                "required": ["name"], "properties": { "name": {}, "more": { "properties": { "x": {} } } },
            } } } },
            "responses": { "200": { "content": { "application/json": { "schema": { "properties": { "id": {} } } } } } },
        } } } });
        let before = read(&written(&Document(&document).surface()));
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let member = &mut document["paths"]["/a"].pointer_mut(parent).unwrap()[name];
        *member = value;
        breaks(&before, &Document(&document).surface())
    };
    const BODY: &str = "/post/requestBody/content/application~1json/schema";
    let answer = "/post/responses/200/content/application~1json/schema/properties";
    let limit = |required: bool| json!([{ "in": "query", "name": "limit", "required": required }]);
    assert_eq!(change("/post/responses/404", json!({})), Vec::<String>::new());
    assert_eq!(change(&format!("{answer}/name"), json!({})), Vec::<String>::new());
    assert_eq!(change(&format!("{BODY}/properties/new"), json!({ "required": ["y"] })), Vec::<String>::new());
    assert_eq!(change(&format!("{BODY}/required"), json!([])), Vec::<String>::new());
    assert_eq!(change("/post/parameters", limit(false)), Vec::<String>::new());
    assert_eq!(change("/post/parameters", limit(true)), ["POST /a requires query:limit"]);
    assert_eq!(change("/post/parameters", json!([])), ["POST /a takes: no query:limit any more"]);
    assert_eq!(change("/post/requestBody/required", json!(true)), ["POST /a requires body"]);
    assert_eq!(change(&format!("{BODY}/required"), json!(["name", "more"])), ["POST /a requires /more"]);
    assert_eq!(change(&format!("{BODY}/properties/more/required"), json!(["x"])), ["POST /a requires /more/x"]);
    assert_eq!(change(answer, json!({})), ["POST /a answers 200: no /id any more"]);
    assert_eq!(change("/post/responses", json!({})), ["POST /a answers 200: nothing any more"]);
    assert_eq!(change("/post", Value::Null).len(), 2, "an operation less");
}
