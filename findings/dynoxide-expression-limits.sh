#!/usr/bin/env bash
# dynoxide-rs 3.2.0, an embedded DynamoDB engine. Needs cargo and a C compiler.
# Expected: an engine that refuses an expression of 4,097 bytes and a PartiQL statement with 301 operators also enforces the other
# limits of expressions that AWS documents ("Constraints in Amazon DynamoDB").
# Observed: a FilterExpression with 301 operators, an IN with 101 operands, placeholders of 256 bytes and values of more than 2 MB are accepted.
# Consequence: a condition whose length depends on data (one operand per version or per id) works in every test on the engine and is a
# ValidationException on AWS. The size of requests has to be checked outside the engine.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"
cat > "$folder/Cargo.toml" <<'TOML'
[package]
name = "limits"
version = "0.0.0"
edition = "2021"
[dependencies]
dynoxide-rs = { version = "=3.2.0", default-features = false, features = ["native-sqlite"] }
serde_json = "=1.0.154"
TOML
cat > "$folder/src/main.rs" <<'RUST'
use dynoxide::Database;
use serde_json::{json, Value};

/// Runs a query with this filter; returns "passes" or the engine's error.
fn query(database: &Database, filter: String, mut values: Value) -> String {
    values[":p"] = json!({"S": "p"});
    let request = json!({
        "TableName": "limits", "KeyConditionExpression": "pk = :p", "FilterExpression": filter,
        "ExpressionAttributeValues": values,
    });
    answer(database.query(serde_json::from_value(request).unwrap()))
}

fn answer<T, E: std::fmt::Display>(result: Result<T, E>) -> String {
    result.map_or_else(|error| error.to_string(), |_| "passes".to_owned())
}

fn operators(count: usize, comparison: &str) -> String {
    vec![comparison; count.div_ceil(2)].join(" AND ")
}

fn many(count: usize, bytes: usize) -> (String, Value) {
    let names: Vec<String> = (0..count).map(|n| format!(":v{n}")).collect();
    let values = names.iter().map(|name| (name.clone(), json!({"S": "x".repeat(bytes)}))).collect();
    (format!("a IN ({})", names.join(", ")), Value::Object(values))
}

fn main() {
    let database = Database::memory().unwrap();
    let table = json!({
        "TableName": "limits", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    });
    database.create_table(serde_json::from_value(table).unwrap()).unwrap();
    let value = || json!({":f": {"S": "x"}});
    let name = format!(":{}", "v".repeat(255));
    let (in_101, operands) = many(101, 1);
    let (over_2_mb, large) = many(7, 300_000);
    let statement = format!("SELECT * FROM limits WHERE pk = 'p' AND {}", operators(299, "a = 'x'"));
    let request = serde_json::from_value(json!({"Statement": statement})).unwrap();
    for (what, seen) in [
        ("expression of 4,097 bytes", query(&database, format!("{:<4097}", "a = :f"), value())),
        ("PartiQL statement of 301 operators", answer(database.execute_statement(request))),
        ("expression of 301 operators", query(&database, operators(301, "a = :f"), value())),
        ("IN of 101 operands", query(&database, in_101, operands)),
        ("placeholder of 256 bytes", query(&database, format!("a = {name}"), json!({ name: {"S": "x"} }))),
        ("values of 2,100,000 bytes", query(&database, over_2_mb, large)),
    ] {
        println!("{what}: {seen}");
    }
}
RUST
echo "dynoxide-rs 3.2.0; expected of AWS: each of these is a ValidationException"
seen=$(cd "$folder" && CARGO_TARGET_DIR="$folder/target" cargo run --quiet 2>&1) || { echo "$seen"; exit 1; }
echo "$seen"
for what in "expression of 4,097 bytes: .*Expression size" "PartiQL statement of 301 operators: .*operator count: 301" \
  "expression of 301 operators: passes" "IN of 101 operands: passes" "placeholder of 256 bytes: passes" \
  "values of 2,100,000 bytes: passes"; do
  grep -q "^$what" <<< "$seen" || { echo "changed: $what"; exit 1; }
done
