"""The real stack: the addresses and keys that `serve` (tests/src/bin/serve.rs) prints are in the environment.

`fault` gives a base URL of the relay (tests/src/relay.rs), which injects faults into the first requests and counts all of them.
"""

import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from agentrouter_sdk import Client, Retries, models

BASE = os.environ["BASE_URL"]
OPERATOR_KEY = os.environ["OPERATOR_KEY"]
QUICK = Retries(first_pause=0.01)


def unique(name: str = "python") -> str:
    """A name that no other test has."""
    return f"{name}-{uuid.uuid4().hex[:12]}"


@dataclass
class Fault:
    """A base URL at which the first requests meet a fault."""

    url: str

    def requests(self) -> int:
        """How many requests there were."""
        count = httpx.get(self.url).raise_for_status().json()["requests"]
        assert isinstance(count, int)
        return count


def fault(action: str, times: int) -> Fault:
    return Fault(f"{os.environ['BASE_URL_FAULTS']}/{action}/{times}/{unique()}")


@pytest.fixture(scope="session")
def operator() -> Iterator[Client]:
    with Client(BASE, OPERATOR_KEY) as client:
        yield client


@pytest.fixture(scope="session")
def customer(operator: Client) -> models.Customer:
    return operator.customers.create(unique())


@pytest.fixture(scope="session")
def key(operator: Client, customer: models.Customer) -> str:
    secret = operator.keys.create(customer.id, "tests").api_key_once
    assert secret
    return secret


@pytest.fixture(scope="session")
def client(key: str) -> Iterator[Client]:
    with Client(BASE, key) as client:
        yield client


@pytest.fixture
def tenant(client: Client) -> models.Tenant:
    return client.tenants.upsert(unique(), name="Org")
