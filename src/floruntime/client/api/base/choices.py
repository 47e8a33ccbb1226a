"""Options with a fixed set of values: a caller may give the word or the member of its enum."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import TypeVar

from floruntime.client.api.base.values import several
from floruntime.core.errors import BadRequestError
from floruntime.core.limits import shown

E = TypeVar("E", bound=StrEnum)


def choice(field: str, value: E | str, kind: type[E]) -> E:
    """Return the member of `kind` that `value` is or names. Raises `BadRequestError` if none."""
    try:
        return kind(value)
    except ValueError:
        known = ", ".join(kind)
        raise BadRequestError(f"{field} is {shown(value)}; it must be one of: {known}") from None


def optional_choice(field: str, value: E | str | None, kind: type[E]) -> E | None:
    """Like `choice`, for an option that may be left out."""
    return None if value is None else choice(field, value, kind)


def choices(
    field: str, value: E | str | Iterable[E | str] | None, kind: type[E]
) -> tuple[E | None, list[E]]:
    """Split one word, or several, into the two fields that requests have for them.

    No word means any (`None`). Raises `BadRequestError` if an empty list is given.
    """
    if value is None or isinstance(value, str):
        return optional_choice(field, value, kind), []
    found = [choice(field, each, kind) for each in several(field, value)]
    if not found:
        raise BadRequestError(f"{field} is an empty list; leave it out for any {field}")
    return None, found
