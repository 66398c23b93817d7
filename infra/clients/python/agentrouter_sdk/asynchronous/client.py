"""The client."""

import os
from types import TracebackType

import httpx
from typing_extensions import Self

from agentrouter_sdk._generated.asynchronous.attachments import Attachments
from agentrouter_sdk._generated.asynchronous.conversations import Conversations
from agentrouter_sdk._generated.asynchronous.customers import Customers
from agentrouter_sdk._generated.asynchronous.integration import Integration
from agentrouter_sdk._generated.asynchronous.keys import Keys
from agentrouter_sdk._generated.asynchronous.messages import Messages
from agentrouter_sdk._generated.asynchronous.repositories import Repositories
from agentrouter_sdk._generated.asynchronous.roles import Roles
from agentrouter_sdk._generated.asynchronous.service import Service
from agentrouter_sdk._generated.asynchronous.tokens import Tokens
from agentrouter_sdk._generated.asynchronous.users import Users
from agentrouter_sdk.asynchronous.group import Connection
from agentrouter_sdk.asynchronous.provisioning import Tenants
from agentrouter_sdk.errors import InvalidArgument
from agentrouter_sdk.operation import header
from agentrouter_sdk.retries import Retries

USER_AGENT = "agentrouter-sdk-python/0.1.1"


class AsyncClient:
    """A client of the API, with one group of methods for each kind of resource.

    `base_url` and `api_key` are read from AGENTROUTER_BASE_URL and AGENTROUTER_API_KEY if they are not given. The key is an operator's, an
    integration's, or an end user's token. `retries` says how often a request is sent again, `timeout` how many seconds one attempt may wait.
    `http_client` replaces the connections, for instance to set a proxy; it is not closed with this client.
    """

    def __init__(self, base_url: str | None = None, api_key: str | None = None, *, timeout: float = 30.0, retries: Retries | int = Retries(),
                 http_client: httpx.AsyncClient | None = None) -> None:  # fmt: skip
        base_url = base_url or os.environ.get("AGENTROUTER_BASE_URL", "")
        api_key = api_key or os.environ.get("AGENTROUTER_API_KEY", "")
        if not base_url.startswith(("http://", "https://")):
            raise InvalidArgument("base_url", "must be an http or https URL; AGENTROUTER_BASE_URL is read if it is not given")
        if not api_key:
            raise InvalidArgument("api_key", "is missing; AGENTROUTER_API_KEY is read if it is not given")
        headers = {"Authorization": header("api_key", f"Bearer {api_key}"), "Accept": "application/json", "User-Agent": USER_AGENT}
        policy = retries if isinstance(retries, Retries) else Retries(most=retries)
        self._closes = http_client is None
        self._http = http_client or httpx.AsyncClient(timeout=timeout)
        connection = Connection(base_url.rstrip("/"), httpx.Headers(headers), self._http, policy)
        self.base_url = connection.base_url
        """Where the API is."""
        self.customers = Customers(connection)
        """Customers, for operators."""
        self.keys = Keys(connection)
        """API keys of customers, for operators."""
        self.integration = Integration(connection)
        """Who the calling integration key is."""
        self.tenants = Tenants(connection)
        """Tenants, for integrations."""
        self.repositories = Repositories(connection)
        """Git repositories of the customer, for integrations."""
        self.attachments = Attachments(connection)
        """Which repositories a tenant uses, for integrations."""
        self.users = Users(connection)
        """Users of tenants, for integrations."""
        self.roles = Roles(connection)
        """Roles of tenants, for integrations."""
        self.tokens = Tokens(connection)
        """Tokens of end users, for integrations."""
        self.conversations = Conversations(connection)
        """Conversations, for integrations and end users."""
        self.messages = Messages(connection)
        """Messages of conversations, for integrations and end users."""
        self.service = Service(connection)
        """What the service says about itself, for anyone."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r})"

    async def aclose(self) -> None:
        """Closes the connections."""
        if self._closes:
            await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        await self.aclose()
