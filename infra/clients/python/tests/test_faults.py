"""What the client does where connections break, answers are late, and the gateway or a function refuses."""

import asyncio
import os
import time
from collections.abc import Callable

import pytest
from conftest import OPERATOR_KEY, QUICK, Fault, fault, unique

from agentrouter_sdk import AsyncClient, Client, Retries, errors, models

PASSING = ["drop_before", "drop_after", "429", "503", "gateway_503", "gateway_500"]
LOST = ["drop_after", "delay_after"]
PATIENT = Retries(most=9, first_pause=0.01)
"""For calls that shall succeed, also where the stack is slower than the time-out that a delay needs."""


def through(relay: Fault, key: str = OPERATOR_KEY, retries: Retries | int = QUICK, timeout: float | None = None) -> Client:
    """A client of the relay, whose delays are 1.5 seconds."""
    return Client(relay.url, key, retries=retries, timeout=timeout or (1.2 if "/delay" in relay.url else 30))


@pytest.mark.parametrize("action", [*PASSING, "delay", "delay_after"])
def test_reads_and_writes_outlast_a_fault(action: str, operator: Client, key: str, client: Client) -> None:
    customer = operator.customers.create(unique(), "Before")
    calls: list[Callable[[Client], object]] = [
        lambda faulty: faulty.customers.get(customer.id),
        lambda faulty: faulty.customers.update(customer.id, "After"),
        lambda faulty: faulty.customers.create(unique()),
        lambda faulty: faulty.customers.archive(customer.id),
    ]
    for call in calls:
        relay = fault(action, 1)
        call(through(relay, retries=PATIENT))
        assert relay.requests() >= 2, "more where the stack itself is slow"
    with pytest.raises(errors.NotFound):
        operator.customers.get(customer.id)
    relay = fault(action, 1)
    tenant = through(relay, key, PATIENT).tenants.upsert(unique())
    assert client.tenants.get(tenant.id) == tenant and relay.requests() >= 2


@pytest.mark.parametrize("action", [*PASSING, "delay"])
def test_a_request_is_sent_four_times_at_most(action: str) -> None:
    relay = fault(action, 9)
    with pytest.raises(errors.AgentRouterError) as failed:
        through(relay, timeout=0.3 if action == "delay" else None).customers.list()
    expected: dict[str, type[Exception]] = {"503": errors.Unavailable, "delay": errors.TimedOut, "drop_before": errors.ConnectionFailed, "drop_after": errors.ConnectionFailed}
    assert type(failed.value) is expected.get(action, errors.GatewayError)
    assert relay.requests() == 4


@pytest.mark.parametrize("action", [*PASSING, "delay"])
def test_without_retries_a_request_is_sent_once(action: str) -> None:
    relay = fault(action, 1)
    with pytest.raises(errors.AgentRouterError) as failed:
        through(relay, retries=0).customers.create(unique())
    assert relay.requests() == 1 and failed.value.maybe_applied is (action != "429")
    if isinstance(failed.value, errors.AnswerError):
        assert (failed.value.request_id is not None) is (action == "503")


@pytest.mark.parametrize("action", LOST)
def test_a_post_takes_effect_once_though_its_answers_are_lost(action: str, operator: Client) -> None:
    slug, label, relay = unique(), unique("x"), fault(action, 2)
    made = through(relay, retries=PATIENT).customers.create(slug, labels={"run": label})
    assert made.response and made.response.replayed and relay.requests() >= 3
    assert [row.id for row in operator.customers.list_all(filter=f"labels.run = {label}")] == [made.id]


def test_a_key_whose_answer_was_lost_comes_without_its_secret(operator: Client, customer: models.Customer) -> None:
    made = through(fault("drop_after", 1)).keys.create(customer.id, "lost")
    assert made.api_key_once is None and made.response and made.response.replayed
    operator.keys.revoke(customer.id, made.key_id)


@pytest.mark.parametrize("action", LOST)
def test_a_removal_whose_answer_was_lost_is_a_success(action: str, operator: Client, key: str, client: Client) -> None:
    slug, tenant = unique(), client.tenants.create(external_id=unique())
    operator.customers.create(slug)
    through(fault(action, 1), retries=PATIENT).customers.archive(slug)
    through(fault(action, 1), key, PATIENT).tenants.delete(tenant.id)
    with pytest.raises(errors.NotFound):
        operator.customers.get(slug)
    with pytest.raises(errors.NotFound):
        client.tenants.get(tenant.id)


@pytest.mark.parametrize("action", ["drop_before", "429", "503"])
def test_a_removal_of_what_never_was_is_not_found_unless_an_answer_may_be_lost(action: str) -> None:
    relay = fault(action, 1)
    if action == "429":
        with pytest.raises(errors.NotFound):
            through(relay).customers.archive(unique())
    else:
        through(relay).customers.archive(unique())
    assert relay.requests() >= 2
    with pytest.raises(errors.NotFound):
        through(fault(action, 0)).customers.archive(unique())


def test_a_repeated_revocation_of_what_never_was_is_not_found(customer: models.Customer) -> None:
    with pytest.raises(errors.NotFound):
        through(fault("drop_after", 1)).keys.revoke(customer.id, "key_01m6k708ka2r00k6agv0vfcxec")


def test_a_conditional_write_whose_answer_was_lost_says_that_it_may_have_been_applied(key: str, client: Client, tenant: models.Tenant) -> None:
    relay = fault("drop_after", 1)
    with pytest.raises(errors.PreconditionFailed) as unclear:
        through(relay, key).tenants.update(tenant.id, name="mine", if_match=tenant.etag)
    assert unclear.value.maybe_applied and relay.requests() >= 2 and client.tenants.get(tenant.id).name == "mine"


def test_what_is_wrong_is_sent_once() -> None:
    relay = fault("429", 0)
    with pytest.raises(errors.ValidationError):
        through(relay).customers.create("A B")
    with pytest.raises(errors.NotFound):
        through(relay).customers.get("none-at-all")
    assert relay.requests() == 2


def test_retry_after_is_waited_for() -> None:
    began = time.monotonic()
    through(fault("503", 1)).customers.list()
    assert time.monotonic() - began >= 1, "the answer says 1 second"
    relay = fault("503", 1)
    with pytest.raises(errors.Unavailable) as failed:
        through(relay, retries=Retries(longest_retry_after=0.5)).customers.list()
    assert failed.value.headers["retry-after"] == "1" and relay.requests() == 1


def test_a_throttled_client_gets_through() -> None:
    patient = Client(os.environ["BASE_URL_THROTTLED"], OPERATOR_KEY, retries=Retries(most=9, first_pause=0.5, longest_pause=1))
    assert len([patient.customers.list(page_size=1) for _ in range(3)]) == 3


@pytest.mark.parametrize("status", [413, 429, 500, 503])
def test_an_answer_of_the_gateway_has_its_own_class(status: int) -> None:
    refused = Client(os.environ[f"BASE_URL_{status}"], "any", retries=0)
    with pytest.raises(errors.GatewayError) as failed:
        refused.customers.get("demo")
    assert (failed.value.status, failed.value.request_id) == (status, None)
    with pytest.raises(errors.GatewayError, match=str(status)):
        refused.customers.create("by-nobody")


def test_where_nothing_listens_nothing_was_applied() -> None:
    with pytest.raises(errors.ConnectionFailed) as failed:
        Client("http://127.0.0.1:1", "key", retries=QUICK).customers.create("acme")
    assert not failed.value.maybe_applied and isinstance(failed.value, ConnectionError)


@pytest.mark.parametrize("action", ["drop_after", "503", "delay"])
def test_the_asynchronous_client_outlasts_a_fault_too(action: str) -> None:
    async def create(relay: Fault) -> models.Customer:
        async with AsyncClient(relay.url, OPERATOR_KEY, retries=PATIENT, timeout=1.2) as client:
            return await client.customers.create(unique())

    relay = fault(action, 1)
    assert asyncio.run(create(relay)).state == "active" and relay.requests() >= 2
