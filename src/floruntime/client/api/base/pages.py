"""Listings as callers get them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from floruntime.core.types import Page

Item = TypeVar("Item")
Item_co = TypeVar("Item_co", covariant=True)


class Listed(Protocol[Item_co]):
    """The answer to a listing, as the server gives it."""

    @property
    def items(self) -> Sequence[Item_co]:
        """What is on the page."""
        ...

    @property
    def cursor(self) -> str | None:
        """Where the next page begins; `None` after the last page."""
        ...


def as_page(reply: Listed[Item]) -> Page[Item]:
    """Turn the answer to a listing into a page."""
    return Page(reply.items, reply.cursor)
