"""Namespaces: listed, made and deleted. One also comes into being with its first write."""

from __future__ import annotations

from floruntime.client.api.base.caller import Part
from floruntime.client.api.base.operation import Operation
from floruntime.client.api.base.pages import as_page
from floruntime.core import defaults
from floruntime.core.defaults import Kept, unless_kept
from floruntime.core.limits import HISTORY_LIMIT_MAX
from floruntime.core.system import (
    NamespaceConfigure,
    NamespaceCreate,
    NamespaceDelete,
    NamespaceInfo,
    NamespaceList,
)
from floruntime.core.types import Page


class Namespaces(Part):
    """`client.namespaces`.

    A name is 1 to 63 letters, digits, `-`, `_` and `.`, and begins with a letter; another one is a
    `BadRequestError`. Every method takes `timeout_ms`, by default the client's own.
    """

    def create(self, name: str, *, timeout_ms: int | None = None) -> Operation[bool]:
        """Make a namespace. Returns whether it is new.

        Raises `BadRequestError` on a name that cannot be.
        """
        return self._call(NamespaceCreate(name), None, timeout_ms)

    def configure(
        self,
        name: str,
        *,
        kv_history: int | None = Kept(HISTORY_LIMIT_MAX),  # immutable
        kv_deleted_ms: int | None = Kept(defaults.KV_DELETED_MS),  # immutable
        timeout_ms: int | None = None,
    ) -> Operation[NamespaceInfo]:
        """Set what is named; the rest (and what is `None`) stays. The namespace as it is now.

        `kv_history`: how many versions of a key are kept, the present one included; 1 to 64, 64 in
        a new namespace. `kv_deleted_ms`: for how long those of a deleted key are; 86,400,000 in a
        new one, and 0 lets go of them at once. It holds from the next change of each key on. The
        namespace is made where there is none.

        Raises `BadRequestError` on a setting out of its limits.
        """
        request = NamespaceConfigure(name, unless_kept(kv_history), unless_kept(kv_deleted_ms))
        return self._call(request, None, timeout_ms)

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
        """Delete a namespace. Returns whether it existed.

        `force`: also one that holds something; off by default.

        Raises `ConflictError` where it is not empty and `force` is not given.
        """
        return self._call(NamespaceDelete(name, force), None, timeout_ms)
