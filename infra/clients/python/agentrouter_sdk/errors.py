"""What is raised. An error never has the API key in its text.

Base of all is `AgentRouterError`. `ApiError` is a problem (RFC 9457) of the service, with one class per slug; `GatewayError` an answer that is
no problem, `ConnectionFailed` the lack of any answer, `InvalidArgument` a request that was not sent.
"""

import re
from typing import Any, ClassVar

import httpx

from agentrouter_sdk._generated.models import Fault, Problem

__all__ = [
    "AgentRouterError", "InvalidArgument", "ConnectionFailed", "TimedOut", "AnswerError", "NotModified", "GatewayError", "ApiError",
    "ValidationError", "RoleRequired", "MalformedRequest", "InsufficientScope", "TenantSuspended", "NotFound", "MethodNotAllowed",
    "ExternalIdConflict", "NameConflict", "ResourceInUse", "IdempotencyKeyConflict", "CrossTenant", "ConversationArchived",
    "PreconditionFailed", "PayloadTooLarge", "UnsupportedMediaType", "CapacityExhausted", "RateLimited", "InternalError",
    "Unavailable",
]  # fmt: skip


class AgentRouterError(Exception):
    """Base of all errors of this package."""

    maybe_applied: bool = False
    """Whether the write may have been applied all the same: an answer to it was lost, or said that its outcome is not known."""


class InvalidArgument(AgentRouterError, ValueError):
    """An argument with which nothing was sent."""

    def __init__(self, parameter: str, why: str) -> None:
        super().__init__(f"{parameter} {why}")
        self.parameter = parameter


class ConnectionFailed(AgentRouterError, ConnectionError):
    """There was no answer: no connection, a lost one, or a time-out (`TimedOut`)."""


class TimedOut(ConnectionFailed, TimeoutError):
    """There was no answer in time."""


class AnswerError(AgentRouterError):
    """Base of errors that were answered."""

    def __init__(self, message: str, answer: httpx.Response) -> None:
        super().__init__(message)
        self.status: int = answer.status_code
        """The HTTP status."""
        self.headers: httpx.Headers = answer.headers
        """The headers of the answer."""
        self.request_id: str | None = answer.headers.get("x-request-id")
        """The id by which the service logged the request; None where the gateway answered."""


class NotModified(AnswerError):
    """304: the resource still has the version that was given as `if_none_match`."""


class GatewayError(AnswerError):
    """An answer that is none of the service: of the gateway (throttle, crash, time-out), of a proxy, or unreadable."""


class ApiError(AnswerError):
    """A problem that the service answered. A slug that this version does not know is raised as this class."""

    by_slug: ClassVar[dict[str, type["ApiError"]]] = {}

    def __init_subclass__(cls) -> None:
        cls.by_slug[re.sub("(?<!^)(?=[A-Z])", "-", cls.__name__).lower()] = cls

    def __init__(self, problem: Problem, answer: httpx.Response) -> None:
        extra = problem.model_extra or {}
        self.slug: str = problem.slug
        """The kind of problem: what programs branch on, if not by class."""
        self.title: str = problem.title
        """The name of the kind."""
        self.detail: str = problem.detail
        """What went wrong, for people."""
        self.errors: list[Fault] = problem.errors or []
        """Of `ValidationError`: everything that is wrong with the request, each with a `pointer` and a `message`."""
        self.conflicting_resource_id: str | None = problem.conflicting_resource_id
        """Of a conflict: the id of the holder of what is taken, or of one dependent."""
        self.members: dict[str, Any] = extra
        """Members of the problem that this version does not know."""
        faults = "".join(f"\n  {fault.pointer or 'request'}: {fault.message}" for fault in self.errors)
        super().__init__(f"{problem.status} {problem.slug}: {problem.detail} ({problem.request_id}){faults}", answer)
        self.request_id = problem.request_id


class ValidationError(ApiError):
    """422: members, parameters or headers break rules; `errors` names each."""


class RoleRequired(ApiError):
    """422: the user has several roles and the request names none."""


class MalformedRequest(ApiError):
    """400: not readable, or parameters that exclude each other."""


class InsufficientScope(ApiError):
    """401: no valid credential. 403: one of the wrong kind or without the scope, or a suspended user."""


class TenantSuspended(ApiError):
    """403: the tenant is suspended; its conversations take no writes, and it gets no tokens."""


class NotFound(ApiError):
    """404: there is no such resource for this credential."""


class MethodNotAllowed(ApiError):
    """405: the path does not have this method."""


class ExternalIdConflict(ApiError):
    """409: the external id is taken by `conflicting_resource_id`."""


class NameConflict(ApiError):
    """409: the name or slug is taken by `conflicting_resource_id`."""


class ResourceInUse(ApiError):
    """409: `conflicting_resource_id` depends on the resource."""


class IdempotencyKeyConflict(ApiError):
    """409: the Idempotency-Key was used for another request."""


class CrossTenant(ApiError):
    """409: a role of another tenant than the user's."""


class ConversationArchived(ApiError):
    """409: the conversation is archived."""


class PreconditionFailed(ApiError):
    """412: `if_match` or `if_none_match` does not hold. With `maybe_applied`, maybe because an earlier attempt of this very call was applied."""


class PayloadTooLarge(ApiError):
    """413: the body has more than 256 KiB."""


class UnsupportedMediaType(ApiError):
    """415: the body is no JSON."""


class CapacityExhausted(ApiError):
    """429: the tenant has as many sticky leases as its settings allow."""


class RateLimited(ApiError):
    """429: more requests than the limits of the customer allow. A throttle answers as a gateway."""


class InternalError(ApiError):
    """500: a bug of the service; report it with `request_id`."""


class Unavailable(ApiError):
    """503: the service cannot answer now, or does not know the outcome of a write."""


def refusal(answer: httpx.Response) -> AnswerError:
    """The error for an answer that is no success."""
    if answer.status_code == 304:
        return NotModified("304: not modified", answer)
    try:
        problem = Problem.model_validate_json(answer.content)
    except ValueError:
        return GatewayError(f"{answer.status_code}, not from the service: {answer.text[:200]}", answer)
    return ApiError.by_slug.get(problem.slug, ApiError)(problem, answer)
