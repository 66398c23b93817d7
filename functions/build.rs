//! Generates the OpenAPI document as JSON, and the routes of template.yaml.

use serde_norway::Value;
use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::var("OUT_DIR")?;
    let out = Path::new(&folder);
    let openapi = read("../infra/openapi.yaml")?;
    fs::write(out.join("openapi.json"), serde_json::to_string(&openapi)?)?;
    fs::write(out.join("routes.rs"), routes(&read("../template.yaml")?))?;
    Ok(())
}

fn read(path: &str) -> Result<Value, Box<dyn Error>> {
    println!("cargo::rerun-if-changed={path}");
    Ok(serde_norway::from_str(&fs::read_to_string(path)?)?)
}

/// The routes as Rust code: `&[("/path", &["GET", …]), …]`, each path once.
fn routes(template: &Value) -> String {
    let mut methods: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let resources = template.get("Resources").and_then(Value::as_mapping).into_iter().flatten();
    // Not the routes of the function that has this list.
    for (_, resource) in resources.filter(|(id, _)| id.as_str() != Some("AnswerUnmatchedFunction")) {
        let events = resource.get("Properties").and_then(|properties| properties.get("Events"));
        for (_, event) in events.and_then(Value::as_mapping).into_iter().flatten() {
            let property =
                |name| event.get("Properties").and_then(|properties| properties.get(name)).and_then(Value::as_str);
            if let (Some(path), Some(method)) = (property("Path"), property("Method")) {
                methods.entry(path).or_default().push(method);
            }
        }
    }
    let upper = |methods: &Vec<&str>| methods.iter().map(|method| method.to_uppercase()).collect::<Vec<_>>();
    let route = |(path, methods)| format!("({path:?}, &{:?}),", upper(methods));
    format!("&[{}]", methods.iter().map(route).collect::<String>())
}
