#!/usr/bin/env bash
# oapi-codegen 2.8.2. Needs Go.
# Expected: an answer is decoded whatever parameters its media type has (RFC 9110, 8.3.1).
# Observed: if a status has one JSON media type, any Content-Type with "json" in it is decoded; if it has two, the whole header is compared,
# and `application/json; charset=utf-8` leaves every member of the answer nil, without an error.
# Consequence: a second media type in a document (a gateway's `application/json` in addition to `application/problem+json`) makes Go clients
# depend on the exact header: neither side may add a parameter, and callers must check the status before the decoded body.
set -euo pipefail
version=v2.8.2
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"

cat > api.yaml <<'YAML'
openapi: 3.0.3
info: {title: t, version: '1'}
paths:
  /one:
    get:
      operationId: getOne
      responses:
        '429': {description: x, content: {application/json: {schema: {$ref: '#/components/schemas/Message'}}}}
  /two:
    get:
      operationId: getTwo
      responses:
        '429':
          description: x
          content:
            application/json: {schema: {$ref: '#/components/schemas/Message'}}
            application/problem+json: {schema: {$ref: '#/components/schemas/Problem'}}
components:
  schemas:
    Message: {type: object, required: [message], properties: {message: {type: string}}}
    Problem: {type: object, required: [title], properties: {title: {type: string}}}
YAML
cat > main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"example.com/finding/api"
)

func main() {
	for _, contentType := range []string{"application/json", "application/json; charset=utf-8"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(http.StatusTooManyRequests)
			fmt.Fprint(w, `{"message": "Too Many Requests"}`)
		}))
		client, _ := api.NewClientWithResponses(server.URL)
		one, errOne := client.GetOneWithResponse(context.Background())
		two, errTwo := client.GetTwoWithResponse(context.Background())
		fmt.Printf("%s: one media type read=%t error=%v, two media types read=%t error=%v\n",
			contentType, one.JSON429 != nil, errOne, two.JSON429 != nil, errTwo)
		server.Close()
	}
}
GO
{
  go mod init example.com/finding
  go get -tool github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@$version
  mkdir api
  go tool oapi-codegen -generate types,client -package api -o api/api.gen.go api.yaml
  go mod tidy
} > go.log 2>&1 || { cat go.log >&2; exit 2; }
go run . > seen.txt

echo "oapi-codegen $version: a 429 with one or two JSON media types"
echo "expected: read=true in every case"
echo "seen:"
sed 's/^/  /' seen.txt
grep -q '^application/json: one media type read=true error=<nil>, two media types read=true error=<nil>$' seen.txt
grep -q '^application/json; charset=utf-8: one media type read=true error=<nil>, two media types read=false error=<nil>$' seen.txt
