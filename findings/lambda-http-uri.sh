#!/usr/bin/env bash
# lambda_http 1.3.2 (an HTTP API's event, payload format 2.0). Needs cargo.
# Expected: the URI of the request has the event's rawPath as its path and its rawQueryString as its query.
# Observed: an HTTP API decodes rawPath, and lambda_http parses a URL from the decoded path. If a client sends /files/a%23b?limit=1, the
# query is lost, because `#` begins a fragment. After a `?` the query is `b?limit=1`, `..` is resolved, a tab is removed, and `%41`, which
# was sent as `%2541`, looks as if it were still encoded. raw_http_path() and query_string_parameters() are correct.
# Consequence: a router or an extractor that uses `request.uri()` (axum's Path and Query with lambda_http::run) handles a different request
# from the one that was sent. Take the path from raw_http_path() and the query from the event.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"
cat > "$folder/Cargo.toml" <<'TOML'
[package]
name = "uri"
version = "0.0.0"
edition = "2021"
[dependencies]
lambda_http = { version = "=1.3.2", default-features = false, features = ["apigw_http"] }
serde_json = "=1.0.154"
TOML
cat > "$folder/src/main.rs" <<'RUST'
use lambda_http::{request, RequestExt};
use serde_json::json;

fn main() {
    for name in ["a", "a#b", "a?b", "..", "a\tb", "%41"] {
        let path = format!("/files/{name}");
        let domain = "example.execute-api.eu-central-1.amazonaws.com";
        let event = json!({
            "version": "2.0", "routeKey": "GET /files/{name}", "rawPath": path, "rawQueryString": "limit=1",
            "headers": {"host": domain, "x-forwarded-proto": "https"},
            "queryStringParameters": {"limit": "1"}, "pathParameters": {"name": name}, "isBase64Encoded": false,
            "requestContext": {
                "domainName": domain, "stage": "$default", "http": {"method": "GET", "path": path, "protocol": "HTTP/1.1"},
            },
        });
        let request = request::from_str(&event.to_string()).unwrap();
        let (uri, limit) = (request.uri(), request.query_string_parameters());
        let raw = request.raw_http_path();
        println!("{raw:?}: path {:?}, query {:?}, limit {:?}", uri.path(), uri.query(), limit.first("limit"));
    }
}
RUST
echo "lambda_http 1.3.2; expected for each: the path, percent-encoded, and the query \"limit=1\""
seen=$(cd "$folder" && CARGO_TARGET_DIR="$folder/target" cargo run --quiet 2>&1) || { echo "$seen"; exit 1; }
echo "$seen"
for line in '"/files/a": path "/files/a", query Some("limit=1"), limit Some("1")' \
  '"/files/a#b": path "/files/a", query None, limit Some("1")' \
  '"/files/a?b": path "/files/a", query Some("b?limit=1"), limit Some("1")' \
  '"/files/..": path "/", query Some("limit=1"), limit Some("1")' \
  '"/files/a\tb": path "/files/ab", query Some("limit=1"), limit Some("1")' \
  '"/files/%41": path "/files/%41", query Some("limit=1"), limit Some("1")'; do
  grep -qxF "$line" <<< "$seen" || { echo "changed: $line"; exit 1; }
done
