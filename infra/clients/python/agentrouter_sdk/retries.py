"""When a request is sent again.

By the contract of the API every request may be: a POST has an Idempotency-Key, which is the same in each attempt, and the other writes set
absolute values. Where an earlier attempt may have been applied, the outcome of a later one can differ from that of the first:

- 404 to a removal means that the resource is gone, which is what was asked for: it is a success.
- 412 to a conditional write is raised with `maybe_applied`: read the resource, and decide.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

import httpx

from agentrouter_sdk.errors import AgentRouterError, AnswerError, ApiError, ConnectionFailed, NotFound, TimedOut

REMOVALS = frozenset({"archiveCustomer", "deleteTenant", "deleteTenantByExternalId", "deleteRepository", "detachTenantRepository", "deleteRole"})
"""After these the resource is 404. Other DELETEs are 204 again."""

PASSING = frozenset({429, 500, 502, 503, 504})
"""Statuses of a gateway that pass. Of the service's own problems only 429 and 503 do."""


@dataclass(frozen=True)
class Retries:
    """How often and how fast a request is sent again: after 429 and 503, a gateway's 500, 502 and 504, lost connections and time-outs."""

    most: int = 3
    """How many times at most; 0 for never."""
    first_pause: float = 0.1
    """Seconds before the first repeat at most. Each limit is twice the one before; the pause is random between 0 and the limit."""
    longest_pause: float = 5.0
    """The largest limit, in seconds."""
    longest_retry_after: float = 30.0
    """An answer's Retry-After is kept to; one that is longer than these seconds is raised instead of waited for."""

    def pause(self, attempt: int, failure: AgentRouterError) -> float | None:
        """Seconds to wait after this attempt, which is counted from 0; None if the failure is final."""
        if attempt >= self.most or not passes(failure):
            return None
        asked = retry_after(failure) if isinstance(failure, AnswerError) else None
        if asked is not None:
            return asked if asked <= self.longest_retry_after else None
        return random.uniform(0, min(self.longest_pause, self.first_pause * 2**attempt))


def passes(failure: AgentRouterError) -> bool:
    """Whether the request may succeed later."""
    if isinstance(failure, AnswerError):
        return failure.status in ({429, 503} if isinstance(failure, ApiError) else PASSING)
    return isinstance(failure, ConnectionFailed) and not isinstance(failure.__cause__, httpx.UnsupportedProtocol | httpx.LocalProtocolError)


def in_doubt(failure: AgentRouterError) -> bool:
    """Whether the request may have been applied although it failed."""
    if isinstance(failure, AnswerError):
        return failure.status >= 500 or failure.status < 300
    return not isinstance(failure.__cause__, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)


def is_gone(operation: str, failure: AgentRouterError) -> bool:
    """Whether a removal of which an earlier attempt may have been applied has had its effect."""
    return operation in REMOVALS and isinstance(failure, NotFound)


def no_answer(error: httpx.TransportError) -> ConnectionFailed:
    """The error for a request without an answer."""
    kind = TimedOut if isinstance(error, httpx.TimeoutException) else ConnectionFailed
    failure = kind(f"no answer: {type(error).__name__}{f': {error}' if str(error) else ''}")
    failure.__cause__ = error
    return failure


def retry_after(failure: AnswerError) -> float | None:
    """What an answer asks for, in seconds."""
    value = failure.headers.get("retry-after", "")
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(timezone.utc)).total_seconds())
    except (TypeError, ValueError):
        return None
