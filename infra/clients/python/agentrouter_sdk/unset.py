"""UNSET, which is not None: a member that is unset is not sent, one that is None is sent as null and clears."""

from collections.abc import Mapping
from enum import Enum
from typing import Final, TypeAlias


class Unset(Enum):
    """The type of UNSET."""

    UNSET = "UNSET"

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> bool:
        return False


UNSET: Final = Unset.UNSET
"""Leaves a member out of a request."""

Text: TypeAlias = str | Unset
"""Text, or left out."""

NullableText: TypeAlias = str | None | Unset
"""Text, None to clear it, or left out."""

Texts: TypeAlias = Mapping[str, str] | Unset
"""Labels or metadata, replaced as a whole, or left out."""
