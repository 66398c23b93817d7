"""What is sent, and how answers and problems are shown."""

import asyncio
import json
import logging
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import httpx
import pytest
from conftest import BASE, OPERATOR_KEY, unique

from agentrouter_sdk import UNSET, AsyncClient, Client, errors, models
from agentrouter_sdk.errors import refusal
from agentrouter_sdk.operation import Operation

ABSENT = "tnt_01m6k708ka2r00k6agv0vfcxec"


def test_unset_is_not_sent_none_clears(operator: Client) -> None:
    slug = unique()
    made = operator.customers.create(slug, "Name", "Description", labels={"tier": "gold"})
    unchanged = operator.customers.update(slug)
    assert (unchanged, unchanged.etag) == (made, made.etag)
    cleared = operator.customers.update(slug, UNSET, None)
    assert (cleared.display_name, cleared.description, cleared.labels) == ("Name", None, {"tier": "gold"})
    assert not UNSET and repr(UNSET) == "UNSET"


def test_versions_guard_reads_and_writes(client: Client, tenant: models.Tenant) -> None:
    assert tenant.response and tenant.response.status == 201
    with pytest.raises(errors.NotModified) as same:
        client.tenants.get(tenant.id, if_none_match=tenant.etag)
    assert same.value.request_id and same.value.headers["etag"] == tenant.etag
    changed = client.tenants.update(tenant.id, name="Other", if_match=tenant.etag)
    with pytest.raises(errors.PreconditionFailed) as stale:
        client.tenants.update(tenant.id, name="late", if_match=tenant.etag)
    assert (stale.value.status, stale.value.maybe_applied) == (412, False)
    assert client.tenants.get(tenant.id).name == "Other" and changed.etag != tenant.etag
    with pytest.raises(errors.PreconditionFailed):
        client.tenants.upsert(tenant.external_id or "", if_none_match="*")
    with pytest.raises(LookupError, match="rows of lists"):
        client.tenants.update(tenant.id, if_match=client.tenants.list(limit=1).data[0].etag)


def test_problems_have_a_class_and_their_members(operator: Client, client: Client) -> None:
    slug = unique()
    made = operator.customers.create(slug)
    with pytest.raises(errors.NameConflict) as taken:
        operator.customers.create(slug)
    assert taken.value.conflicting_resource_id == made.id
    with pytest.raises(errors.ValidationError) as invalid:
        client.repositories.register("", "ftp://example.com/x")
    assert {fault.pointer for fault in invalid.value.errors} == {"/name", "/repo_url"}
    assert "/name: " in str(invalid.value) and invalid.value.title == "Validation error"
    with pytest.raises(errors.NotFound) as absent:
        client.tenants.get(ABSENT)
    assert absent.value.slug == "not-found" and absent.value.request_id == absent.value.headers["x-request-id"]
    with pytest.raises(errors.InsufficientScope) as forbidden:
        operator.tenants.list()
    assert forbidden.value.status == 403 and forbidden.value.detail
    with pytest.raises(errors.InsufficientScope) as unauthorized:
        Client(BASE, "sk_ops_wrong").customers.list()
    assert unauthorized.value.status == 401


def test_a_problem_and_a_value_of_a_later_version_are_understood() -> None:
    document = {"type": "http://x/problems/new", "slug": "new", "title": "New", "status": 418, "detail": "d", "instance": "/", "request_id": "req_1", "more": 1}
    later = refusal(httpx.Response(418, content=json.dumps(document)))
    assert type(later) is errors.ApiError and (later.slug, later.members) == ("new", {"more": 1})
    known: dict[str, object] = {"id": "cust_1", "customer_id": "a", "display_name": "x" * 300, "description": None, "labels": {}, "limits": None, "archived_at": None}
    times = {"created_at": "2026-11-02T09:14:03.518Z", "updated_at": "2026-11-02T09:14:03.518Z"}
    read = Operation("x", "GET", "/", models.Customer, (), False).result(
        httpx.Response(200, content=json.dumps({**known, **times, "state": "frozen", "region": "eu"}))
    )
    assert (read.state, read.model_extra) == ("frozen", {"region": "eu"})


def test_a_success_that_cannot_be_read_is_none_of_the_service() -> None:
    operation = Operation("x", "GET", "/", models.IssuedKey, (), False)
    for content in ("<html>proxy</html>", '{"api_key_once": "sk_int_secret"}', ""):
        with pytest.raises(errors.GatewayError) as unreadable:
            operation.result(httpx.Response(200, content=content))
        assert unreadable.value.status == 200 and "secret" not in str(unreadable.value) and unreadable.value.__cause__ is None


def test_connections_that_were_brought_stay_open(operator: Client) -> None:
    with httpx.Client() as own:
        with Client(BASE, OPERATOR_KEY, http_client=own) as client:
            assert client.service.get_health().status == "ok"
        assert not own.is_closed
    with Client(BASE, OPERATOR_KEY) as client:
        assert client.service.get_health().status == "ok"
    with pytest.raises(RuntimeError, match="closed"):
        client.service.get_health()


@pytest.mark.parametrize("external_id", ["acme:tenant:1", "a/b c#e%2Fé", "...", "+ &=;", "%2E%2E", "x" * 255, "\U0001f600"])
def test_external_ids_arrive_as_they_are(client: Client, external_id: str) -> None:
    made = client.tenants.upsert(external_id)
    assert made.external_id == external_id
    assert client.tenants.get_by_external_id(external_id) == made
    user = client.users.upsert(made.id, external_id)
    assert client.users.get_by_external_id(made.id, external_id) == user
    client.tenants.deprovision(external_id)
    with pytest.raises(errors.NotFound):
        client.tenants.get(made.id)


@pytest.mark.parametrize("wrong", ["", " ", ".", "..", " .. ", "a?b", "a\nb", "a\x00", "x" * 256])
def test_what_cannot_be_an_external_id_is_not_sent(wrong: str) -> None:
    nowhere = Client("http://127.0.0.1:1", "key", retries=0)
    calls: list[Callable[[str], object]] = [nowhere.tenants.get_by_external_id, nowhere.tenants.upsert, nowhere.tenants.deprovision]
    for call in calls:
        with pytest.raises(errors.InvalidArgument) as refused:
            call(wrong)
        assert refused.value.parameter == "external_id" and isinstance(refused.value, ValueError)


@pytest.mark.parametrize("wrong", ["", "/", ".", "..", "a/b", "../customers", f"{ABSENT}/", f"{ABSENT}\n", ABSENT.upper(), "%2e", "tnt_1", "é"])
def test_what_cannot_be_an_id_is_not_sent(wrong: str) -> None:
    nowhere = Client("http://127.0.0.1:1", "key", retries=0)
    calls: dict[str, Callable[[str], object]] = {
        "tenant_id": nowhere.tenants.get,
        "repository_id": nowhere.repositories.get,
        "user_id": nowhere.users.get,
        "role_id": nowhere.roles.delete,
        "conversation_id": nowhere.conversations.archive,
        "customer_id": nowhere.customers.archive,
    }
    for parameter, call in calls.items():
        with pytest.raises(errors.InvalidArgument) as refused:
            call(wrong)
        assert refused.value.parameter == parameter


def test_times_keep_their_offset_and_need_one(operator: Client, customer: models.Customer) -> None:
    ends = datetime.now(timezone(timedelta(hours=2))).replace(microsecond=123000) + timedelta(days=1)
    made = operator.keys.create(customer.id, "ends", scopes=[], expires_at=ends)
    assert (made.expires_at, made.scopes) == (ends, [])
    with pytest.raises(errors.InvalidArgument):
        operator.keys.create(customer.id, "naive", expires_at=datetime(2030, 1, 1))


def test_the_same_idempotency_key_is_replayed_without_the_secret(operator: Client, customer: models.Customer) -> None:
    given = unique()
    first = operator.keys.create(customer.id, "once", idempotency_key=given)
    again = operator.keys.create(customer.id, "once", idempotency_key=given)
    assert again.key_id == first.key_id and first.api_key_once and again.api_key_once is None
    assert first.response and again.response and (first.response.replayed, again.response.replayed) == (False, True)
    with pytest.raises(errors.IdempotencyKeyConflict):
        operator.keys.create(customer.id, "other", idempotency_key=given)
    assert operator.keys.create(customer.id, "once").key_id != first.key_id


def test_secrets_are_not_shown(operator: Client, customer: models.Customer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    made = operator.keys.create(customer.id, "secret")
    assert made.api_key_once and made.api_key_once not in repr(made) + str(made) and "***" in repr(made)
    shown = f"{operator!r} {operator} {vars(operator)} {vars(operator.customers)} {vars(operator.customers._connection)}"
    with pytest.raises(errors.ApiError) as refused:
        operator.customers.create("A B")
    with pytest.raises(errors.ConnectionFailed) as unanswered:
        Client("http://127.0.0.1:1", OPERATOR_KEY, retries=0).customers.list()
    failures = f"{refused.value!r} {vars(refused.value)} {unanswered.value!r} {vars(unanswered.value)} {unanswered.value.__cause__!r}"
    assert OPERATOR_KEY not in shown + failures + caplog.text and "createCustomer" not in caplog.text
    with pytest.raises(errors.InvalidArgument) as unsendable:
        Client(BASE, "sk_ops_schlüssel")
    assert "schl" not in str(unsendable.value)


def test_the_environment_says_where_and_who(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTROUTER_BASE_URL", BASE + "/")
    monkeypatch.setenv("AGENTROUTER_API_KEY", OPERATOR_KEY)
    assert Client().base_url == BASE and Client().customers.list(page_size=1).customers
    assert Client("http://given").base_url == "http://given"
    monkeypatch.delenv("AGENTROUTER_API_KEY")
    with pytest.raises(errors.InvalidArgument, match="AGENTROUTER_API_KEY"):
        Client()
    monkeypatch.delenv("AGENTROUTER_BASE_URL")
    with pytest.raises(errors.InvalidArgument, match="AGENTROUTER_BASE_URL"):
        AsyncClient(api_key="key")


def test_the_asynchronous_client_does_the_same(key: str) -> None:
    async def flow() -> None:
        async with AsyncClient(BASE, key) as client:
            names = [unique() for _ in range(3)]
            made = await asyncio.gather(*(client.tenants.upsert(name) for name in names))
            found = {tenant.id async for tenant in client.tenants.list_all(limit=1)}
            assert {tenant.id for tenant in made} <= found
            with pytest.raises(errors.NotFound):
                await client.tenants.get(ABSENT)
            suspended = await client.tenants.suspend(made[0].id)
            assert suspended.status == "suspended" and (await client.tenants.activate(made[0].id)).status == "active"

    asyncio.run(flow())
