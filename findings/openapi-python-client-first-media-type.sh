#!/usr/bin/env bash
# openapi-python-client 0.29.1. Needs Python 3.11 or newer.
# Expected: if a status has two media types, an answer is decoded with the schema of its own media type.
# Observed: the generated code decodes every answer with the schema of the media type that the document lists first, and ignores Content-Type.
# The order of two keys of a map decides whether a valid answer is decoded or raises KeyError.
# Consequence: the media type whose schema covers both answers (a oneOf) has to come first, although a map has no order.
set -euo pipefail
version=0.29.1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

for first in problem message; do
  problem="            application/problem+json: {schema: {\$ref: '#/components/schemas/Problem'}}"
  message="            application/json: {schema: {\$ref: '#/components/schemas/Message'}}"
  [ $first = problem ] && content="$problem
$message" || content="$message
$problem"
  cat > $first.yaml <<YAML
openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /thing:
    get:
      operationId: getThing
      tags: [things]
      responses:
        '429':
          description: x
          content:
$content
components:
  schemas:
    Message: {type: object, required: [message], properties: {message: {type: string}}}
    Problem: {type: object, required: [title], properties: {title: {type: string}}}
YAML
done
cat > try.py <<'PYTHON'
import importlib
import sys

import httpx

first = sys.argv[1]
operation = importlib.import_module(f"{first}_client.api.things.get_thing")
client = importlib.import_module(f"{first}_client").Client(base_url="http://api.invalid")
answers = {"application/problem+json": {"title": "Rate limited"}, "application/json": {"message": "Too Many Requests"}}
for media_type, body in answers.items():
    transport = httpx.MockTransport(lambda _: httpx.Response(429, json=body, headers={"content-type": media_type}))
    client.set_httpx_client(httpx.Client(transport=transport, base_url="http://api.invalid"))
    try:
        read = type(operation.sync(client=client)).__name__
    except KeyError as error:
        read = f"KeyError {error}"
    print(f"{first} first, {media_type} arrives: {read}")
PYTHON
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check openapi-python-client==$version
for first in problem message; do
  venv/bin/openapi-python-client generate --meta none --path $first.yaml --output-path ${first}_client > generator.log 2>&1 \
    || { cat generator.log >&2; exit 2; }
  venv/bin/python try.py $first
done > seen.txt

echo "openapi-python-client $version: a 429 with two media types, each with its own schema"
echo "expected: Problem for application/problem+json and Message for application/json, in either order of the document"
echo "seen:"
sed 's/^/  /' seen.txt
diff - seen.txt <<'EXPECTED'
problem first, application/problem+json arrives: Problem
problem first, application/json arrives: KeyError 'title'
message first, application/problem+json arrives: KeyError 'message'
message first, application/json arrives: Message
EXPECTED
