#!/usr/bin/env bash
# cargo-lambda 1.9.2 (`cargo lambda watch`). Needs cargo, curl and Python 3 with pip.
# Expected: the Runtime API's header lambda-runtime-deadline-ms is the time, in milliseconds since 1970, at which the invocation ends, as on
# Lambda: now, and what --timeout allows.
# Observed: it is 600000 in every invocation, with --timeout 30 too: ten minutes after the beginning of 1970.
# Consequence: `Context::deadline` of lambda_runtime is always in the past. A function that computes the time that it has left finds none, and
# gives up at once unless it treats a deadline before its start as no deadline.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill "${server:-}" 2> /dev/null || true; rm -rf "$folder"' EXIT
python3 -m pip install --quiet --root-user-action=ignore --disable-pip-version-check --no-deps --target "$folder/packages" cargo-lambda==1.9.2
PATH="$folder/packages/bin:$PATH"
cargo-lambda lambda --version
mkdir -p "$folder/project/src"
cd "$folder/project"
printf '[package]\nname = "hello"\nversion = "0.0.0"\nedition = "2021"\n' > Cargo.toml
echo 'fn main() {}' > src/main.rs

# The deadline that a function gets: this script is the function, and asks the Runtime API for an event.
deadline() {
  port=$1
  shift
  cargo-lambda lambda watch --only-lambda-apis -A 127.0.0.1 -P "$port" "$@" > "$folder/log" 2>&1 &
  server=$!
  for _ in $(seq 100); do
    if (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; then break; fi
    sleep 0.1
  done
  curl --silent --max-time 20 "http://127.0.0.1:$port/2015-03-31/functions/hello/invocations" -d '{}' > /dev/null &
  curl --silent --max-time 20 --dump-header - --output /dev/null "http://127.0.0.1:$port/.rt/hello/2018-06-01/runtime/invocation/next" |
    tr -d '\r' | sed -n 's/^lambda-runtime-deadline-ms: //p'
  kill "$server"
  wait "$server" 2> /dev/null || true
}
now=$(($(date +%s) * 1000))
echo "expected: more than $now"
plain=$(deadline 9731)
limited=$(deadline 9732 --timeout 30)
echo "observed: $plain; with --timeout 30: $limited"
[ "$plain" = 600000 ] && [ "$limited" = 600000 ] || { echo "changed"; exit 1; }
