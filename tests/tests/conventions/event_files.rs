//! The event files of tests/events, which `cargo lambda invoke` sends (docs/operations.md): each is an event that the gateway makes, holds
//! no key, and is answered by the function whose name the file has.

use std::{collections::BTreeSet, fs};

use tests::{App, Value, json, repository_root};

/// Every file: the name of its function, and its text.
fn files() -> Vec<(String, String)> {
    let entries = fs::read_dir(repository_root().join("tests/events")).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<(String, String)> = entries
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap()))
        .collect();
    files.sort();
    files
}

async fn answer(app: &App, function: &str, event: &str) -> (Value, Value) {
    let answer = app.lambda.invoke(function, event.to_owned()).await.unwrap();
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    (answer["statusCode"].clone(), serde_json::from_str(answer["body"].as_str().unwrap()).unwrap())
}

/// The names of all members but those of `headers`, whose values differ by client.
fn members(event: &Value) -> BTreeSet<String> {
    let object = |place: &str| event.pointer(place).and_then(Value::as_object).into_iter().flatten();
    let names = ["", "/requestContext", "/requestContext/http", "/pathParameters"];
    names.into_iter().flat_map(|place| object(place).map(move |(name, _)| format!("{place}/{name}"))).collect()
}

#[tokio::test]
async fn every_event_file_is_answered_once_it_has_a_key() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let tenant = app.new_tenant(&key, "one").await;
    let id = tenant["id"].as_str().unwrap();
    let mut functions = Vec::new();
    for (function, file) in files() {
        assert!(!file.contains("sk_"), "{function}: a key is in the file");
        let (status, problem) = answer(&app, &function, &file).await;
        assert_eq!((status, &problem["slug"]), (json!(401), &json!("insufficient-scope")), "{function}");

        let event =
            file.replace("INTEGRATION_KEY", &key).replace("OPERATOR_KEY", &app.operator_key).replace("TENANT_ID", id);
        let (status, body) = answer(&app, &function, &event).await;
        let expected = match function.as_str() {
            "get-tenant" => (json!(200), tenant.clone()),
            _ => (json!(201), body.clone()),
        };
        assert_eq!((status, body), expected, "{function}");
        functions.push(function);
    }
    assert_eq!(functions, ["create-customer", "get-tenant"]);
    let customer = app.operator("GET", "/v1/customers/initech").send().await.expect_status(200).json();
    assert_eq!(customer["display_name"], "Initech");
}

#[tokio::test]
async fn an_event_file_has_the_members_of_the_gateway_s_own_event() {
    let app = App::start().await;
    let key = app.new_integration("acme-corp").await;
    let tenant = app.new_tenant(&key, "one").await;
    let path = format!("/tenants/{}", tenant["id"].as_str().unwrap());
    for (function, file) in files() {
        let file: Value = serde_json::from_str(&file).unwrap();
        let path = if function == "get-tenant" { path.as_str() } else { file["rawPath"].as_str().unwrap() };
        let method = file["requestContext"]["http"]["method"].as_str().unwrap();
        let mut call = app.anonymous(method, path);
        if let Some(body) = file["body"].as_str() {
            call = call.body("application/json", body.as_bytes().to_vec());
        }
        call.send().await.expect_status(401);
        let own: Value = serde_json::from_slice(&app.lambda.taken().last().unwrap().event).unwrap();
        assert_eq!(members(&file), members(&own), "{function}");
        for place in ["/version", "/routeKey", "/requestContext/routeKey", "/requestContext/stage", "/body"] {
            assert_eq!(file.pointer(place), own.pointer(place), "{function}: {place}");
        }
        let length = file["headers"]["content-length"].as_str().unwrap();
        assert_eq!(length, file["body"].as_str().unwrap_or_default().len().to_string(), "{function}");
    }
}
