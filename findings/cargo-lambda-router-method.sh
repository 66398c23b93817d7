#!/usr/bin/env bash
# cargo-lambda 1.9.2 (`cargo lambda watch` with `package.metadata.lambda.watch.router`). Needs cargo, curl and Python 3 with pip.
# Expected: a catch-all path gets every request that no other route takes, as `$default` and `ANY /{proxy+}` of an HTTP API do: also POST /items
# where /items has only a GET.
# Observed: the router picks the path first and then looks for the method there. POST /items is answered 404 by cargo-lambda itself ("Default
# function disabled"); POST /other reaches the function of the catch-all.
# Consequence: a function that answers 405 for known paths is never asked locally; the same client gets 405 on AWS and 404 on its own machine.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill "${server:-}" 2> /dev/null || true; rm -rf "$folder"' EXIT
python3 -m pip install --quiet --root-user-action=ignore --disable-pip-version-check --no-deps --target "$folder/packages" cargo-lambda==1.9.2
PATH="$folder/packages/bin:$PATH"
cargo-lambda lambda --version
mkdir -p "$folder/project/src/bin"
cd "$folder/project"
cat > Cargo.toml <<'TOML'
[package]
name = "example"
version = "0.0.0"
edition = "2021"
[package.metadata.lambda.watch.router]
"/items" = [{ method = "GET", function = "list-items" }]
"/{*path}" = "catch-all"
TOML
for name in list-items catch-all; do echo 'fn main() {}' > "src/bin/$name.rs"; done
port=9733
cargo-lambda lambda watch -A 127.0.0.1 -P "$port" > "$folder/log" 2>&1 &
server=$!
for _ in $(seq 100); do
  if (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; then break; fi
  sleep 0.1
done

# Which function a request starts, by cargo-lambda's log. These functions answer nothing: only the choice is looked at.
send() {
  status=$(curl --silent --max-time 15 --output "$folder/body" --write-out '%{http_code}' -X "$1" "http://127.0.0.1:$port$2" || true)
  started=$(grep -oE 'function_name="[a-z-]+"|function="[a-z-]+"' "$folder/log" | tail -n 1 | cut -d '"' -f 2 || true)
  : > "$folder/log"
}
send POST /other
echo "POST /other: ${started:-no function}"
[ "$started" = catch-all ] || { echo "the catch-all was not started"; cat "$folder/log"; exit 1; }
send POST /items
echo "POST /items: ${started:-no function}, $status $(head -c 60 "$folder/body")...; expected: catch-all"
[ "$started" != catch-all ] && [ "$status" = 404 ] && grep -q "default function route is disabled" "$folder/body" || { echo "changed"; exit 1; }
