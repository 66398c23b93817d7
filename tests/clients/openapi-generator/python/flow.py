"""The flow of an operator and an integration with the client that openapi-generator (python) generates from infra/openapi.yaml.

Run by `cargo xtask test clients`, which sets the addresses and keys: BASE_URL, OPERATOR_KEY, and BASE_URL_429 and so on, where
the gateway itself answers every request.
"""

import os
from datetime import datetime, timedelta, timezone

from tenancy_client import ApiClient, Configuration, CustomersApi, KeysApi, TenantsApi
from tenancy_client.exceptions import ApiException
from tenancy_client.models import CustomerCreation, CustomerPatch, IntegrationScope, KeyCreation, TenantUpsert


def client(key, base_url="BASE_URL"):
    return ApiClient(Configuration(host=os.environ[base_url], access_token=key))


CUSTOMERS = CustomersApi(client(os.environ["OPERATOR_KEY"]))


def same(actual, expected):
    assert actual == expected, f"{actual!r} is not {expected!r}"


def refused(status, call, *arguments, **named):
    """Checks that a call is answered with this status; returns the client's exception."""
    try:
        answer = call(*arguments, **named)
    except ApiException as error:
        same((error.status, error.body), (status, error.body))
        return error
    raise AssertionError(f"{call.__name__} is not refused: {answer!r}")


def problem(error, slug):
    """The decoded problem of an exception, either directly or as one of two variants."""
    found = getattr(error.data, "actual_instance", error.data)
    same((found.status, found.type.rsplit("/", 1)[-1]), (error.status, slug))
    return found


def customers():
    body = CustomerCreation(customer_id="by-generated-python", description="for a moment", labels={"tier": "gold"})
    made = CUSTOMERS.create_customer(body)
    same(problem(refused(409, CUSTOMERS.create_customer, body), "name-conflict").conflicting_resource_id, made.id)
    named = CUSTOMERS.update_customer(made.customer_id, CustomerPatch(display_name="Named"))
    same((named.display_name, named.description, named.labels), ("Named", "for a moment", {"tier": "gold"}))
    cleared = CUSTOMERS.update_customer(made.customer_id, CustomerPatch(description=None))
    same((cleared.display_name, cleared.description, cleared.labels), ("Named", None, {"tier": "gold"}))
    # from_dict fills in None for what the dictionary lacks, and a None that was given is sent.
    wiped = CUSTOMERS.update_customer(made.customer_id, CustomerPatch.from_dict({"description": "again"}))
    same((wiped.display_name, wiped.description, wiped.labels), (None, "again", {"tier": "gold"}))
    read = CUSTOMERS.get_customer_with_http_info(made.customer_id)
    same(read.data, wiped)
    # The headers are a plain dictionary, in the case in which they were sent.
    tag = {name.lower(): value for name, value in read.headers.items()}["etag"]
    refused(304, CUSTOMERS.get_customer, made.customer_id, if_none_match=tag)


def keys():
    ends = datetime.now(timezone(timedelta(hours=2))).replace(microsecond=123000) + timedelta(days=1)
    body = KeyCreation(name="ends", scopes=[IntegrationScope.TENANTS_COLON_WRITE], expires_at=ends)
    made = KeysApi(CUSTOMERS.api_client).create_key("by-generated-python", body)
    same((made.expires_at, made.scopes), (ends, [IntegrationScope.TENANTS_COLON_WRITE]))
    return made.api_key_once


def pages():
    found, token = [], None
    while token != "":
        page = CUSTOMERS.list_customers(page_page_size=1, page_page_token=token)
        found += [row.customer_id for row in page.customers]
        token = page.page.next_page_token
    assert "by-generated-python" in found and len(set(found)) == len(found), found


def tenants(key):
    api = TenantsApi(client(key))
    external_id = "a/b c#e%2Fé"
    made = api.upsert_tenant_by_external_id_with_http_info(external_id, tenant_upsert=TenantUpsert(name="Warehouse"))
    same((made.status_code, made.data.external_id, made.data.name), (201, external_id, "Warehouse"))
    again = api.upsert_tenant_by_external_id_with_http_info(external_id)
    same((again.status_code, again.data), (200, made.data))
    same(api.get_tenant_by_external_id(external_id), made.data)
    problem(refused(404, api.get_tenant, "tnt_01m6k708ka2r00k6agv0vfcxec"), "not-found")
    # A 403 may be the gateway's, too, so its problem is one of two variants.
    problem(refused(403, CustomersApi(client(key)).list_customers), "insufficient-scope")


def archives(key):
    CUSTOMERS.archive_customer("by-generated-python")
    problem(refused(401, TenantsApi(client(key)).list_tenants), "insufficient-scope")
    problem(refused(404, CUSTOMERS.get_customer, "by-generated-python"), "not-found")
    same(CUSTOMERS.restore_customer("by-generated-python").archived_at, None)


def gateway():
    for status in (413, 429, 500, 503):
        api = CustomersApi(client("any", f"BASE_URL_{status}"))
        for answer in (
            refused(status, api.get_customer, "by-generated-python"),
            refused(status, api.create_customer, CustomerCreation(customer_id="refused")),
        ):
            message = answer.data.actual_instance.message
            assert message and message in answer.body, answer.body


customers()
key = keys()
pages()
tenants(key)
archives(key)
gateway()
print("the client of openapi-generator for Python works")
