"""A choice of words, where a person may write the word or the member of its enum."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from floruntime.core.errors import BadRequestError
from floruntime.core.limits import shown

E = TypeVar("E", bound=StrEnum)


def choice(field: str, value: E | str, kind: type[E]) -> E:
    """The member of `kind` that `value` is or names. Raises `BadRequestError`."""
    try:
        return kind(value)
    except ValueError:
        known = ", ".join(kind)
        raise BadRequestError(f"{field} is {shown(value)}; it must be one of: {known}") from None


def optional_choice(field: str, value: E | str | None, kind: type[E]) -> E | None:
    """A choice that may be left out."""
    return None if value is None else choice(field, value, kind)
