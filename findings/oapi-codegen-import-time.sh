#!/usr/bin/env bash
# oapi-codegen 2.8.2. Needs Go.
# Expected: a type of the standard library can be named by x-go-type with the import that it needs, as its documentation says.
# Observed: for a package that the generator's own template imports too (time, net/http, encoding/json …), the import is written twice, and the
# code does not compile ("redeclared in this block"). The generator reports success. For another package (net/netip) it compiles.
# Consequence: name such a type without x-go-type-import, and rely on the template's own imports.
set -euo pipefail
version=v2.8.2
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"

document() { # TYPE IMPORT
  cat <<YAML
openapi: 3.0.3
info: {title: t, version: '1'}
paths: {}
components:
  schemas:
    Thing:
      type: object
      required: [at]
      properties:
        at: {type: string, x-go-type: '$1', $2}
YAML
}

echo 'module example.com/finding' > go.mod
go mod edit -go=1.25
go get -tool github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@$version 2> get.log || { cat get.log; exit 1; }

try() { # NAME TYPE IMPORT
  mkdir -p "$1"
  document "$2" "$3" > "$1.yaml"
  go tool oapi-codegen -generate types,skip-prune -package "$1" -o "$1/types.gen.go" "$1.yaml"
  go build "./$1" 2>&1 | grep -v '^#' | head -1 || true
}

echo "oapi-codegen $version: does the code compile?"
other=$(try other netip.Addr 'x-go-type-import: {path: net/netip}')
without=$(try without time.Time 'x-unused: 1')
with=$(try with time.Time 'x-go-type-import: {path: time}')
echo "net/netip, imported by x-go-type-import:  ${other:-yes}"
echo "time, imported by nothing but the template: ${without:-yes}"
echo "time, imported by x-go-type-import:       ${with:-yes}"
[ -z "$other" ] && [ -z "$without" ] && [[ "$with" == *redeclared* ]] || { echo 'this has changed'; exit 1; }
