"""What the groups of operations have in common: how a call is sent, sent again, and read."""

import itertools
from collections.abc import AsyncIterator, Mapping
from typing import Any, TypeVar

import anyio
import httpx

from agentrouter_sdk import retries
from agentrouter_sdk.answer import Answer
from agentrouter_sdk.errors import AgentRouterError, GatewayError, refusal
from agentrouter_sdk.operation import Operation, Request

T = TypeVar("T", bound=Answer | None)
Row = TypeVar("Row", bound=Answer)


class Connection:
    """Where requests go, with what, and how often."""

    def __init__(self, base_url: str, headers: httpx.Headers, http: httpx.AsyncClient, policy: retries.Retries) -> None:
        self.base_url, self.headers, self.http, self.policy = base_url, headers, http, policy

    async def call(self, operation: Operation[T], request: Request) -> T:
        """Sends a request until it is answered for good."""
        doubt = False
        for attempt in itertools.count():
            failure: AgentRouterError
            try:
                headers = httpx.Headers({**self.headers, **request.headers})
                url = self.base_url + request.target
                answer = await self.http.request(request.method, url, headers=headers, content=request.content, follow_redirects=False)
                if answer.is_success:
                    return operation.result(answer)
                failure = refusal(answer)
            except httpx.TransportError as error:
                failure = retries.no_answer(error)
            except GatewayError as error:
                failure = error
            unknown = retries.in_doubt(failure)
            failure.maybe_applied = request.method != "GET" and (unknown or (doubt and not operation.keyed))
            if doubt and retries.is_gone(operation.id, failure):
                return None  # type: ignore[return-value]
            pause = self.policy.pause(attempt, failure)
            if pause is None:
                raise failure
            doubt = doubt or unknown
            await anyio.sleep(pause)
        raise AssertionError("unreachable")


class Group:
    """Base of the groups."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def _call(self, operation: Operation[T], *values: str, query: Mapping[str, object] | None = None, body: Mapping[str, object] | None = None,
                    if_match: str | None = None, if_none_match: str | None = None, idempotency_key: str | None = None) -> T:  # fmt: skip
        request = operation.request(values, query or {}, body, if_match, if_none_match, idempotency_key)
        return await self._connection.call(operation, request)

    async def _rows(self, operation: Operation[Any], _row: type[Row], *values: str, query: Mapping[str, object]) -> AsyncIterator[Row]:
        """The rows of all pages. A page may be empty though others follow."""
        position: dict[str, object] = {}
        while True:
            page = await self._call(operation, *values, query={**query, **position})
            customers = hasattr(page, "customers")
            for row in page.customers if customers else page.data:
                yield row
            following = page.page.next_page_token if customers else page.next_cursor
            if not following:
                return
            position = {"page_token" if customers else "starting_after": following}
