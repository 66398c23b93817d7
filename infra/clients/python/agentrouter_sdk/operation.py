"""One operation of the API, and a request for it. The table of operations is generated: _generated/operations.py."""

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from urllib.parse import quote, urlencode
from uuid import uuid4

import httpx

from agentrouter_sdk._generated.patterns import PATTERNS
from agentrouter_sdk.answer import Answer, read
from agentrouter_sdk.errors import GatewayError, InvalidArgument
from agentrouter_sdk.unset import UNSET

T = TypeVar("T", bound=Answer | None)


@dataclass(frozen=True)
class Request:
    """What is sent, again and again if need be."""

    method: str
    target: str
    headers: dict[str, str]
    content: bytes | None


@dataclass(frozen=True)
class Operation(Generic[T]):
    """An operation, whose success is answered with a `T`."""

    id: str
    method: str
    path: str
    model: type[T]
    query: tuple[str, ...]
    keyed: bool
    """Whether it takes an Idempotency-Key."""

    def request(self, values: tuple[str, ...], query: Mapping[str, object], body: Mapping[str, object] | None,
                if_match: str | None, if_none_match: str | None, idempotency_key: str | None) -> Request:  # fmt: skip
        """A request. Raises `InvalidArgument` if a value cannot be sent."""
        names = re.findall(r"{(\w+)}", self.path)
        target = self.path.format(**{name: segment(name, value) for name, value in zip(names, values, strict=True)})
        sent = [(name, text(query[name.removeprefix("page.")])) for name in self.query if query.get(name.removeprefix("page.")) is not None]
        key = (idempotency_key or str(uuid4())) if self.keyed else None
        headers = {"If-Match": if_match, "If-None-Match": if_none_match, "Idempotency-Key": key}
        if body is not None:
            headers["Content-Type"] = "application/merge-patch+json" if self.method == "PATCH" else "application/json"
            body = {name: value for name, value in body.items() if value is not UNSET}
        content = None if body is None else json.dumps(body, default=encoded).encode()
        sendable = {name: header(name, value) for name, value in headers.items() if value is not None}
        return Request(self.method, target + ("?" + urlencode(sent) if sent else ""), sendable, content)

    def result(self, answer: httpx.Response) -> T:
        """What a success answers."""
        if not issubclass(self.model, Answer):
            return None  # type: ignore[return-value]
        try:
            return read(self.model, answer)
        except ValueError:
            pass  # Its text has what was read, which may be a secret.
        raise GatewayError(f"{answer.status_code}, but the body is no {self.model.__name__}", answer)


def segment(name: str, value: str) -> str:
    """A value of a path, percent-encoded. What cannot be an id is refused: HTTP clients and gateways would make another path of it."""
    trimmed = value.strip()
    if name == "external_id":
        control = any(character == "?" or unicodedata.category(character) == "Cc" for character in trimmed)
        if not 1 <= len(trimmed) <= 255 or trimmed in {".", ".."} or control:
            raise InvalidArgument(name, f"{value!r}: an external id has 1 to 255 characters without `?` and control characters, and is not `.` or `..`")
    elif not re.fullmatch(PATTERNS.get(name, "[A-Za-z0-9_-]+"), value):
        raise InvalidArgument(name, f"{value!r} is not well-formed")
    return quote(value, safe="")


def text(value: object) -> str:
    """A value of a query."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def header(name: str, value: str) -> str:
    """A value of a header, which must be printable ASCII."""
    if not (value.isascii() and value.isprintable()):
        raise InvalidArgument(name, "has characters that a header cannot have")
    return value


def encoded(value: object) -> object:
    """What JSON has no type for."""
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise InvalidArgument("datetime", f"{value} has no time zone")
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    raise InvalidArgument("body", f"has a {type(value).__name__}, for which JSON has no type")
