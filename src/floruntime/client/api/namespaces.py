"""`client.namespaces`: list, create, configure and delete namespaces.

A namespace is also created by the first write to it.
"""

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

    A name is 1 to 63 letters, digits, `-`, `_` and `.`, and begins with a letter; any other name
    raises `BadRequestError`. Every method takes `timeout_ms`, by default the client's own.
    """

    def create(self, name: str, *, timeout_ms: int | None = None) -> Operation[bool]:
        """Create a namespace. Returns whether it is new.

        Raises `BadRequestError` if the name is invalid.
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
        """Change settings of a namespace. Returns the namespace with all its settings.

        A setting that is left out, or given as `None`, stays as it is. If there is no such
        namespace, it is created. A changed setting applies to each key from its next change on.

        - `kv_history`: how many versions of a key are kept, including the current one; 1 to 64, and
          64 in a new namespace.
        - `kv_deleted_ms`: how long the versions of a deleted key are kept; 86,400,000 in a new
          namespace. 0 removes them at once.

        Raises `BadRequestError` if a setting is out of its limits.
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
        """List the namespaces by name, one page at a time.

        `limit`: 1 to 1,000; default 100. `cursor`: that of the previous page; without it, the first
        page is returned.

        Raises `BadRequestError` if the cursor belongs to another listing.
        """
        return self._call_for(as_page, NamespaceList(limit, cursor), None, timeout_ms)

    def delete(
        self, name: str, *, force: bool = False, timeout_ms: int | None = None
    ) -> Operation[bool]:
        """Delete a namespace. Returns whether it existed.

        `force`: delete it even if it is not empty; off by default.

        Raises `ConflictError` if it is not empty and `force` is not given.
        """
        return self._call(NamespaceDelete(name, force), None, timeout_ms)
