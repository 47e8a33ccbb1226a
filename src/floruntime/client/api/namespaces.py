"""Namespaces: listed, made and deleted. One also comes into being with its first write."""

from __future__ import annotations

from floruntime.client.api.caller import Part
from floruntime.client.api.operation import Operation
from floruntime.client.api.pages import as_page
from floruntime.core import defaults
from floruntime.core.system import NamespaceCreate, NamespaceDelete, NamespaceInfo, NamespaceList
from floruntime.core.types import Page


class Namespaces(Part):
    """`client.namespaces`.

    A name is 1 to 63 letters, digits, `-`, `_` and `.`, and begins with a letter; another one is a
    `BadRequestError`. Every method takes `timeout_ms`, by default the client's own.
    """

    def create(self, name: str, *, timeout_ms: int | None = None) -> Operation[bool]:
        """Make a namespace; whether it is new.

        Raises `BadRequestError` on a name that cannot be.
        """
        return self._call(NamespaceCreate(name), None, timeout_ms)

    def list(
        self,
        *,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[Page[NamespaceInfo]]:
        """A page of the namespaces, by name.

        `limit`: 1 to 1,000, 100 unless given. `cursor`: that of the page before; without one it
        begins at the first.

        Raises `BadRequestError` on a cursor of another listing.
        """
        return self._call_for(as_page, NamespaceList(limit, cursor), None, timeout_ms)

    def delete(
        self, name: str, *, force: bool = False, timeout_ms: int | None = None
    ) -> Operation[bool]:
        """Delete a namespace; whether it existed.

        `force`: also one that holds something; off by default.

        Raises `ConflictError` where it is not empty and `force` is not given.
        """
        return self._call(NamespaceDelete(name, force), None, timeout_ms)
