"""What all answers have in common. The models themselves are generated: _generated/models.py."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

SECRETS = frozenset({"api_key_once", "token"})


class Open:
    """Takes any text for an enumeration of an answer: later versions of the API may add values."""

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.str_schema()


OPEN = Open()


@dataclass(frozen=True)
class Response:
    """What came with an answer besides its body."""

    status: int
    """The HTTP status: 201 where an upsert created, 200 where it existed."""
    headers: httpx.Headers
    """The headers of the answer."""

    @property
    def etag(self) -> str | None:
        """The version, for `if_match` and `if_none_match`."""
        return self.headers["etag"] if "etag" in self.headers else None

    @property
    def request_id(self) -> str | None:
        """The id by which the service logged the request."""
        return self.headers["x-request-id"] if "x-request-id" in self.headers else None

    @property
    def replayed(self) -> bool:
        """Whether this repeats the answer of an earlier request with the same Idempotency-Key."""
        return "idempotency-replayed" in self.headers


class Answer(BaseModel):
    """Base of all models. Members that this version does not know are kept in `model_extra`; secrets are not shown by `repr`."""

    model_config = ConfigDict(frozen=True, extra="allow")

    response: ClassVar[Response | None] = None
    """Status and headers of the answer; None for what is part of an answer, for instance a row of a list. Not compared."""

    @property
    def etag(self) -> str:
        """The version of this resource, for `if_match`. Raises `LookupError` where there is none, so that no write goes unguarded by mistake."""
        tag = self.response.etag if self.response else None
        if tag is None:
            raise LookupError(f"this {type(self).__name__} came without an ETag: rows of lists have none, read the resource by its id")
        return tag

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            yield name, "***" if name in SECRETS and value is not None else value


A = TypeVar("A", bound=Answer)


def read(model: type[A], answer: httpx.Response) -> A:
    """The body of an answer. Raises `ValueError` if it is no such model."""
    found = model.model_validate_json(answer.content)
    object.__setattr__(found, "response", Response(answer.status_code, answer.headers))
    return found
