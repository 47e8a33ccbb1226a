"""A choice of words, where a person may write the word or the member of its enum."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import TypeVar

from floruntime.client.api.base.values import several
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


def choices(
    field: str, value: E | str | Iterable[E | str] | None, kind: type[E]
) -> tuple[E | None, list[E]]:
    """One word or any (`None`), or else several; as requests have them, in two fields.

    Raises `BadRequestError` where several are none.
    """
    if value is None or isinstance(value, str):
        return optional_choice(field, value, kind), []
    found = [choice(field, each, kind) for each in several(field, value)]
    if not found:
        raise BadRequestError(f"{field} is an empty list; leave it out for any {field}")
    return None, found
