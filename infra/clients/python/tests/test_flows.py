"""Provisioning and enforcement, from the first customer to the last message, as an integration does it."""

import pytest
from conftest import BASE, unique

from agentrouter_sdk import Client, errors, models


def test_an_operator_keeps_customers_and_keys(operator: Client) -> None:
    slug, given = unique(), unique()
    made = operator.customers.create(slug, description="for a moment", labels={"tier": "gold"}, idempotency_key=given)
    assert operator.customers.create(slug, description="for a moment", labels={"tier": "gold"}, idempotency_key=given) == made
    changed = operator.customers.update(slug, description=None)
    assert (changed.description, changed.labels["tier"]) == (None, "gold")
    assert operator.customers.get(made.id) == changed
    issued = operator.keys.create(slug, "adapter")
    client = Client(BASE, issued.api_key_once)
    assert client.integration.get_self().customer_id == slug
    rotated = operator.keys.rotate(slug, issued.key_id, overlap_seconds=60)
    assert client.integration.get_self().key_id == issued.key_id
    operator.keys.revoke(slug, issued.key_id)
    operator.keys.revoke(slug, issued.key_id)
    with pytest.raises(errors.InsufficientScope):
        client.integration.get_self()
    assert [row.key_id for row in operator.keys.list(slug).keys] == [rotated.key_id, issued.key_id]
    operator.customers.archive(slug)
    with pytest.raises(errors.NotFound):
        operator.customers.get(slug)
    assert operator.customers.restore(slug).archived_at is None


def test_an_integration_provisions_tenants_and_repositories(client: Client) -> None:
    external_id = unique()
    made = client.tenants.upsert(external_id, name="Warehouse North", metadata={"crm_id": "88121"})
    again = client.tenants.upsert(external_id, name="Warehouse North", metadata={"crm_id": "88121"})
    assert again == made and made.response and again.response and (made.response.status, again.response.status) == (201, 200)
    assert (made.name, made.metadata["crm_id"], made.settings.max_sticky_ttl_seconds) == ("Warehouse North", "88121", 3600)

    repository = client.repositories.register(unique("playbooks"), "https://github.com/acme/playbooks.git", provider="github")
    assert (repository.branch, repository.credential_id, repository.sync.last_synced_at) == ("main", None, None)
    assert client.repositories.update(repository.id, branch="next").branch == "next"
    attachment = client.attachments.attach(made.id, repository.id, is_default=True)
    assert (attachment.is_default, attachment.repository.id) == (True, repository.id)
    again_attached = client.attachments.attach(made.id, repository.id, branch_override="stable")
    assert (again_attached.is_default, again_attached.branch_override) == (True, "stable")
    assert [row.repository_id for row in client.attachments.list_all(made.id)] == [repository.id]

    cleared = client.tenants.update(made.id, name=None, settings={"max_concurrent_sticky": 0})
    assert (cleared.name, cleared.metadata["crm_id"], cleared.default_repository_id) == (None, "88121", repository.id)
    assert client.tenants.suspend(made.id).status == "suspended"
    assert client.tenants.upsert(external_id).status == "suspended"
    assert client.tenants.activate(made.id).status == "active"

    with pytest.raises(errors.ResourceInUse) as in_use:
        client.attachments.detach(made.id, repository.id)
    assert in_use.value.conflicting_resource_id == made.id
    with pytest.raises(errors.ResourceInUse):
        client.repositories.delete(repository.id)
    client.tenants.update(made.id, default_repository_id=None)
    client.attachments.detach(made.id, repository.id)
    client.repositories.delete(repository.id)
    client.tenants.delete(made.id)
    with pytest.raises(errors.ExternalIdConflict):
        client.tenants.create(external_id=client.tenants.create(external_id=external_id).external_id)
    client.tenants.delete_by_external_id(external_id)
    with pytest.raises(errors.NotFound):
        client.tenants.delete_by_external_id(external_id)


def test_users_have_conversations_until_the_tenant_is_suspended(client: Client, tenant: models.Tenant) -> None:
    role = client.roles.create(tenant.id, "support", metadata={"a": "b"})
    assert client.roles.update(role.id, description="first line").description == "first line"
    user = client.users.upsert(tenant.id, "jane", email="jane@example.com", role_ids=[role.id])
    with pytest.raises(errors.ResourceInUse):
        client.roles.delete(role.id)
    client.users.unassign_role(user.id, role.id)
    client.users.assign_role(user.id, role.id)
    assert client.users.update(user.id, display_name="Jane").role_ids == [role.id]
    assert [row.id for row in client.users.list_all(tenant_id=tenant.id)] == [user.id]

    conversation = client.conversations.create(user.id, runtime={"mode": "sticky", "sticky_ttl_seconds": 60}, filler={"enabled": False})
    assert (conversation.context.role_id, conversation.runtime.mode, conversation.filler.enabled) == (role.id, "sticky", False)
    assert client.conversations.update(conversation.id, title="Hello", runtime={"mode": "pooled"}).runtime.lease_expires_at is None

    token = client.tokens.exchange(tenant.external_id or "", "jane")
    assert token.token not in repr(token)
    jane = Client(BASE, token.token)
    message = jane.messages.create(conversation.id, "Hello")
    assert (message.role, [row.id for row in client.messages.list_all(conversation.id)]) == ("user", [message.id])
    own = jane.conversations.create()
    assert {row.id for row in jane.conversations.list_all(user_id=user.id)} <= {own.id, conversation.id}
    jane.conversations.archive(own.id)
    with pytest.raises(errors.ConversationArchived):
        jane.messages.create(own.id, "too late")

    client.tenants.suspend(tenant.id)
    with pytest.raises(errors.TenantSuspended):
        jane.messages.create(conversation.id, "Anybody?")
    client.tenants.activate(tenant.id)
    client.users.deactivate(user.id)
    with pytest.raises(errors.InsufficientScope):
        jane.conversations.get(conversation.id)
    client.tenants.deprovision(tenant.external_id or "")


def test_a_tenant_has_as_many_leases_as_its_settings_allow(client: Client) -> None:
    tenant = client.tenants.upsert(unique(), settings={"max_concurrent_sticky": 1})
    user = client.users.upsert(tenant.id, "jane")
    client.conversations.create(user.id, runtime={"mode": "sticky"})
    with pytest.raises(errors.CapacityExhausted) as full:
        client.conversations.create(user.id, runtime={"mode": "sticky"})
    assert int(full.value.headers["retry-after"]) > 30, "too long to wait for"


def test_limits_are_set_and_a_request_over_them_is_sent_again(operator: Client) -> None:
    customer = operator.customers.create(unique(), limits={"requests_per_second": 1})
    assert customer.limits and customer.limits.burst == 1
    key = operator.keys.create(customer.id, "limited").api_key_once or ""
    for _ in range(2):
        Client(BASE, key).tenants.list()
    with pytest.raises(errors.RateLimited) as refused:
        for _ in range(100):
            Client(BASE, key, retries=0).tenants.list()
    assert [refused.value.headers[name] for name in ("retry-after", "ratelimit-remaining")] == ["1", "0"]
    assert operator.customers.update(customer.id, limits=None).limits is None


def test_anyone_reads_the_public_documents() -> None:
    service = Client(BASE, "none").service
    assert service.get_health().status == "ok"
    assert service.get_openapi().openapi.startswith("3.1")
    assert isinstance(service.get_jwks().keys, list)
    assert service.get_problem("name-conflict").statuses[0].status == 409
