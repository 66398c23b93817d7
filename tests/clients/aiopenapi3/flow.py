"""Reads answers with aiopenapi3, which builds its client from infra/openapi.yaml at run time and checks answers against it.

Run by `cargo xtask test clients`, which sets the addresses and keys: BASE_URL, OPERATOR_KEY, INTEGRATION_KEY, and BASE_URL_429 and so on,
where the gateway itself answers every request. Its argument is the path of the document.
"""

import json
import os
import pathlib
import sys

import httpx2
from aiopenapi3 import FileSystemLoader, OpenAPI
from aiopenapi3.errors import HTTPClientError, HTTPServerError

DOCUMENT = pathlib.Path(sys.argv[1])


def client(base_url="BASE_URL", **keys):
    loader = FileSystemLoader(DOCUMENT.parent)
    api = OpenAPI.load_file(os.environ[base_url], DOCUMENT.name, loader=loader, session_factory=httpx2.Client)
    api.authenticate(**keys)
    return api


OPERATOR = client(operatorKey=os.environ["OPERATOR_KEY"])
CALLER = client(integrationKey=os.environ["INTEGRATION_KEY"])


def same(actual, expected):
    assert actual == expected, f"{actual!r} is not {expected!r}"


def refused(status, call, **named):
    """The client's exception for an answer with this status."""
    try:
        answer = call(**named)
    except (HTTPClientError, HTTPServerError) as error:
        same(error.status_code, status)
        return error
    raise AssertionError(f"not refused: {answer!r}")


def customers():
    """`serve` has made the customer demo and its key."""
    demo = {"customer_id": "demo"}
    customer = OPERATOR._.getCustomer(parameters=demo)
    same((customer.customer_id, customer.state, customer.archived_at), ("demo", "active", None))
    headers, body, response = OPERATOR._.getCustomer.request(parameters=demo)
    same((response.status_code, body), (200, customer))
    # This client does not treat a 304 as an error; there is nothing to decode.
    same(OPERATOR._.getCustomer(parameters={**demo, "If-None-Match": headers["ETag"]}), None)
    found, token = [], ""
    while True:
        page = OPERATOR._.listCustomers(parameters={"page.page_size": 1, "page.page_token": token})
        found += [row.customer_id for row in page.customers]
        token = page.page.next_page_token
        if not token:
            break
    assert "demo" in found and len(set(found)) == len(found), found
    same([(key.name, key.expires_at) for key in OPERATOR._.listKeys(parameters=demo).keys], [("demo", None)])


def tenants():
    named = {"external_id": "a/b c#e%2Fé aiopenapi3"}
    made = CALLER._.upsertTenantByExternalId(parameters=named, data={"name": "Warehouse"})
    same((made.external_id, made.name, made.settings.max_sticky_ttl_seconds), (named["external_id"], "Warehouse", 3600))
    # The client requires a body wherever the document has one, even an optional one.
    same(CALLER._.upsertTenantByExternalId(parameters=named, data={}), made)
    same(CALLER._.getTenantByExternalId(parameters=named), made)
    CALLER._.deleteTenantByExternalId(parameters=named)


def problems():
    """For application/problem+json the client returns the bytes, for the gateway's application/json the type."""
    error = refused(404, OPERATOR._.getCustomer, parameters={"customer_id": "absent"})
    found = json.loads(error.data)
    same((found["status"], found["type"].rsplit("/", 1)[-1]), (404, "not-found"))
    for status in (413, 429, 500, 503):
        refusing = client(f"BASE_URL_{status}", operatorKey=os.environ["OPERATOR_KEY"])
        data = refused(status, refusing._.getCustomer, parameters={"customer_id": "demo"}).data
        assert data.message, data


customers()
tenants()
problems()
print("aiopenapi3 reads the answers")
