#!/usr/bin/env bash
# openapi-generator 7.25.0, generator `rust` (library reqwest). Needs Java, Maven, cargo and Python 3.
# One would guess: a path parameter is percent-encoded, so that a space arrives as %20, as OpenAPI's `style: simple` says (RFC 6570).
# Seen: path values are encoded as forms are, so that a space is sent as `+`. In a path that is a plus sign.
# Consequence: a GET, PUT or DELETE of the resource `a b` reaches the resource `a+b`, without an error.
set -euo pipefail
version=7.25.0
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
cd "$folder"

cat > openapi.yaml <<'YAML'
openapi: 3.0.3
info: {title: t, version: '1'}
paths:
  /things/{name}:
    get:
      operationId: getThing
      parameters:
        - {name: name, in: path, required: true, schema: {type: string}}
      responses:
        '204': {description: Nothing.}
YAML
mvn --batch-mode --quiet org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
  -Dartifact=org.openapitools:openapi-generator-cli:$version -DoutputDirectory=.
java -jar openapi-generator-cli-$version.jar generate -i openapi.yaml -g rust -o client > generator.log 2>&1

cat > server.py <<'PYTHON'
import http.server

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print(self.path, flush=True)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass

server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
PYTHON
python3 server.py > paths & server=$!
until [ -s paths ]; do sleep 0.1; done

mkdir client/examples
cat > client/examples/get.rs <<'RUST'
use openapi::apis::{configuration::Configuration, default_api::get_thing};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let base_path = std::env::args().nth(1).expect("a base URL");
    get_thing(&Configuration { base_path, ..Configuration::default() }, "a b").await.expect("204");
}
RUST
cd client
sed -i 's/^default = .*/default = []/' Cargo.toml
printf '\n[dev-dependencies]\ntokio = { version = "=1.54.1", features = ["macros", "rt"] }\n' >> Cargo.toml
cargo run --quiet --example get -- "http://127.0.0.1:$(head -1 ../paths)" 2> ../cargo.log || { cat ../cargo.log >&2; exit 2; }

sent=$(tail -1 ../paths)
echo "openapi-generator $version, rust: getThing(\"a b\")"
echo "expected: GET /things/a%20b"
echo "seen:     GET $sent"
[ "$sent" = /things/a+b ]
