"""A client of the AgentRouter API: `Client`, and `AsyncClient` with the same methods to await."""

from agentrouter_sdk import errors
from agentrouter_sdk._generated import inputs, models, values
from agentrouter_sdk._generated.blocking.client import Client
from agentrouter_sdk._generated.models import Customer, ListCustomersResponse
from agentrouter_sdk.answer import Answer, Response
from agentrouter_sdk.asynchronous.client import AsyncClient
from agentrouter_sdk.errors import *  # noqa: F403
from agentrouter_sdk.retries import Retries
from agentrouter_sdk.unset import UNSET, Unset

__version__ = "0.1.1"
__all__ = [
    "UNSET", "Answer", "AsyncClient", "Client", "Customer", "ListCustomersResponse", "Response", "Retries", "Unset", "errors", "inputs", "models", "values",
]  # fmt: skip
__all__ += errors.__all__
