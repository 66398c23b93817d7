#!/usr/bin/env bash
# openapi-generator 7.25.0, generators `rust` and `typescript-fetch`. Needs Java, Maven and cargo.
# Expected: `anyOf` of two objects without a common member becomes a type with two variants, as `oneOf` does.
# Observed: it becomes one type that has the members of both, all of them required. The Rust type can decode neither of the two.
# Consequence: describe an answer with alternatives ("a problem or the gateway's message") by `oneOf`.
set -euo pipefail
version=7.25.0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

for keyword in anyOf oneOf; do
  cat > $keyword.yaml <<YAML
openapi: 3.0.3
info: {title: t, version: '1'}
paths:
  /pet:
    get:
      operationId: getPet
      responses:
        '200':
          description: A pet.
          content: {application/json: {schema: {\$ref: '#/components/schemas/Pet'}}}
components:
  schemas:
    Cat: {type: object, required: [lives], properties: {lives: {type: integer}}}
    Dog: {type: object, required: [tricks], properties: {tricks: {type: string}}}
    Pet: {$keyword: [{\$ref: '#/components/schemas/Cat'}, {\$ref: '#/components/schemas/Dog'}]}
YAML
done
mvn --batch-mode --quiet org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
  -Dartifact=org.openapitools:openapi-generator-cli:$version -DoutputDirectory=.

mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "pets"
version = "0.1.0"
edition = "2021"

[dependencies]
serde = { version = "=1.0.229", features = ["derive"] }
serde_json = "=1.0.154"
TOML
cat > src/main.rs <<'RUST'
mod models;

fn main() {
    for json in [r#"{"lives": 9}"#, r#"{"tricks": "sit"}"#] {
        let read = serde_json::from_str::<models::Pet>(json);
        println!("{json}: {}", if read.is_ok() { "read" } else { "not read" });
    }
}
RUST
for keyword in anyOf oneOf; do
  java -jar openapi-generator-cli-$version.jar generate -i $keyword.yaml -g rust -o rust-$keyword > generator.log 2>&1
  java -jar openapi-generator-cli-$version.jar generate -i $keyword.yaml -g typescript-fetch -o ts-$keyword > generator.log 2>&1
  rm -rf src/models
  cp -r rust-$keyword/src/models src/models
  cargo run --quiet 2> cargo.log > rust-$keyword.txt || { cat cargo.log >&2; exit 2; }
done

echo "openapi-generator $version: anyOf and oneOf of two objects without a common member"
echo "expected: with either keyword the Rust type reads both objects, and the TypeScript type is Cat | Dog"
for keyword in anyOf oneOf; do
  echo "seen, $keyword, rust:"
  sed 's/^/  /' rust-$keyword.txt
  echo "seen, $keyword, typescript-fetch:"
  grep -E '^export (type|interface) Pet |^    (lives|tricks)' ts-$keyword/models/Pet.ts | sed 's/^/  /'
done
[ "$(grep -c 'not read' rust-anyOf.txt)" = 2 ]
[ "$(grep -c ': read' rust-oneOf.txt)" = 2 ]
grep -q '^export interface Pet ' ts-anyOf/models/Pet.ts
grep -q '^export type Pet = Cat | Dog' ts-oneOf/models/Pet.ts
