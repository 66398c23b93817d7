"""The provisioning flow with the client that openapi-python-client generates from infra/openapi.yaml.

Run by `cargo xtask test clients`, which sets the addresses and keys: BASE_URL, OPERATOR_KEY, INTEGRATION_KEY, and BASE_URL_429 and so on,
where the gateway itself answers every request. The same steps as flow.ts and flow.go.
"""

import os
from datetime import datetime, timedelta, timezone

from tenancy_client import AuthenticatedClient
from tenancy_client.api.attachments import attach_tenant_repository, detach_tenant_repository, list_tenant_repositories
from tenancy_client.api.customers import archive_customer, create_customer, get_customer, list_customers, restore_customer, update_customer
from tenancy_client.api.keys import create_key
from tenancy_client.api.repositories import delete_repository, register_repository
from tenancy_client.api.tenants import (
    delete_tenant,
    delete_tenant_by_external_id,
    get_tenant,
    get_tenant_by_external_id,
    list_tenants,
    update_tenant,
    upsert_tenant_by_external_id,
)
from tenancy_client.models import (
    AttachmentOptions,
    CustomerCreation,
    CustomerPatch,
    GatewayMessage,
    KeyCreation,
    Labels,
    Metadata,
    Problem,
    RepositoryProvider,
    RepositoryRegistration,
    TenantPatch,
    TenantStatus,
    TenantUpsert,
)

BASE = os.environ["BASE_URL"]
CALLER = AuthenticatedClient(base_url=BASE, token=os.environ["INTEGRATION_KEY"], raise_on_unexpected_status=True)
OPERATOR = AuthenticatedClient(base_url=BASE, token=os.environ["OPERATOR_KEY"], raise_on_unexpected_status=True)


def call(status, operation, *arguments, client=CALLER, **named):
    """Checks that a call is answered with this status; returns the decoded body."""
    answer = operation.sync_detailed(*arguments, client=client, **named)
    assert answer.status_code == status, f"{operation.__name__}: {answer.status_code} {answer.content.decode()}"
    return answer.parsed


def refused(status, slug, operation, *arguments, **named):
    """Checks that a call is answered with this problem, decoded to its type."""
    problem = call(status, operation, *arguments, **named)
    assert isinstance(problem, Problem) and problem.status == status, problem
    assert problem.type_.endswith(f"/problems/{slug}") and problem.request_id.startswith("req_"), problem
    return problem


def same(actual, expected):
    assert actual == expected, f"{actual!r} is not {expected!r}"


def upserts():
    """Two tenants with odd external ids; the second is created without a body."""
    body = TenantUpsert(name="Warehouse North", metadata=Metadata.from_dict({"crm_id": "88121"}))
    made = call(201, upsert_tenant_by_external_id, "acme:tenant:1", body=body)
    same(call(200, upsert_tenant_by_external_id, "acme:tenant:1", body=body), made)
    other = call(201, upsert_tenant_by_external_id, "a/b c#e%2Fé")
    for tenant, external_id in [(made, "acme:tenant:1"), (other, "a/b c#e%2Fé")]:
        same(tenant.external_id, external_id)
        same(call(200, get_tenant_by_external_id, external_id), tenant)
    same((made.name, made.metadata["crm_id"], made.settings.max_sticky_ttl_seconds), ("Warehouse North", "88121", 3600))
    return made.id, other.id


def attaches(tenant):
    """A repository that is the tenant's default."""
    body = RepositoryRegistration(name="playbooks", repo_url="https://github.com/acme/playbooks.git", provider=RepositoryProvider.GITHUB)
    repository = call(201, register_repository, body=body)
    same((repository.branch, repository.credential_id, repository.sync.last_synced_at), ("main", None, None))
    attachment = call(201, attach_tenant_repository, tenant, repository.id, body=AttachmentOptions(is_default=True))
    same((attachment.is_default, attachment.repository.id), (True, repository.id))
    again = call(200, attach_tenant_repository, tenant, repository.id, body=AttachmentOptions(branch_override="stable"))
    same((again.is_default, again.branch_override), (True, "stable"))
    same([row.repository_id for row in call(200, list_tenant_repositories, tenant).data], [repository.id])
    return repository.id


def updates(tenant, repository):
    """A null clears one member, and one member changes nothing else; an upsert does not reactivate."""
    cleared = call(200, update_tenant, tenant, body=TenantPatch(name=None))
    same((cleared.name, cleared.metadata["crm_id"], cleared.default_repository_id), (None, "88121", repository))
    suspended = call(200, update_tenant, tenant, body=TenantPatch(status=TenantStatus.SUSPENDED))
    same((suspended.status, suspended.name, suspended.default_repository_id), (TenantStatus.SUSPENDED, None, repository))
    same(call(200, upsert_tenant_by_external_id, "acme:tenant:1").status, TenantStatus.SUSPENDED)
    refused(412, "precondition-failed", update_tenant, tenant, body=TenantPatch(name="late"), if_match='"0"')


def lists(*tenants):
    """Pages of one, newest first, by cursors."""
    page = call(200, list_tenants, limit=1)
    found = [row.id for row in page.data]
    while page.has_more:
        page = call(200, list_tenants, limit=1, starting_after=page.next_cursor)
        found += [row.id for row in page.data]
    same((found, page.next_cursor), (sorted(tenants, reverse=True), None))
    same([row.id for row in call(200, list_tenants, ending_before=min(tenants)).data], found[:-1])


def problems():
    """A 404 and a 422, as types."""
    refused(404, "not-found", get_tenant, "tnt_01m6k708ka2r00k6agv0vfcxec")
    body = RepositoryRegistration(name="", repo_url="ftp://example.com/x")
    problem = refused(422, "validation-error", register_repository, body=body)
    same({fault.pointer for fault in problem.errors}, {"/name", "/repo_url"})
    refused(403, "insufficient-scope", list_tenants, client=OPERATOR)


def removes(tenant, other, repository):
    """A resource that is in use cannot be deleted."""
    problem = refused(409, "resource-in-use", detach_tenant_repository, tenant, repository)
    same(problem.conflicting_resource_id, tenant)
    refused(409, "resource-in-use", delete_repository, repository)
    same(call(200, update_tenant, tenant, body=TenantPatch(default_repository_id=None)).default_repository_id, None)
    call(204, detach_tenant_repository, tenant, repository)
    call(204, delete_repository, repository)
    call(204, delete_tenant, other)
    call(204, delete_tenant_by_external_id, "acme:tenant:1")
    refused(404, "not-found", delete_tenant_by_external_id, "acme:tenant:1")


def customers():
    """The operations of an operator."""
    body = CustomerCreation(customer_id="by-python", description="for a moment", labels=Labels.from_dict({"tier": "gold"}))
    made = call(201, create_customer, client=OPERATOR, body=body, idempotency_key="python-1")
    same(call(201, create_customer, client=OPERATOR, body=body, idempotency_key="python-1"), made)
    problem = refused(409, "name-conflict", create_customer, client=OPERATOR, body=body)
    same(problem.conflicting_resource_id, made.id)
    changed = call(200, update_customer, made.customer_id, client=OPERATOR, body=CustomerPatch(description=None))
    same((changed.description, changed.labels["tier"]), (None, "gold"))
    read = get_customer.sync_detailed(made.id, client=OPERATOR)
    same((read.status_code, read.parsed), (200, changed))
    call(304, get_customer, made.id, client=OPERATOR, if_none_match=read.headers["ETag"])
    ends = datetime.now(timezone(timedelta(hours=2))).replace(microsecond=123000) + timedelta(days=1)
    key = call(201, create_key, made.customer_id, client=OPERATOR, body=KeyCreation(name="ends", scopes=[], expires_at=ends))
    same((key.expires_at, key.scopes), (ends, []))
    page = call(200, list_customers, client=OPERATOR, page_page_size=1)
    found = [row.customer_id for row in page.customers]
    while page.page.next_page_token:
        page = call(200, list_customers, client=OPERATOR, page_page_size=1, page_page_token=page.page.next_page_token)
        found += [row.customer_id for row in page.customers]
    assert "by-python" in found and len(set(found)) == len(found), found
    call(204, archive_customer, made.customer_id, client=OPERATOR)
    refused(404, "not-found", get_customer, made.customer_id, client=OPERATOR)
    same(call(200, restore_customer, made.customer_id, client=OPERATOR).archived_at, None)


def gateway():
    """An answer of the gateway has its own type."""
    for status in (413, 429, 500, 503):
        client = AuthenticatedClient(base_url=os.environ[f"BASE_URL_{status}"], token="any", raise_on_unexpected_status=True)
        for operation, arguments in ((get_customer, {"customer_id": "demo"}), (create_customer, {"body": CustomerCreation("by-nobody")})):
            answer = call(status, operation, client=client, **arguments)
            assert isinstance(answer, GatewayMessage) and answer.message, answer


def main():
    tenant, other = upserts()
    repository = attaches(tenant)
    updates(tenant, repository)
    lists(tenant, other)
    problems()
    removes(tenant, other, repository)
    customers()
    gateway()
    print("the client of openapi-python-client works")


main()
